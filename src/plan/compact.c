/* SPDX-License-Identifier: Apache-2.0 */
/* Which maps stay encoded. The compiler foretells it, the server does it. */
#include "plan/plan.h"

/* Polynomials are no sparser than that: kernels go by blocks. */
#define SMALLEST_PERIOD 64

size_t plan_compact_gap(const plan_plan *plan, const plan_op *op, size_t n) {
  size_t period = SMALLEST_PERIOD, n_slots = n / 2;
  for (int t = 0; t < op->n_terms; t++)
    if (plan->vector[op->index + t].period > period)
      period = plan->vector[op->index + t].period;
  return period < n_slots ? n_slots / period : 1;
}

/* Bytes of a map's diagonals with all residues; 0 for what is no map that rotates. */
static size_t encoded_bytes(const plan_op *op, size_t n, int n_special) {
  bool rotates = false;
  int words = op->kind == PLAN_OP_DIAGONALS ? 2 : op->kind == PLAN_OP_WINDOWS ? 3 : 0;
  for (int t = 0; t < words * op->n_terms; t++)
    rotates = rotates || op->term[t] != 0;
  size_t n_limbs = (size_t)op->level + 2 + (size_t)n_special;
  return rotates ? (size_t)op->n_terms * n_limbs * n * sizeof(ring_word) : 0;
}

void plan_compact_choose(bool *compact, const plan_program *program, size_t n, int n_special,
                         size_t weights_bytes) {
  size_t total = 0;
  for (int i = 0; i < program->n_ops; i++) {
    compact[i] = false;
    total += encoded_bytes(&program->op[i], n, n_special);
  }
  while (total > weights_bytes) {
    int largest = -1;
    size_t most = 0;
    for (int i = 0; i < program->n_ops; i++) {
      size_t bytes = compact[i] ? 0 : encoded_bytes(&program->op[i], n, n_special);
      if (bytes > most) {
        largest = i;
        most = bytes;
      }
    }
    if (largest < 0)
      return;
    compact[largest] = true;
    total -= most;
    total += (size_t)program->op[largest].n_terms * n * sizeof(int64_t);
  }
}
