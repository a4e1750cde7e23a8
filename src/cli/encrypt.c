/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight encrypt: rows of a table into a sample for the server. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/key.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/plan_report.h"
#include "cli/rows.h"
#include "client/client.h"
#include "model/files.h"
#include "train/train.h"
#include "wire/sample.h"

/* From here on a batch is cheaper than a ciphertext for each row. */
#define FEW_ROWS 64
#define MOST_WARNINGS 5

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* CLIENT DATA.csv */
  const char *key, *output, *rows;
  cli_texts images;
  int packing;
} arguments;

typedef struct encryption {
  model_interface interface;
  ckks_params *params;
  ckks_secret_key *secret;
  train_data data;
  size_t *index; /* of the chosen rows */
  size_t n_rows;
  double *rows;
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

/* --- rows */

static void take_row(void *context, uint64_t i) {
  encryption *e = context;
  /* A list that repeats itself may be long: what does not fit a message is counted only. */
  if (e->n_rows < WIRE_MAX_ROWS)
    e->index[e->n_rows] = (size_t)i;
  e->n_rows++;
}

/* Copied in the order of the list, in which the results will come back. */
static ckks_status choose_rows(encryption *e, const arguments *a) {
  size_t last = e->data.n_rows - 1;
  e->index = base_alloc_array(WIRE_MAX_ROWS, sizeof *e->index);
  if (e->index == NULL)
    return base_fail_memory(WIRE_MAX_ROWS * sizeof *e->index);
  if (a->rows == NULL)
    for (size_t i = 0; i <= last; i++)
      take_row(e, i);
  else if (cli_options_ranges(a->rows, last, take_row, e) != 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "--rows %s: must be rows of %s, 0 to %zu, such as 0,5-9",
                     a->rows, a->operand[1], last);
  if (e->n_rows > WIRE_MAX_ROWS)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: %zu rows where one sample holds %d: use --rows",
                     a->operand[1], e->n_rows, WIRE_MAX_ROWS);
  size_t n_features = e->interface.n_features;
  e->rows = base_alloc_array(e->n_rows * n_features, sizeof *e->rows);
  if (e->rows == NULL)
    return base_fail_memory(e->n_rows * n_features * sizeof *e->rows);
  for (size_t i = 0; i < e->n_rows; i++)
    memcpy(e->rows + i * n_features, e->data.value + e->index[i] * n_features,
           n_features * sizeof *e->rows);
  return CKKS_OK;
}

/* Values that no training row came near: nobody has tried the model out there. */
static ckks_status warn_outside(const encryption *e, const char *path) {
  const model_interface *interface = &e->interface;
  size_t n_features = interface->n_features, n_outside = 0;
  double *scaled = base_alloc_array(n_features, sizeof *scaled);
  if (scaled == NULL)
    return base_fail_memory(n_features * sizeof *scaled);
  for (size_t i = 0; i < e->n_rows; i++) {
    const double *row = e->rows + i * n_features;
    if (model_scale_row(scaled, row, interface) == 0)
      continue;
    for (size_t k = 0; k < n_features; k++)
      if (fabs(scaled[k]) > interface->max_abs_input && n_outside++ < MOST_WARNINGS)
        cli_print_warning("%s: row %zu (line %zu), column \"%s\": %.6g is %.1f deviations from "
                          "the mean; the model knows up to %.1f",
                          path, e->index[i], e->data.line[e->index[i]], interface->feature[k],
                          row[k], fabs(scaled[k]), interface->max_abs_input);
  }
  if (n_outside > MOST_WARNINGS)
    cli_print_warning("%s: %zu more values are that far out", path, n_outside - MOST_WARNINGS);
  base_wipe(scaled, n_features * sizeof *scaled);
  base_free(scaled);
  return CKKS_OK;
}

/* --- the command */

/* What the model was compiled for goes before what would be cheaper. */
static model_packing choose_packing(const encryption *e, const arguments *a) {
  const model_layout *layout = e->interface.layout;
  if (a->packing != 0)
    return a->packing == 1 ? MODEL_LATENCY : MODEL_THROUGHPUT;
  if (!layout[MODEL_LATENCY].available)
    return MODEL_THROUGHPUT;
  return e->n_rows > FEW_ROWS && layout[MODEL_THROUGHPUT].available ? MODEL_THROUGHPUT
                                                                    : MODEL_LATENCY;
}

/* The key before the table: a wrong key is told without reading all rows. */
static ckks_status encrypt(encryption *e, const arguments *a) {
  const char *client = a->operand[0], *path = a->operand[1];
  char bytes[16];
  BASE_TRY(cli_output_check(a->output));
  BASE_TRY(model_files_client_read(&e->interface, &e->params, client));
  BASE_TRY(cli_key_load(&e->secret, a->key, client, e->params));
  BASE_TRY(cli_rows_read(
      &e->data, path, &a->images,
      &(cli_rows_wanted){.feature = e->interface.feature, .n_features = e->interface.n_features}));
  BASE_TRY(choose_rows(e, a));
  BASE_TRY(warn_outside(e, path));
  model_packing packing = choose_packing(e, a);
  ckks_status status = client_encrypt(&e->sample, &e->n_bytes, e->rows, e->n_rows, packing, NULL,
                                      e->secret, &e->interface, e->params);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", client);
  BASE_TRY(base_file_write(a->output, e->sample, e->n_bytes, 0644));
  cli_print_field(cli_print_stream(a->output), "sample", "%zu rows, %s packing, %s", e->n_rows,
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
  if (e.rows != NULL)
    base_wipe(e.rows, e.n_rows * e.interface.n_features * sizeof *e.rows);
  base_free(e.rows);
  base_free(e.index);
  base_free(e.sample);
  train_data_clear(&e.data);
  ckks_secret_key_free(e.secret);
  ckks_params_free(e.params);
  model_interface_clear(&e.interface);
  return cli_print_status(status);
}
