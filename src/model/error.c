/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The error of a program, register by register. For each we keep the deviation of
 * one slot's error (`sd`) and that of the mean over all slots which hold the same
 * value (`mean`): outputs of latency packing are decoded as that mean, and much
 * of the noise averages out (docs/math.md, "Error of a plan").
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "model/cost.h"

/* How much heavier than the average a row of weights is taken to be. */
#define ROW_SPREAD 1.5

/* Points on either side of zero at which polynomials are looked at. */
#define GRID 24

typedef struct estimate {
  double max_abs, sd, mean;
  size_t period; /* slots j and j + period hold the same value */
} estimate;

typedef struct estimating {
  const model_plan *plan;
  const model_chain *chain;
  const model_vector_size *size;
  estimate *reg;
  double slots, magnitude; /* values are taken to be this part of their largest */
} estimating;

static double square(double x) {
  return x * x;
}

static double larger(double x, double y) {
  return x > y ? x : y;
}

/* Deviation of a sum of independent errors; nothing here is near the ends of the range. */
static double both(double x, double y) {
  return sqrt(x * x + y * y);
}

model_vector_size *model_cost_vector_sizes(const model_plan *plan) {
  model_vector_size *size = base_alloc_array((size_t)plan->n_vectors + 1, sizeof *size);
  for (int i = 0; size && i < plan->n_vectors; i++) {
    const model_vector *vector = &plan->vector[i];
    double sum = 0.0;
    for (size_t j = 0; j < vector->period; j++) {
      size[i].max = larger(size[i].max, fabs(vector->value[j]));
      sum += square(vector->value[j]);
    }
    size[i].rms = sqrt(sum / (double)vector->period);
  }
  return size;
}

/* Independent noise of deviation sd joins: averaged over the replicas of each value. */
static void add_noise(const estimating *e, estimate *x, double sd) {
  x->sd = both(x->sd, sd);
  x->mean = both(x->mean, sd / sqrt(e->slots / (double)x->period));
}

/* An error that is the same in every replica (rounded weights). */
static void add_bias(estimate *x, double sd) {
  x->sd = both(x->sd, sd);
  x->mean = both(x->mean, sd);
}

/* Values now repeat less often: their mean is over fewer slots. */
static void widen(estimate *x, size_t period) {
  if (period <= x->period)
    return;
  x->mean = fmin(x->sd, x->mean * sqrt((double)period / (double)x->period));
  x->period = period;
}

static void estimate_mul_vector(const estimating *e, estimate *x, const model_op *op, int index) {
  const model_vector *vector = &e->plan->vector[index];
  const model_vector_size *size = &e->size[index];
  /* What is summed next are products of many weights: their mean square counts, with some room
   * for rows that are heavier than others. */
  double weight = size->max < ROW_SPREAD * size->rms ? size->max : ROW_SPREAD * size->rms;
  double rounding =
      ckks_noise_encode(e->chain->params) * sqrt((double)vector->period / e->slots) / op->factor;
  widen(x, vector->period);
  x->sd *= weight;
  x->mean *= weight;
  add_bias(x, rounding * x->max_abs);
  x->max_abs *= size->max;
}

/* One rotation of x added to another register. */
static void estimate_rotate_add(estimate *x, const estimate *addend) {
  x->sd = both(x->sd, addend->sd);
  x->mean = both(x->mean, addend->mean);
  x->max_abs += addend->max_abs;
}

/*
 * Rotations by multiples of the period bring the same value again: means add up as they are.
 * Others bring other values, with errors of their own. The period stays what it was until the
 * bias, behind the last sum of a map, says what it has become.
 */
