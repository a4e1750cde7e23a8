/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight decrypt: the predictions in a result. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/predictions.h"

#define MAX_RESULT_BYTES ((size_t)1 << 31)

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT RESULT */
  const char *key, *list;
  bool json, csv, outputs;
} arguments;

/* Rows by the numbers that they had, with those that were never sent. */
static ckks_status spread_by(blindsight_predictions *predictions, size_t *first, const char *path) {
  cli_list list;
  ckks_status status = cli_list_read(&list, path);
  if (status == CKKS_OK) {
    *first = list.first;
    status = blindsight_predictions_spread(predictions, list.state, list.n_rows);
    status = status != CKKS_OK ? base_fail_in(status, "%s", path) : status;
  }
  cli_list_clear(&list);
  return status;
}

/* By the list beside the result, where there is one: nobody must think of it. */
static ckks_status spread(blindsight_predictions *predictions, size_t *first, const arguments *a) {
  if (a->list != NULL)
    return spread_by(predictions, first, a->list);
  char *beside = cli_list_name(a->operand[1], ".result");
  if (beside == NULL)
    return CKKS_ERROR_MEMORY;
  ckks_status status = access(beside, F_OK) == 0 ? spread_by(predictions, first, beside) : CKKS_OK;
  base_free(beside);
  return status;
}

static ckks_status decrypt_result(bool *partly, const arguments *a, const ckks_secret_key *secret,
                                  const blindsight_client *client) {
  const char *path = a->operand[1];
  uint8_t *bytes;
  size_t n_bytes;
  blindsight_predictions *predictions;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_RESULT_BYTES));
  ckks_status status = blindsight_client_decrypt(&predictions, bytes, n_bytes, secret, client);
  base_free(bytes);
  if (status != CKKS_OK)
    return cli_print_rename(status, "result", base_file_name(path));
  size_t first = 0;
  status = spread(predictions, &first, a);
  const cli_predictions shown = {predictions, blindsight_client_names(client), a->outputs, first};
  if (status == CKKS_OK)
    status = cli_predictions_print(&shown, a->json, a->csv);
  *partly = status == CKKS_OK && cli_predictions_lack(predictions);
  blindsight_predictions_free(predictions);
  return status;
}

/* The client file first: it brings the parameters that key and result are held against. */
static ckks_status decrypt(bool *partly, const arguments *a) {
  blindsight_client *client;
  ckks_secret_key *secret = NULL;
  BASE_TRY(blindsight_client_load(&client, a->operand[0]));
  ckks_status status = blindsight_client_load_key(&secret, a->key, client);
  if (status == CKKS_OK)
    status = decrypt_result(partly, a, secret, client);
  ckks_secret_key_free(secret);
  blindsight_client_free(client);
  return status;
}

int cli_decrypt(int argc, char **argv) {
  arguments a = {0};
  const cli_option options[] = {
      {"key", 0, CLI_TEXT, &a.key, "FILE", "the secret key", 0, 0, true},
      {"list", 0, CLI_TEXT, &a.list, "FILE",
       "what encrypt wrote of the rows (NAME.rows for NAME.result, where it is)", 0, 0, 0},
      {"outputs", 0, CLI_FLAG, &a.outputs, NULL, "show the outputs, not the label alone", 0, 0, 0},
      {"csv", 0, CLI_FLAG, &a.csv, NULL, "print CSV", 0, 0, 0},
      {"json", 0, CLI_FLAG, &a.json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "decrypt", "CLIENT RESULT",
      "Prints the predictions in a result, one line a row of the sample. They are for the owner\n"
      "of the key alone: who sees the exact outputs of many rows can learn of the key.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a.operand, &command, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("decrypting");
  if (a.csv && a.json)
    return cli_options_fail(&command, "--csv and --json exclude each other");
  bool partly = false;
  ckks_status status = decrypt(&partly, &a);
  return partly ? CLI_PARTLY : cli_print_status(status);
}
