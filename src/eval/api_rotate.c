/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: rotations, conjugation and sums over windows of slots. */
#include "eval/api.h"

ckks_status ckks_rotate(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                        ckks_evaluator *evaluator) {
  ckks_status status = eval_api_check(out, a, evaluator);
  if (status == CKKS_OK)
    status = eval_rotate(out, a, steps, evaluator);
  return eval_api_named(__func__, status);
}

ckks_status ckks_conjugate(ckks_ciphertext *out, const ckks_ciphertext *a,
                           ckks_evaluator *evaluator) {
  ckks_status status = eval_api_check(out, a, evaluator);
  if (status == CKKS_OK)
    status = eval_automorphism(out, a, ckks_galois_conjugation(evaluator->params), evaluator);
  return eval_api_named(__func__, status);
}

/* ---------------------------------------------------------- many rotations */

/* Everything that can be wrong, before the first output is touched. */
static ckks_status api_check_many(bool *aliased, ckks_ciphertext *const *out,
                                  const ckks_ciphertext *a, const int *steps, size_t n,
                                  ckks_evaluator *ev) {
  BASE_TRY(eval_api_check_evaluator(ev));
  BASE_TRY(eval_api_check_input(a, "a", ev));
  if (n > 0 && (out == NULL || steps == NULL))
    return base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "steps");
  for (size_t i = 0; i < n; i++) {
    int n_switches;
    BASE_TRY(eval_api_check_output(out[i], a->level, ev));
    BASE_TRY(eval_rotate_check(&n_switches, steps[i], a->level, ev));
    *aliased = *aliased || out[i] == a;
    for (size_t j = 0; j < i; j++)
      if (out[j] == out[i])
        return base_fail(CKKS_ERROR_ARGUMENT, "out[%zu] and out[%zu] are the same ciphertext", j,
                         i);
  }
  return CKKS_OK;
}

/* Rotations whose keys are there are hoisted, this many from one decomposition. */
#define API_HOISTED 64

static ckks_status api_rotate_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                   const int *steps, size_t n, ckks_evaluator *ev) {
  ckks_ciphertext *hoisted[API_HOISTED];
  uint32_t galois[API_HOISTED];
  size_t n_hoisted = 0;
  for (size_t i = 0; i < n; i++) {
    int n_switches;
    BASE_TRY(eval_rotate_check(&n_switches, steps[i], a->level, ev));
    if (n_switches > 1) {
      BASE_TRY(eval_rotate(out[i], a, steps[i], ev));
      continue;
    }
    hoisted[n_hoisted] = out[i];
    galois[n_hoisted++] = ckks_galois_rotation(ev->params, steps[i]);
    if (n_hoisted == API_HOISTED) {
      BASE_TRY(eval_automorphism_many(hoisted, a, galois, n_hoisted, ev));
      n_hoisted = 0;
    }
  }
  return eval_automorphism_many(hoisted, a, galois, n_hoisted, ev);
}

ckks_status eval_api_rotate_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                                 const int *steps, size_t n, ckks_evaluator *evaluator) {
  bool aliased = false;
  BASE_TRY(api_check_many(&aliased, out, a, steps, n, evaluator));
  int n_spares_used = evaluator->n_spares_used;
  if (aliased) { /* all rotations read a to the end */
    ckks_ciphertext *copy;
    BASE_TRY(eval_spare_take(&copy, a->level, 2, evaluator));
    eval_copy(copy, a, evaluator);
    a = copy;
  }
  ckks_status status = api_rotate_many(out, a, steps, n, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_rotate_many(ckks_ciphertext *const *out, const ckks_ciphertext *a,
                             const int *steps, size_t n, ckks_evaluator *evaluator) {
  return eval_api_named(__func__, eval_api_rotate_many(out, a, steps, n, evaluator));
}

/* ------------------------------------------------------------------ windows */

/*
 * window = sum of 2^j slots from each slot on; sum = the same of (n mod 2^j) slots. Where bit j of
 * n is set, the sum becomes the window followed by the old sum, 2^j further.
 */
static ckks_status api_inner_sum(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                                 ckks_evaluator *ev) {
  ckks_ciphertext *window, *sum, *moved;
  int slots = (int)(ev->params->ring.n / 2), step = 1;
  bool empty = true;
  BASE_TRY(eval_spare_take(&window, a->level, 2, ev));
  BASE_TRY(eval_spare_take(&sum, a->level, 2, ev));
  BASE_TRY(eval_spare_take(&moved, a->level, 2, ev));
  eval_copy(window, a, ev);
  for (; n > 0; n >>= 1, step = step * 2 % slots) {
    if ((n & 1) && empty) {
      eval_copy(sum, window, ev);
      empty = false;
    } else if (n & 1) {
      BASE_TRY(eval_rotate(moved, sum, step, ev));
      eval_add(sum, window, moved, ev);
    }
    if (n > 1) {
      BASE_TRY(eval_rotate(moved, window, step, ev));
      eval_add(window, window, moved, ev);
    }
  }
  eval_copy(out, sum, ev);
  return CKKS_OK;
}

static ckks_status api_inner_sum_checked(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                                         ckks_evaluator *evaluator) {
  BASE_TRY(eval_api_check(out, a, evaluator));
  if (n < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n = 0: must be 1 or more");
  int n_spares_used = evaluator->n_spares_used;
  ckks_status status = api_inner_sum(out, a, n, evaluator);
  evaluator->n_spares_used = n_spares_used;
  return status;
}

ckks_status ckks_inner_sum(ckks_ciphertext *out, const ckks_ciphertext *a, size_t n,
                           ckks_evaluator *evaluator) {
  return eval_api_named(__func__, api_inner_sum_checked(out, a, n, evaluator));
}
