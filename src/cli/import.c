/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight import: what was trained elsewhere: ONNX (docs/onnx.md) or weights in JSON
 * (docs/model-json.md). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/model.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"

#define MAX_JSON_BYTES ((size_t)64 << 20)

static ckks_status read_json(blindsight_model **model, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_JSON_BYTES));
  const char *name = base_file_name(path);
  ckks_status status = blindsight_model_read_json(model, (const char *)bytes, n_bytes, name);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

typedef struct arguments {
  const char *path, *output;
  blindsight_import_options import;
  blindsight_trees_options trees;
  uint64_t max_degree, n_bins;
  int fit, kind, input, edges, composite;
  const char *mean, *deviation;
  bool json;
} arguments;

/* "0.5" or "0.485,0.456,0.406". */
static ckks_status read_list(double **numbers, size_t *n, const char *text, const char *option) {
  size_t most = 1;
  for (const char *at = text; at != NULL && *at != '\0'; at++)
    most += *at == ',';
  if (text == NULL)
    return CKKS_OK;
  *numbers = base_alloc_array(most, sizeof **numbers);
  if (*numbers == NULL)
    return base_fail_memory(most * sizeof **numbers);
  for (const char *at = text; *n < most; at++) {
    char *end;
    (*numbers)[*n] = strtod(at, &end);
    if (end == at || !isfinite((*numbers)[*n]) || (*end != ',' && *end != '\0'))
      return base_fail(CKKS_ERROR_ARGUMENT, "%s \"%.60s\": not a number, or numbers with commas",
                       option, text);
    ++*n;
    at = end;
  }
  return CKKS_OK;
}

static int parse(arguments *a, int argc, char **argv) {
  blindsight_import_options *import = &a->import;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the model here", 0, 0, true},
      {"calibrate", 0, CLI_TEXT, &import->calibrate, "DATA",
       "rows (CSV, idx, PNG) that activations are fitted to, or bins made of", 0, 0, 0},
      {"bins", 0, CLI_INTEGER, &a->n_bins, "N",
       "trees: of each feature (64, more while predictions change)", 2, 16384, 0},
      {"edges", 0, CLI_CHOICE, &a->edges, "quantiles|exact",
       "trees: what clients are told: quantiles of DATA, or the model's thresholds among others", 0,
       0, 0},
      {"label", 0, CLI_TEXT, &import->label, "COLUMN", "of DATA, is no input", 0, 0, 0},
      {"output-name", 0, CLI_TEXT, &import->output, "NAME",
       "ONNX: the output that is wanted, where there are several, or all of them side by side "
       "(all)",
       0, 0, 0},
      {"input", 0, CLI_CHOICE, &a->input, "auto|table|image", "ONNX: what the rows are (auto)", 0,
       0, 0},
      {"outputs", 0, CLI_CHOICE, &a->kind, "auto|classes|values|labels",
       "what the outputs are (auto)", 0, 0, 0},
      {"mean", 0, CLI_TEXT, &a->mean, "X,...",
       "the network sees (input - X) / deviation: one, by channel, by feature (0)", 0, 0, 0},
      {"deviation", 0, CLI_TEXT, &a->deviation, "X,...",
       "and this is the deviation (1; images: 255)", 0, 0, 0},
      {"output-error", 0, CLI_NUMBER, &import->output_error, "X",
       "of outputs on DATA, of their range; degrees follow from it (0.01)", 1e-9, 1, 0},
      {"activation-error", 0, CLI_NUMBER, &import->error, "X",
       "of each polynomial instead, of the activation's largest value", 1e-9, 1, 0},
      {"max-degree", 0, CLI_INTEGER, &a->max_degree, "N",
       "of a polynomial (what about 20 levels for all leave)", 1, BLINDSIGHT_MAX_DEGREE, 0},
      {"margin", 0, CLI_NUMBER, &import->margin, "X", "around a range, as part of it (0.25)", 0, 10,
       0},
      {"fit", 0, CLI_CHOICE, &a->fit, "squares|minimax", "which error is made small (squares)", 0,
       0, 0},
      {"composite", 0, CLI_CHOICE, &a->composite, "auto|never|always",
       "Relu and the like by composite polynomials: where no one polynomial meets "
       "--activation-error (auto)",
       0, 0, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "import", "FILE",
      "Makes a model of what was trained elsewhere: a network in ONNX, whose activations become\n"
      "polynomials where they are none, trees of XGBoost, LightGBM, CatBoost, scikit-learn\n"
      "or ONNX, or weights in JSON.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(&a->path, &command, argc, argv);
  if (code == -1 && a->json && strcmp(a->output, "-") == 0)
    return cli_options_fail(&command, "--json and --output - exclude each other");
  return code;
}

static void print_report(const blindsight_model *model, const char *output) {
  FILE *out = cli_print_stream(output);
  const blindsight_names *names = blindsight_model_names(model);
  const blindsight_shape *shape = blindsight_model_shape(model);
  cli_print_field(out, "model", "%s: %zu features, %zu layers, %zu outputs", names->name,
                  names->n_features, shape->n_layers, names->n_labels);
  if (!shape->calibrated)
    cli_print_field(out, "ranges", "not known: compile it with --calibrate");
}

/* `key` names what only this kind of file has; NULL: nothing. Takes `value`. */
static ckks_status print_json(const blindsight_model *model, const char *output, const char *key,
                              json_t *value) {
  const blindsight_names *names = blindsight_model_names(model);
  const blindsight_shape *shape = blindsight_model_shape(model);
  json_t *object =
      json_pack("{s:s, s:s, s:I, s:I, s:I, s:b}", "model", output, "name", names->name, "features",
                (json_int_t)names->n_features, "layers", (json_int_t)shape->n_layers, "outputs",
                (json_int_t)names->n_labels, "calibrated", shape->calibrated);
  if (key != NULL)
    json_object_set_new(object, key, value);
  return cli_print_json(object);
}

static void print_trees(const blindsight_trees *t, const char *output) {
  FILE *out = cli_print_stream(output);
  cli_print_field(out, "trees", "%s: %zu trees, %zu leaves of %zu conditions at most", t->format,
                  t->n_trees, t->n_leaves, t->n_conditions);
  if (t->n_bins == 0)
    cli_print_field(out, "edges", "the model's own thresholds, among others: %zu bits a row",
                    t->n_inputs);
  else
    cli_print_field(out, "edges", "quantiles, %zu bins a feature: %zu bits a row", t->n_bins,
                    t->n_inputs);
  if (t->n_rows > 0)
    cli_print_field(out, "calibration",
                    "%zu rows; binning changes the prediction of %zu, outputs by up to %.2g",
                    t->n_rows, t->n_changed, t->difference);
}

static json_t *trees_json(const blindsight_trees *t) {
  return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "format", t->format, "trees",
                   (json_int_t)t->n_trees, "leaves", (json_int_t)t->n_leaves, "conditions",
                   (json_int_t)t->n_conditions, "inputs", (json_int_t)t->n_inputs, "rows",
                   (json_int_t)t->n_rows, "bins", (json_int_t)t->n_bins, "changed",
                   (json_int_t)t->n_changed, "difference", cli_print_number(t->difference));
}

