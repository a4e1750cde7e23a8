/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight compile: from a model to a server file and a client file. */
#include <math.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/model.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/packing.h"
#include "cli/page/plan_page.h"
#include "cli/plan_report.h"
#include "cli/plan_stages.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *model, *name, *calibrate, *label, *units, *report, *output_name;
  blindsight_compile_options options;
  int security, minimise, packing, last, input, bootstrap;
  uint64_t log2_n, weights_mb;
  bool json;
} arguments;

#define MAX_WEIGHTS_MB 1048576 /* as infer has it */
#define USUAL_WEIGHTS_MB 1024

/* As the names in the table of options; those of --minimise are in the order of their enum. */
static const ckks_security securities[] = {CKKS_SECURITY_128, CKKS_SECURITY_192, CKKS_SECURITY_256};
enum { PACKING_BOTH, PACKING_LATENCY, PACKING_THROUGHPUT };

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &a->name, "NAME", "write NAME.server and NAME.client", 0, 0, 0},
      {"error", 0, CLI_NUMBER, &a->options.error, "X",
       "largest error of an output, relative if that is above 1 (1e-5; imported: a tenth of what "
       "that changed)",
       1e-9, 1, 0},
      {"security", 0, CLI_CHOICE, &a->security, "128|192|256", "bits of security (128)", 0, 0, 0},
      {"minimise", 0, CLI_CHOICE, &a->minimise, "balanced|latency|upload|keys",
       "what to save (balanced)", 0, 0, 0},
      {"packing", 0, CLI_CHOICE, &a->packing, "both|latency|throughput",
       "for single rows, for many, or both (both)", 0, 0, 0},
      {"last", 0, CLI_CHOICE, &a->last, "client|server", "who applies the last polynomial (client)",
       0, 0, 0},
      {"bootstrap", 0, CLI_CHOICE, &a->bootstrap, "auto|never|always",
       "new levels on the way, for deep networks (auto)", 0, 0, 0},
      {"headroom", 0, CLI_NUMBER, &a->options.headroom, "X",
       "room above the ranges that were seen (4)", 1, 1e6, 0},
      {"log2-n", 0, CLI_INTEGER, &a->log2_n, "N", "ring degree 2^N instead of the cheapest",
       CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N, 0},
      {"calibrate", 0, CLI_TEXT, &a->calibrate, "DATA",
       "take the ranges from these rows (CSV, idx, PNG)", 0, 0, 0},
      {"label", 0, CLI_TEXT, &a->label, "COLUMN", "of DATA, is no input of an ONNX network", 0, 0,
       0},
      {"output-name", 0, CLI_TEXT, &a->output_name, "NAME",
       "the output of an ONNX network that is wanted", 0, 0, 0},
      {"input", 0, CLI_CHOICE, &a->input, "auto|table|image",
       "what the rows of an ONNX network are (auto)", 0, 0, 0},
      {"weights-mb", 0, CLI_INTEGER, &a->weights_mb, "N",
       "memory for encoded weights on the server (1024)", 0, MAX_WEIGHTS_MB, 0},
      {"units", 0, CLI_TEXT, &a->units, "FILE", "what the machine of the server can do (the cache)",
       0, 0, 0},
      {"report", 0, CLI_TEXT, &a->report, "FILE.html", "write the plan as a page, with pictures", 0,
       0, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print the plan as JSON", 0, 0, 0}};
  const cli_command command = {
      "compile", "MODEL",
      "Chooses encryption parameters for a model and prints the plan. With -o NAME writes the\n"
      "server file, which holds the weights and stays with their owner, and the client file,\n"
      "which anybody may have.",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(&a->model, &command, argc, argv);
}

/* Ranges of these rows take the place of those that training found. */
static ckks_status calibrate(blindsight_model *model, const char *path) {
  blindsight_rows *rows;
  BASE_TRY(blindsight_rows_load(&rows, path, blindsight_model_names(model), NULL));
  ckks_status status = blindsight_model_calibrate(model, rows->value, rows->n_rows);
  blindsight_rows_free(rows);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", path);
}

/* Clients are told edges of trees, and which is chosen at the import. */
static ckks_status refuse_trees(const char *path) {
  bool trees;
  BASE_TRY(blindsight_model_is_trees(&trees, path));
  return trees ? base_fail(CKKS_ERROR_ARGUMENT,
                           "%s: trees; make a model of them: blindsight import %s -o NAME.model",
                           path, path)
               : CKKS_OK;
}

/* What its activations became is said at once. */
static ckks_status import_model(blindsight_model **out, const arguments *a) {
  blindsight_import_options options;
  blindsight_import *report;
  blindsight_import_options_default(&options, sizeof options);
  options.calibrate = a->calibrate;
  options.label = a->label;
  options.output = a->output_name;
  options.input = (blindsight_input)a->input;
  BASE_TRY(blindsight_model_import(out, &report, a->model, &options));
  cli_model_print_import(a->json ? stderr : stdout, report, *out, &options);
  blindsight_import_free(report);
  return CKKS_OK;
}

static ckks_status read_model(blindsight_model **out, const arguments *a) {
  if (cli_model_is_network(a->model)) {
    BASE_TRY(refuse_trees(a->model));
    return import_model(out, a);
  }
  BASE_TRY(blindsight_model_load(out, a->model));
  return a->calibrate != NULL ? calibrate(*out, a->calibrate) : CKKS_OK;
}

static ckks_status compile(blindsight_server **server, blindsight_model **model, arguments *a) {
  ckks_status status = read_model(model, a);
  if (status == CKKS_OK && !blindsight_model_shape(*model)->calibrated)
    cli_print_warning("%s: its ranges are not known, the worst is assumed; --calibrate tells them",
                      a->model);
  if (status == CKKS_OK &&
      (status = blindsight_server_compile(server, *model, &a->options)) != CKKS_OK)
    status = base_fail_in(status, "%s", a->model);
  return status;
}

/* Packings that were asked for, and could not be had beside the other. */
static json_t *left_out_json(const blindsight_compiled *compiled) {
  json_t *list = json_array();
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    if (compiled->left_out[p])
      json_array_append_new(list, json_string(cli_packing_name((blindsight_packing)p)));
  return list;
}

/* Why this kind of plan: what the other kind would take. */
static void print_other(const blindsight_compiled *compiled, bool bootstraps) {
  const char *name = bootstraps ? "a plan without bootstraps" : "a plan with bootstraps";
  char bytes[16];
  if (!compiled->other_sought)
    return;
  if (compiled->other_found)
    cli_print_field(stdout, "chosen over", "%s: %.3g ms, %s of keys", name, compiled->other_ms,
                    cli_print_bytes(bytes, (size_t)compiled->other_key_bytes));
  else if (compiled->other_error < INFINITY)
    cli_print_field(stdout, "chosen over", "%s, whose error is %.2g at best", name,
                    compiled->other_error);
  else
    cli_print_field(stdout, "chosen over", "%s, of which there is none", name);
}

static json_t *other_json(const blindsight_compiled *compiled) {
  if (!compiled->other_sought)
    return json_null();
  json_t *ms = compiled->other_found ? cli_print_number(compiled->other_ms) : json_null();
  json_t *bytes = compiled->other_found ? cli_print_number(compiled->other_key_bytes) : json_null();
  bool near = !compiled->other_found && compiled->other_error < INFINITY;
  return json_pack("{s:b, s:o, s:o, s:o}", "found", compiled->other_found, "predicted_ms", ms,
                   "key_bytes", bytes, "closest_error",
                   near ? cli_print_number(compiled->other_error) : json_null());
}

static void unlike_json(json_t *packings, const blindsight_compiled *compiled) {
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++) {
    json_t *packing = json_object_get(packings, cli_packing_name((blindsight_packing)p));
    if (packing != NULL)
      json_object_set_new(packing, "unlike_error", cli_print_number(compiled->unlike_error[p]));
  }
}

