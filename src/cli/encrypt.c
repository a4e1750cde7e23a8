/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight encrypt: rows of a table into a sample for the server. */
#include "base/alloc.h"
#include "base/file.h"
#include "cli/chosen.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plan_report.h"
#include "client/client.h"
#include "client/key.h"
#include "plan/files.h"
#include "wire/sample.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT DATA.csv */
  const char *key, *output, *rows;
  cli_texts images;
  int packing;
} arguments;

typedef struct encryption {
  plan_interface interface;
  ckks_secret_key *secret;
  cli_chosen rows;
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
      {"packing", 0, CLI_CHOICE, &a->packing, "auto|latency|throughput",
       "auto: throughput for more than 64 rows", 0, 0, 0}};
  const cli_command command = {
      "encrypt", "CLIENT DATA",
      "Encrypts rows for one model: of a table (CSV), whose columns it finds by their names, or\n"
      "images as PNG, idx or raw bytes (NAME.raw).",
      options, sizeof options / sizeof options[0]};
  return cli_options_parse(a->operand, &command, argc, argv);
}

/* --- the command */

/* What the model was compiled for goes before what would be cheaper. */
static plan_packing choose_packing(const encryption *e, const arguments *a) {
  if (a->packing != 0)
    return a->packing == 1 ? PLAN_LATENCY : PLAN_THROUGHPUT;
  return plan_pack_choose(&e->interface, e->rows.n_rows);
}

/* The key before the table: a wrong key is told without reading all rows. */
/* The key before the table: a wrong key is told without reading all rows. */
static ckks_status encrypt(encryption *e, const arguments *a) {
  const char *client = a->operand[0], *path = a->operand[1];
  char bytes[16];
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(plan_files_client_read(&e->interface, client));
  BASE_TRY(client_key_load(&e->secret, a->key, client, e->interface.params));
  BASE_TRY(
      cli_chosen_read(&e->rows, path, &a->images, &e->interface, a->rows, NULL, WIRE_MAX_ROWS));
  BASE_TRY(cli_chosen_warn(&e->rows, path, &e->interface));
  plan_packing packing = choose_packing(e, a);
  ckks_status status = client_encrypt(&e->sample, &e->n_bytes, e->rows.value, e->rows.n_rows,
                                      packing, NULL, e->secret, &e->interface);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", client);
  BASE_TRY(base_file_write(a->output, e->sample, e->n_bytes, 0644));
  cli_print_field(cli_print_stream(a->output), "sample", "%zu rows, %s packing, %s", e->rows.n_rows,
                  cli_plan_report_packing(packing), cli_print_bytes(bytes, e->n_bytes));
  return CKKS_OK;
}

int cli_encrypt(int argc, char **argv) {
  arguments a = {0};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  encryption e = {0};
  ckks_status status = encrypt(&e, &a);
  cli_chosen_clear(&e.rows, &e.interface);
  base_free(e.sample);
  ckks_secret_key_free(e.secret);
  plan_interface_clear(&e.interface);
  return cli_print_status(status);
}
