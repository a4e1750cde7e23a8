/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"

ckks_status blindsight_predictions_init(blindsight_predictions *predictions, size_t n_rows,
                                        size_t n_outputs) {
  *predictions = (blindsight_predictions){.n_rows = n_rows, .n_outputs = n_outputs};
  predictions->output = base_alloc_array(n_rows, n_outputs * sizeof *predictions->output);
  predictions->largest = base_alloc_array(n_rows, sizeof *predictions->largest);
  if (predictions->output != NULL && predictions->largest != NULL)
    return CKKS_OK;
  base_free(predictions->output);
  base_free(predictions->largest);
  *predictions = (blindsight_predictions){0};
  return base_fail_memory(n_rows * n_outputs * sizeof *predictions->output);
}

void blindsight_predictions_choose(blindsight_predictions *p, encoding_kind kind) {
  for (size_t row = 0; row < p->n_rows; row++)
    p->largest[row] =
        encoding_meaning_predicted(p->output + row * p->n_outputs, p->n_outputs, kind);
}

void blindsight_predictions_clear(blindsight_predictions *p) {
  if (p == NULL)
    return;
  if (p->output != NULL)
    base_wipe(p->output, p->n_rows * p->n_outputs * sizeof *p->output);
  if (p->largest != NULL)
    base_wipe(p->largest, p->n_rows * sizeof *p->largest);
  base_free(p->output);
  base_free(p->largest);
  *p = (blindsight_predictions){0};
}
