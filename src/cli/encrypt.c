/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight encrypt: rows of a table into a sample for the server. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/packing.h"
#include "cli/print.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT DATA */
  const char *key, *output, *rows;
  cli_texts images;
  int packing;
} arguments;

typedef struct encryption {
  blindsight_client *client;
  ckks_secret_key *secret;
  blindsight_rows *rows;
  uint8_t *sample;
  size_t n_bytes;
} encryption;

static int parse(arguments *a, int argc, char **argv) {
  const cli_option options[] = {
      {"key", 0, CLI_TEXT, &a->key, "FILE", "the secret key", 0, 0, true},
      {"output", 'o', CLI_TEXT, &a->output, "FILE", "write the sample here", 0, 0, true},
      {"rows", 0, CLI_TEXT, &a->rows, "LIST", "only these rows, from 0, such as 0,5-9", 0, 0, 0},
      {"image", 0, CLI_TEXTS, &a->images, "FILE.png", "one more image after DATA; may be repeated",
       0, 0, 0},
      {"packing", 0, CLI_CHOICE, &a->packing, CLI_PACKING_CHOICES,
       "auto: throughput for more than 64 rows", 0, 0, 0}};
  const cli_command command = {
      "encrypt", "CLIENT DATA",
      "Encrypts rows for one model: of a table (CSV), whose columns it finds by their names, or\n"
      "images as PNG, idx or raw bytes (NAME.raw).",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(a->operand, &command, argc, argv);
}

/* The key before the table: a wrong key is told without reading all rows. */
static ckks_status encrypt(encryption *e, const arguments *a) {
  const char *client = a->operand[0], *path = a->operand[1];
  char bytes[16];
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(blindsight_client_load(&e->client, client));
  BASE_TRY(blindsight_client_load_key(&e->secret, a->key, e->client));
  BASE_TRY(cli_rows_read(&e->rows, path, &a->images, blindsight_client_names(e->client), a->rows,
                         NULL, BLINDSIGHT_MAX_SAMPLE_ROWS));
  BASE_TRY(cli_rows_warn(e->rows, path, e->client));
  blindsight_packing packing = cli_packing_choose(a->packing, e->client, e->rows->n_rows);
  ckks_status status = blindsight_client_encrypt(&e->sample, &e->n_bytes, NULL, e->rows->value,
                                                 e->rows->n_rows, packing, e->secret, e->client);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", client);
  BASE_TRY(base_file_write(a->output, e->sample, e->n_bytes, 0644));
  cli_print_field(cli_print_stream(a->output), "sample", "%zu rows, %s packing, %s",
                  e->rows->n_rows, cli_packing_name(packing), cli_print_bytes(bytes, e->n_bytes));
  return CKKS_OK;
}

int cli_encrypt(int argc, char **argv) {
  arguments a = {0};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  encryption e = {0};
  ckks_status status = encrypt(&e, &a);
  blindsight_rows_free(e.rows);
  ckks_bytes_free(e.sample);
  ckks_secret_key_free(e.secret);
  blindsight_client_free(e.client);
  return cli_print_status(status);
}
