/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/train_report.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "cli/print.h"

/* Columns named in a report. */
#define MOST_NAMED 8

/* Columns that lack values are named: they may be worth dropping. */
static void print_missing(FILE *out, const cli_train_done *t) {
  const blindsight_training *done = t->done;
  size_t n_values = 0, n_columns = 0;
  for (size_t i = 0; i < done->n_features; i++) {
    n_values += done->n_missing[i];
    n_columns += done->n_missing[i] > 0;
  }
  if (n_values == 0)
    return;
  cli_print_cell(out, "missing", 14);
  fprintf(out, "values: %zu, %s; columns: %zu:", n_values,
          t->options->learner == BLINDSIGHT_TREES ? "sent where they lower the loss"
                                                  : "taken as the mean",
          n_columns);
  for (size_t i = 0, named = 0; i < done->n_features && named <= MOST_NAMED; i++)
    if (done->n_missing[i] > 0) {
      if (named++ == MOST_NAMED)
        fputs(" ...", out);
      else
        fprintf(out, "%s %s (%zu)", named > 1 ? "," : "", done->feature[i], done->n_missing[i]);
    }
  fputc('\n', out);
}

/* Constant on the training rows: scaled to 0, whatever the weight. */
static void print_constant(FILE *out, const blindsight_training *h) {
  if (h->n_constant == 0)
    return;
  cli_print_cell(out, "constant", 14);
  for (size_t i = 0; i < h->n_constant && i < MOST_NAMED; i++)
    fprintf(out, "%s%s", i > 0 ? ", " : "", h->feature[h->constant[i]]);
  fprintf(out, "%s (no use to the model)\n", h->n_constant > MOST_NAMED ? ", ..." : "");
}

static void print_ignored(FILE *out, const blindsight_training *h) {
  fprintf(out, "; columns ignored: %zu", h->n_ignored_columns);
  for (size_t i = 0; i < h->n_ignored_columns && i < MOST_NAMED; i++)
    fprintf(out, "%s%s", i > 0 ? ", " : " (", h->ignored[i][0] != '\0' ? h->ignored[i] : "no name");
  if (h->n_ignored_columns > 0)
    fputs(h->n_ignored_columns > MOST_NAMED ? ", ...)" : ")", out);
  fputc('\n', out);
}

static void print_task(FILE *out, const cli_train_done *t) {
  const blindsight_training *h = t->done;
  bool asked = t->options->task != BLINDSIGHT_TASK_AUTO;
  cli_print_cell(out, "data", 14);
  fprintf(out, "%zu rows, %zu features", h->n_rows, h->n_features);
  if (!h->regression)
    fprintf(out, ", %zu classes", h->n_classes);
  print_ignored(out, h);
  for (size_t i = 0; i < h->n_notes; i++)
    cli_print_field(out, i == 0 ? "table" : "", "%s", h->note[i]);
  if (!h->regression)
    return;
  cli_print_field(out, "task", "regression: %s holds %zu different numbers%s", t->options->label,
                  h->n_distinct, asked ? "" : " (--task classes takes them for names)");
}

static int compare_weights(const void *a, const void *b) {
  double x = **(const double *const *)a, y = **(const double *const *)b;
  return (x < y) - (x > y);
}

/* The features that splits gain most by. */
static void print_weights(FILE *out, const blindsight_training *h) {
  const double **order = base_alloc_array(h->n_features, sizeof *order);
  if (order == NULL)
    return;
  for (size_t i = 0; i < h->n_features; i++)
    order[i] = &h->weight[i];
  qsort(order, h->n_features, sizeof *order, compare_weights);
  cli_print_cell(out, "weight", 14);
  for (size_t i = 0; i < h->n_features && i<MOST_NAMED && * order[i]> 0.0; i++)
    fprintf(out, "%s%s %.0f %%", i > 0 ? ", " : "", h->feature[order[i] - h->weight],
            100.0 * *order[i]);
  fputc('\n', out);
  base_free(order);
}

static void print_training(FILE *out, const cli_train_done *t) {
  const blindsight_training *h = t->done;
  static const char *const rounds[] = {"epochs", "iterations", "rounds"};
  cli_print_field(out, "training loss", "%.6g after %d %s", h->train_loss[h->n_epochs - 1],
                  h->n_epochs, rounds[t->options->learner]);
  if (t->options->learner != BLINDSIGHT_TREES)
    return;
  size_t n_scores = h->n_classes > 2 ? h->n_classes : 1;
  const blindsight_shape *shape = blindsight_model_shape(t->model);
  cli_print_field(out, "trees", "%zu of up to %zu bins, %zu leaves%s", h->n_kept * n_scores,
                  h->n_bins, h->n_leaves,
                  (int)h->n_kept < h->n_epochs ? "; later ones are cut" : "");
  cli_print_field(out, "told", "%zu bits a row: %s", shape->layer[0].n_in,
                  t->options->exact_edges ? "edges in use, among random ones"
                                          : "edges in use, among other bins");
  print_weights(out, h);
}

void cli_train_report_print(const cli_train_done *t) {
  const blindsight_training *h = t->done;
  FILE *out = cli_print_stream(t->output);
  print_task(out, t);
  print_missing(out, t);
  print_constant(out, h);
  cli_print_field(out, "split", "%zu rows for training, %zu for validation", h->n_train,
                  h->validation->n_rows);
  print_training(out, t);
  fprintf(out, "on the validation rows\n");
  cli_metrics_print(out, t->metrics, h->label);
}

/* Losses of all epochs, so that a curve can be drawn. */
ckks_status cli_train_report_json(const cli_train_done *t) {
  const blindsight_training *h = t->done;
  static const char *const learners[] = {"network", "linear", "trees"};
  json_t *missing = json_object(), *constant = json_array();
  json_t *ignored = cli_print_texts(h->ignored, h->n_ignored_columns);
  json_t *notes = cli_print_texts(h->note, h->n_notes);
  size_t n = (size_t)h->n_epochs;
  for (size_t i = 0; i < h->n_features; i++)
    if (h->n_missing[i] > 0)
      json_object_set_new(missing, h->feature[i], json_integer((json_int_t)h->n_missing[i]));
  for (size_t i = 0; i < h->n_constant; i++)
    json_array_append_new(constant, json_string(h->feature[h->constant[i]]));
  return cli_print_json(json_pack(
      "{s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:I, s:I, s:i, s:o, s:o, s:o}", "model",
      learners[t->options->learner], "task", h->regression ? "regression" : "classes", "ignored",
      ignored, "notes", notes, "rows", (json_int_t)h->n_rows, "features", (json_int_t)h->n_features,
      "classes", cli_print_texts(h->label, h->n_classes), "ignored_columns",
      (json_int_t)h->n_ignored_columns, "missing", missing, "constant", constant, "training_rows",
      (json_int_t)h->n_train, "validation_rows", (json_int_t)h->validation->n_rows, "epochs",
      h->n_epochs, "training_loss", cli_print_numbers(h->train_loss, n), "validation_loss",
      cli_print_numbers(h->validation_loss, n), "validation", cli_metrics_json(t->metrics)));
}
