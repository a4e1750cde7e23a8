/* SPDX-License-Identifier: Apache-2.0 */
/* The little linear algebra that a thief needs: matrices of some hundred rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attack/steal.h"

static void rotate(double *x, double *y, size_t n, size_t step, double c, double s) {
  for (size_t i = 0; i < n; i++) {
    double a = x[i * step], b = y[i * step];
    x[i * step] = c * a - s * b;
    y[i * step] = s * a + c * b;
  }
}

/* Jacobi's sweeps. */
void steal_linear_symmetric(double *value, double *v, double *m, size_t n) {
  for (size_t i = 0; i < n * n; i++)
    v[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
  for (int sweep = 0; sweep < 60; sweep++)
    for (size_t p = 0; p + 1 < n; p++)
      for (size_t q = p + 1; q < n; q++) {
        if (m[p * n + q] == 0.0)
          continue;
        double theta = (m[q * n + q] - m[p * n + p]) / (2.0 * m[p * n + q]);
        double t = (theta >= 0 ? 1.0 : -1.0) / (fabs(theta) + sqrt(theta * theta + 1.0));
        double c = 1.0 / sqrt(t * t + 1.0), s = t * c;
        rotate(m + p * n, m + q * n, n, 1, c, s);
        rotate(m + p, m + q, n, n, c, s);
        rotate(v + p, v + q, n, n, c, s);
      }
  for (size_t i = 0; i < n; i++)
    value[i] = m[i * n + i];
}

bool steal_linear_solve(double *a, double *x, size_t n, size_t m) {
  for (size_t k = 0; k < n; k++) {
    size_t best = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[best * n + k]))
        best = i;
    if (!(fabs(a[best * n + k]) > 0.0))
      return false;
    for (size_t j = 0; j < n && best != k; j++) {
      double t = a[k * n + j];
      a[k * n + j] = a[best * n + j];
      a[best * n + j] = t;
    }
    for (size_t j = 0; j < m && best != k; j++) {
      double t = x[k * m + j];
      x[k * m + j] = x[best * m + j];
      x[best * m + j] = t;
    }
    for (size_t i = k + 1; i < n; i++) {
      double f = a[i * n + k] / a[k * n + k];
      for (size_t j = k; j < n && f != 0.0; j++)
        a[i * n + j] -= f * a[k * n + j];
      for (size_t j = 0; j < m; j++)
        x[i * m + j] -= f * x[k * m + j];
    }
  }
  for (size_t k = n; k-- > 0;)
    for (size_t j = 0; j < m; j++) {
      for (size_t i = k + 1; i < n; i++)
        x[k * m + j] -= a[k * n + i] * x[i * m + j];
      x[k * m + j] /= a[k * n + k];
    }
  return true;
}

/* One step t -> R Q + shift of the leading k x k, by rotations. */
static void qr_step(double *t, size_t n, size_t k, double shift) {
  double *q = calloc(n * n, sizeof *q), *r = calloc(n * n, sizeof *r);
  for (size_t j = 0; j < k; j++) { /* Gram and Schmidt, twice for stability */
    for (size_t i = 0; i < k; i++)
      q[i * n + j] = t[i * n + j] - (i == j ? shift : 0.0);
    for (int twice = 0; twice < 2; twice++)
      for (size_t l = 0; l < j; l++) {
        double dot = 0.0;
        for (size_t i = 0; i < k; i++)
          dot += q[i * n + l] * q[i * n + j];
        r[l * n + j] += dot;
        for (size_t i = 0; i < k; i++)
          q[i * n + j] -= dot * q[i * n + l];
      }
    double norm = 0.0;
    for (size_t i = 0; i < k; i++)
      norm += q[i * n + j] * q[i * n + j];
    norm = sqrt(norm);
    r[j * n + j] = norm;
    for (size_t i = 0; i < k && norm > 0.0; i++)
      q[i * n + j] /= norm;
  }
  for (size_t i = 0; i < k; i++)
    for (size_t j = 0; j < k; j++) {
      double sum = i == j ? shift : 0.0;
      for (size_t l = i; l < k; l++)
        sum += r[i * n + l] * q[l * n + j];
      t[i * n + j] = sum;
    }
  free(q);
  free(r);
}

/* Shifted QR with deflation; a pair that will not part is taken as it stands. */
static void eigenvalues(double *value, const double *matrix, size_t n) {
  double *t = malloc(n * n * sizeof *t);
  memcpy(t, matrix, n * n * sizeof *t);
  for (size_t k = n; k > 0; k--) {
    for (int i = 0; i < 200 && k > 1; i++) {
      double below = 0.0;
      for (size_t j = 0; j + 1 < k; j++)
        below += fabs(t[(k - 1) * n + j]);
      if (below < 1e-13 * (1e-300 + fabs(t[(k - 1) * n + k - 1])))
        break;
      qr_step(t, n, k, t[(k - 1) * n + k - 1]);
    }
    value[k - 1] = t[(k - 1) * n + k - 1];
  }
  free(t);
}

bool steal_linear_eigenvectors(double *v, const double *matrix, size_t n) {
  double *value = malloc(n * sizeof *value), *shifted = malloc(n * n * sizeof *shifted);
  double *x = malloc(n * sizeof *x);
  bool found = true;
  eigenvalues(value, matrix, n);
  for (size_t k = 0; k < n && found; k++) {
    for (size_t i = 0; i < n; i++)
      x[i] = 1.0 + 0.1 * (double)((i * 7 + k) % 5);
    for (int step = 0; step < 4 && found; step++) {
      memcpy(shifted, matrix, n * n * sizeof *shifted);
      for (size_t i = 0; i < n; i++)
        shifted[i * n + i] -= value[k] + 1e-9 * (fabs(value[k]) + 1e-12);
      found = steal_linear_solve(shifted, x, n, 1);
      double norm = 0.0;
      for (size_t i = 0; i < n; i++)
        norm += x[i] * x[i];
      for (size_t i = 0; i < n; i++)
        x[i] /= sqrt(norm);
    }
    for (size_t i = 0; i < n; i++)
      v[i * n + k] = x[i];
  }
  free(value);
  free(shifted);
  free(x);
  return found;
}

void steal_linear_add(double *ata, double *atb, const double *row, const double *b, size_t n,
                      size_t m) {
  for (size_t i = 0; i < n; i++) {
    if (row[i] == 0.0)
      continue;
    for (size_t j = 0; j <= i; j++) /* the other half is its mirror image */
      ata[i * n + j] += row[i] * row[j];
    for (size_t j = 0; j < m; j++)
      atb[i * m + j] += row[i] * b[j];
  }
}

void steal_linear_mirror(double *ata, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      ata[j * n + i] = ata[i * n + j];
}
