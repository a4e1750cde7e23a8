/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The error of a program, register by register. For each we keep the deviation of
 * one slot's error (`sd`) and that of the mean over all slots which hold the same
 * value (`mean`): outputs of latency packing are decoded as that mean, and much
 * of the noise averages out (docs/math.md, "Error of a plan").
 */
#include "compile/error.h"

#include <math.h>

#include "base/alloc.h"
#include "compile/bend.h"
#include "compile/noise.h"

/* How much heavier than the average a row of weights is taken to be. */
#define ROW_SPREAD 1.5
/* Factors that are larger than usual in every one of so many stages are no sample's: their product
 * would be millions of times what errors are. */
#define MANY_STAGES 10
#define ROW_SPREAD_OF_MANY 1.1

typedef struct estimate {
  double max_abs, sd, mean;
  double marked; /* the part of the mean's error that the marked operations have made */
  size_t period; /* slots j and j + period hold the same value */
} estimate;

typedef struct estimating {
  const plan_plan *plan;
  plan_packing packing;
  const plan_layout *layout;
  const compile_chain *chain;
  const compile_vector_size *size;
  const compile_marks *marks;
  estimate *reg;
  double slots, magnitude;    /* values are taken to be this part of their largest */
  bool marking;               /* what is added now counts as marked */
  const compile_reach *reach; /* how far values go, where that is not what calibration saw */
  size_t stage;
  bool many; /* stages */
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

static size_t count_polynomials(const plan_plan *plan) {
  size_t n = 0;
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    for (int i = 0; i < plan->program[packing].n_ops; i++)
      n += plan_is_polynomial(&plan->program[packing].op[i]);
  return n;
}

/* Two operations may have the coefficients in common, and then what they do. */
static void note_polynomials(compile_vector_size *size, compile_bends *bends,
                             const plan_plan *plan) {
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    for (int i = 0; i < plan->program[packing].n_ops; i++) {
      const plan_op *op = &plan->program[packing].op[i];
      if (!plan_is_polynomial(op) || size[op->index].bends != NULL)
        continue;
      *bends = (compile_bends){.kind = (int)op->kind, .n_terms = op->n_terms};
      size[op->index].bends = bends++;
    }
}

compile_vector_size *compile_error_vector_sizes(const plan_plan *plan) {
  size_t n = (size_t)plan->n_vectors + 1, n_bytes = n * sizeof(compile_vector_size);
  compile_vector_size *size = base_alloc(n_bytes + count_polynomials(plan) * sizeof(compile_bends));
  for (int i = 0; size && i < plan->n_vectors; i++) {
    const plan_vector *vector = &plan->vector[i];
    double sum = 0.0;
    for (size_t j = 0; j < vector->period; j++) {
      size[i].max = larger(size[i].max, fabs(vector->value[j]));
      sum += square(vector->value[j]);
    }
    size[i].rms = sqrt(sum / (double)vector->period);
  }
  if (size != NULL)
    note_polynomials(size, (compile_bends *)(void *)(size + n), plan);
  return size;
}

static compile_bend find_bend(const estimating *e, const plan_op *op, double max_abs) {
  compile_bends *known = e->size[op->index].bends;
  BASE_ASSERT(known != NULL);
  if (known->kind != (int)op->kind || known->n_terms != op->n_terms)
    return compile_bend_op(e->plan, op, max_abs);
  for (size_t i = 0; i < COMPILE_ERROR_BENDS && i < known->n; i++)
    if (known->max_abs[i] == max_abs)
      return known->bend[i];
  size_t at = known->n++ % COMPILE_ERROR_BENDS;
  known->max_abs[at] = max_abs;
  return known->bend[at] = compile_bend_op(e->plan, op, max_abs);
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

/* Beyond this an error is no number any more, and its square would be none. */
#define ANY_ERROR 1e100

/* Values are multiplied, and their errors with them. */
static void scale_error(estimate *x, double sd, double mean) {
  x->sd = fmin(x->sd * sd, ANY_ERROR);
  x->mean = fmin(x->mean * mean, ANY_ERROR);
  x->marked = fmin(x->marked * mean, ANY_ERROR);
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
  double weight = fmin(size->max, (e->many ? ROW_SPREAD_OF_MANY : ROW_SPREAD) * size->rms);
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

static void estimate_polynomial(const estimating *e, estimate *x, const plan_op *op,
                                const plan_noise *noise) {
  bool slots = plan_is_slots(op);
  compile_bend most = find_bend(e, op, x->max_abs);
  scale_error(x, most.slope, most.slope);
  for (int t = 0; slots && t < op->n_terms; t++)
    add_bias(e, x, noise->weight * (plan_is_chebyshev(op) ? 1.0 : pow(x->max_abs, op->term[t])));
  x->max_abs = most.value;
  /* The powers stand at the scale of values, which an output's may exceed. */
  double scale = fmin(op->scale, exp2(e->chain->log2_value));
  add_noise(e, x, 3.0 * most.amplitude * ckks_noise_rescale(e->chain->params) / scale);
}

/* All copies of a slot share what bootstrapping adds; the sine falls short of large values. */
static void estimate_bootstrap(const estimating *e, estimate *x, const plan_op *op,
                               const plan_noise *noise) {
  double own = ldexp(1.0, op->index), angle = 2.0 * 3.14159265358979323846 / op->factor;
  double share = sqrt(fmin(1.0, (double)x->period / own));
  add_error(e, x, noise->slot, noise->slot * share);
  add_bias(e, x, square(angle) * x->max_abs * square(x->max_abs) / 6.0);
}

static void estimate_op(estimating *e, const plan_op *op) {
  int guard = e->plan->program[e->packing].guard;
  if (guard > 0 && op->out >= guard) { /* no value, and nothing to an output */
    e->reg[op->out] = (estimate){.period = 1};
    return;
  }
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
  case PLAN_OP_WINDOWS:
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
  case PLAN_OP_BOOTSTRAP:
    x = e->reg[op->a];
    estimate_bootstrap(e, &x, op, &noise);
    break;
  }
  if (op->max_abs > 0.0) { /* the bias: a map is complete */
    x.max_abs = e->reach ? e->reach->stage[e->stage] : op->max_abs * e->magnitude;
    if (x.period < (size_t)e->slots)
      x.period = e->plan->vector[op->index].period;
  }
  e->reg[op->out] = x;
}

/* The numbers of a sparse result make up each of its values. */
static void add_output_noise(const estimating *e, estimate *x) {
  double noise = compile_noise_output(e->layout, e->chain);
  bool latency = e->packing == PLAN_LATENCY;
  double share = latency ? sqrt((double)e->layout->period / e->slots) : 1.0;
  add_error(e, x, noise, noise * share);
}

/* Whether the marks (NULL: none) cover operation i; the input stands before the first, the result
 * behind all. */
static bool is_marked(const compile_marks *marks, int i) {
  return marks != NULL && marks->first <= i && i < marks->end;
}

static void keep_worst(compile_error *worst, double whole, double part) {
  if (whole > worst->whole) {
    worst->whole = whole;
    worst->part = part;
  }
}

/* With values that are `magnitude` of their largest. */
static void error_at(compile_error *worst, estimating *e, double max_abs_input, double magnitude) {
  bool latency = e->packing == PLAN_LATENCY;
  const plan_program *program = &e->plan->program[e->packing];
  const encoding_polynomial *last = &e->plan->interface.last;
  e->magnitude = magnitude;
  e->stage = 0;
  estimate input = {.max_abs = max_abs_input * magnitude,
                    .period = latency ? e->layout->stride * e->layout->padded : (size_t)e->slots};
  e->marking = is_marked(e->marks, COMPILE_MARK_INPUT);
  add_noise(e, &input, compile_noise_input(e->chain));
  for (int i = 0; i < program->n_inputs; i++)
    e->reg[i] = input;
  for (int i = 0; i < program->n_ops; i++) {
    e->marking = is_marked(e->marks, i);
    while (e->stage + 1 < (size_t)program->n_stages && i >= program->stage_end[e->stage])
      e->stage++;
    estimate_op(e, &program->op[i]);
  }
  e->marking = is_marked(e->marks, program->n_ops);
  double gain = 0.0, looked = -1.0; /* outputs have their largest value in common, mostly */
  for (int i = 0; i < program->n_outputs; i++) {
    estimate x = e->reg[program->output[i]];
    add_output_noise(e, &x);
    double tail = latency ? COMPILE_ERROR_MEAN_TAIL : COMPILE_ERROR_TAIL;
    if (x.max_abs != looked)
      gain = compile_bend_gain(last, looked = x.max_abs, magnitude >= 1.0);
    keep_worst(worst, tail * x.mean * gain, tail * x.marked * gain);
    worst->absolute = larger(worst->absolute, tail * x.mean);
  }
}

static bool estimating_init(estimating *e, const plan_plan *plan, plan_packing packing,
                            const plan_layout *layout, const compile_chain *chain,
                            const compile_vector_size *size) {
  *e = (estimating){.plan = plan,
                    .packing = packing,
                    .layout = layout,
                    .chain = chain,
                    .size = size,
                    .slots = (double)(chain->params->ring.n / 2),
                    .many = plan->program[packing].n_stages > MANY_STAGES};
  e->reg = base_alloc_array((size_t)plan->program[packing].n_registers, sizeof *e->reg);
  return e->reg != NULL;
}

compile_error compile_error_part(const plan_plan *plan, plan_packing packing,
                                 const plan_layout *layout, const compile_chain *chain,
                                 const compile_vector_size *size, double max_abs_input,
                                 const compile_marks *marks) {
  estimating e;
  compile_error worst = {0};
  if (!estimating_init(&e, plan, packing, layout, chain, size))
    return (compile_error){NAN, NAN, NAN};
  e.marks = marks;
  error_at(&worst, &e, max_abs_input, 0.25);
  if (!e.many)
    error_at(&worst, &e, max_abs_input, 1.0);
  base_free(e.reg);
  return worst;
}

double compile_error_bound(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                           const compile_chain *chain, const compile_vector_size *size,
                           double max_abs_input) {
  return compile_error_part(plan, packing, layout, chain, size, max_abs_input, NULL).whole;
}

double compile_error_reach(const plan_plan *plan, plan_packing packing, const plan_layout *layout,
                           const compile_chain *chain, const compile_vector_size *size,
                           const compile_reach *reach) {
  estimating e;
  compile_error worst = {0};
  if (!estimating_init(&e, plan, packing, layout, chain, size))
    return NAN;
  e.reach = reach;
  error_at(&worst, &e, reach->input, 1.0);
  base_free(e.reg);
  return worst.absolute;
}
