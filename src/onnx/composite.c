/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/composite.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

#define MAX_TERMS ((ONNX_COMPOSITE_MAX_DEGREE + 1) / 2)
#define GRID 2000   /* points of an interval, closer at its ends */
#define WIDER 1.001 /* an error between two points of the grid */
#define ROUNDS 12   /* of exchanges: they settle in five or six */
#define HALVINGS 24

/* ------------------------------------------- the odd polynomial nearest to 1 */

/* T_1, T_3, ... at x. */
static void odd_terms(double *term, int n, double x) {
  double before = 1.0, now = x;
  for (int j = 0; j < n; j++) {
    term[j] = now;
    double next = 2.0 * x * now - before;
    before = next;
    now = 2.0 * x * next - now;
  }
}

static double odd_value(const double *c, int n, double x) {
  double term[MAX_TERMS], sum = 0.0;
  odd_terms(term, n, x);
  for (int j = 0; j < n; j++)
    sum += c[j] * term[j];
  return sum;
}

/* Gauss with pivots on rows of n + 1 numbers; false when it is singular. */
static bool solve(double a[MAX_TERMS + 1][MAX_TERMS + 2], int n) {
  for (int i = 0; i < n; i++) {
    int best = i;
    for (int r = i + 1; r < n; r++)
      if (fabs(a[r][i]) > fabs(a[best][i]))
        best = r;
    if (!(fabs(a[best][i]) > 1e-300))
      return false;
    for (int k = 0; k <= n; k++) {
      double moved = a[i][k];
      a[i][k] = a[best][k];
      a[best][k] = moved;
    }
    for (int r = 0; r < n; r++) {
      double factor = r != i ? a[r][i] / a[i][i] : 0.0;
      for (int k = i; k <= n && factor != 0.0; k++)
        a[r][k] -= factor * a[i][k];
    }
  }
  for (int i = 0; i < n; i++)
    a[i][n] /= a[i][i];
  return true;
}

/* Coefficients whose error at the n + 1 points is of one size and of alternating sign. */
static bool level_errors(double *c, const double *point, int n) {
  double a[MAX_TERMS + 1][MAX_TERMS + 2];
  for (int i = 0; i <= n; i++) {
    odd_terms(a[i], n, point[i]);
    a[i][n] = i % 2 == 0 ? 1.0 : -1.0;
    a[i][n + 1] = 1.0;
  }
  if (!solve(a, n + 1))
    return false;
  for (int j = 0; j < n; j++)
    c[j] = a[j][n + 1];
  return true;
}

static double grid_point(double low, int i) {
  return low + (1.0 - low) * 0.5 * (1.0 - cos(acos(-1.0) * i / (GRID - 1)));
}

/* The largest error of each run of one sign; returns how many runs there are, at most n + 1. */
static int worst_points(double *point, double *most, const double *c, int n, double low) {
  int runs = 0;
  double worst = 0.0;
  *most = 0.0;
  for (int i = 0; i < GRID; i++) {
    double x = grid_point(low, i), error = odd_value(c, n, x) - 1.0;
    if (runs == 0 || (error > 0.0) != (worst > 0.0)) {
      if (runs > n)
        break;
      point[runs++] = x;
      worst = error;
    } else if (fabs(error) > fabs(worst)) {
      worst = error;
      point[runs - 1] = x;
    }
    *most = fmax(*most, fabs(error));
  }
  return runs;
}

/* Remez's exchange: an odd polynomial of n terms on [low, 1], nearest to 1; how far it is off. */
static double nearest_to_one(double *c, int n, double low) {
  double point[MAX_TERMS + 1], trial[MAX_TERMS], best = (double)INFINITY;
  for (int i = 0; i <= n; i++)
    point[i] = low + (1.0 - low) * 0.5 * (1.0 - cos(acos(-1.0) * i / n));
  for (int round = 0; round < ROUNDS; round++) {
    double most;
    if (!level_errors(trial, point, n))
      break;
    int runs = worst_points(point, &most, trial, n, low);
    if (most < best) {
      best = most;
      memcpy(c, trial, (size_t)n * sizeof *c);
    }
    if (runs < n + 1)
      break;
  }
  return best;
}

/* ---------------------------------------------------------------- composites */

