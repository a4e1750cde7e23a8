/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight-server: the service and its two tools, linked without the rooms that know secret
 * keys. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/print.h"
#include "cli/web.h"
#include "server/server.h"

static void show_hash(void *context, const char *name, const char *hash) {
  (void)context;
  printf("sha256-%s %s\n", hash, name);
}

/* What a client may pin: SHA-256 as browsers write it. */
static int web_hashes(const char *folder) {
  char found[CLI_WEB_MAX_PATH];
  ckks_status status = cli_web_folder(found, &folder);
  if (status == CKKS_OK)
    status = server_page_hashes(folder, show_hash, NULL);
  return status == CKKS_OK ? CLI_OK : cli_print_status(status);
}

static const cli_commands_entry entries[] = {
    {"serve", "serve models to clients over HTTP", cli_serve},
    {"token", "say who may use a service", cli_token},
    {"audit", "check a service's log", cli_audit},
};

int main(int argc, char **argv) {
  const cli_commands commands = {
      "The service: it computes on rows that it cannot read, and holds no code for secret keys.",
      "--web-hashes [FOLDER] prints the SHA-256 of each file of the page, as browsers write it.\n",
      entries, sizeof entries / sizeof *entries};
  cli_print_as("blindsight-server");
  cli_output_guard();
  if ((argc == 2 || argc == 3) && strcmp(argv[1], "--web-hashes") == 0)
    return cli_print_close(web_hashes(argc == 3 ? argv[2] : ""));
  return cli_print_close(cli_commands_run(&commands, argc, argv));
}
