/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* A confusion matrix of more classes is no sight; JSON has it whole. */
#define MOST_SHOWN 12
#define CELL_WIDTH 9

ckks_status cli_metrics_compute(blindsight_metrics **out, const double *output, const int *label,
                                size_t n_rows, const blindsight_names *names) {
  if (names->kind != BLINDSIGHT_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "--label: the outputs of this model are %s, not classes that a column could "
                     "name; leave it out",
                     names->kind == BLINDSIGHT_VALUES ? "values" : "labels");
  return blindsight_metrics_compute(out, output, label, n_rows, names);
}

/* Rows without an answer go; `output` and `known` have room for all of them. */
static size_t keep_answered(double *output, int *known, const blindsight_predictions *p,
                            const int *label) {
  size_t n = 0, n_outputs = p->n_outputs;
  for (size_t row = 0; row < p->n_rows; row++) {
    if (p->state[row] > BLINDSIGHT_OUTSIDE)
      continue;
    memcpy(output + n * n_outputs, p->output + row * n_outputs, n_outputs * sizeof *output);
    known[n++] = label[row];
  }
  return n;
}

ckks_status cli_metrics_answered(blindsight_metrics **out, size_t *n_answered,
                                 const blindsight_predictions *p, const int *label,
                                 const blindsight_names *names) {
  size_t n_values = p->n_rows * p->n_outputs;
  double *output = base_alloc_array(n_values, sizeof *output);
  int *known = base_alloc_array(p->n_rows, sizeof *known);
  ckks_status status = CKKS_OK;
  *out = NULL;
  if (output == NULL || known == NULL)
    status = base_fail_memory(n_values * sizeof *output);
  if (status == CKKS_OK && (*n_answered = keep_answered(output, known, p, label)) > 0)
    status = cli_metrics_compute(out, output, known, *n_answered, names);
  if (output != NULL)
    base_wipe(output, n_values * sizeof *output);
  if (known != NULL)
    base_wipe(known, p->n_rows * sizeof *known);
  base_free(output);
  base_free(known);
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

/* The area under the curve is not there for more than two classes, or for one. */
void cli_metrics_print(FILE *out, const blindsight_metrics *m, const char *const *label) {
  cli_print_field(out, "loss", "%.6f", m->loss);
  cli_print_field(out, "accuracy", "%.6f", m->accuracy);
  cli_print_field(out, "F1", "%.6f", m->f1);
  if (!isnan(m->auc))
    cli_print_field(out, "AUC", "%.6f", m->auc);
  if (m->n_classes <= MOST_SHOWN)
    print_confusion(out, m, label);
}

json_t *cli_metrics_json(const blindsight_metrics *m) {
  json_t *confusion = json_array();
  for (size_t i = 0; i < m->n_classes; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < m->n_classes; j++)
      json_array_append_new(row, json_integer((json_int_t)m->confusion[i * m->n_classes + j]));
    json_array_append_new(confusion, row);
  }
  return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->n_rows, "loss",
                   cli_print_number(m->loss), "accuracy", cli_print_number(m->accuracy), "f1",
                   cli_print_number(m->f1), "auc", cli_print_number(m->auc), "confusion",
                   confusion);
}
