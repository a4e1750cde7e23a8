/* SPDX-License-Identifier: Apache-2.0 */
/* How good predictions are. */
#include "base/alloc.h"
#include "train/softmax.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

void train_metrics_clear(train_metrics *metrics) {
  base_free(metrics->confusion);
  base_free(metrics->false_positive_rate);
  base_free(metrics->true_positive_rate);
  base_free(metrics->precision);
  base_free(metrics->recall);
  base_free(metrics->class_f1);
  *metrics = (train_metrics){0};
}

/* 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall; -1 for a class that occurs
 * neither among labels nor among predictions. */
static double class_f1(const train_metrics *metrics, size_t class) {
  size_t n = metrics->n_classes, both = 0;
  for (size_t i = 0; i < n; i++)
    both += metrics->confusion[class * n + i] + metrics->confusion[i * n + class];
  return both == 0 ? -1.0 : 2.0 * (double)metrics->confusion[class * n + class] / (double)both;
}

/* With two classes F1 is that of class 1, the positive one, as is usual. */
static double compute_f1(const train_metrics *metrics) {
  if (metrics->n_classes == 2)
    return fmax(class_f1(metrics, 1), 0.0);
  double sum = 0.0;
  size_t n_present = 0;
  for (size_t c = 0; c < metrics->n_classes; c++) {
    double f1 = class_f1(metrics, c);
    if (f1 < 0.0)
      continue;
    sum += f1;
    n_present++;
  }
  return sum / (double)n_present; /* a row makes at least one class present */
}

