/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight audit verify|show|rotate: the log of a service. */
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

static ckks_status verify(const char *state, const char *seen, bool json) {
  server_audit_report report;
  BASE_TRY(server_audit_read_verify(&report, state, seen));
  if (json)
    return cli_print_json(json_pack("{s:I, s:I, s:s, s:s?}", "lines", (json_int_t)report.n_lines,
                                    "first", (json_int_t)report.first, "head", report.head,
                                    "seal_key", report.key[0] != '\0' ? report.key : NULL));
  printf("%llu lines, whole; head %s\n", (unsigned long long)report.n_lines, report.head);
  if (report.first > 1)
    printf("lines 1 to %llu are in files that were taken away, sealed\n",
           (unsigned long long)report.first - 1);
  if (report.key[0] != '\0')
    printf("seals by key %s\n", report.key);
  return CKKS_OK;
}

static ckks_status rotate(const char *state, bool json) {
  char closed[32];
  BASE_TRY(server_audit_rotate(closed, state));
  if (json)
    return cli_print_json(json_pack("{s:s?}", "closed", closed[0] != '\0' ? closed : NULL));
  if (closed[0] == '\0')
    printf("there is nothing in the file that is written: it goes on\n");
  else
    printf("%s/%s is closed: copy it, or move it away\n", state, closed);
  return CKKS_OK;
}

int cli_audit(int argc, char **argv) {
  const char *action, *state = NULL, *seen = NULL;
  bool json = false;
  const cli_option options[] = {
      {"state", 's', CLI_TEXT, &state, "FOLDER", "that of the service", 0, 0, true},
      {"head", 0, CLI_TEXT, &seen, "HASH", "verify: a head noted before must be in the chain", 0, 0,
       0},
      {"json", 0, CLI_FLAG, &json, NULL, "print JSON (show: each line is JSON anyway)", 0, 0, 0}};
  const cli_command command = {
      "audit", "verify|show|rotate",
      "The audit log of a service: one line a request, each hashed with all before it. verify\n"
      "computes the chain anew and prints its head: note that where the service cannot write.\n"
      "rotate closes the log's file and begins the next one, which seals it.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(&action, &command, argc, argv);
  if (code != -1)
    return code;
  if (strcmp(action, "verify") == 0)
    return cli_print_status(verify(state, seen, json));
  if (strcmp(action, "show") == 0)
    return cli_print_status(server_audit_read_each(state, show_line, NULL));
  if (strcmp(action, "rotate") == 0)
    return cli_print_status(rotate(state, json));
  return cli_options_fail(&command, "%s: must be verify, show or rotate", action);
}
