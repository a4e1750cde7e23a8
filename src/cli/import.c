/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight import: what was trained elsewhere: ONNX (docs/onnx.md) or weights in JSON
 * (docs/model-json.md). */
#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"
#include "network/files.h"
#include "plan/files.h"

#define MAX_JSON_BYTES ((size_t)64 << 20)

static ckks_status read_json(network_model *model, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_JSON_BYTES));
  const char *name = base_file_name(path);
  ckks_status status = network_json_read(model, (const char *)bytes, n_bytes, name);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

static void print_report(const network_model *model, const char *output) {
  FILE *out = cli_print_stream(output);
  cli_print_field(out, "model", "%s: %zu features, %zu layers, %zu outputs", model->name,
                  model->n_features, model->n_layers, model->n_classes);
  if (!network_calibrate_is_done(model))
    cli_print_field(out, "ranges", "not known: compile it with --calibrate");
}

typedef struct arguments {
  const char *path, *output;
  cli_network_options network;
  uint64_t max_degree;
  int fit;
} arguments;

static int parse(arguments *a, int argc, char **argv) {
  onnx_import_options *import = &a->network.import;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the model here", 0, 0, true},
      {"calibrate", 0, CLI_TEXT, &a->network.calibrate, "DATA",
       "ONNX: rows (CSV, idx, PNG) that the activations are fitted to", 0, 0, 0},
      {"label", 0, CLI_TEXT, &a->network.label, "COLUMN", "of DATA, is no input", 0, 0, 0},
      {"mean", 0, CLI_NUMBER, &import->mean, "X", "the network sees (input - X) / deviation (0)",
       -1e6, 1e6, 0},
      {"deviation", 0, CLI_NUMBER, &import->deviation, "X",
       "and this is the deviation (1; images: 255)", 1e-6, 1e6, 0},
      {"activation-error", 0, CLI_NUMBER, &import->error, "X",
       "of a polynomial, of the activation's largest value (0.01)", 1e-9, 1, 0},
      {"max-degree", 0, CLI_INTEGER, &a->max_degree, "N", "of a polynomial (15)", 1,
       ENCODING_MAX_DEGREE, 0},
      {"margin", 0, CLI_NUMBER, &import->margin, "X", "around a range, as part of it (0.25)", 0, 10,
       0},
      {"fit", 0, CLI_CHOICE, &a->fit, "squares|minimax", "which error is made small (squares)", 0,
       0, 0}};
  const cli_command command = {
      "import", "FILE",
      "Makes a model of what was trained elsewhere: a network in ONNX, whose activations become\n"
      "polynomials where they are none, or weights in JSON.",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(&a->path, &command, argc, argv);
}

static ckks_status import(network_model *model, onnx_import_report *report, const arguments *a) {
  BASE_TRY(cli_output_check(a->output));
  bool network = cli_network_is(a->path);
  BASE_TRY(network ? cli_network_read(model, report, a->path, &a->network)
                   : read_json(model, a->path));
  BASE_TRY(network_files_write(a->output, model));
  print_report(model, a->output);
  if (network)
    cli_network_print(cli_print_stream(a->output), report);
  return CKKS_OK;
}

int cli_import(int argc, char **argv) {
  arguments a = {0};
  cli_network_options_default(&a.network);
  a.max_degree = (uint64_t)a.network.import.max_degree;
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  a.network.import.max_degree = (int)a.max_degree;
  a.network.import.minimax = a.fit == 1;
  network_model model = {0};
  onnx_import_report *report = base_alloc(sizeof *report);
  ckks_status status =
      report != NULL ? import(&model, report, &a) : base_fail_memory(sizeof *report);
  network_clear(&model);
  base_free(report);
  return cli_print_status(status);
}
