/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight evaluate: a model in clear, on rows in clear. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/metrics.h"
#include "cli/model.h"
#include "cli/out_of_range.h"
#include "cli/output.h"
#include "cli/predictions.h"
#include "cli/rows.h"

#define MOST_WARNINGS 20
#define MAX_OUTPUTS_BYTES ((size_t)1 << 30)

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* MODEL DATA.csv */
  const char *label, *outputs;
  int packing; /* 0: in clear alone */
  bool json;
} arguments;

typedef struct evaluation {
  blindsight_model *model;
  const blindsight_names *names;
  blindsight_rows *rows;
  blindsight_predictions *predictions;
  blindsight_metrics *metrics;
  size_t n_judged;              /* rows behind them */
  bool partly;                  /* some have none */
  blindsight_server *server;    /* what would answer, */
  blindsight_sorted *sorted;    /* which rows it would see, */
  blindsight_predictions *seen; /* and what it would say of them */
} evaluation;

/* The form of decrypt --csv --outputs: the two can be compared line by line. */
static ckks_status write_outputs(const char *path, const cli_predictions *shown) {
  base_buffer csv;
  base_buffer_init(&csv, MAX_OUTPUTS_BYTES);
  cli_predictions_csv(&csv, shown);
  ckks_status status = base_buffer_status(&csv);
  if (status == CKKS_OK)
    status = base_file_write(path, csv.bytes, csv.n_bytes, 0600);
  base_buffer_clear(&csv);
  return status;
}

/* Metrics when the truth is known; else the predictions are the result. */
static ckks_status report(const evaluation *e, const arguments *a) {
  const cli_predictions shown = {e->predictions, e->names, true, 0};
  if (a->outputs != NULL)
    BASE_TRY(write_outputs(a->outputs, &shown));
  if (a->json) {
    json_t *object = json_object();
    if (e->metrics != NULL)
      json_object_set_new(object, "metrics", cli_metrics_json(e->metrics));
    json_object_set_new(object, "predictions", cli_predictions_json(&shown));
    return cli_print_json(object);
  }
  FILE *out = cli_print_stream(a->outputs);
  if (e->metrics != NULL) {
    cli_print_field(out, "rows", "%zu", e->n_judged);
    if (e->partly)
      cli_print_field(out, "refused", "%zu", e->rows->n_rows - e->n_judged);
    cli_metrics_print(out, e->metrics, e->names->label);
  } else if (a->outputs == NULL) {
    cli_predictions_table(out, &shown);
  }
  return CKKS_OK;
}

/* Column of a row that lacks what the model needs; n_features: none. */
static size_t find_gap(const evaluation *e, size_t row) {
  size_t n = e->names->n_features, i = e->names->complete ? 0 : n;
  while (i < n && !isnan(e->rows->value[row * n + i]))
    i++;
  return i;
}

/* Each is named, up to a number of them. */
static void warn_of_gaps(const evaluation *e, const arguments *a) {
  size_t n = e->names->n_features, n_refused = 0;
  for (size_t row = 0; row < e->rows->n_rows; row++) {
    size_t gap = find_gap(e, row);
    if (gap < n && n_refused++ < MOST_WARNINGS)
      cli_print_warning("%s: row %zu (line %zu) is %s: column \"%s\" is missing, and the model "
                        "says nothing of its mean",
                        a->operand[1], e->rows->index[row], e->rows->line[row],
                        blindsight_state_name(BLINDSIGHT_REFUSED), e->names->feature[gap]);
  }
  if (n_refused > MOST_WARNINGS)
    cli_print_warning("%s: so are %zu more rows", a->operand[1], n_refused - MOST_WARNINGS);
}

/* Rows that can be answered, behind one another in `value`. */
static size_t keep_whole(double *value, blindsight_state *state, const evaluation *e) {
  size_t n = e->names->n_features, n_kept = 0;
  for (size_t row = 0; row < e->rows->n_rows; row++) {
    bool whole = find_gap(e, row) == n;
    state[row] = whole ? BLINDSIGHT_INSIDE : BLINDSIGHT_REFUSED;
    if (whole)
      memcpy(value + n_kept++ * n, e->rows->value + row * n, n * sizeof *value);
  }
  return n_kept;
}

