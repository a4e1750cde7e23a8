/* SPDX-License-Identifier: Apache-2.0 */
#include "attack/steal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network/models.h"

#define N_MATRICES 2
#define N_POLISH 4

bool steal_network_init(steal_network *s, size_t d, size_t h, size_t o) {
  *s = (steal_network){d,
                       h,
                       o,
                       calloc(h * d, sizeof(double)),
                       calloc(h, sizeof(double)),
                       calloc(o * h, sizeof(double)),
                       calloc(o, sizeof(double))};
  return s->a && s->b && s->w && s->c;
}

void steal_network_clear(steal_network *s) {
  free(s->a);
  free(s->b);
  free(s->w);
  free(s->c);
  *s = (steal_network){0};
}

/* --- the questions: x + v and x - v for x = 0, +-e_p, e_p + e_q, and two v; then anything */

static size_t points(size_t d) {
  return 1 + 2 * d + d * (d - 1) / 2;
}

size_t steal_rows_needed(size_t d) {
  return N_MATRICES * 2 * points(d);
}

/* x of point number i: 0 is the origin, then +e_p, -e_p, then pairs. */
static size_t pair_index(size_t d, size_t p, size_t q) {
  return 1 + 2 * d + p * d - p * (p + 1) / 2 + q - p - 1;
}

static double uniform(uint64_t *state) {
  return test_uniform(state);
}

static void put(double *row, size_t d, double reach, const double *v, double sign) {
  for (size_t i = 0; i < d; i++)
    row[i] = reach * row[i] + sign * v[i];
}

static void make_questions(double *rows, double *v, const steal_task *t, uint64_t *state) {
  size_t d = t->d, n = points(d), at = 0;
  for (size_t m = 0; m < N_MATRICES; m++) {
    for (size_t i = 0; i < d; i++)
      v[m * d + i] = t->reach * uniform(state) * sqrt(3.0 / (double)d) * 2.0;
    for (int sign = 1; sign >= -1; sign -= 2, at += n) {
      double *block = rows + at * d;
      for (size_t p = 0; p < d; p++) {
        block[(1 + p) * d + p] = 1.0;
        block[(1 + d + p) * d + p] = -1.0;
        for (size_t q = p + 1; q < d; q++)
          block[pair_index(d, p, q) * d + p] = block[pair_index(d, p, q) * d + q] = 1.0;
      }
      for (size_t i = 0; i < n; i++)
        put(block + i * d, d, t->reach, v + m * d, sign);
    }
  }
  for (; at < t->n_rows; at++)
    for (size_t i = 0; i < d; i++)
      rows[at * d + i] = t->reach * uniform(state);
}

/* --- directions */

/* What is looked at: the difference of the first two outputs, which is large when one is. */
static double looked_at(const double *y, const steal_task *t, size_t row) {
  const double *out = y + row * t->o;
  return t->o > 1 ? out[0] - out[1] : out[0];
}

/* sum_j w_j (a_j v) a_j a_j^T times a constant. */
static void third_derivative(double *m, const double *y, const steal_task *t, size_t matrix) {
  size_t d = t->d, n = points(d), at = matrix * 2 * n;
  double *g = malloc(n * sizeof *g);
  for (size_t i = 0; i < n; i++)
    g[i] = looked_at(y, t, at + i) - looked_at(y, t, at + n + i);
  for (size_t p = 0; p < d; p++) {
    m[p * d + p] = g[1 + p] + g[1 + d + p] - 2.0 * g[0];
    for (size_t q = p + 1; q < d; q++)
      m[p * d + q] = m[q * d + p] = g[pair_index(d, p, q)] - g[1 + p] - g[1 + q] + g[0];
  }
  free(g);
}

/* basis (d x h): what both matrices range over. */
static void find_range(double *basis, const double *m, const steal_task *t) {
  size_t d = t->d, h = t->h;
  double *sum = calloc(d * d, sizeof *sum), *value = malloc(d * sizeof *value);
  double *v = malloc(d * d * sizeof *v);
  for (size_t k = 0; k < N_MATRICES; k++)
    for (size_t i = 0; i < d; i++)
      for (size_t j = 0; j < d; j++)
        for (size_t l = 0; l < d; l++)
          sum[i * d + j] += m[(k * d + i) * d + l] * m[(k * d + l) * d + j];
  steal_linear_symmetric(value, v, sum, d);
  for (size_t k = 0; k < h; k++) {
    size_t best = 0;
    for (size_t i = 0; i < d; i++)
      if (value[i] > value[best])
        best = i;
    value[best] = -1.0;
    for (size_t i = 0; i < d; i++)
      basis[i * h + k] = v[i * d + best];
  }
  free(sum);
  free(value);
  free(v);
}

