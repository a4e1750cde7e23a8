/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/sine.h"

#include <math.h>

/* ------------------------------------------------------------ coefficients */

#define SINE_N (EVAL_SINE_DEGREE + 1)

/* A square system; the right hand side is column SINE_N. */
typedef struct sine_system {
  double row[SINE_N][SINE_N + 1];
} sine_system;

/* Row i: T_k(x / K) = cos(2 pi (x - 1/4) / 2^r) at the integer x. */
static void sine_fill(sine_system *system) {
  const double tau = 2 * 3.14159265358979323846;
  for (int i = 0; i < SINE_N; i++) {
    double x = i - (EVAL_SINE_K - 1), t = x / EVAL_SINE_K, *row = system->row[i];
    row[0] = 1;
    row[1] = t;
    for (int k = 2; k < SINE_N; k++)
      row[k] = 2 * t * row[k - 1] - row[k - 2];
    row[SINE_N] = cos(tau * (x - 0.25 + EVAL_SINE_SHIFT) / (1 << EVAL_SINE_DOUBLINGS));
  }
}

static void sine_swap(double *a, double *b) {
  for (int k = 0; k <= SINE_N; k++) {
    double held = a[k];
    a[k] = b[k];
    b[k] = held;
  }
}

/*
 * Gaussian elimination with partial pivoting. Equidistant nodes make the system ill-conditioned in
 * what p does between the integers, where it is not used; at them the residue stays small.
 */
static void sine_eliminate(sine_system *system) {
  for (int c = 0; c < SINE_N; c++) {
    int pivot = c;
    for (int r = c + 1; r < SINE_N; r++)
      if (fabs(system->row[r][c]) > fabs(system->row[pivot][c]))
        pivot = r;
    sine_swap(system->row[c], system->row[pivot]);
    for (int r = c + 1; r < SINE_N; r++) {
      double factor = system->row[r][c] / system->row[c][c];
      for (int k = c; k <= SINE_N; k++)
        system->row[r][k] -= factor * system->row[c][k];
    }
  }
}

void eval_sine_build(eval_sine *out) {
  sine_system system = {{{0}}};
  sine_fill(&system);
  sine_eliminate(&system);
  for (int r = SINE_N - 1; r >= 0; r--) {
    double sum = system.row[r][SINE_N];
    for (int k = r + 1; k < SINE_N; k++)
      sum -= system.row[r][k] * out->coefficient[k];
    out->coefficient[r] = sum / system.row[r][r];
  }
}

/* -------------------------------------------------------------- on ciphertexts */

/* a = 2 a^2 - 1, one level down at `scale`. */
static ckks_status sine_double(ckks_ciphertext *a, double scale, ckks_evaluator *ev) {
  int n_spares_used = ev->n_spares_used;
  ckks_ciphertext *square;
  BASE_TRY(eval_spare_take(&square, a->level, 3, ev));
  eval_tensor(square, a, a, ev);
  eval_add(square, square, square, ev);
  ckks_status status = eval_add_scalar(square, square, -1, ev);
  if (status == CKKS_OK)
    status = eval_relinearize(a, square, true, ev);
  ev->n_spares_used = n_spares_used;
  if (status == CKKS_OK)
    a->scale = scale;
  return status;
}

ckks_status eval_sine_apply(ckks_ciphertext *out, const ckks_ciphertext *a, const eval_sine *sine,
                            double scale, ckks_evaluator *ev) {
  int last = a->level - EVAL_SINE_LEVELS, n_spares_used = ev->n_spares_used;
  double wanted[EVAL_SINE_DOUBLINGS + 1]; /* before each doubling, and behind the last */
  ckks_ciphertext *y;
  BASE_ASSERT(last >= 0);
  wanted[EVAL_SINE_DOUBLINGS] = scale;
  for (int i = EVAL_SINE_DOUBLINGS - 1; i >= 0; i--) {
    double prime = ckks_params_modulus(ev->params, last + EVAL_SINE_DOUBLINGS - i);
    wanted[i] = sqrt(wanted[i + 1] * prime);
  }
  BASE_TRY(eval_spare_take(&y, last + EVAL_SINE_DOUBLINGS, 2, ev));
  ckks_status status =
      eval_polynomial(y, a, sine->coefficient, EVAL_SINE_DEGREE, CKKS_CHEBYSHEV, wanted[0], ev);
  for (int i = 1; i <= EVAL_SINE_DOUBLINGS && status == CKKS_OK; i++)
    status = sine_double(y, wanted[i], ev);
  if (status == CKKS_OK)
    eval_copy(out, y, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}
