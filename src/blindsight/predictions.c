/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

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
  p->state = base_alloc_array(n_rows, sizeof *p->state);
  if (p->output != NULL && p->largest != NULL && p->state != NULL)
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

/* --- rows that were not sent */

static ckks_status check_spread(const blindsight_predictions *p, const blindsight_state *state,
                                size_t n_rows) {
  size_t n_sent = 0;
  BASE_TRY(blindsight_objects_require(p, "predictions"));
  BASE_TRY(blindsight_objects_require(state, "state"));
  for (size_t row = 0; row < n_rows; row++)
    n_sent += state[row] != BLINDSIGHT_REFUSED;
  if (n_sent == p->n_rows)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_MISMATCH,
                   "%zu rows were sent, and %zu have been answered: these are "
                   "the answers to other rows",
                   n_sent, p->n_rows);
}

static void take_row(blindsight_predictions *to, size_t row, const blindsight_predictions *from,
                     size_t i) {
  size_t n = to->n_outputs;
  memcpy(to->output + row * n, from->output + i * n, n * sizeof *to->output);
  to->largest[row] = from->largest[i];
}

static void leave_row(blindsight_predictions *to, size_t row) {
  for (size_t k = 0; k < to->n_outputs; k++)
    to->output[row * to->n_outputs + k] = (double)NAN;
  to->largest[row] = BLINDSIGHT_NO_LABEL;
}

/* The struct stays where it is: its parts change places with those of a larger one. */
ckks_status blindsight_predictions_spread(blindsight_predictions *predictions,
                                          const blindsight_state *state, size_t n_rows) {
  blindsight_predictions *all;
  BASE_TRY(check_spread(predictions, state, n_rows));
  BASE_TRY(blindsight_predictions_build(&all, n_rows, predictions->n_outputs));
  for (size_t row = 0, i = 0; row < n_rows; row++) {
    all->state[row] = state[row];
    if (state[row] == BLINDSIGHT_REFUSED) {
      leave_row(all, row);
      continue;
    }
    if (predictions->state[i] != BLINDSIGHT_INSIDE) /* the answer's own: worse */
      all->state[row] = predictions->state[i];
    take_row(all, row, predictions, i++);
  }
  const blindsight_predictions sent = *predictions;
  *predictions = *all;
  *all = sent;
  blindsight_predictions_free(all);
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
  base_free(p->state);
  base_free(p->stage);
  base_free(p);
}