static void estimate_rotate_sum(const estimating *e, estimate *x, const model_op *op) {
  const ckks_params *params = e->chain->params;
  int special = model_key_special(op->level, params->literal.n_p), replicas = 1;
  if (op->index != op->a) {
    estimate_rotate_add(x, &e->reg[op->index]);
    if (op->term[0] == 0) /* a plain sum */
      return;
  } else {
    for (int i = 0; i < op->n_terms; i++)
      replicas += (size_t)op->term[i] % x->period == 0;
    double n = op->n_terms + 1;
    x->sd *= sqrt(n);
    x->mean *= replicas * sqrt(n / replicas);
    x->max_abs *= n;
  }
  double noise = square(ckks_noise_switch_product(params, op->level, special)) * op->n_terms +
                 square(ckks_noise_rescale(params));
  add_noise(e, x, sqrt(noise) / op->scale);
}

static estimate estimate_mul_sum(const estimating *e, const model_op *op) {
  const ckks_params *params = e->chain->params;
  estimate sum = {.period = 1};
  for (int t = 0; t < op->n_terms; t++) {
    estimate x = e->reg[op->term[2 * t]], y = e->reg[op->term[2 * t + 1]];
    size_t period = x.period > y.period ? x.period : y.period;
    widen(&x, period);
    widen(&y, period);
    bool same = op->term[2 * t] == op->term[2 * t + 1];
    double sd = same ? 2 * x.max_abs * x.sd : both(x.max_abs * y.sd, y.max_abs * x.sd);
    double mean = same ? 2 * x.max_abs * x.mean : both(x.max_abs * y.mean, y.max_abs * x.mean);
    sum.sd = both(sum.sd, sd);
    sum.mean = both(sum.mean, mean);
    sum.max_abs += x.max_abs * y.max_abs;
    sum.period = period;
  }
  int special = model_key_special(op->level + 1, params->literal.n_p);
  double noise = both(ckks_noise_switch_product(params, op->level + 1, special) /
                          (double)params->literal.q[op->level + 1],
                      ckks_noise_rescale(params));
  add_noise(e, &sum, noise / op->scale);
  return sum;
}

static estimate estimate_dense(const estimating *e, const model_op *op) {
  estimate sum = {.period = (size_t)e->slots};
  const double *weight = e->plan->vector[op->index].value;
  for (int t = 0; t < op->n_terms; t++) {
    const estimate *x = &e->reg[op->term[t]];
    sum.sd = both(sum.sd, weight[t] * x->sd);
    sum.sd = both(sum.sd, x->max_abs * sqrt(1.0 / 12.0) / op->factor);
    sum.max_abs += fabs(weight[t]) * x->max_abs;
  }
  sum.mean = sum.sd;
  add_noise(e, &sum, ckks_noise_rescale(e->chain->params) / op->scale);
  return sum;
}

static estimate estimate_diagonals(const estimating *e, const model_op *op) {
  const ckks_params *params = e->chain->params;
  int level = op->level + 1, special = model_key_special(level, params->literal.n_p);
  estimate sum = {.period = 1};
  for (int t = 0; t < op->n_terms; t++) {
    estimate x = e->reg[op->a];
    double scale = op->scale * (double)params->literal.q[level] / op->factor;
    add_noise(e, &x, ckks_noise_switch(params, level, special) / scale);
    estimate_mul_vector(e, &x, op, op->index + t);
    sum.sd = both(sum.sd, x.sd);
    sum.mean = both(sum.mean, x.mean);
    sum.max_abs += x.max_abs;
    sum.period = x.period;
  }
  add_noise(e, &sum, ckks_noise_rescale(params) / op->scale);
  return sum;
}

/* What a polynomial does to values, to errors, and to the roundings inside it. */
typedef struct bend {
  double value, slope, amplitude;
} bend;

/* Products inside act like a few roundings, amplified by the coefficients. */
static bend polynomial_bend(const double *coefficient, size_t n, double max_abs) {
  bend most = {.amplitude = 1.0};
  for (int i = 0; i <= 2 * GRID; i++) {
    double at = max_abs * (double)(i - GRID) / GRID, p = 0.0, d = 0.0;
    for (size_t k = n; k-- > 0;) {
      d = d * at + p;
      p = p * at + coefficient[k];
    }
    most.slope = larger(most.slope, fabs(d));
    most.value = larger(most.value, fabs(p));
  }
  for (size_t k = 1; k < n; k++)
    most.amplitude += fabs(coefficient[k]) * pow(larger(1.0, max_abs), (double)k);
  /* What rounds a factor of the largest power of two is multiplied by that power. */
  int giant = 1;
  for (size_t k = 2; k < n; k++)
    if (coefficient[k] != 0.0 && k >= 2 * (size_t)giant)
      giant *= 2;
  most.amplitude += pow(larger(1.0, max_abs), giant);
  return most;
}