static double part_of(size_t part, size_t whole) {
  return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static void count_classes(train_metrics *metrics) {
  size_t n = metrics->n_classes;
  for (size_t c = 0; c < n; c++) {
    size_t predicted = 0, there = 0, right = metrics->confusion[c * n + c];
    for (size_t i = 0; i < n; i++) {
      predicted += metrics->confusion[i * n + c];
      there += metrics->confusion[c * n + i];
    }
    metrics->precision[c] = part_of(right, predicted);
    metrics->recall[c] = part_of(right, there);
    metrics->class_f1[c] = fmax(class_f1(metrics, c), 0.0);
  }
}

/* Everything that one pass over the rows gives. */
static ckks_status count(train_metrics *metrics, const double *outputs, const int *labels) {
  size_t n = metrics->n_classes, n_right = 0;
  double sum = 0.0;
  for (size_t r = 0; r < metrics->n_rows; r++) {
    if (labels[r] < 0 || (size_t)labels[r] >= n)
      return base_fail(CKKS_ERROR_ARGUMENT, "label of row %zu: %d where 0 to %zu is allowed", r,
                       labels[r], n - 1);
    size_t label = (size_t)labels[r];
    double loss = train_softmax_loss(NULL, outputs + r * n, n, label);
    if (!isfinite(loss))
      return base_fail(CKKS_ERROR_RANGE, "outputs of row %zu are not finite", r);
    size_t predicted = encoding_outputs_argmax(outputs + r * n, n);
    sum += loss;
    metrics->confusion[label * n + predicted]++;
    n_right += predicted == label;
  }
  metrics->loss = sum / (double)metrics->n_rows;
  metrics->accuracy = (double)n_right / (double)metrics->n_rows;
  metrics->f1 = compute_f1(metrics);
  count_classes(metrics);
  return CKKS_OK;
}

/* ------------------------------------------------------------------- ROC */

/* Sorting pairs, not indices: the comparison then needs no context. */
typedef struct scored {
  double score;
  int label;
} scored;

static int compare_scores(const void *a, const void *b) {
  double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
  return (x < y) - (x > y); /* highest first */
}

/*
 * One point per distinct score, from the highest down. The area is counted in
 * whole pairs (Mann-Whitney, a tie is half a pair): no rounding until the end.
 */
static void trace_roc(train_metrics *metrics, const scored *rows, size_t n_positive) {
  size_t n = metrics->n_rows, n_negative = n - n_positive, points = 1;
  uint64_t half_pairs = 0, positives = 0, negatives = 0;
  for (size_t i = 0; i < n;) {
    uint64_t tied_positives = 0, tied = i;
    for (; i < n && rows[i].score == rows[tied].score; i++)
      tied_positives += rows[i].label == 1;
    uint64_t tied_negatives = i - tied - tied_positives;
    half_pairs += tied_negatives * (2 * positives + tied_positives);
    positives += tied_positives;
    negatives += tied_negatives;
    metrics->true_positive_rate[points] = (double)positives / (double)n_positive;
    metrics->false_positive_rate[points++] = (double)negatives / (double)n_negative;
  }
  metrics->n_roc = points;
  metrics->auc = (double)half_pairs / (2.0 * (double)n_positive * (double)n_negative);
}

/* With one side empty a rate would be 0/0: no curve, and an area that is not a number. */
static ckks_status compute_roc(train_metrics *metrics, const double *outputs, const int *labels) {
  size_t n = metrics->n_rows, n_positive = 0;
  for (size_t r = 0; r < n; r++)
    n_positive += labels[r] == 1;
  metrics->auc = (double)NAN;
  if (metrics->n_classes != 2 || n_positive == 0 || n_positive == n)
    return CKKS_OK;
  scored *rows = base_alloc_array(n, sizeof *rows);
  metrics->true_positive_rate = base_alloc_array(n + 1, sizeof(double));
  metrics->false_positive_rate = base_alloc_array(n + 1, sizeof(double));
  if (rows == NULL || metrics->true_positive_rate == NULL || metrics->false_positive_rate == NULL) {
    base_free(rows);
    return base_fail_memory(n * sizeof *rows);
  }
  for (size_t r = 0; r < n; r++)
    rows[r] = (scored){outputs[2 * r + 1] - outputs[2 * r], labels[r]};
  qsort(rows, n, sizeof *rows, compare_scores);
  trace_roc(metrics, rows, n_positive);
  base_free(rows);
  return CKKS_OK;
}

ckks_status train_metrics_values(train_metrics *metrics, const double *outputs,
                                 const double *target, size_t n_rows) {
  double sum = 0.0, squares = 0.0, distance = 0.0, spread = 0.0;
  *metrics = (train_metrics){.n_rows = n_rows, .n_classes = 1};
  if (n_rows == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "metrics of no rows");
  for (size_t r = 0; r < n_rows; r++) {
    double error = outputs[r] - target[r];
    if (!isfinite(error))
      return base_fail(CKKS_ERROR_RANGE, "output or label of row %zu is not finite", r);
    sum += target[r];
    squares += error * error;
    distance += fabs(error);
  }
  for (size_t r = 0; r < n_rows; r++) {
    double d = target[r] - sum / (double)n_rows;
    spread += d * d;
  }
  metrics->loss = squares / (double)n_rows;
  metrics->rmse = sqrt(metrics->loss);
  metrics->mae = distance / (double)n_rows;
  metrics->r2 = spread > 0.0 ? 1.0 - squares / spread : (double)NAN;
  metrics->accuracy = metrics->f1 = metrics->auc = (double)NAN;
  return CKKS_OK;
}

ckks_status train_metrics_compute(train_metrics *metrics, const double *outputs, const int *labels,
                                  size_t n_rows, size_t n_classes) {
  *metrics =
      (train_metrics){.n_rows = n_rows, .n_classes = n_classes, .rmse = NAN, .mae = NAN, .r2 = NAN};
  if (n_rows == 0 || n_classes == 0 || n_classes > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT, "metrics of %zu rows and %zu classes", n_rows, n_classes);
  metrics->confusion = base_alloc_array(n_classes * n_classes, sizeof(size_t));
  metrics->precision = base_alloc_array(n_classes, sizeof(double));
  metrics->recall = base_alloc_array(n_classes, sizeof(double));
  metrics->class_f1 = base_alloc_array(n_classes, sizeof(double));
  bool made = metrics->confusion != NULL && metrics->precision != NULL && metrics->recall != NULL &&
              metrics->class_f1 != NULL;
  ckks_status status = !made ? base_fail_memory(n_classes * n_classes * sizeof(size_t))
                             : count(metrics, outputs, labels);
  if (status == CKKS_OK)
    status = compute_roc(metrics, outputs, labels);
  if (status != CKKS_OK)
    train_metrics_clear(metrics);
  return status;
}
