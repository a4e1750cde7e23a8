/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight calibrate: how fast this machine is, for the planner. */
#include "base/status.h"
#include "blindsight.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"

static ckks_status print_units(const blindsight_units *units, const char *path, bool json) {
  if (json) {
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "cpu", units->cpu, "kernel", units->kernel, "file", path);
    for (size_t i = 0; i < units->n; i++)
      json_object_set_new(object, units->unit[i].name, cli_print_number(units->unit[i].ns));
    return cli_print_json(object);
  }
  cli_print_field(stdout, "machine", "%s, %s kernels", units->cpu, units->kernel);
  for (size_t i = 0; i < units->n; i++)
    cli_print_field(stdout, "unit", "%.3f ns %s", units->unit[i].ns, units->unit[i].meaning);
  cli_print_field(stdout, "written to", "%s", path);
  return CKKS_OK;
}

static ckks_status measure(const char *path, bool json) {
  blindsight_units *units;
  BASE_TRY(blindsight_units_measure(&units));
  ckks_status status = blindsight_units_save(path, units);
  if (status == CKKS_OK)
    status = print_units(units, path, json);
  blindsight_units_free(units);
  return status;
}

static ckks_status calibrate(const char *output, bool json) {
  char *cache;
  if (output != NULL) {
    BASE_TRY(cli_output_check(output));
    return measure(output, json);
  }
  BASE_TRY(blindsight_units_cache_path(&cache));
  if (cache == NULL)
    return base_fail(CKKS_ERROR_IO, "neither XDG_CACHE_HOME nor HOME names a folder: use --output");
  ckks_status status = measure(cache, json);
  ckks_bytes_free((uint8_t *)cache);
  return status;
}

int cli_calibrate(int argc, char **argv) {
  const char *output = NULL;
  bool json = false;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &output, "FILE", "write here instead of to the cache", 0, 0, 0},
      {"json", 0, CLI_FLAG, &json, NULL, "print the units as JSON", 0, 0, 0}};
  const cli_command command = {
      "calibrate", "",
      "Times this machine for a few seconds, so that 'blindsight compile' predicts times and\n"
      "chooses parameters for it. The results are kept in a cache of the user's.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(NULL, &command, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("timing this machine");
  return cli_print_status(calibrate(output, json));
}
