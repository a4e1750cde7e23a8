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
#include "compile/noise.h"

/* How much heavier than the average a row of weights is taken to be. */
#define ROW_SPREAD 1.5

/* Points on either side of zero at which polynomials are looked at. */
#define GRID 24

typedef struct estimate {
  double max_abs, sd, mean;
  double marked; /* the part of the mean's error that the marked operations have made */
  size_t period; /* slots j and j + period hold the same value */
} estimate;

typedef struct estimating {
  const plan_plan *plan;
  const compile_chain *chain;
  const compile_vector_size *size;
  estimate *reg;
  double slots, magnitude;    /* values are taken to be this part of their largest */
  bool marking;               /* what is added now counts as marked */
  const compile_reach *reach; /* how far values go, where that is not what calibration saw */
  size_t stage;
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

compile_vector_size *compile_error_vector_sizes(const plan_plan *plan) {
  compile_vector_size *size = base_alloc_array((size_t)plan->n_vectors + 1, sizeof *size);
  for (int i = 0; size && i < plan->n_vectors; i++) {
    const plan_vector *vector = &plan->vector[i];
    double sum = 0.0;
    for (size_t j = 0; j < vector->period; j++) {
      size[i].max = larger(size[i].max, fabs(vector->value[j]));
      sum += square(vector->value[j]);
    }
    size[i].rms = sqrt(sum / (double)vector->period);
  }
  return size;
}

static void add_error(const estimating *e, estimate *x, double sd, double mean) {
  x->sd = both(x->sd, sd);
  x->mean = both(x->mean, mean);
  if (e->marking)
    x->marked = both(x->marked, mean);
}

/* Independent noise of deviation sd joins: averaged over the replicas of each value. */
static void add_noise(const estimating *e, estimate *x, double sd) {
  add_error(e, x, sd, sd / sqrt(e->slots / (double)x->period));
}

/* An error that is the same in every replica (rounded weights). */
static void add_bias(const estimating *e, estimate *x, double sd) {
  add_error(e, x, sd, sd);
}

/* Values are multiplied, and their errors with them. */
static void scale_error(estimate *x, double sd, double mean) {
  x->sd *= sd;
  x->mean *= mean;
  x->marked *= mean;
}

static void join_errors(estimate *sum, const estimate *x) {
  sum->sd = both(sum->sd, x->sd);
  sum->mean = both(sum->mean, x->mean);
  sum->marked = both(sum->marked, x->marked);
}

/* Values now repeat less often: their mean is over fewer slots. */
static void widen(estimate *x, size_t period) {
  if (period <= x->period)
    return;
  double before = x->mean;
  x->mean = fmin(x->sd, x->mean * sqrt((double)period / (double)x->period));
  if (before > 0.0)
    x->marked *= x->mean / before;
  x->period = period;
}

static void estimate_mul_vector(const estimating *e, estimate *x, int index,
                                const plan_noise *noise) {
  const compile_vector_size *size = &e->size[index];
  /* What is summed next are products of many weights: their mean square counts, with some room
   * for rows that are heavier than others. */
  double weight = size->max < ROW_SPREAD * size->rms ? size->max : ROW_SPREAD * size->rms;
  widen(x, e->plan->vector[index].period);
  scale_error(x, weight, weight);
  add_bias(e, x, noise->weight * x->max_abs);
  x->max_abs *= size->max;
}

/*
 * Rotations by multiples of the period bring the same value again: means add up as they are.
 * Others bring other values, with errors of their own. The period stays what it was until the
 * bias, behind the last sum of a map, says what it has become.
 */
static void estimate_rotate_sum(const estimating *e, estimate *x, const plan_op *op,
                                const plan_noise *noise) {
  int replicas = 1;
  if (op->index != op->a) { /* one rotation of x, added to another register */
    join_errors(x, &e->reg[op->index]);
    x->max_abs += e->reg[op->index].max_abs;
  } else {
    for (int i = 0; i < op->n_terms; i++)
      replicas += (size_t)op->term[i] % x->period == 0;
    double n = op->n_terms + 1;
    scale_error(x, sqrt(n), replicas * sqrt(n / replicas));
    x->max_abs *= n;
  }
  add_noise(e, x, noise->slot);
}

static estimate estimate_mul_sum(const estimating *e, const plan_op *op, const plan_noise *noise) {
  estimate sum = {.period = 1};
  for (int t = 0; t < op->n_terms; t++) {
    estimate x = e->reg[op->term[2 * t]], y = e->reg[op->term[2 * t + 1]];
    size_t period = x.period > y.period ? x.period : y.period;
    widen(&x, period);
    widen(&y, period);
    double max_x = x.max_abs, max_y = y.max_abs;
    if (op->term[2 * t] == op->term[2 * t + 1]) {
      scale_error(&x, 2 * max_x, 2 * max_x);
    } else {
      scale_error(&x, max_y, max_y);
      scale_error(&y, max_x, max_x);
      join_errors(&x, &y);
    }
    join_errors(&sum, &x);
    sum.max_abs += max_x * max_y;
    sum.period = period;
  }
  add_noise(e, &sum, noise->slot);
  return sum;
}

static estimate estimate_dense(const estimating *e, const plan_op *op, const plan_noise *noise) {
  estimate sum = {.period = (size_t)e->slots};
  const double *weight = e->plan->vector[op->index].value;
  for (int t = 0; t < op->n_terms; t++) {
    estimate x = e->reg[op->term[t]];
    scale_error(&x, weight[t], weight[t]);
    join_errors(&sum, &x);
    add_bias(e, &sum, x.max_abs * noise->weight);
    sum.max_abs += fabs(weight[t]) * x.max_abs;
  }
  add_noise(e, &sum, noise->slot);
  return sum;
}

/* Here each rotation is also rounded, as if it were not summed before that: a bound. */
static estimate estimate_diagonals(const estimating *e, const plan_op *op,
                                   const plan_noise *noise) {
  const ckks_params *params = e->chain->params;
  int level = op->level + 1, special = compile_cost_key_special(level, params->literal.n_p);
  estimate sum = {.period = 1};
  for (int t = 0; t < op->n_terms; t++) {
    estimate x = e->reg[op->a];
    double scale = op->scale * (double)params->literal.q[level] / op->factor;
    add_noise(e, &x, ckks_noise_switch(params, level, special) / scale);
    estimate_mul_vector(e, &x, op->index + t, noise);
    join_errors(&sum, &x);
    sum.max_abs += x.max_abs;
    sum.period = x.period;
  }
  add_noise(e, &sum, noise->slot);
  return sum;
}

/* What a polynomial does to values, to errors, and to the roundings inside it. */
typedef struct bend {
  double value, slope, amplitude;
} bend;

/*
 * T_k is made of smaller ones, and what rounds T_j is amplified by the slope of T_(k/j): in the
 * mean over the range by about k/j, and there are few j. Beyond the range T_k grows as a power
 * does.
 */
static bend chebyshev_bend(bend most, const encoding_polynomial *p, double max_abs) {
  double growth = max_abs > 1.0 ? max_abs + sqrt(max_abs * max_abs - 1.0) : 1.0;
  for (int k = 1; k <= p->degree; k++)
    most.amplitude += fabs(p->coefficient[k]) * k * pow(growth, k);
  return most;
}

/* Products inside act like a few roundings, amplified by the coefficients. */
static bend polynomial_bend(const encoding_polynomial *p, double max_abs) {
  const double *coefficient = p->coefficient;
  size_t n = (size_t)p->degree + 1;
  bend most = {.amplitude = 1.0};
  for (int i = 0; i <= 2 * GRID; i++) {
    double at = max_abs * (double)(i - GRID) / GRID;
    most.slope = larger(most.slope, fabs(encoding_polynomial_slope(p, at)));
    most.value = larger(most.value, fabs(encoding_polynomial_value(p, at)));
  }
  if (p->chebyshev)
    return chebyshev_bend(most, p, max_abs);
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

static bend vector_bend(const plan_plan *plan, const plan_op *op, double max_abs) {
  encoding_polynomial p = {.degree = plan_degree(plan, op), .chebyshev = plan_is_chebyshev(op)};
  memcpy(p.coefficient, plan->vector[op->index].value,
         ((size_t)p.degree + 1) * sizeof *p.coefficient);
  return polynomial_bend(&p, max_abs);
}

/* The worst of the slots' polynomials; neighbours are mostly alike, and looked at once. */
static bend slots_bend(const plan_plan *plan, const plan_op *op, double max_abs) {
  const plan_vector *vector = &plan->vector[op->index];
  bend worst = {0.0, 0.0, 0.0};
  for (size_t j = 0; j < vector->period; j++) {
    encoding_polynomial p = {.degree = plan_degree(plan, op), .chebyshev = plan_is_chebyshev(op)};
    bool again = j > 0;
    for (int t = 0; t < op->n_terms; t++) {
      p.coefficient[op->term[t]] = vector[t].value[j % vector[t].period];
      again = again && p.coefficient[op->term[t]] == vector[t].value[(j - 1) % vector[t].period];
    }
    if (again)
      continue;
    bend own = polynomial_bend(&p, max_abs);
    worst.value = larger(worst.value, own.value);
    worst.slope = larger(worst.slope, own.slope);
    worst.amplitude = larger(worst.amplitude, own.amplitude);
  }
  return worst;
}

static void estimate_polynomial(const estimating *e, estimate *x, const plan_op *op,
                                const plan_noise *noise) {
  bool slots = plan_is_slots(op);
  bend most = slots ? slots_bend(e->plan, op, x->max_abs) : vector_bend(e->plan, op, x->max_abs);
  scale_error(x, most.slope, most.slope);
  for (int t = 0; slots && t < op->n_terms; t++)
    add_bias(e, x, noise->weight * (plan_is_chebyshev(op) ? 1.0 : pow(x->max_abs, op->term[t])));
  x->max_abs = most.value;
  /* The powers stand at the scale of values, which an output's may exceed. */
  double scale = fmin(op->scale, exp2(e->chain->log2_value));
  add_noise(e, x, 3.0 * most.amplitude * ckks_noise_rescale(e->chain->params) / scale);
}

static void estimate_op(estimating *e, const plan_op *op) {
  plan_noise noise = compile_noise_op(op, e->plan, e->chain);
  estimate x = {0};
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    x = e->reg[op->a];
    estimate_mul_vector(e, &x, op->index, &noise);
    add_noise(e, &x, noise.slot);
    break;
  case PLAN_OP_ADD_VECTOR:
    x = e->reg[op->a];
    x.max_abs += e->size[op->index].max;
    break;
  case PLAN_OP_ROTATE_SUM:
    x = e->reg[op->a];
    estimate_rotate_sum(e, &x, op, &noise);
    break;
  case PLAN_OP_MUL_SUM:
    x = estimate_mul_sum(e, op, &noise);
    break;
  case PLAN_OP_DIAGONALS:
    x = estimate_diagonals(e, op, &noise);
    break;
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    x = e->reg[op->a];
    estimate_polynomial(e, &x, op, &noise);
    break;
  case PLAN_OP_DENSE:
    x = estimate_dense(e, op, &noise);
    break;
  }
  if (op->max_abs > 0.0) { /* the bias: a map is complete */
    x.max_abs = e->reach ? e->reach->stage[e->stage] : op->max_abs * e->magnitude;
    if (x.period < (size_t)e->slots)
      x.period = e->plan->vector[op->index].period;
  }
  e->reg[op->out] = x;
}

/* How the client's polynomial passes an error on, relative to max(1, |output|). */
static double last_gain(const encoding_polynomial *p, double max_abs, bool extreme) {
  double worst = 0.0;
  for (int i = extreme ? GRID : 0; i <= GRID; i++)
    for (int sign = -1; sign <= 1; sign += 2) {
      double at = sign * max_abs * i / GRID, slope = encoding_polynomial_slope(p, at);
      worst = larger(worst, fabs(slope) / larger(1.0, fabs(encoding_polynomial_value(p, at))));
    }
  return worst;
}

/* The 2 period coefficients of a sparse result make up each of its values. */
static void add_output_noise(const estimating *e, estimate *x, const plan_layout *layout,
                             plan_packing packing) {
  double noise = compile_noise_output(layout, e->chain);
  double share = packing == PLAN_LATENCY ? sqrt((double)layout->period / e->slots) : 1.0;
  add_error(e, x, noise, noise * share);
}

/* Whether the marks cover operation i; the input stands before the first, the result behind all. */
static bool is_marked(const compile_marks *marks, int i) {
  return marks->first <= i && i < marks->end;
}

static void keep_worst(compile_error *worst, double whole, double part) {
  if (whole > worst->whole) {
    worst->whole = whole;
    worst->part = part;
  }
}

static void error_at(compile_error *worst, estimating *e, const plan_program *program,
                     const plan_layout *layout, plan_packing packing, double max_abs_input,
                     double magnitude, const compile_marks *marks) {
  bool latency = packing == PLAN_LATENCY;
  const encoding_polynomial *last = &e->plan->interface.last;
  e->magnitude = magnitude;
  e->stage = 0;
  estimate input = {.max_abs = max_abs_input * magnitude,
                    .period = latency ? layout->stride * layout->padded : (size_t)e->slots};
  e->marking = is_marked(marks, COMPILE_MARK_INPUT);
  add_noise(e, &input, compile_noise_input(e->chain));
  for (int i = 0; i < program->n_inputs; i++)
    e->reg[i] = input;
  for (int i = 0; i < program->n_ops; i++) {
    e->marking = is_marked(marks, i);
    while (e->stage + 1 < (size_t)program->n_stages && i >= program->stage_end[e->stage])
      e->stage++;
    estimate_op(e, &program->op[i]);
  }
  e->marking = is_marked(marks, program->n_ops);
  for (int i = 0; i < program->n_outputs; i++) {
    estimate x = e->reg[program->output[i]];
    add_output_noise(e, &x, layout, packing);
    double tail = latency ? COMPILE_COST_MEAN_TAIL : COMPILE_COST_TAIL;
    double gain = last_gain(last, x.max_abs, magnitude >= 1.0);
    keep_worst(worst, tail * x.mean * gain, tail * x.marked * gain);
    worst->absolute = larger(worst->absolute, tail * x.mean);
  }
}

compile_error compile_error_part(const plan_plan *plan, const plan_program *program,
                                 const plan_layout *layout, plan_packing packing,
                                 const compile_chain *chain, const compile_vector_size *size,
                                 double max_abs_input, const compile_marks *marks) {
  estimating e = {
      .plan = plan, .chain = chain, .size = size, .slots = (double)(chain->params->ring.n / 2)};
  compile_error worst = {0};
  e.reg = base_alloc_array((size_t)program->n_registers, sizeof *e.reg);
  if (!e.reg)
    return (compile_error){NAN, NAN, NAN};
  error_at(&worst, &e, program, layout, packing, max_abs_input, 0.25, marks);
  error_at(&worst, &e, program, layout, packing, max_abs_input, 1.0, marks);
  base_free(e.reg);
  return worst;
}

double compile_error_reach(const plan_plan *plan, const plan_program *program,
                           const plan_layout *layout, plan_packing packing,
                           const compile_chain *chain, const compile_vector_size *size,
                           const compile_reach *reach) {
  const compile_marks none = {0, 0};
  estimating e = {.plan = plan,
                  .chain = chain,
                  .size = size,
                  .slots = (double)(chain->params->ring.n / 2),
                  .reach = reach};
  compile_error worst = {0};
  e.reg = base_alloc_array((size_t)program->n_registers, sizeof *e.reg);
  if (!e.reg)
    return NAN;
  error_at(&worst, &e, program, layout, packing, reach->input, 1.0, &none);
  base_free(e.reg);
  return worst.absolute;
}

double compile_error_bound(const plan_plan *plan, const plan_program *program,
                           const plan_layout *layout, plan_packing packing,
                           const compile_chain *chain, const compile_vector_size *size,
                           double max_abs_input) {
  const compile_marks none = {0, 0};
  return compile_error_part(plan, program, layout, packing, chain, size, max_abs_input, &none)
      .whole;
}