/* Noise grows with the values that it is multiplied by, and the error above is that of rows like
 * those of calibration. */
static void print_unlike(const blindsight_compiled *compiled) {
  double most = 0.0;
  for (int p = 0; p < BLINDSIGHT_N_PACKINGS; p++)
    most = compiled->unlike_error[p] > most ? compiled->unlike_error[p] : most;
  if (most > compiled->error)
    cli_print_field(stdout, "unlike these", "rows in the input range may be off by about %.1g%s",
                    most,
                    most > 1.0 ? ": far from calibration's, polynomials run away"
                               : "; a smaller --error helps");
}

/* What was asked for belongs to the report: predictions are to be held against it. */
static ckks_status print_plan(const blindsight_server *server, const arguments *a) {
  const blindsight_client *client = blindsight_server_client(server);
  const blindsight_compiled *compiled = blindsight_server_compiled(server);
  bool coarser = compiled->usual_error > 0.0;
  if (a->json) {
    json_t *object = cli_plan_report_json(client);
    cli_plan_stages_json(json_object_get(object, "packings"), server);
    if (coarser)
      json_object_set_new(object, "usual_error", cli_print_number(compiled->usual_error));
    json_object_set_new(object, "error", cli_print_number(compiled->error));
    json_object_set_new(object, "headroom", cli_print_number(a->options.headroom));
    json_object_set_new(object, "left_out", left_out_json(compiled));
    json_object_set_new(object, "other_plan", other_json(compiled));
    unlike_json(json_object_get(object, "packings"), compiled);
    return cli_print_json(object);
  }
  cli_plan_report_print(stdout, client);
  cli_print_field(stdout, coarser ? "made for" : "asked for", "error %g, headroom %g",
                  compiled->error, a->options.headroom);
  if (coarser)
    cli_print_field(stdout, "coarser",
                    "than the usual %g, which leaves no room for latency packing",
                    compiled->usual_error);
  print_other(compiled, blindsight_client_facts(client)->n_bootstraps > 0);
  print_unlike(compiled);
  if (compiled->left_out[BLINDSIGHT_LATENCY]) /* that the other is not there is the usual case */
    cli_print_field(stdout, "not in it",
                    "latency packing, at this error; --packing latency says what would help");
  cli_plan_stages_print(stdout, server);
  return CKKS_OK;
}

