/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight encrypt: rows of a table into a sample for the server. */
#include <stdio.h>
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

/* As a table may have. */
#define MOST_ROWS ((size_t)1 << 20)

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT DATA */
  const char *key, *output, *rows, *list;
  cli_texts images;
  int packing, out_of_range;
  uint64_t part;
  bool json;
} arguments;

typedef struct encryption {
  blindsight_client *client;
  const blindsight_names *names;
  ckks_secret_key *secret;
  blindsight_rows *rows;
  size_t n_parts;
  json_t *samples;  /* NULL: there is one, or nobody wants JSON */
  size_t n_refused; /* of all rows */
  /* of one sample: */
  size_t first;
  blindsight_rows part; /* borrowed from rows */
  blindsight_sorted *sorted;
  const char *output;
  char *name; /* where there are several */
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
      {"part", 0, CLI_INTEGER, &a->part, "N",
       "rows of a sample; more go to NAME.1.sample, NAME.2.sample, ... (65536)", 1,
       BLINDSIGHT_MAX_SAMPLE_ROWS, 0},
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
  if (a->list == NULL && !cli_output_is_file(e->output))
    return CKKS_OK;
  base_free(e->list);
  e->list = a->list != NULL ? base_strdup(a->list) : cli_list_name(e->output, ".sample");
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

/* Before anything is encrypted. All samples are packed alike, the last one too. */
static ckks_status sort_rows(encryption *e, const arguments *a, bool warn) {
  blindsight_sort_options options;
  blindsight_sort_options_default(&options, sizeof options);
  options.packing =
      cli_packing_choose(a->packing, e->client, e->n_parts > 1 ? (size_t)a->part : e->part.n_rows);
  options.out_of_range = (blindsight_out_of_range)a->out_of_range; /* in the order of the enum */
  ckks_status status =
      blindsight_client_sort(&e->sorted, e->part.value, e->part.n_rows, &options, e->client);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  if (warn)
    cli_out_of_range_warn(e->sorted, &e->part, a->operand[1], e->names);
  if (e->sorted->n_sent == 0)
    return base_fail(CKKS_ERROR_RANGE, "%s: the model answers for none of the %zu rows%s%s",
                     a->operand[1], e->sorted->n_rows, e->n_parts > 1 ? " of " : "",
                     e->n_parts > 1 ? e->output : "");
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
    BASE_TRY(cli_list_write(e->list, sorted, e->first, e->names));
  e->n_refused += sorted->n_rows - sorted->n_sent;
  return base_file_write(e->output, e->sample, e->n_bytes, 0644);
}

static ckks_status report(const encryption *e, const arguments *a) {
  const blindsight_sorted *sorted = e->sorted;
  char bytes[16];
  if (a->json) {
    json_t *object =
        json_pack("{s:s, s:s?, s:I, s:I, s:I, s:s, s:I, s:o}", "sample", e->output, "list", e->list,
                  "rows", (json_int_t)sorted->n_rows, "sent", (json_int_t)sorted->n_sent, "refused",
                  (json_int_t)(sorted->n_rows - sorted->n_sent), "packing",
                  cli_packing_name(sorted->packing), "bytes", (json_int_t)e->n_bytes,
                  "out_of_range", cli_out_of_range_json(sorted, &e->part, e->names));
    if (e->samples == NULL)
      return cli_print_json(object);
    json_object_set_new(object, "first", json_integer((json_int_t)e->first));
    json_array_append_new(e->samples, object);
    return CKKS_OK;
  }
  FILE *out = cli_print_stream(a->output);
  cli_print_field(out, e->n_parts > 1 ? e->output : "sample", "%zu rows, %s packing, %s",
                  sorted->n_sent, cli_packing_name(sorted->packing),
                  cli_print_bytes(bytes, e->n_bytes));
  if (sorted->n_sent < sorted->n_rows)
    cli_print_field(out, "refused", "%zu of %zu rows%s%s", sorted->n_rows - sorted->n_sent,
                    sorted->n_rows, e->list != NULL ? "; the others keep their numbers by " : "",
                    e->list != NULL ? e->list : "");
  return CKKS_OK;
}

static void end_part(encryption *e) {
  blindsight_sorted_free(e->sorted);
  ckks_bytes_free(e->sample);
  e->sorted = NULL;
  e->sample = NULL;
}

/* Rows first, first + 1, ... of all of them, under their numbers in the file. */
static void begin_part(encryption *e, size_t first, size_t n) {
  e->first = first;
  e->part = *e->rows;
  e->part.n_rows = n;
  e->part.value += first * e->rows->n_features;
  e->part.index += first;
  e->part.line += first;
  e->part.label = NULL;
  e->part.target = NULL;
}

/* NAME.sample becomes NAME.1.sample, and so on. */
static ckks_status name_part(encryption *e, const arguments *a, size_t part) {
  static const char ending[] = ".sample";
  size_t n = strlen(a->output), n_ending = sizeof ending - 1;
  bool ends = n > n_ending && strcmp(a->output + n - n_ending, ending) == 0;
  size_t n_bytes = n + 32;
  base_free(e->name);
  e->name = base_alloc(n_bytes);
  if (e->name == NULL)
    return base_fail_memory(n_bytes);
  snprintf(e->name, n_bytes, "%.*s.%zu%s", (int)(ends ? n - n_ending : n), a->output, part + 1,
           ends ? ending : "");
  e->output = e->name;
  return name_list(e, a);
}

/* One sample of several; `write` or only look whether it can be. */
static ckks_status one_of_many(encryption *e, const arguments *a, size_t part, bool write) {
  size_t first = part * (size_t)a->part, left = e->rows->n_rows - first;
  begin_part(e, first, left < a->part ? left : (size_t)a->part);
  BASE_TRY(name_part(e, a, part));
  if (!write)
    BASE_TRY(cli_output_check(e->output));
  BASE_TRY(sort_rows(e, a, !write));
  if (!write)
    return CKKS_OK;
  BASE_TRY(encrypt_rows(e, a));
  return report(e, a);
}

/* More rows than a sample holds: one after the other, so that memory holds one of them. */
static ckks_status encrypt_many(encryption *e, const arguments *a) {
  if (!cli_output_is_file(a->output) || a->list != NULL)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s: %zu rows are %zu samples of %zu rows, each with its list: --output "
                     "must be a file, and --list has no place (or choose --rows)",
                     a->operand[1], e->rows->n_rows, e->n_parts, (size_t)a->part);
  if (a->json && (e->samples = json_array()) == NULL)
    return base_fail_memory(sizeof(json_t));
  for (int write = 0; write < 2; write++)
    for (size_t part = 0; part < e->n_parts; part++) {
      BASE_TRY(one_of_many(e, a, part, write == 1));
      end_part(e);
    }
  return a->json ? cli_print_json(json_pack("{s:I, s:O}", "rows", (json_int_t)e->rows->n_rows,
                                            "samples", e->samples))
                 : CKKS_OK;
}

