/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight-infer: one command alone, linked without the rooms that know secret keys. */
#include <stdio.h>
#include <string.h>

#include "ckks.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/print.h"

int main(int argc, char **argv) {
  cli_print_as("blindsight-infer");
  cli_output_guard();
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    printf("blindsight-infer %s\n", ckks_version());
    return cli_print_close(CLI_OK);
  }
  return cli_print_close(cli_infer(argc, argv));
}
