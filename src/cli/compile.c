/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight compile: from a model to a server file and a client file. */
#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/page/plan_page.h"
#include "cli/plan_report.h"
#include "cli/plan_stages.h"
#include "cli/units.h"
#include "network/files.h"
#include "plan/files.h"
#include "table/rows.h"
#include "train/train.h"

typedef struct arguments {
  const char *model, *name, *calibrate, *label, *units, *report;
  compile_options options;
  int security, minimise, packing, last;
  uint64_t log2_n;
  bool json;
} arguments;

/* As the names in the table of options. */
static const ckks_security securities[] = {CKKS_SECURITY_128, CKKS_SECURITY_192, CKKS_SECURITY_256};
static const compile_minimise aims[] = {COMPILE_MINIMISE_BALANCED, COMPILE_MINIMISE_LATENCY,
                                        COMPILE_MINIMISE_UPLOAD, COMPILE_MINIMISE_KEYS};
enum { PACKING_BOTH, PACKING_LATENCY, PACKING_THROUGHPUT };

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &a->name, "NAME", "write NAME.server and NAME.client", 0, 0, 0},
      {"error", 0, CLI_NUMBER, &a->options.error, "X", "largest error of an output (1e-5)", 1e-9, 1,
       0},
      {"security", 0, CLI_CHOICE, &a->security, "128|192|256", "bits of security (128)", 0, 0, 0},
      {"minimise", 0, CLI_CHOICE, &a->minimise, "balanced|latency|upload|keys",
       "what to save (balanced)", 0, 0, 0},
      {"packing", 0, CLI_CHOICE, &a->packing, "both|latency|throughput",
       "for single rows, for many, or both (both)", 0, 0, 0},
      {"last", 0, CLI_CHOICE, &a->last, "client|server", "who applies the last polynomial (client)",
       0, 0, 0},
      {"headroom", 0, CLI_NUMBER, &a->options.headroom, "X",
       "room above the ranges that were seen (4)", 1, 1e6, 0},
      {"log2-n", 0, CLI_INTEGER, &a->log2_n, "N", "ring degree 2^N instead of the cheapest",
       CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N, 0},
      {"calibrate", 0, CLI_TEXT, &a->calibrate, "DATA",
       "take the ranges from these rows (CSV, idx, PNG)", 0, 0, 0},
      {"label", 0, CLI_TEXT, &a->label, "COLUMN", "of DATA, is no input of an ONNX network", 0, 0,
       0},
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
static ckks_status calibrate(network_model *model, const char *path) {
  table_data data;
  BASE_TRY(
      table_rows_read(&data, path, NULL, 0,
                      &(table_wanted){.feature = model->feature, .n_features = model->n_features}));
  ckks_status status = network_calibrate(model, data.value, data.n_rows);
  table_data_clear(&data);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", path);
}

/* A network is imported on the way; what its activations became is said at once. */
static ckks_status read_model(network_model *model, const arguments *a) {
  if (!cli_network_is(a->model)) {
    BASE_TRY(network_files_read(model, a->model));
    return a->calibrate != NULL ? calibrate(model, a->calibrate) : CKKS_OK;
  }
  cli_network_options options;
  onnx_import_report *report = base_alloc(sizeof *report);
  if (report == NULL)
    return base_fail_memory(sizeof *report);
  cli_network_options_default(&options);
  options.calibrate = a->calibrate;
  options.label = a->label;
  ckks_status status = cli_network_read(model, report, a->model, &options);
  if (status == CKKS_OK)
    cli_network_print(a->json ? stderr : stdout, report);
  base_free(report);
  return status;
}

/* The planner knows nothing of files. */
static ckks_status compile(plan_plan *plan, size_t *n_weights, const arguments *a) {
  network_model model = {0};
  ckks_status status = read_model(&model, a);
  if (status == CKKS_OK && !network_calibrate_is_done(&model))
    cli_print_warning("%s: its ranges are not known, the worst is assumed; --calibrate tells them",
                      a->model);
  if (status == CKKS_OK && (status = compile_model(plan, &model, &a->options)) != CKKS_OK)
    status = base_fail_in(status, "%s", a->model);
  for (size_t l = 0; l < model.n_layers && status == CKKS_OK; l++)
    *n_weights += model.layer[l].weight.start[model.layer[l].n_out];
  network_clear(&model);
  return status;
}

