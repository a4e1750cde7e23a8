/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/metrics.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* A confusion matrix of more classes is no sight; JSON has it whole. */
#define MOST_SHOWN 12
#define CELL_WIDTH 9

ckks_status cli_metrics_outputs(double **outputs, const double *rows, size_t n_rows,
                                const network_model *model) {
  *outputs = base_alloc_array(n_rows * model->n_classes, sizeof **outputs);
  if (*outputs == NULL)
    return base_fail_memory(n_rows * model->n_classes * sizeof **outputs);
  BASE_TRY(encoding_meaning_check_rows(&model->meaning, rows, n_rows, model->feature,
                                       model->n_features));
  BASE_TRY(network_forward_rows(*outputs, rows, n_rows, model));
  encoding_meaning_finish(*outputs, n_rows, model->n_classes, model->meaning.end);
  return CKKS_OK;
}

ckks_status cli_metrics_compute(train_metrics *metrics, const double *outputs, const int *label,
                                size_t n_rows, size_t n_outputs, const encoding_meaning *meaning) {
  if (meaning->kind != ENCODING_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "--label: the outputs of this model are %s, not classes that a column could "
                     "name; leave it out",
                     encoding_meaning_kind_name(meaning->kind));
  double *scores = base_alloc_array(n_rows * n_outputs, sizeof *scores);
  if (scores == NULL)
    return base_fail_memory(n_rows * n_outputs * sizeof *scores);
  memcpy(scores, outputs, n_rows * n_outputs * sizeof *scores);
  encoding_meaning_scores(scores, n_rows, n_outputs, meaning->end);
  ckks_status status = train_metrics_compute(metrics, scores, label, n_rows, n_outputs);
  base_wipe(scores, n_rows * n_outputs * sizeof *scores);
  base_free(scores);
  return status;
}

/* True classes are the rows; columns are as wide as the longest name. */
static void print_confusion(FILE *out, const train_metrics *m, char *const *label) {
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
void cli_metrics_print(FILE *out, const train_metrics *m, char *const *label) {
  cli_print_field(out, "loss", "%.6f", m->loss);
  cli_print_field(out, "accuracy", "%.6f", m->accuracy);
  cli_print_field(out, "F1", "%.6f", m->f1);
  if (!isnan(m->auc))
    cli_print_field(out, "AUC", "%.6f", m->auc);
  if (m->n_classes <= MOST_SHOWN)
    print_confusion(out, m, label);
}

json_t *cli_metrics_json(const train_metrics *m) {
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