/* Both or, as far as an interruption goes, none. */
static ckks_status write_files(const blindsight_server *compiled, const char *server,
                               const char *client) {
  cli_output_hold();
  ckks_status status = blindsight_server_save(server, compiled);
  if (status == CKKS_OK)
    status = blindsight_client_save(client, blindsight_server_client(compiled));
  cli_output_release();
  return status;
}

/* server and client may be NULL: then the plan is only shown. */
static ckks_status compile_and_print(arguments *a, const char *server, const char *client) {
  blindsight_server *compiled = NULL;
  blindsight_model *model = NULL;
  if (a->report != NULL)
    BASE_TRY(cli_output_check(a->report));
  ckks_status status = compile(&compiled, &model, a);
  if (status == CKKS_OK && server != NULL)
    status = write_files(compiled, server, client);
  if (status == CKKS_OK && a->report != NULL)
    status = cli_plan_page_write(a->report, compiled, model);
  if (status == CKKS_OK)
    status = print_plan(compiled, a);
  blindsight_server_free(compiled);
  blindsight_model_free(model);
  return status;
}

/* Whether the files can be written is asked before the search begins. */
static ckks_status compile_to_files(arguments *a) {
  ckks_status status = CKKS_ERROR_MEMORY;
  char *server = cli_output_name(a->name, ".server"), *client = cli_output_name(a->name, ".client");
  if (server != NULL && client != NULL)
    status = cli_output_check_file(server);
  if (status == CKKS_OK)
    status = cli_output_check_file(client);
  if (status == CKKS_OK)
    status = cli_output_check_made(server);
  if (status == CKKS_OK)
    status = cli_output_check_made(client);
  if (status == CKKS_OK)
    status = compile_and_print(a, server, client);
  base_free(server);
  base_free(client);
  return status;
}

/* The file asked for must be right; the cache may be missing, or of another machine. */
static ckks_status read_units(blindsight_units **units, const arguments *a) {
  *units = NULL;
  if (a->units != NULL)
    return blindsight_units_load(units, a->units);
  char *cache;
  BASE_TRY(blindsight_units_cache_path(&cache));
  ckks_status status = cache != NULL ? blindsight_units_load(units, cache) : CKKS_OK;
  if (status == CKKS_ERROR_FORMAT)
    cli_print_warning("%s; 'blindsight calibrate' writes it anew", ckks_last_error());
  ckks_bytes_free((uint8_t *)cache);
  return status == CKKS_ERROR_MEMORY ? status : CKKS_OK;
}

static int show(void *context, const char *stage, double fraction) {
  (void)context;
  cli_line_far(fraction, stage);
  return 0;
}

int cli_compile(int argc, char **argv) {
  arguments a = {.weights_mb = USUAL_WEIGHTS_MB};
  blindsight_units *units;
  blindsight_compile_options_default(&a.options, sizeof a.options);
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("compiling");
  a.options.security = securities[a.security];
  a.options.minimise = (blindsight_minimise)a.minimise;
  a.options.latency = a.packing != PACKING_THROUGHPUT;
  a.options.throughput = a.packing != PACKING_LATENCY;
  a.options.last_on_server = a.last == 1;
  a.options.bootstrap = (blindsight_bootstrap)a.bootstrap;
  a.options.log2_n = (int)a.log2_n;
  a.options.weights_bytes = (size_t)a.weights_mb << 20;
  ckks_status status = read_units(&units, &a);
  a.options.units = units;
  a.options.progress = show;
  if (status == CKKS_OK)
    status = a.name != NULL ? compile_to_files(&a) : compile_and_print(&a, NULL, NULL);
  blindsight_units_free(units);
  return cli_print_status(status);
}