/* The worst of the slots' polynomials; neighbours are mostly alike, and looked at once. */
static bend slots_bend(const model_plan *plan, const model_op *op, double max_abs) {
  const model_vector *vector = &plan->vector[op->index];
  bend worst = {0.0, 0.0, 0.0};
  for (size_t j = 0; j < vector->period; j++) {
    double coefficient[MODEL_MAX_DEGREE + 1] = {0.0};
    bool again = j > 0;
    for (int t = 0; t < op->n_terms; t++) {
      coefficient[op->term[t]] = vector[t].value[j % vector[t].period];
      again = again && coefficient[op->term[t]] == vector[t].value[(j - 1) % vector[t].period];
    }
    if (again)
      continue;
    bend own = polynomial_bend(coefficient, (size_t)model_plan_degree(plan, op) + 1, max_abs);
    worst.value = larger(worst.value, own.value);
    worst.slope = larger(worst.slope, own.slope);
    worst.amplitude = larger(worst.amplitude, own.amplitude);
  }
  return worst;
}

static void estimate_polynomial(const estimating *e, estimate *x, const model_op *op) {
  const model_vector *vector = &e->plan->vector[op->index];
  bool slots = op->kind == MODEL_OP_SLOT_POLYNOMIALS;
  bend most = slots ? slots_bend(e->plan, op, x->max_abs)
                    : polynomial_bend(vector->value, vector->period, x->max_abs);
  x->sd *= most.slope;
  x->mean *= most.slope;
  for (int t = 0; slots && t < op->n_terms; t++) /* factors are encoded at about a value's scale */
    add_bias(x, ckks_noise_encode(e->chain->params) * sqrt((double)vector->period / e->slots) /
                    op->scale * pow(x->max_abs, op->term[t]));
  x->max_abs = most.value;
  /* The powers stand at the scale of values, which an output's may exceed. */
  double scale = fmin(op->scale, exp2(e->chain->log2_value));
  add_noise(e, x, 3.0 * most.amplitude * ckks_noise_rescale(e->chain->params) / scale);
}

static void estimate_op(estimating *e, const model_op *op) {
  estimate x = {0};
  switch (op->kind) {
  case MODEL_OP_MUL_VECTOR:
    x = e->reg[op->a];
    estimate_mul_vector(e, &x, op, op->index);
    add_noise(e, &x, ckks_noise_rescale(e->chain->params) / op->scale);
    break;
  case MODEL_OP_ADD_VECTOR:
    x = e->reg[op->a];
    x.max_abs += e->size[op->index].max;
    break;
  case MODEL_OP_ROTATE_SUM:
    x = e->reg[op->a];
    estimate_rotate_sum(e, &x, op);
    break;
  case MODEL_OP_MUL_SUM:
    x = estimate_mul_sum(e, op);
    break;
  case MODEL_OP_DIAGONALS:
    x = estimate_diagonals(e, op);
    break;
  case MODEL_OP_POLYNOMIAL:
  case MODEL_OP_SLOT_POLYNOMIALS:
    x = e->reg[op->a];
    estimate_polynomial(e, &x, op);
    break;
  case MODEL_OP_DENSE:
    x = estimate_dense(e, op);
    break;
  }
  if (op->max_abs > 0.0) { /* the bias: a map is complete */
    x.max_abs = op->max_abs * e->magnitude;
    if (x.period < (size_t)e->slots)
      x.period = e->plan->vector[op->index].period;
  }
  e->reg[op->out] = x;
}