static void reduce(double *small, const double *m, const double *basis, const steal_task *t) {
  size_t d = t->d, h = t->h;
  memset(small, 0, h * h * sizeof *small);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++)
      for (size_t a = 0; a < h; a++)
        for (size_t b = 0; b < h; b++)
          small[a * h + b] += basis[i * h + a] * m[i * d + j] * basis[j * h + b];
}

/* out->a := unit vectors along the neurons' weights. */
static bool find_directions(steal_network *out, const double *y, const steal_task *t) {
  size_t d = t->d, h = t->h;
  double *m = calloc(N_MATRICES * d * d, sizeof *m), *basis = calloc(d * h, sizeof *basis);
  double *first = malloc(h * h * sizeof *first), *second = malloc(h * h * sizeof *second);
  double *v = malloc(h * h * sizeof *v);
  for (size_t k = 0; k < N_MATRICES; k++)
    third_derivative(m + k * d * d, y, t, k);
  find_range(basis, m, t);
  reduce(first, m, basis, t);
  reduce(second, m + d * d, basis, t);
  /* second^-1 first: the transpose of first second^-1, whose eigenvectors are wanted */
  bool found = steal_linear_solve(second, first, h, h);
  for (size_t i = 0; i < h && found; i++)
    for (size_t j = 0; j < h; j++)
      second[i * h + j] = first[j * h + i];
  found = found && steal_linear_eigenvectors(v, second, h);
  for (size_t j = 0; j < h && found; j++)
    for (size_t i = 0; i < d; i++) {
      double sum = 0.0;
      for (size_t k = 0; k < h; k++)
        sum += basis[i * h + k] * v[k * h + j];
      out->a[j * d + i] = sum;
    }
  free(m);
  free(basis);
  free(first);
  free(second);
  free(v);
  return found;
}

/* --- each neuron's cubic, and what it says */

