/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight calibrate: how fast this machine is, for the planner. */
#include "base/alloc.h"
#include "base/cpu.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/print.h"
#include "cli/units.h"
#include "ring/kernel/kernel.h"

static ckks_status print_units(compile_units *units, const char *path, bool json) {
  if (json) {
    json_t *object = json_pack("{s:s, s:s, s:s}", "cpu", base_cpu_get()->name, "kernel",
                               ring_kernel_get(RING_F64)->name, "file", path);
    for (int i = 0; i < CLI_N_UNITS; i++)
      json_object_set_new(object, cli_units[i].name,
                          cli_print_number(*cli_units_field(units, &cli_units[i])));
    return cli_print_json(object);
  }
  cli_print_field(stdout, "machine", "%s, %s kernels", base_cpu_get()->name,
                  ring_kernel_get(RING_F64)->name);
  for (int i = 0; i < CLI_N_UNITS; i++)
    cli_print_field(stdout, "unit", "%.3f ns %s", *cli_units_field(units, &cli_units[i]),
                    cli_units[i].meaning);
  cli_print_field(stdout, "written to", "%s", path);
  return CKKS_OK;
}

static ckks_status calibrate(const char *output, bool json) {
  compile_units units;
  char *cache = NULL;
  if (output == NULL)
    BASE_TRY(cli_units_cache_path(&cache));
  const char *path = output != NULL ? output : cache;
  if (path == NULL)
    return base_fail(CKKS_ERROR_IO, "neither XDG_CACHE_HOME nor HOME names a folder: use --output");
  ckks_status status = output != NULL ? cli_output_check(output) : CKKS_OK;
  if (status == CKKS_OK)
    status = cli_units_measure(&units);
  if (status == CKKS_OK)
    status = cli_units_write(path, &units);
  if (status == CKKS_OK)
    status = print_units(&units, path, json);
  base_free(cache);
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
  return code >= 0 ? code : cli_print_status(calibrate(output, json));
}