/* What was asked for belongs to the report: predictions are to be held against it. */
static ckks_status print_plan(const plan_plan *plan, const arguments *a) {
  const plan_interface *interface = &plan->interface;
  if (a->json) {
    json_t *object = cli_plan_report_json(interface);
    cli_plan_stages_json(json_object_get(object, "packings"), plan);
    json_object_set_new(object, "error", cli_print_number(a->options.error));
    json_object_set_new(object, "headroom", cli_print_number(a->options.headroom));
    return cli_print_json(object);
  }
  cli_plan_report_print(stdout, interface);
  cli_print_field(stdout, "asked for", "error %g, headroom %g", a->options.error,
                  a->options.headroom);
  cli_plan_stages_print(stdout, plan);
  return CKKS_OK;
}

/* Both or, as far as an interruption goes, none. */
static ckks_status write_files(const plan_plan *plan, const char *server, const char *client) {
  cli_output_hold();
  ckks_status status = plan_files_server_write(server, plan);
  if (status == CKKS_OK)
    status = plan_files_client_write(client, &plan->interface);
  cli_output_release();
  return status;
}

/* server and client may be NULL: then the plan is only shown. */
static ckks_status compile_and_print(const arguments *a, const char *server, const char *client) {
  size_t n_weights = 0;
  if (a->report != NULL)
    BASE_TRY(cli_output_check(a->report));
  plan_plan *plan = base_alloc(sizeof *plan);
  if (plan == NULL)
    return base_fail_memory(sizeof *plan);
  ckks_status status = compile(plan, &n_weights, a);
  if (status == CKKS_OK && server != NULL)
    status = write_files(plan, server, client);
  if (status == CKKS_OK && a->report != NULL)
    status = cli_plan_page_write(a->report, plan, n_weights);
  if (status == CKKS_OK)
    status = print_plan(plan, a);
  plan_clear(plan);
  base_free(plan);
  return status;
}

/* Whether the files can be written is asked before the search begins. */
static ckks_status compile_to_files(const arguments *a) {
  ckks_status status = CKKS_ERROR_MEMORY;
  char *server = cli_output_name(a->name, ".server"), *client = cli_output_name(a->name, ".client");
  if (server != NULL && client != NULL)
    status = cli_output_check(server);
  if (status == CKKS_OK)
    status = cli_output_check(client);
  if (status == CKKS_OK)
    status = compile_and_print(a, server, client);
  base_free(server);
  base_free(client);
  return status;
}

/* The file asked for must be right; the cache may be missing, or of another machine. */
static ckks_status read_units(arguments *a) {
  if (a->units != NULL)
    return cli_units_read(&a->options.units, a->units);
  char *cache;
  BASE_TRY(cli_units_cache_path(&cache));
  ckks_status status = cache != NULL ? cli_units_read(&a->options.units, cache) : CKKS_OK;
  if (status == CKKS_ERROR_FORMAT)
    cli_print_warning("%s; 'blindsight calibrate' writes it anew", base_last_error());
  base_free(cache);
  return status == CKKS_ERROR_MEMORY ? status : CKKS_OK;
}

int cli_compile(int argc, char **argv) {
  arguments a = {0};
  compile_options_default(&a.options);
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  a.options.security = securities[a.security];
  a.options.minimise = aims[a.minimise];
  a.options.latency = a.packing != PACKING_THROUGHPUT;
  a.options.throughput = a.packing != PACKING_LATENCY;
  a.options.last_on_server = a.last == 1;
  a.options.log2_n = (int)a.log2_n;
  ckks_status status = read_units(&a);
  if (status != CKKS_OK)
    return cli_print_status(status);
  return cli_print_status(a.name != NULL ? compile_to_files(&a)
                                         : compile_and_print(&a, NULL, NULL));
}
