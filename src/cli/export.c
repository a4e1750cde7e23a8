/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight export: a model as JSON (docs/model-json.md). */
#include <string.h>

#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/model.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"

static ckks_status export(const char *path, const char *output) {
  blindsight_model *model;
  char *text = NULL;
  BASE_TRY(cli_output_check(output));
  BASE_TRY(cli_model_load(&model, path));
  ckks_status status = blindsight_model_write_json(&text, model);
  blindsight_model_free(model);
  if (status == CKKS_OK)
    status = base_file_write(output, text, strlen(text), 0600);
  if (text != NULL)
    base_wipe(text, strlen(text));
  ckks_bytes_free((uint8_t *)text);
  return status;
}

int cli_export(int argc, char **argv) {
  const char *path = NULL, *output = "-";
  const cli_option options[] = {{"output", 'o', CLI_TEXT, &output, "FILE",
                                 "write here instead of to standard output", 0, 0, false}};
  const cli_command command = {"export", "MODEL", "Prints a model as JSON, weights and all.",
                               options, 1};
  int code = cli_options_parse(&path, &command, argc, argv);
  return code >= 0 ? code : cli_print_status(export(path, output));
}