/* The key before the table: a wrong key is told without reading all rows. */
static ckks_status encrypt(encryption *e, const arguments *a) {
  e->output = a->output;
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(name_list(e, a));
  BASE_TRY(blindsight_client_load(&e->client, a->operand[0]));
  e->names = blindsight_client_names(e->client);
  BASE_TRY(blindsight_client_load_key(&e->secret, a->key, e->client));
  BASE_TRY(cli_rows_read(&e->rows, a->operand[1], &a->images, e->names, a->rows, NULL, MOST_ROWS));
  e->n_parts = (e->rows->n_rows - 1) / (size_t)a->part + 1;
  if (e->n_parts > 1)
    return encrypt_many(e, a);
  begin_part(e, 0, e->rows->n_rows);
  BASE_TRY(sort_rows(e, a, true));
  BASE_TRY(encrypt_rows(e, a));
  return report(e, a);
}

int cli_encrypt(int argc, char **argv) {
  arguments a = {.part = BLINDSIGHT_MAX_SAMPLE_ROWS};
  int code = parse(&a, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("encrypting");
  encryption e = {0};
  ckks_status status = encrypt(&e, &a);
  bool partly = status == CKKS_OK && e.n_refused > 0;
  end_part(&e);
  json_decref(e.samples);
  blindsight_rows_free(e.rows);
  base_free(e.list);
  base_free(e.name);
  ckks_secret_key_free(e.secret);
  blindsight_client_free(e.client);
  return partly ? CLI_PARTLY : cli_print_status(status);
}
