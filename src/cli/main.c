/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight <command>: finds the command and leaves the rest to it. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/print.h"

static const cli_commands_entry entries[] = {
    {"train", "train a model on a CSV table", cli_train},
    {"import", "make a model of a network in ONNX, of trees, or of weights in JSON", cli_import},
    {"export", "print a model as JSON", cli_export},
    {"evaluate", "run a model in clear", cli_evaluate},
    {"simulate", "run a model in clear with the errors of ciphertexts", cli_simulate},
    {"compile", "choose parameters; write the server and client files", cli_compile},
    {"keygen", "make a client's keys", cli_keygen},
    {"encrypt", "encrypt rows of a table, or images", cli_encrypt},
    {"infer", "evaluate a model on encrypted rows", cli_infer},
    {"decrypt", "print the predictions", cli_decrypt},
    {"predict", "predict rows by a service elsewhere", cli_predict},
    {"inspect", "say what a file is", cli_inspect},
    {"serve", "serve models to clients over HTTP", cli_serve},
    {"token", "say who may use a service", cli_token},
    {"audit", "check a service's log", cli_audit},
    {"calibrate", "time this machine for the planner", cli_calibrate},
    {"demo", "show all of it, on one machine", cli_demo},
};

int main(int argc, char **argv) {
  const cli_commands commands = {
      "Private inference: the client encrypts its rows, the server evaluates its model\n"
      "on them without seeing them, the client decrypts the predictions.",
      "", entries, sizeof entries / sizeof *entries};
  cli_output_guard();
  return cli_print_close(cli_commands_run(&commands, argc, argv));
}