double onnx_composite_value(const onnx_composite *composite, double t) {
  for (int i = 0; i < composite->n; i++)
    t = encoding_polynomial_value(&composite->part[i], t);
  return t;
}

/* The most of |s - 1| and of t |s - 1| from `low` to `high`, closer where t is small. */
static double find_error(double *deviation, const onnx_composite *composite, double low,
                         double high) {
  double most = 0.0;
  for (int i = 0; i < GRID; i++) {
    double t = high * exp(log(low / high) * i / (GRID - 1));
    double by = fabs(onnx_composite_value(composite, t) - 1.0);
    *deviation = fmax(*deviation, by);
    most = fmax(most, t * by);
  }
  return most;
}

/* Beyond the gap what the last part leaves holds between all points, however closely s swings. */
static void judge(onnx_composite *out, double left) {
  double nowhere = 0.0;
  out->deviation = left;
  out->near = find_error(&nowhere, out, 1e-3 * out->gap, out->gap);
  (void)find_error(&out->deviation, out, out->gap, 1.0);
  out->error = fmax(out->near, out->deviation);
}

/* Each part takes what the one before leaves, [(1 - e) / (1 + e), 1], further towards 1; all but
 * the last are divided by 1 + e, so that nothing leaves [-1, 1]. */
static void make_at(onnx_composite *out, const int *degree, int n, double gap) {
  double low = gap, left = 0.0;
  *out = (onnx_composite){.n = n, .gap = gap};
  for (int i = 0; i < n; i++) {
    int terms = (degree[i] + 1) / 2;
    double c[MAX_TERMS] = {0.0};
    double error = WIDER * nearest_to_one(c, terms, low), most = i + 1 < n ? 1.0 + error : 1.0;
    encoding_polynomial *p = &out->part[i];
    *p = (encoding_polynomial){.degree = 2 * terms - 1, .chebyshev = true};
    for (int j = 0; j < terms; j++)
      p->coefficient[2 * j + 1] = c[j] / most;
    low = (1.0 - error) / (1.0 + error);
    left = error;
  }
  judge(out, left);
}

/* A wider gap leaves more near zero, a smaller one more elsewhere: where the two meet. */
void onnx_composite_make(onnx_composite *out, const int *degree, int n) {
  BASE_ASSERT(n >= 1 && n <= ONNX_COMPOSITE_MAX_PARTS);
  double low = log(1e-6), high = log(0.5);
  onnx_composite trial;
  out->error = (double)INFINITY;
  for (int i = 0; i < HALVINGS; i++) {
    double gap = exp(0.5 * (low + high));
    make_at(&trial, degree, n, gap);
    if (trial.error < out->error)
      *out = trial;
    if (trial.error > trial.near)
      low = log(gap);
    else
      high = log(gap);
  }
}

static int depth_of(int degree) {
  int levels = 0;
  while (1 << levels < degree + 1)
    levels++;
  return levels;
}

int onnx_composite_levels(const onnx_composite *composite) {
  int levels = 2; /* the product, and the map before it */
  for (int i = 0; i < composite->n; i++)
    levels += depth_of(composite->part[i].degree) + (i > 0);
  return levels;
}

/* Degrees that fill their levels, smaller ones first, in ascending number of levels. */
void onnx_composite_find(onnx_composite *out, double error) {
  static const int lists[][ONNX_COMPOSITE_MAX_PARTS] = {{7},
                                                        {15},
                                                        {31},
                                                        {7, 7},
                                                        {7, 15},
                                                        {15, 15},
                                                        {15, 31},
                                                        {31, 31},
                                                        {7, 7, 15},
                                                        {7, 15, 15},
                                                        {15, 15, 15},
                                                        {15, 15, 31},
                                                        {15, 31, 31},
                                                        {31, 31, 31},
                                                        {7, 15, 15, 15},
                                                        {15, 15, 15, 15}};
  onnx_composite trial;
  out->error = (double)INFINITY;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0] && out->error > error; i++) {
    int n = 0;
    while (n < ONNX_COMPOSITE_MAX_PARTS && lists[i][n] > 0)
      n++;
    onnx_composite_make(&trial, lists[i], n);
    if (trial.error < out->error)
      *out = trial;
  }
}
