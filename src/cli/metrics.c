/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* A confusion matrix of more classes is no sight; JSON has it whole. */
#define MOST_SHOWN 12
#define CELL_WIDTH 9

ckks_status cli_metrics_compute(blindsight_metrics **out, const double *output,
                                const blindsight_rows *rows, const blindsight_names *names) {
  return rows->target != NULL
             ? blindsight_metrics_values(out, output, rows->target, rows->n_rows, names)
             : blindsight_metrics_compute(out, output, rows->label, rows->n_rows, names);
}

bool cli_metrics_has_truth(const blindsight_rows *rows) {
  return rows->label != NULL || rows->target != NULL;
}

/* Rows without an answer go; `output` and `known` have room for all of them. */
static size_t keep_answered(blindsight_rows *kept, double *output, const blindsight_predictions *p,
                            const blindsight_rows *rows) {
  size_t n = 0, n_outputs = p->n_outputs;
  for (size_t row = 0; row < p->n_rows; row++) {
    if (p->state[row] > BLINDSIGHT_OUTSIDE)
      continue;
    memcpy(output + n * n_outputs, p->output + row * n_outputs, n_outputs * sizeof *output);
    if (rows->target != NULL)
      kept->target[n] = rows->target[row];
    else
      kept->label[n] = rows->label[row];
    n++;
  }
  return n;
}

static void wipe_free(void *memory, size_t n_bytes) {
  if (memory != NULL)
    base_wipe(memory, n_bytes);
  base_free(memory);
}

ckks_status cli_metrics_answered(blindsight_metrics **out, size_t *n_answered,
                                 const blindsight_predictions *p, const blindsight_rows *rows,
                                 const blindsight_names *names) {
  size_t n_values = p->n_rows * p->n_outputs, n = p->n_rows;
  bool values = rows->target != NULL;
  double *output = base_alloc_array(n_values, sizeof *output);
  blindsight_rows kept = {.label = values ? NULL : base_alloc_array(n, sizeof *kept.label),
                          .target = values ? base_alloc_array(n, sizeof *kept.target) : NULL};
  ckks_status status = CKKS_OK;
  *out = NULL;
  if (output == NULL || (kept.label == NULL && kept.target == NULL))
    status = base_fail_memory(n_values * sizeof *output);
  else
    kept.n_rows = *n_answered = keep_answered(&kept, output, p, rows);
  if (status == CKKS_OK && kept.n_rows > 0)
    status = cli_metrics_compute(out, output, &kept, names);
  wipe_free(output, n_values * sizeof *output);
  wipe_free(kept.label, n * sizeof *kept.label);
  wipe_free(kept.target, n * sizeof *kept.target);
  return status;
}

/* True classes are the rows; columns are as wide as the longest name. */
static void print_confusion(FILE *out, const blindsight_metrics *m, const char *const *label) {
  int width = CELL_WIDTH, name_width = 0;
  for (size_t i = 0; i < m->n_classes; i++) {
    int n = cli_print_width(label[i]);
    width = n > width ? n : width;
    name_width = n > name_width ? n : name_width;
  }
  cli_print_cell(out, "confusion", 14);
  cli_print_cell(out, "", name_width + 5);
  for (size_t i = 0; i < m->n_classes; i++) {
    fputc(' ', out);
    cli_print_cell(out, label[i], -width);
  }
  fputs("  <- predicted\n", out);
  for (size_t i = 0; i < m->n_classes; i++) {
    fprintf(out, "%14strue ", "");
    cli_print_cell(out, label[i], name_width);
    for (size_t j = 0; j < m->n_classes; j++)
      fprintf(out, " %*zu", width, m->confusion[i * m->n_classes + j]);
    fputc('\n', out);
  }
}

/* A rate of nothing is 0, or 1, and says nothing. */
static void print_absent(FILE *out, const blindsight_metrics *m, const char *const *label) {
  for (size_t i = 0; i < m->n_classes; i++) {
    size_t n = 0;
    for (size_t j = 0; j < m->n_classes; j++)
      n += m->confusion[i * m->n_classes + j];
    if (n == 0)
      cli_print_field(out, "none of", "%s among these rows: they say nothing of that class",
                      label[i]);
  }
}

/* Two classes say the same twice: their F1 is above. */
static void print_classes(FILE *out, const blindsight_metrics *m, const char *const *label) {
  int name_width = 0;
  for (size_t i = 0; i < m->n_classes; i++) {
    int n = cli_print_width(label[i]);
    name_width = n > name_width ? n : name_width;
  }
  for (size_t i = 0; i < m->n_classes; i++) {
    cli_print_cell(out, i == 0 ? "each class" : "", 14);
    cli_print_cell(out, label[i], name_width);
    fprintf(out, "  precision %.4f, recall %.4f, F1 %.4f\n", m->precision[i], m->recall[i],
            m->class_f1[i]);
  }
}

static void print_values(FILE *out, const blindsight_metrics *m) {
  cli_print_field(out, "RMSE", "%.6g", m->rmse);
  cli_print_field(out, "MAE", "%.6g", m->mae);
  if (!isnan(m->r2))
    cli_print_field(out, "R2", "%.6f", m->r2);
}

/* The area under the curve is not there for more than two classes, or for one. */
void cli_metrics_print(FILE *out, const blindsight_metrics *m, const char *const *label) {
  if (m->confusion == NULL) {
    print_values(out, m);
    return;
  }
  cli_print_field(out, "loss", "%.6f", m->loss);
  cli_print_field(out, "accuracy", "%.6f", m->accuracy);
  cli_print_field(out, "F1", "%.6f", m->f1);
  if (!isnan(m->auc))
    cli_print_field(out, "AUC", "%.6f", m->auc);
  if (m->n_classes > MOST_SHOWN)
    return;
  if (m->n_classes > 2)
    print_classes(out, m, label);
  print_absent(out, m, label);
  print_confusion(out, m, label);
}

static json_t *classes_json(const blindsight_metrics *m) {
  json_t *confusion = json_array();
  for (size_t i = 0; i < m->n_classes; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < m->n_classes; j++)
      json_array_append_new(row, json_integer((json_int_t)m->confusion[i * m->n_classes + j]));
    json_array_append_new(confusion, row);
  }
  return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->n_rows,
                   "loss", cli_print_number(m->loss), "accuracy", cli_print_number(m->accuracy),
                   "f1", cli_print_number(m->f1), "auc", cli_print_number(m->auc), "precision",
                   cli_print_numbers(m->precision, m->n_classes), "recall",
                   cli_print_numbers(m->recall, m->n_classes), "class_f1",
                   cli_print_numbers(m->class_f1, m->n_classes), "confusion", confusion);
}

json_t *cli_metrics_json(const blindsight_metrics *m) {
  if (m->confusion != NULL)
    return classes_json(m);
  return json_pack("{s:I, s:o, s:o, s:o}", "rows", (json_int_t)m->n_rows, "rmse",
                   cli_print_number(m->rmse), "mae", cli_print_number(m->mae), "r2",
                   cli_print_number(m->r2));
}
