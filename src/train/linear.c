/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear and logistic regression: the minimum of sum of losses + l2/2 |weights|^2 over standardised
 * features, by L-BFGS (Liu, Nocedal, Math. Programming 45 (1989) 503, algorithm 2.1). The loss is
 * convex, so that halving a step until it goes down enough (Armijo) is all the search it needs.
 * Two classes have one score, the other's being 0.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "train/fitting.h"

#define N_PAIRS 10
#define MAX_ROUNDS 1000
#define MAX_HALVINGS 60
#define ENOUGH 1e-4
/* Of the first gradient's largest element: where outputs no longer change in their sixth digit. */
#define TOLERANCE 1e-9

typedef struct linear {
  train_fitting *fitting;
  size_t n_in, n_scores, n; /* n: parameters, scores x (n_in + 1), each row's bias behind it */
  double *at, *gradient, *next, *next_gradient, *direction;
  double *step[N_PAIRS], *change[N_PAIRS], product[N_PAIRS]; /* a ring of the last pairs */
  size_t n_pairs, first;
  double *output, *slope; /* of a row */
  double *memory;
  size_t n_memory;
} linear;

static ckks_status take(linear *l) {
  size_t n_outputs = l->fitting->truth.n_outputs;
  l->n_memory = l->n * (5 + 2 * N_PAIRS) + 2 * n_outputs;
  l->memory = base_alloc_array(l->n_memory, sizeof(double));
  if (l->memory == NULL)
    return base_fail_memory(l->n_memory * sizeof(double));
  double **const vector[] = {&l->at, &l->gradient, &l->next, &l->next_gradient, &l->direction};
  double *free_from = l->memory;
  for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++, free_from += l->n)
    *vector[i] = free_from;
  for (size_t i = 0; i < N_PAIRS; i++, free_from += 2 * l->n) {
    l->step[i] = free_from;
    l->change[i] = free_from + l->n;
  }
  l->output = free_from;
  l->slope = free_from + n_outputs;
  return CKKS_OK;
}

/* The last scores are those of the parameters; a first class without one stays 0. */
static void score(linear *l, const double *parameters, size_t row) {
  const double *x = l->fitting->scaled + row * l->n_in;
  size_t silent = l->fitting->truth.n_outputs - l->n_scores;
  for (size_t s = 0; s < l->n_scores; s++) {
    const double *weight = parameters + s * (l->n_in + 1);
    l->output[silent + s] = network_dot(weight, x, l->n_in) + weight[l->n_in];
  }
}

/* Mean loss with its share of the penalty, and its gradient. Not finite where the loss is not. */
static double value_at(linear *l, double *gradient, const double *parameters) {
  const train_fitting *f = l->fitting;
  size_t n_rows = f->history->n_train, silent = f->truth.n_outputs - l->n_scores;
  double sum = 0.0, squares = 0.0;
  memset(gradient, 0, l->n * sizeof *gradient);
  for (size_t i = 0; i < n_rows; i++) {
    size_t row = f->history->train[i];
    const double *x = f->scaled + row * l->n_in;
    score(l, parameters, row);
    sum += train_truth_loss(l->slope, l->output, &f->truth, row);
    for (size_t s = 0; s < l->n_scores; s++) {
      double *out = gradient + s * (l->n_in + 1), by = l->slope[silent + s];
      for (size_t k = 0; k < l->n_in; k++)
        out[k] += by * x[k];
      out[l->n_in] += by;
    }
  }
  for (size_t k = 0; k < l->n; k++) {
    bool bias = k % (l->n_in + 1) == l->n_in;
    double w = bias ? 0.0 : parameters[k];
    squares += w * w;
    gradient[k] = (gradient[k] + f->options->l2 * w) / (double)n_rows;
  }
  return (sum + 0.5 * f->options->l2 * squares) / (double)n_rows;
}

static double largest(const double *x, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fabs(x[i]) > most ? fabs(x[i]) : most;
  return most;
}

static void add(double *out, const double *x, double factor, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] += factor * x[i];
}

/* The two loops: the inverse Hessian that the last pairs suggest, times -gradient. */
static void find_direction(linear *l) {
  double alpha[N_PAIRS];
  size_t n = l->n;
  for (size_t k = 0; k < n; k++)
    l->direction[k] = -l->gradient[k];
  for (size_t i = l->n_pairs; i > 0; i--) {
    size_t p = (l->first + i - 1) % N_PAIRS;
    alpha[p] = network_dot(l->step[p], l->direction, n) / l->product[p];
    add(l->direction, l->change[p], -alpha[p], n);
  }
  if (l->n_pairs > 0) {
    size_t p = (l->first + l->n_pairs - 1) % N_PAIRS;
    double scale = l->product[p] / network_dot(l->change[p], l->change[p], n);
    for (size_t k = 0; k < n; k++)
      l->direction[k] *= scale;
  }
  for (size_t i = 0; i < l->n_pairs; i++) {
    size_t p = (l->first + i) % N_PAIRS;
    double beta = network_dot(l->change[p], l->direction, n) / l->product[p];
    add(l->direction, l->step[p], alpha[p] - beta, n);
  }
}

