/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight import: weights that were trained elsewhere (docs/model-json.md). */
#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"
#include "model/files.h"

#define MAX_JSON_BYTES ((size_t)64 << 20)

static ckks_status read_json(model_model *model, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_JSON_BYTES));
  const char *name = cli_print_name(path);
  ckks_status status = model_json_read(model, (const char *)bytes, n_bytes, name);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

static void print_report(const model_model *model, const char *output) {
  FILE *out = cli_print_stream(output);
  cli_print_field(out, "model", "%s: %zu features, %zu layers, %zu outputs", model->name,
                  model->n_features, model->n_layers, model->n_classes);
  if (!model_is_calibrated(model))
    cli_print_field(out, "ranges", "not known: compile it with --calibrate");
}

int cli_import(int argc, char **argv) {
  const char *path = NULL, *output = NULL;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &output, "FILE", "write the model here", 0, 0, true}};
  const cli_command command = {"import", "WEIGHTS.json",
                               "Makes a model of weights that were trained elsewhere.", options, 1};
  int code = cli_options_parse(&path, &command, argc, argv);
  if (code >= 0)
    return code;
  model_model model = {0};
  ckks_status status = cli_output_check(output);
  if (status == CKKS_OK)
    status = read_json(&model, path);
  if (status == CKKS_OK)
    status = model_files_model_write(output, &model);
  if (status == CKKS_OK)
    print_report(&model, output);
  model_clear(&model);
  return cli_print_status(status);
}