static ckks_status import_trees(const arguments *a) {
  blindsight_model *model;
  blindsight_trees report;
  blindsight_trees_options options = a->trees;
  options.calibrate = a->import.calibrate;
  options.n_bins = (size_t)a->n_bins;
  options.exact = a->edges == 1;
  BASE_TRY(blindsight_model_import_trees(&model, &report, a->path, &options));
  ckks_status status = blindsight_model_save(a->output, model);
  if (status == CKKS_OK && a->json)
    status = print_json(model, a->output, "trees", trees_json(&report));
  else if (status == CKKS_OK) {
    print_report(model, a->output);
    print_trees(&report, a->output);
  }
  blindsight_model_free(model);
  return status;
}

static ckks_status import_file(const arguments *a) {
  blindsight_model *model;
  blindsight_import *report = NULL;
  BASE_TRY(cli_output_check(a->output));
  bool trees = false;
  cli_line_wait("importing");
  BASE_TRY(blindsight_model_is_trees(&trees, a->path));
  if (trees)
    return import_trees(a);
  BASE_TRY(cli_model_is_network(a->path)
               ? blindsight_model_import(&model, &report, a->path, &a->import)
               : read_json(&model, a->path));
  ckks_status status = blindsight_model_save(a->output, model);
  if (status == CKKS_OK && a->json)
    status = print_json(model, a->output, report != NULL ? "onnx" : NULL,
                        report != NULL ? cli_model_import_json(report) : NULL);
  else if (status == CKKS_OK) {
    print_report(model, a->output);
    if (report != NULL)
      cli_model_print_import(cli_print_stream(a->output), report, model, &a->import);
  }
  blindsight_import_free(report);
  blindsight_model_free(model);
  return status;
}

static ckks_status import(arguments *a) {
  double *mean = NULL, *deviation = NULL;
  ckks_status status = read_list(&mean, &a->import.n_mean, a->mean, "--mean");
  if (status == CKKS_OK)
    status = read_list(&deviation, &a->import.n_deviation, a->deviation, "--deviation");
  a->import.mean = mean;
  a->import.deviation = deviation;
  if (status == CKKS_OK)
    status = import_file(a);
  base_free(mean);
  base_free(deviation);
  return status;
}

int cli_import(int argc, char **argv) {
  arguments a = {0};
  blindsight_import_options_default(&a.import, sizeof a.import);
  blindsight_trees_options_default(&a.trees, sizeof a.trees);
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  a.import.max_degree = (int)a.max_degree;
  a.import.minimax = a.fit == 1;
  a.import.composite = (blindsight_composite)a.composite;
  a.import.outputs = a.kind - 1;
  a.import.input = (blindsight_input)a.input;
  return cli_print_status(import(&a));
}