/* A row that lacks what the model needs has no prediction; the others go on, as in encrypt. */
static ckks_status predict(evaluation *e, const arguments *a) {
  size_t n_rows = e->rows->n_rows, n_values = n_rows * e->names->n_features;
  double *value = base_alloc_array(n_values, sizeof *value);
  blindsight_state *state = base_alloc_array(n_rows, sizeof *state);
  ckks_status status = CKKS_OK;
  if (value == NULL || state == NULL) {
    status = base_fail_memory(n_values * sizeof *value);
  } else {
    size_t n = keep_whole(value, state, e);
    if (n == 0 && n_rows > 0) /* whose words say it of the first */
      status = blindsight_model_predict(&e->predictions, e->rows->value, n_rows, e->model);
    else
      status = blindsight_model_predict(&e->predictions, value, n, e->model);
    if (status == CKKS_OK && a->packing == 0) /* else what is refused is named with the rest */
      warn_of_gaps(e, a);
    if (status == CKKS_OK && n < n_rows)
      status = blindsight_predictions_spread(e->predictions, state, n_rows);
  }
  if (value != NULL)
    base_wipe(value, n_values * sizeof *value);
  base_free(value);
  base_free(state);
  return status;
}

/* The states that rows would come back with, beside what the model says of them in clear. */
static ckks_status foresee(evaluation *e, const arguments *a) {
  blindsight_compile_options options;
  blindsight_sort_options sort;
  blindsight_compile_options_default(&options, sizeof options);
  blindsight_sort_options_default(&sort, sizeof sort);
  options.error = 0.0; /* as the model has it */
  sort.packing = a->packing == 1 ? BLINDSIGHT_LATENCY : BLINDSIGHT_THROUGHPUT;
  ckks_status status = blindsight_server_compile(&e->server, e->model, &options);
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", a->operand[0]);
  BASE_TRY(blindsight_client_sort(&e->sorted, e->rows->value, e->rows->n_rows, &sort,
                                  blindsight_server_client(e->server)));
  const blindsight_sorted *sorted = e->sorted;
  cli_out_of_range_warn(sorted, e->rows, a->operand[1], e->names);
  if (sorted->n_sent > 0)
    BASE_TRY(blindsight_server_simulate(&e->seen, sorted->value, sorted->n_sent, sorted->packing, 1,
                                        1, e->server));
  for (size_t row = 0; row < sorted->n_rows; row++)
    e->predictions->state[row] = sorted->state[row];
  for (size_t i = 0; i < sorted->n_sent; i++)
    e->predictions->state[sorted->number[i]] = e->seen->state[i];
  return CKKS_OK;
}

static ckks_status evaluate(evaluation *e, const arguments *a) {
  if (a->outputs != NULL)
    BASE_TRY(cli_output_check(a->outputs));
  BASE_TRY(cli_model_load(&e->model, a->operand[0]));
  e->names = blindsight_model_names(e->model);
  BASE_TRY(
      cli_rows_read(&e->rows, a->operand[1], NULL, e->names, NULL, a->label, BLINDSIGHT_MAX_ROWS));
  BASE_TRY(predict(e, a));
  e->partly = cli_predictions_lack(e->predictions);
  if (cli_metrics_has_truth(e->rows))
    BASE_TRY(cli_metrics_answered(&e->metrics, &e->n_judged, e->predictions, e->rows, e->names));
  if (a->packing != 0)
    BASE_TRY(foresee(e, a));
  return report(e, a);
}

int cli_evaluate(int argc, char **argv) {
  arguments a = {0};
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a.label, "COLUMN",
       "the column of true classes or values; for images, an idx file", 0, 0, 0},
      {"outputs", 0, CLI_TEXT, &a.outputs, "FILE", "write each row's outputs here, as CSV", 0, 0,
       0},
      {"packing", 0, CLI_CHOICE, &a.packing, "clear|latency|throughput",
       "say of each row what a compiled model would: refused, beyond, spoilt (clear)", 0, 0, 0},
      {"json", 0, CLI_FLAG, &a.json, NULL, "print metrics and predictions as JSON", 0, 0, 0}};
  const cli_command command = {
      "evaluate", "MODEL DATA",
      "Runs a model in clear. With --label: how good its predictions are; else what they are.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a.operand, &command, argc, argv);
  if (code >= 0)
    return code;
  cli_line_wait("evaluating");
  evaluation e = {0};
  ckks_status status = evaluate(&e, &a);
  bool partly = status == CKKS_OK && e.partly;
  blindsight_predictions_free(e.predictions);
  blindsight_predictions_free(e.seen);
  blindsight_sorted_free(e.sorted);
  blindsight_server_free(e.server);
  blindsight_metrics_free(e.metrics);
  blindsight_rows_free(e.rows);
  blindsight_model_free(e.model);
  return partly ? CLI_PARTLY : cli_print_status(status);
}
