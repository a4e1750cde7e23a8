/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"

void blindsight_sort_options_default(blindsight_sort_options *options, size_t size) {
  const blindsight_sort_options defaults = {.packing = BLINDSIGHT_PACKING_AUTO};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
}

ckks_status blindsight_sorted_build(blindsight_sorted **out, size_t n_rows, size_t n_features) {
  blindsight_sorted *sorted = *out = base_alloc(sizeof *sorted);
  if (sorted == NULL)
    return base_fail_memory(sizeof *sorted);
  *sorted = (blindsight_sorted){.n_rows = n_rows, .n_features = n_features};
  sorted->state = base_alloc_array(n_rows, sizeof *sorted->state);
  sorted->outlier = base_alloc_array(n_rows, sizeof *sorted->outlier);
  sorted->number = base_alloc_array(n_rows, sizeof *sorted->number);
  sorted->value = base_alloc_array(n_rows, n_features * sizeof *sorted->value);
  if (sorted->state && sorted->outlier && sorted->number && sorted->value)
    return CKKS_OK;
  blindsight_sorted_free(sorted);
  *out = NULL;
  return base_fail_memory(n_rows * n_features * sizeof *sorted->value);
}

void blindsight_sorted_free(blindsight_sorted *sorted) {
  if (sorted == NULL)
    return;
  if (sorted->value != NULL)
    base_wipe(sorted->value, sorted->n_rows * sorted->n_features * sizeof *sorted->value);
  if (sorted->outlier != NULL)
    base_wipe(sorted->outlier, sorted->n_rows * sizeof *sorted->outlier);
  base_free(sorted->state);
  base_free(sorted->outlier);
  base_free(sorted->number);
  base_free(sorted->value);
  base_free(sorted);
}
