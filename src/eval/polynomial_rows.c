/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/polynomial.h"

void eval_polynomial_rows_split(const eval_polynomial_rows *rows, size_t i, size_t less) {
  double *from = rows->value + less * rows->period, *row = rows->value + i * rows->period;
  for (size_t j = 0; j < rows->period; j++) {
    from[j] -= row[j];
    row[j] *= 2;
  }
}

ckks_status eval_polynomial_rows_encode(const eval_polynomial_rows *rows, size_t k, int level,
                                        double scale) {
  eval_polynomial_slots *slots = rows->slots;
  /* A node has at most as many terms and constants as its polynomial has coefficients. */
  BASE_ASSERT(slots->n_plaintexts < 2 * (size_t)(slots->degree + 1));
  ckks_plaintext **plaintext = &slots->plaintext[slots->n_plaintexts];
  BASE_TRY(ckks_plaintext_build_at(plaintext, rows->params, level));
  slots->n_plaintexts++;
  return ckks_encode_repeat(*plaintext, rows->value + k * rows->period, rows->period, level, scale,
                            rows->params);
}