/* A pair whose product is not positive says nothing of a convex function: rounding alone. */
static void keep_pair(linear *l) {
  size_t p = (l->first + l->n_pairs) % N_PAIRS;
  for (size_t k = 0; k < l->n; k++) {
    l->step[p][k] = l->next[k] - l->at[k];
    l->change[p][k] = l->next_gradient[k] - l->gradient[k];
  }
  l->product[p] = network_dot(l->step[p], l->change[p], l->n);
  if (!(l->product[p] > 0.0))
    return;
  if (l->n_pairs == N_PAIRS)
    l->first = (l->first + 1) % N_PAIRS;
  else
    l->n_pairs++;
}

/* One step down; false where none goes down any more. */
static bool walk(linear *l, double *value) {
  double length = l->n_pairs == 0 ? 1.0 / fmax(1.0, largest(l->gradient, l->n)) : 1.0;
  double fall = network_dot(l->gradient, l->direction, l->n);
  for (int i = 0; i < MAX_HALVINGS; i++, length /= 2.0) {
    memcpy(l->next, l->at, l->n * sizeof *l->next);
    add(l->next, l->direction, length, l->n);
    double there = value_at(l, l->next_gradient, l->next);
    if (!(there <= *value + ENOUGH * length * fall))
      continue;
    keep_pair(l);
    memcpy(l->at, l->next, l->n * sizeof *l->at);
    memcpy(l->gradient, l->next_gradient, l->n * sizeof *l->gradient);
    bool lower = there < *value;
    *value = there;
    return lower;
  }
  return false;
}

static const double *row_of(double *loss, void *context, size_t row) {
  linear *l = context;
  score(l, l->at, row);
  *loss = train_truth_loss(NULL, l->output, &l->fitting->truth, row);
  return l->output;
}

static ckks_status descend(linear *l) {
  double value = value_at(l, l->gradient, l->at), steepest = largest(l->gradient, l->n);
  bool lower = isfinite(value);
  for (int round = 0; round < MAX_ROUNDS && lower; round++) {
    if (largest(l->gradient, l->n) <= TOLERANCE * steepest)
      break;
    find_direction(l);
    lower = walk(l, &value);
    BASE_TRY(train_rounds_note(l->fitting, row_of, l));
  }
  return l->fitting->history->n_epochs > 0 ? CKKS_OK : train_rounds_note(l->fitting, row_of, l);
}

static ckks_status store(const linear *l) {
  const train_truth *truth = &l->fitting->truth;
  network_layer *layer = &l->fitting->model->layer[0];
  size_t silent = truth->n_outputs - l->n_scores, n_in = l->n_in;
  double factor, shift;
  double *dense = base_alloc_array(truth->n_outputs, n_in * sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(truth->n_outputs * n_in * sizeof *dense);
  layer->activation[0].polynomial = train_truth_end(&factor, &shift, truth);
  for (size_t s = 0; s < l->n_scores; s++) {
    const double *weight = l->at + s * (n_in + 1);
    for (size_t k = 0; k < n_in; k++)
      dense[(silent + s) * n_in + k] = factor * weight[k];
    layer->bias[silent + s] = factor * weight[n_in] + shift;
  }
  ckks_status status = network_layer_set_weights(layer, dense);
  base_wipe(dense, truth->n_outputs * n_in * sizeof *dense);
  base_free(dense);
  return status;
}

ckks_status train_linear_fit(train_fitting *f) {
  linear l = {.fitting = f, .n_in = f->n_inputs};
  l.n_scores = f->truth.n_outputs == 2 ? 1 : f->truth.n_outputs;
  l.n = l.n_scores * (l.n_in + 1);
  BASE_TRY(train_scaler_fit(f));
  BASE_TRY(train_rounds_init(f, MAX_ROUNDS));
  ckks_status status = take(&l);
  if (status == CKKS_OK)
    status = descend(&l);
  if (status == CKKS_OK)
    status = store(&l);
  if (f->truth.label != NULL)
    f->model->meaning.end = ENCODING_END_SOFTMAX;
  if (l.memory != NULL)
    base_wipe(l.memory, l.n_memory * sizeof(double));
  base_free(l.memory);
  return status;
}
