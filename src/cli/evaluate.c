/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight evaluate: a model in clear, on rows in clear. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/line.h"
#include "cli/metrics.h"
#include "cli/model.h"
#include "cli/out_of_range.h"
#include "cli/output.h"
#include "cli/predictions.h"
#include "cli/rows.h"

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
    cli_print_field(out, "rows", "%zu", e->rows->n_rows);
    cli_metrics_print(out, e->metrics, e->names->label);
  } else if (a->outputs == NULL) {
    cli_predictions_table(out, &shown);
  }
  return CKKS_OK;
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
  BASE_TRY(blindsight_model_predict(&e->predictions, e->rows->value, e->rows->n_rows, e->model));
  if (a->packing != 0)
    BASE_TRY(foresee(e, a));
  if (cli_metrics_has_truth(e->rows))
    BASE_TRY(cli_metrics_compute(&e->metrics, e->predictions->output, e->rows, e->names));
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
  blindsight_predictions_free(e.predictions);
  blindsight_predictions_free(e.seen);
  blindsight_sorted_free(e.sorted);
  blindsight_server_free(e.server);
  blindsight_metrics_free(e.metrics);
  blindsight_rows_free(e.rows);
  blindsight_model_free(e.model);
  return cli_print_status(status);
}