/* How the client's polynomial passes an error on, relative to max(1, |output|). */
static double last_gain(const model_polynomial *p, double max_abs, bool extreme) {
  double worst = 0.0;
  for (int i = extreme ? GRID : 0; i <= GRID; i++)
    for (int sign = -1; sign <= 1; sign += 2) {
      double at = sign * max_abs * i / GRID, slope = 0.0;
      for (int k = p->degree; k >= 1; k--)
        slope = slope * at + k * p->coefficient[k];
      worst = larger(worst, fabs(slope) / larger(1.0, fabs(model_polynomial_value(p, at))));
    }
  return worst;
}

/* Variance of the flooding noise, as a part of that of the rounding. */
#define FLOOD_PART 0.1

static double rounding_step(const model_layout *layout, const ckks_params_literal *params) {
  double step = (double)params->q[0] / exp2(layout->output_bits);
  return step > 1.0 ? step : 0.0;
}

/* Uniform up to B: variance B^2 / 3; rounding both parts: step^2 (1 + 2/3 N) / 12. */
uint64_t model_plan_flood(const model_layout *layout, const ckks_params_literal *params) {
  double n = exp2(params->log2_n);
  return (uint64_t)(rounding_step(layout, params) * sqrt(FLOOD_PART * (1.0 + 2.0 / 3.0 * n) / 4.0));
}

/*
 * What happens to a result: a fresh encryption of zero is added and flooding noise, and it is
 * rounded to fewer bits than q_0 as a division by the difference rounds. The 2 period
 * coefficients of a sparse result make up each of its values.
 */
static void add_output_rounding(const estimating *e, estimate *x, const model_layout *layout,
                                model_packing packing) {
  const ckks_params *params = e->chain->params;
  double rounding = rounding_step(layout, &params->literal) * ckks_noise_rescale(params);
  double noise = both(sqrt(1.0 + FLOOD_PART) * rounding, ckks_noise_fresh_public(params)) /
                 exp2(e->chain->log2_output);
  if (packing == MODEL_LATENCY)
    x->mean = both(x->mean, noise * sqrt((double)layout->period / e->slots));
  else
    x->sd = both(x->sd, noise);
}

static double error_at(estimating *e, const model_program *program, const model_layout *layout,
                       model_packing packing, double max_abs_input, double magnitude) {
  e->magnitude = magnitude;
  estimate input = {.max_abs = max_abs_input * magnitude,
                    .period = packing == MODEL_LATENCY ? layout->stride * layout->padded
                                                       : (size_t)e->slots};
  add_noise(e, &input, ckks_noise_fresh(e->chain->params) / exp2(e->chain->log2_value));
  for (int i = 0; i < program->n_inputs; i++)
    e->reg[i] = input;
  for (int i = 0; i < program->n_ops; i++)
    estimate_op(e, &program->op[i]);
  double worst = 0.0;
  for (int i = 0; i < program->n_outputs; i++) {
    estimate rounded = e->reg[program->output[i]], *x = &rounded;
    add_output_rounding(e, x, layout, packing);
    double noise =
        packing == MODEL_LATENCY ? MODEL_COST_MEAN_TAIL * x->mean : MODEL_COST_TAIL * x->sd;
    worst =
        larger(worst, noise * last_gain(&e->plan->interface.last, x->max_abs, magnitude >= 1.0));
  }
  return worst;
}

double model_cost_error(const model_plan *plan, const model_program *program,
                        const model_layout *layout, model_packing packing, const model_chain *chain,
                        const model_vector_size *size, double max_abs_input) {
  estimating e = {
      .plan = plan, .chain = chain, .size = size, .slots = (double)(chain->params->ring.n / 2)};
  e.reg = base_alloc_array((size_t)program->n_registers, sizeof *e.reg);
  if (!e.reg)
    return NAN;
  double common = error_at(&e, program, layout, packing, max_abs_input, 0.25);
  double extreme = error_at(&e, program, layout, packing, max_abs_input, 1.0);
  base_free(e.reg);
  return larger(common, extreme);
}
