/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight audit verify|show: the log of a service. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print.h"
#include "server/server.h"

static void show_line(void *context, const char *line) {
  (void)context;
  printf("%s\n", line);
}

static ckks_status verify(const char *state, const char *seen) {
  server_audit_report report;
  BASE_TRY(server_audit_verify(&report, state, seen));
  printf("%llu lines, whole; head %s\n", (unsigned long long)report.n_lines, report.head);
  return CKKS_OK;
}

int cli_audit(int argc, char **argv) {
  const char *action, *state = NULL, *seen = NULL;
  const cli_option options[] = {
      {"state", 's', CLI_TEXT, &state, "FOLDER", "that of the service", 0, 0, true},
      {"head", 0, CLI_TEXT, &seen, "HASH", "verify: a head noted before must be in the chain", 0, 0,
       0}};
  const cli_command command = {
      "audit", "verify|show",
      "The audit log of a service: one line a request, each hashed with all before it. verify\n"
      "computes the chain anew and prints its head: note that where the service cannot write.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(&action, &command, argc, argv);
  if (code != -1)
    return code;
  if (strcmp(action, "verify") == 0)
    return cli_print_status(verify(state, seen));
  if (strcmp(action, "show") == 0)
    return cli_print_status(server_audit_each(state, show_line, NULL));
  return cli_options_fail(&command, "%s: must be verify or show", action);
}