static double dot(const double *a, const double *b, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* Least squares of the outputs in 1, u_j, u_j^2, u_j^3 with u_j along neuron j. */
static bool fit_cubics(double *found, const steal_network *s, const double *rows, const double *y,
                       const steal_task *t) {
  size_t n = 3 * t->h + 1, o = t->o;
  double *ata = calloc(n * n, sizeof *ata), *row = malloc(n * sizeof *row);
  memset(found, 0, n * o * sizeof *found);
  for (size_t i = 0; i < t->n_rows; i++) {
    for (size_t j = 0; j < t->h; j++) {
      double u = dot(s->a + j * t->d, rows + i * t->d, t->d);
      row[3 * j] = u;
      row[3 * j + 1] = u * u;
      row[3 * j + 2] = u * u * u;
    }
    row[n - 1] = 1.0;
    steal_linear_add(ata, found, row, y + i * o, n, o);
  }
  steal_linear_mirror(ata, n);
  bool solved = steal_linear_solve(ata, found, n, o);
  free(ata);
  free(row);
  return solved;
}

/* w p(alpha u + b) has the coefficients of u, u^2, u^3 that were found. */
static void read_neuron(steal_network *s, const double *found, size_t j, const steal_task *t) {
  const double *p = t->cubic;
  double kk = 1e-300, ke = 0.0, kl = 0.0;
  for (size_t k = 0; k < t->o; k++) {
    double kappa = found[(3 * j + 2) * t->o + k];
    kk += kappa * kappa;
    ke += kappa * found[(3 * j + 1) * t->o + k];
    kl += kappa * found[3 * j * t->o + k];
  }
  double ratio = ke / kk / 3.0, square = p[1] / p[3] / (kl / kk - 3.0 * ratio * ratio);
  double alpha = sqrt(fabs(square));
  s->b[j] = ratio * alpha;
  for (size_t k = 0; k < t->o; k++)
    s->w[k * t->h + j] = found[(3 * j + 2) * t->o + k] / (p[3] * alpha * alpha * alpha);
  for (size_t i = 0; i < t->d; i++)
    s->a[j * t->d + i] *= alpha;
}

static double cubic(const double *p, double z) {
  return p[0] + z * (p[1] + z * (p[2] + z * p[3]));
}

static void set_constants(steal_network *s, const double *found, const steal_task *t) {
  for (size_t k = 0; k < t->o; k++) {
    s->c[k] = found[3 * t->h * t->o + k];
    for (size_t j = 0; j < t->h; j++)
      s->c[k] -= s->w[k * t->h + j] * cubic(t->cubic, s->b[j]);
  }
}

/* --- polishing: Gauss-Newton on all parameters */

/* The row of the Jacobian of output k, and what is left of the answer. */
static double derive(double *row, const steal_network *s, const double *x, double y, size_t k,
                     const steal_task *t) {
  size_t d = t->d, h = t->h;
  const double *p = t->cubic;
  memset(row, 0, (h * (d + 1 + t->o) + t->o) * sizeof *row);
  double value = s->c[k];
  for (size_t j = 0; j < h; j++) {
    double z = dot(s->a + j * d, x, d) + s->b[j], w = s->w[k * h + j];
    double slope = w * (p[1] + z * (2.0 * p[2] + z * 3.0 * p[3]));
    value += w * cubic(p, z);
    for (size_t i = 0; i < d; i++)
      row[j * (d + 1) + i] = slope * x[i];
    row[j * (d + 1) + d] = slope;
    row[h * (d + 1) + k * h + j] = cubic(p, z);
  }
  row[h * (d + 1 + t->o) + k] = 1.0;
  return y - value;
}

static bool polish(steal_network *s, const double *rows, const double *y, const steal_task *t) {
  size_t d = t->d, h = t->h, n = h * (d + 1 + t->o) + t->o;
  double *ata = calloc(n * n, sizeof *ata), *step = calloc(n, sizeof *step);
  double *row = malloc(n * sizeof *row);
  for (size_t i = 0; i < t->n_rows; i++)
    for (size_t k = 0; k < t->o; k++) {
      double left = derive(row, s, rows + i * d, y[i * t->o + k], k, t);
      steal_linear_add(ata, step, row, &left, n, 1);
    }
  steal_linear_mirror(ata, n);
  for (size_t i = 0; i < n; i++) /* directions that no answer speaks of stay */
    ata[i * n + i] += 1e-9 * ata[i * n + i] + 1e-15;
  bool solved = steal_linear_solve(ata, step, n, 1);
  for (size_t j = 0; j < h && solved; j++) {
    for (size_t i = 0; i < d; i++)
      s->a[j * d + i] += step[j * (d + 1) + i];
    s->b[j] += step[j * (d + 1) + d];
    for (size_t k = 0; k < t->o; k++)
      s->w[k * h + j] += step[h * (d + 1) + k * h + j];
  }
  for (size_t k = 0; k < t->o && solved; k++)
    s->c[k] += step[h * (d + 1 + t->o) + k];
  free(ata);
  free(step);
  free(row);
  return solved;
}

/* --- all of it */

static bool learn(steal_network *out, const double *rows, const double *y, const steal_task *t) {
  double *found = malloc((3 * t->h + 1) * t->o * sizeof *found);
  bool done = find_directions(out, y, t) && fit_cubics(found, out, rows, y, t);
  for (size_t j = 0; j < t->h && done; j++)
    read_neuron(out, found, j, t);
  if (done)
    set_constants(out, found, t);
  for (int i = 0; i < N_POLISH && done; i++)
    done = polish(out, rows, y, t);
  free(found);
  return done;
}

bool steal_run(steal_network *out, const steal_task *t, steal_door *door, void *context,
               uint64_t seed) {
  double *rows = calloc(t->n_rows * t->d, sizeof *rows), *y = calloc(t->n_rows * t->o, sizeof *y);
  double *v = malloc(N_MATRICES * t->d * sizeof *v);
  bool done = rows && y && v && t->n_rows >= steal_rows_needed(t->d);
  if (done)
    make_questions(rows, v, t, &seed);
  done = done && door(context, y, rows, t->n_rows) && learn(out, rows, y, t);
  free(rows);
  free(y);
  free(v);
  return done;
}

/* --- the judge */

static double part_right(const double *truth, const double *copy, size_t n, double sign,
                         double limit) {
  double right = 0.0;
  for (size_t i = 0; i < n; i++)
    right += fabs(truth[i] - sign * copy[i]) <= limit;
  return right;
}

static double root_mean_square(const double *x, size_t n) {
  return sqrt(dot(x, x, n) / (double)n);
}

static size_t match(double *sign, const steal_network *truth, size_t j, const steal_network *copy,
                    bool *taken) {
  double best = -1.0;
  size_t found = 0;
  const double *a = truth->a + j * truth->d;
  for (size_t i = 0; i < copy->h; i++) {
    const double *b = copy->a + i * copy->d;
    double cosine = dot(a, b, truth->d) / (sqrt(dot(b, b, truth->d)) + 1e-300);
    if (!taken[i] && fabs(cosine) > best) {
      best = fabs(cosine);
      *sign = cosine < 0.0 ? -1.0 : 1.0;
      found = i;
    }
  }
  taken[found] = true;
  return found;
}

double steal_recovered(const steal_network *truth, const steal_network *copy, double part) {
  size_t d = truth->d, h = truth->h, o = truth->o;
  double in = part * root_mean_square(truth->a, h * d), right = 0.0;
  double out = part * root_mean_square(truth->w, o * h);
  bool *taken = calloc(h, sizeof *taken);
  for (size_t j = 0; j < h; j++) {
    double sign = 1.0;
    size_t i = match(&sign, truth, j, copy, taken);
    right += part_right(truth->a + j * d, copy->a + i * d, d, sign, in);
    for (size_t k = 0; k < o; k++)
      right += fabs(truth->w[k * h + j] - sign * copy->w[k * h + i]) <= out;
  }
  free(taken);
  return right / (double)(h * (d + o));
}
