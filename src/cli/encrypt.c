/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight encrypt: rows of a table into a sample for the server. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/list.h"
#include "cli/out_of_range.h"
#include "cli/output.h"
#include "cli/packing.h"
#include "cli/print.h"
#include "cli/rows.h"

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT DATA */
  const char *key, *output, *rows, *list;
  cli_texts images;
  int packing, out_of_range;
  bool json;
} arguments;

typedef struct encryption {
  blindsight_client *client;
  const blindsight_names *names;
  ckks_secret_key *secret;
  blindsight_rows *rows;
  blindsight_sorted *sorted;
  char *list; /* where it goes; NULL = nowhere */
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
       "auto: throughput for more than 64 rows, where that sends and computes less", 0, 0, 0},
      {"out-of-range", 0, CLI_CHOICE, &a->out_of_range, CLI_OUT_OF_RANGE_CHOICES,
       CLI_OUT_OF_RANGE_TEXT, 0, 0, 0},
      {"list", 0, CLI_TEXT, &a->list, "FILE",
       "write what became of each row here, for decrypt (NAME.rows for NAME.sample)", 0, 0, 0},
      {"json", 0, CLI_FLAG, &a->json, NULL, "print JSON", 0, 0, 0}};
  const cli_command command = {
      "encrypt", "CLIENT DATA",
      "Encrypts rows for one model: of a table (CSV), whose columns it finds by their names, or\n"
      "images as PNG, idx or raw bytes (NAME.raw).",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a->operand, &command, argc, argv);
  if (code >= 0)
    return code;
  if (a->json && strcmp(a->output, "-") == 0)
    return cli_options_fail(&command, "--json and --output - exclude each other");
  return code;
}

/* Beside the sample, where that is a file. */
static ckks_status name_list(encryption *e, const arguments *a) {
  if (a->list == NULL && !cli_output_is_file(a->output))
    return CKKS_OK;
  e->list = a->list != NULL ? base_strdup(a->list) : cli_list_name(a->output, ".sample");
  if (e->list == NULL)
    return CKKS_ERROR_MEMORY;
  if (a->list != NULL)
    return cli_output_check(e->list);
  BASE_TRY(cli_list_check(e->list));
  return cli_output_check_made(e->list);
}

/* Without a list decrypt would number rows as if none had been left out, and mark none. */
static ckks_status check_list(const encryption *e, const arguments *a) {
  size_t n = 0;
  for (size_t row = 0; row < e->sorted->n_rows; row++)
    n += e->sorted->state[row] != BLINDSIGHT_INSIDE;
  if (e->list != NULL || n == 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "%s: the model does not answer for %zu of %zu rows: --list "
                   "FILE keeps which they are",
                   a->operand[1], n, e->sorted->n_rows);
}

/* Before anything is encrypted. */
static ckks_status sort_rows(encryption *e, const arguments *a) {
  blindsight_sort_options options;
  blindsight_sort_options_default(&options, sizeof options);
  options.packing = cli_packing_choose(a->packing, e->client, e->rows->n_rows);
  options.out_of_range = (blindsight_out_of_range)a->out_of_range; /* in the order of the enum */
  ckks_status status =
      blindsight_client_sort(&e->sorted, e->rows->value, e->rows->n_rows, &options, e->client);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  cli_out_of_range_warn(e->sorted, e->rows, a->operand[1], e->names);
  if (e->sorted->n_sent == 0)
    return base_fail(CKKS_ERROR_RANGE, "%s: the model answers for none of the %zu rows",
                     a->operand[1], e->sorted->n_rows);
  return check_list(e, a);
}

static ckks_status encrypt_rows(encryption *e, const arguments *a) {
  const blindsight_sorted *sorted = e->sorted;
  size_t n_outside;
  ckks_status status = blindsight_client_encrypt(
      &e->sample, &e->n_bytes, sorted->n_outside > 0 ? &n_outside : NULL, sorted->value,
      sorted->n_sent, sorted->packing, e->secret, e->client);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  if (e->list != NULL)
    BASE_TRY(cli_list_write(e->list, sorted, e->names));
  return base_file_write(a->output, e->sample, e->n_bytes, 0644);
}

static ckks_status report(const encryption *e, const arguments *a) {
  const blindsight_sorted *sorted = e->sorted;
  char bytes[16];
  if (a->json)
    return cli_print_json(
        json_pack("{s:s, s:s?, s:I, s:I, s:I, s:s, s:I, s:o}", "sample", a->output, "list", e->list,
                  "rows", (json_int_t)sorted->n_rows, "sent", (json_int_t)sorted->n_sent, "refused",
                  (json_int_t)(sorted->n_rows - sorted->n_sent), "packing",
                  cli_packing_name(sorted->packing), "bytes", (json_int_t)e->n_bytes,
                  "out_of_range", cli_out_of_range_json(sorted, e->rows, e->names)));
  FILE *out = cli_print_stream(a->output);
  cli_print_field(out, "sample", "%zu rows, %s packing, %s", sorted->n_sent,
                  cli_packing_name(sorted->packing), cli_print_bytes(bytes, e->n_bytes));
  if (sorted->n_sent < sorted->n_rows)
    cli_print_field(out, "refused", "%zu of %zu rows%s%s", sorted->n_rows - sorted->n_sent,
                    sorted->n_rows, e->list != NULL ? "; the others keep their numbers by " : "",
                    e->list != NULL ? e->list : "");
  return CKKS_OK;
}

/* The key before the table: a wrong key is told without reading all rows. */
static ckks_status encrypt(encryption *e, const arguments *a) {
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(name_list(e, a));
  BASE_TRY(blindsight_client_load(&e->client, a->operand[0]));
  e->names = blindsight_client_names(e->client);
  BASE_TRY(blindsight_client_load_key(&e->secret, a->key, e->client));
  BASE_TRY(cli_rows_read(&e->rows, a->operand[1], &a->images, e->names, a->rows, NULL,
                         BLINDSIGHT_MAX_SAMPLE_ROWS));
  BASE_TRY(sort_rows(e, a));
  BASE_TRY(encrypt_rows(e, a));
  return report(e, a);
}

int cli_encrypt(int argc, char **argv) {
  arguments a = {0};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("encrypting");
  encryption e = {0};
  ckks_status status = encrypt(&e, &a);
  bool partly = status == CKKS_OK && e.sorted->n_sent < e.sorted->n_rows;
  blindsight_sorted_free(e.sorted);
  blindsight_rows_free(e.rows);
  base_free(e.list);
  ckks_bytes_free(e.sample);
  ckks_secret_key_free(e.secret);
  blindsight_client_free(e.client);
  return partly ? CLI_PARTLY : cli_print_status(status);
}
