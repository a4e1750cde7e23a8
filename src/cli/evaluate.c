/* SPDX-License-Identifier: Apache-2.0 */
/* blindsight evaluate: a model in clear, on rows in clear. */
#include "base/alloc.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/metrics.h"
#include "cli/network.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/predictions.h"
#include "table/rows.h"

#define MAX_OUTPUTS_BYTES ((size_t)1 << 30)

typedef struct arguments {
  const char *operand[CLI_MAX_OPERANDS]; /* MODEL DATA.csv */
  const char *label, *outputs;
  bool json;
} arguments;

typedef struct evaluation {
  network_model model;
  table_data data;
  double *outputs;
  train_metrics metrics;
} evaluation;

/* The form of decrypt --csv --outputs: the two can be compared line by line. */
static ckks_status write_outputs(const char *path, const cli_predictions *predictions) {
  base_buffer csv;
  base_buffer_init(&csv, MAX_OUTPUTS_BYTES);
  cli_predictions_csv(&csv, predictions);
  ckks_status status = base_buffer_status(&csv);
  if (status == CKKS_OK)
    status = base_file_write(path, csv.bytes, csv.n_bytes, 0600);
  base_buffer_clear(&csv);
  return status;
}

/* Metrics when the truth is known; else the predictions are the result. */
static ckks_status report(const evaluation *e, const arguments *a) {
  const cli_predictions predictions = {e->outputs,     e->data.n_rows, e->model.n_classes,
                                       e->model.label, true,           e->model.meaning.kind};
  if (a->outputs != NULL)
    BASE_TRY(write_outputs(a->outputs, &predictions));
  if (a->json) {
    json_t *object = json_object();
    if (e->metrics.confusion != NULL)
      json_object_set_new(object, "metrics", cli_metrics_json(&e->metrics));
    json_object_set_new(object, "predictions", cli_predictions_json(&predictions));
    return cli_print_json(object);
  }
  FILE *out = cli_print_stream(a->outputs);
  if (e->metrics.confusion != NULL) {
    cli_print_field(out, "rows", "%zu", e->data.n_rows);
    cli_metrics_print(out, &e->metrics, e->model.label);
  } else if (a->outputs == NULL) {
    cli_predictions_table(out, &predictions);
  }
  return CKKS_OK;
}

/* A label column that is named but missing would pass for "not asked for" further down. */
static ckks_status evaluate(evaluation *e, const arguments *a) {
  const char *path = a->operand[1];
  if (a->outputs != NULL)
    BASE_TRY(cli_output_check(a->outputs));
  BASE_TRY(cli_network_model(&e->model, a->operand[0]));
  BASE_TRY(table_rows_read(&e->data, path, NULL, 0,
                           &(table_wanted){e->model.feature, e->model.n_features, a->label,
                                           e->model.label, e->model.n_classes}));
  if (a->label != NULL && e->data.label == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: there is no column \"%.80s\" (label)", path, a->label);
  BASE_TRY(cli_metrics_outputs(&e->outputs, e->data.value, e->data.n_rows, &e->model));
  if (e->data.label != NULL)
    BASE_TRY(cli_metrics_compute(&e->metrics, e->outputs, e->data.label, e->data.n_rows,
                                 e->model.n_classes, &e->model.meaning));
  return report(e, a);
}

int cli_evaluate(int argc, char **argv) {
  arguments a = {0};
  const cli_option options[] = {
      {"label", 0, CLI_TEXT, &a.label, "COLUMN",
       "the column that holds the true classes; for images, an idx file", 0, 0, 0},
      {"outputs", 0, CLI_TEXT, &a.outputs, "FILE", "write each row's outputs here, as CSV", 0, 0,
       0},
      {"json", 0, CLI_FLAG, &a.json, NULL, "print metrics and predictions as JSON", 0, 0, 0}};
  const cli_command command = {
      "evaluate", "MODEL DATA",
      "Runs a model in clear. With --label: how many rows it gets right; else its predictions.",
      options, sizeof options / sizeof options[0]};
  int code = cli_options_parse(a.operand, &command, argc, argv);
  if (code >= 0)
    return code;
  evaluation e = {0};
  ckks_status status = evaluate(&e, &a);
  base_free(e.outputs);
  train_metrics_clear(&e.metrics);
  table_data_clear(&e.data);
  network_clear(&e.model);
  return cli_print_status(status);
}
