/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "train/train.h"

static ckks_status check(const int *label, size_t n_rows, const blindsight_names *names) {
  if (n_rows < 1 || names->n_labels < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_rows = %zu, n_labels = %zu: must be 1 or more", n_rows,
                     names->n_labels);
  if (names->kind != BLINDSIGHT_CLASSES)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "the outputs of this model are %s, not classes that a column could name",
                     encoding_meaning_kind_name((encoding_kind)names->kind));
  for (size_t i = 0; i < n_rows; i++)
    if (label[i] < 0 || (size_t)label[i] >= names->n_labels)
      return base_fail(CKKS_ERROR_ARGUMENT, "label[%zu] = %d: must be 0 to %zu", i, label[i],
                       names->n_labels - 1);
  return CKKS_OK;
}

/* Of scores, which probabilities become again. */
static ckks_status compute(blindsight_metrics *metrics, const double *output, const int *label,
                           size_t n_rows, const blindsight_names *names) {
  encoding_end end = ENCODING_END_NONE;
  size_t n = n_rows * names->n_labels;
  double *scores = base_alloc_array(n, sizeof *scores);
  if (scores == NULL)
    return base_fail_memory(n * sizeof *scores);
  memcpy(scores, output, n * sizeof *scores);
  if (names->end != NULL)
    (void)encoding_meaning_end_named(&end, names->end);
  encoding_meaning_scores(scores, n_rows, names->n_labels, end);
  ckks_status status = train_metrics_compute(metrics, scores, label, n_rows, names->n_labels);
  base_wipe(scores, n * sizeof *scores);
  base_free(scores);
  return status;
}

ckks_status blindsight_metrics_compute(blindsight_metrics **out, const double *output,
                                       const int *label, size_t n_rows,
                                       const blindsight_names *names) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(output, "output"));
  BASE_TRY(blindsight_objects_require(label, "label"));
  BASE_TRY(blindsight_objects_require(names, "names"));
  BASE_TRY(check(label, n_rows, names));
  blindsight_metrics *metrics = base_alloc(sizeof *metrics);
  if (metrics == NULL)
    return base_fail_memory(sizeof *metrics);
  ckks_status status = compute(metrics, output, label, n_rows, names);
  if (status == CKKS_OK)
    *out = metrics;
  else
    base_free(metrics);
  return status;
}

ckks_status blindsight_metrics_values(blindsight_metrics **out, const double *output,
                                      const double *target, size_t n_rows,
                                      const blindsight_names *names) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(output, "output"));
  BASE_TRY(blindsight_objects_require(target, "target"));
  BASE_TRY(blindsight_objects_require(names, "names"));
  if (names->kind != BLINDSIGHT_VALUES || names->n_labels != 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "the outputs of this model are %zu %s, not one value",
                     names->n_labels, encoding_meaning_kind_name((encoding_kind)names->kind));
  blindsight_metrics *metrics = base_alloc(sizeof *metrics);
  if (metrics == NULL)
    return base_fail_memory(sizeof *metrics);
  ckks_status status = train_metrics_values(metrics, output, target, n_rows);
  if (status == CKKS_OK)
    *out = metrics;
  else
    base_free(metrics);
  return status;
}

void blindsight_metrics_free(blindsight_metrics *metrics) {
  if (metrics == NULL)
    return;
  train_metrics_clear(metrics);
  base_free(metrics);
}
