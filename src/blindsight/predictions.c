/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"

ckks_status blindsight_predictions_build(blindsight_predictions **out, size_t n_rows,
                                         size_t n_outputs) {
  blindsight_predictions *p = *out = base_alloc(sizeof *p);
  if (p == NULL)
    return base_fail_memory(sizeof *p);
  *p = (blindsight_predictions){.n_rows = n_rows, .n_outputs = n_outputs};
  p->output = base_alloc_array(n_rows, n_outputs * sizeof *p->output);
  p->largest = base_alloc_array(n_rows, sizeof *p->largest);
  if (p->output != NULL && p->largest != NULL)
    return CKKS_OK;
  blindsight_predictions_free(p);
  *out = NULL;
  return base_fail_memory(n_rows * n_outputs * sizeof *p->output);
}

ckks_status blindsight_predictions_finish(blindsight_predictions **out, ckks_status status,
                                          encoding_kind kind) {
  blindsight_predictions *p = *out;
  if (status != CKKS_OK) {
    blindsight_predictions_free(p);
    *out = NULL;
    return status;
  }
  for (size_t row = 0; row < p->n_rows; row++)
    p->largest[row] =
        encoding_meaning_predicted(p->output + row * p->n_outputs, p->n_outputs, kind);
  return CKKS_OK;
}

size_t blindsight_predictions_largest(const double *output, size_t n) {
  return output != NULL && n > 0 ? encoding_outputs_argmax(output, n) : 0;
}

void blindsight_predictions_free(blindsight_predictions *p) {
  if (p == NULL)
    return;
  if (p->output != NULL)
    base_wipe(p->output, p->n_rows * p->n_outputs * sizeof *p->output);
  if (p->largest != NULL)
    base_wipe(p->largest, p->n_rows * sizeof *p->largest);
  base_free(p->output);
  base_free(p->largest);
  base_free(p);
}
