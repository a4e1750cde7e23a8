/* SPDX-License-Identifier: Apache-2.0 */
/* By which rotations an operation goes. */
#include "plan/plan.h"

/* How many times a step is taken for it; false where that is too often. */
static bool count_steps(int *n, int32_t step, int32_t rotation) {
  int times = step > 0 ? rotation / step : 0;
  *n = times > *n ? times : *n;
  return times <= PLAN_MAX_STEPS;
}

static int32_t signed_row(int32_t row, int32_t slots) {
  return row > slots / 2 ? row - slots : row;
}

/* The greatest common divisor of what was seen. */
static void note_step(int32_t *step, int32_t rotation) {
  while (rotation != 0) {
    int32_t rest = *step % rotation;
    *step = rotation;
    rotation = rest;
  }
}

bool plan_windows(plan_window_steps *steps, const plan_op *op, int log2_n) {
  int32_t slots = (int32_t)1 << (log2_n - 1);
  bool good = true;
  *steps = (plan_window_steps){0};
  for (int t = 0; t < op->n_terms; t++) {
    int32_t row = op->term[3 * t + 1];
    note_step(row > slots / 2 ? &steps->down : &steps->up, row > slots / 2 ? slots - row : row);
    note_step(&steps->giant, op->term[3 * t + 2]);
  }
  for (int t = 0; t < op->n_terms && good; t++) {
    int32_t row = op->term[3 * t + 1];
    good = row > slots / 2 ? count_steps(&steps->n_down, steps->down, slots - row)
                           : count_steps(&steps->n_up, steps->up, row);
    good = good && count_steps(&steps->n_giants, steps->giant, op->term[3 * t + 2]);
    if (t > 0) /* in the order in which they are reached */
      good = good && signed_row(op->term[3 * t - 2], slots) <= signed_row(row, slots);
  }
  return good;
}

/* Each rotation once. */
static size_t add_rotation(int32_t *rotations, size_t n, int32_t rotation) {
  for (size_t i = 0; i < n; i++)
    if (rotations[i] == rotation)
      return n;
  rotations[n] = rotation;
  return rotation != 0 ? n + 1 : n;
}

size_t plan_windows_rotations(int32_t *rotations, const plan_op *op, int log2_n) {
  int words = op->kind == PLAN_OP_DIAGONALS ? 2 : op->kind == PLAN_OP_ROTATE_SUM ? 1 : 0;
  plan_window_steps steps;
  size_t n = 0;
  for (int t = 0; t < words * op->n_terms; t++)
    n = add_rotation(rotations, n, op->term[t]);
  if (op->kind != PLAN_OP_WINDOWS)
    return n;
  for (int t = 0; t < op->n_terms; t++)
    n = add_rotation(rotations, n, op->term[3 * t]);
  plan_windows(&steps, op, log2_n);
  n = add_rotation(rotations, n, steps.up);
  if (steps.down > 0)
    n = add_rotation(rotations, n, ((int32_t)1 << (log2_n - 1)) - steps.down);
  return add_rotation(rotations, n, steps.giant);
}
