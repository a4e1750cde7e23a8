/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The commands. Each is a file of its name with one entry, which takes argv[0] = the
 * command's name and returns the exit code of the program. Results go to standard output;
 * errors, warnings and progress to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/** PARTLY: done, but rows are without an answer, and said to be. */
enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2, CLI_PARTLY = 3 };

int cli_train(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_evaluate(int argc, char **argv);
int cli_simulate(int argc, char **argv);
int cli_compile(int argc, char **argv);
int cli_keygen(int argc, char **argv);
int cli_encrypt(int argc, char **argv);
int cli_infer(int argc, char **argv);
int cli_decrypt(int argc, char **argv);
int cli_predict(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_calibrate(int argc, char **argv);
int cli_demo(int argc, char **argv);
#endif
