/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight-server: the service and its two tools, linked without the rooms that know secret
 * keys. */
#include <stdio.h>
#include <string.h>

#include "ckks.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/print.h"
#include "server/server.h"

static void show_hash(void *context, const char *name, const char *hash) {
  (void)context;
  printf("sha256-%s %s\n", hash, name);
}

/* What a client may pin: SHA-256 as browsers write it. */
static int web_hashes(const char *folder) {
  ckks_status status = server_page_hashes(folder, show_hash, NULL);
  return status == CKKS_OK ? CLI_OK : cli_print_status(status);
}

static int run(int argc, char **argv) {
  if (argc >= 2 && strcmp(argv[1], "serve") == 0)
    return cli_serve(argc - 1, argv + 1);
  if (argc >= 2 && strcmp(argv[1], "token") == 0)
    return cli_token(argc - 1, argv + 1);
  if (argc >= 2 && strcmp(argv[1], "audit") == 0)
    return cli_audit(argc - 1, argv + 1);
  if (argc == 3 && strcmp(argv[1], "--web-hashes") == 0)
    return web_hashes(argv[2]);
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("blindsight-server %s\n", ckks_version());
    return CLI_OK;
  }
  fprintf(stderr, "usage: blindsight-server serve|token|audit ARGUMENTS (each has --help)\n"
                  "       blindsight-server --web-hashes FOLDER\n");
  return CLI_USAGE;
}

int main(int argc, char **argv) {
  cli_print_as("blindsight-server");
  cli_output_guard();
  return cli_print_close(run(argc, argv));
}
