/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A latency program is run on as many slots as its longest period, not on all N/2: whatever
 * repeats is averaged at the end, and the mean over replicas of rotations, sums and products
 * with repeated weights is the same program on the mean (docs/math.md, "Simulation").
 */
#include "compile/simulate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "compile/noise.h"
#include "compile/wrap.h"

/* Rows of throughput packing at a time: few enough that all registers stay near. */
#define ROWS_AT_A_TIME COMPILE_SIMULATE_BATCH

typedef struct simulating simulating;

/* What one thread needs of its own. */
typedef struct worker {
  const simulating *s;
  plan_random random;
  plan_reading_noise noise;
  double *scaled, **input, **output;
  double *values;     /* a period of a result */
  ckks_status status; /* the first error, and its words */
  char message[256];
} worker;

struct simulating {
  const plan_plan *plan;
  const plan_interface *interface;
  const plan_layout *layout;
  const plan_program *program;
  ckks_params *params;
  compile_chain chain;
  ckks_bootstrapper *bootstrap; /* an outline, where values are bootstrapped */
  plan_noise *op;
  plan_vector *vector; /* with rounded weights; those that stay exact are the plan's own */
  size_t slots, at_a_time;
  double share;
  uint64_t seed;
  double *outputs; /* in throughput packing before the last polynomial, until all are there */
  compile_simulate_fate *fates;
  const double *rows;
  size_t n_rows;
  worker *worker;
  int n_workers;
  double reach;
};

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Vectors that an operation reads slot by slot. */
static int n_slot_vectors(const plan_op *op) {
  bool one = op->kind == PLAN_OP_MUL_VECTOR || op->kind == PLAN_OP_ADD_VECTOR;
  bool many = op->kind == PLAN_OP_DIAGONALS || op->kind == PLAN_OP_WINDOWS || plan_is_slots(op);
  return many ? op->n_terms : one;
}

static size_t longest_period(const simulating *s) {
  size_t period = larger(s->layout->stride * s->layout->padded, s->layout->period);
  for (int i = 0; i < s->program->n_ops; i++)
    for (int t = 0; t < n_slot_vectors(&s->program->op[i]); t++)
      period = larger(period, s->plan->vector[s->program->op[i].index + t].period);
  return period;
}

static ckks_status round_vector(simulating *s, plan_random *random, int index, double deviation) {
  const plan_vector *exact = &s->plan->vector[index];
  plan_vector *vector = &s->vector[index];
  if (vector->value != exact->value) /* another operation's as well, and rounded by it */
    return CKKS_OK;
  double *value = base_alloc_array(exact->period, sizeof *value);
  if (value == NULL)
    return base_fail_memory(exact->period * sizeof *value);
  for (size_t j = 0; j < exact->period; j++)
    value[j] = exact->value[j] + deviation * plan_random_normal(random);
  vector->value = value;
  return CKKS_OK;
}

static ckks_status round_weights(simulating *s) {
  plan_random random;
  plan_random_init(&random, s->seed, 0);
  memcpy(s->vector, s->plan->vector, (size_t)s->plan->n_vectors * sizeof *s->vector);
  for (int i = 0; i < s->program->n_ops; i++) {
    const plan_op *op = &s->program->op[i];
    s->op[i] = compile_noise_op(op, s->plan, &s->chain);
    int n = op->kind == PLAN_OP_DENSE ? 1 : n_slot_vectors(op);
    for (int t = 0; t < n; t++)
      BASE_TRY(round_vector(s, &random, op->index + t, s->op[i].weight));
  }
  return CKKS_OK;
}

static ckks_status build_slots(double ***out, int n, size_t slots) {
  double **all = *out = base_alloc_array((size_t)n, sizeof *all);
  for (int i = 0; all != NULL && i < n; i++)
    if ((all[i] = base_alloc_array(slots, sizeof **all)) == NULL)
      return base_fail_memory(slots * sizeof **all);
  return all != NULL ? CKKS_OK : base_fail_memory((size_t)n * sizeof *all);
}

static ckks_status worker_build(worker *w, const simulating *s) {
  size_t n_scaled = plan_n_inputs(s->interface) * s->at_a_time;
  w->s = s;
  w->noise =
      (plan_reading_noise){.op = s->op, .share = s->share, .random = &w->random, .reach = s->reach};
  w->scaled = base_alloc_array(n_scaled, sizeof *w->scaled);
  w->values = base_alloc_array(s->params->ring.n / 2, sizeof *w->values);
  w->noise.left = base_alloc_array(s->slots, sizeof *w->noise.left);
  if (w->scaled == NULL || w->values == NULL || w->noise.left == NULL)
    return base_fail_memory(n_scaled * sizeof *w->scaled);
  BASE_TRY(build_slots(&w->input, s->program->n_inputs, s->slots));
  return build_slots(&w->output, s->program->n_outputs, s->slots);
}

/* How far beyond the outputs seen in calibration the band is. */
static double reach_of(const simulating *s) {
  double seen = 0.0;
  for (int i = 0; i < s->program->n_ops; i++)
    if (s->program->op[i].max_abs > 0.0)
      seen = s->program->op[i].max_abs;
  return seen > 0.0 ? fmax(1.0, s->interface->max_abs_output / seen) : (double)INFINITY;
}

static ckks_status simulating_build(simulating *s) {
  bool latency = s->layout == &s->interface->layout[PLAN_LATENCY];
  BASE_TRY(ckks_params_build(&s->params, &s->interface->literal));
  if (plan_bootstraps(s->interface))
    BASE_TRY(eval_bootstrap_outline(&s->bootstrap, &s->interface->bootstrap, s->params));
  s->chain = (compile_chain){.params = s->params,
                             .bootstrap = s->bootstrap,
                             .log2_value = log2(s->layout->input_scale),
                             .log2_output = log2(s->layout->output_scale)};
  s->slots = latency ? longest_period(s) : ROWS_AT_A_TIME;
  s->at_a_time = latency ? 1 : ROWS_AT_A_TIME;
  /* Values that are repeated over the slots are read as the means of their places. */
  size_t n_slots = s->params->ring.n / 2;
  size_t period = latency ? s->slots : plan_pack_period(s->interface, s->n_rows);
  s->share = sqrt((double)period / (double)n_slots);
  s->op = base_alloc_array((size_t)s->program->n_ops + 1, sizeof *s->op);
  s->vector = base_alloc_array((size_t)s->plan->n_vectors + 1, sizeof *s->vector);
  s->worker = base_alloc_array((size_t)s->n_workers, sizeof *s->worker);
  if (s->op == NULL || s->vector == NULL || s->worker == NULL)
    return base_fail_memory((size_t)s->n_workers * sizeof *s->worker);
  s->reach = reach_of(s);
  BASE_TRY(round_weights(s));
  for (int i = 0; i < s->n_workers; i++)
    BASE_TRY(worker_build(&s->worker[i], s));
  return CKKS_OK;
}

static void free_slots(double **all, int n) {
  for (int i = 0; all != NULL && i < n; i++)
    base_free(all[i]);
  base_free(all);
}

static void worker_clear(worker *w, const plan_program *program) {
  free_slots(w->input, program->n_inputs);
  free_slots(w->output, program->n_outputs);
  base_free(w->scaled);
  base_free(w->values);
  base_free(w->noise.left);
}

static void simulating_clear(simulating *s) {
  for (int i = 0; s->worker != NULL && i < s->n_workers; i++)
    worker_clear(&s->worker[i], s->program);
  for (int i = 0; s->vector != NULL && i < s->plan->n_vectors; i++) {
    const plan_vector *exact = &s->plan->vector[i];
    if (s->vector[i].value == NULL || s->vector[i].value == exact->value)
      continue;
    base_wipe(s->vector[i].value, exact->period * sizeof(double));
    base_free(s->vector[i].value);
  }
  base_free(s->worker);
  base_free(s->vector);
  base_free(s->op);
  ckks_bootstrapper_free(s->bootstrap);
  ckks_params_free(s->params);
}

static ckks_status run(worker *w) {
  const simulating *s = w->s;
  double deviation = s->share * compile_noise_input(&s->chain);
  for (size_t j = 0; j < s->slots; j++)
    w->noise.left[j] = -1;
  for (int i = 0; i < s->program->n_inputs; i++)
    for (size_t j = 0; j < s->slots; j++)
      w->input[i][j] += deviation * plan_random_normal(&w->random);
  return plan_reading_run(w->output, (const double *const *)w->input, s->program, s->vector,
                          s->slots, &w->noise);
}

/* As it leaves the server: rounded on its way. */
static double sent(worker *w, double value, double share) {
  const simulating *s = w->s;
  return value +
         share * compile_noise_output(s->layout, &s->chain) * plan_random_normal(&w->random);
}

/* --- what became of it */

static int stage_of(const simulating *s, int op) {
  for (int i = 0; op >= 0 && i < s->program->n_stages; i++)
    if (op < s->program->stage_end[i])
      return i;
  return COMPILE_SIMULATE_NOWHERE;
}

/* The first operation in slots first to end. */
static int first_left(const worker *w, size_t first, size_t end) {
  int op = -1;
  for (size_t j = first; j < end; j++)
    if (w->noise.left[j] >= 0 && (op < 0 || w->noise.left[j] < op))
      op = w->noise.left[j];
  return op;
}

static ckks_status run_row(worker *w, size_t row) {
  const simulating *s = w->s;
  const plan_interface *interface = s->interface;
  size_t period = s->layout->period, n = interface->n_outputs;
  double share = sqrt((double)period / (double)(s->params->ring.n / 2));
  compile_simulate_fate *fate = &s->fates[row];
  plan_pack_scale(w->scaled, s->rows + row * interface->n_features, interface);
  plan_pack_row(w->input[0], s->slots, w->scaled, interface);
  BASE_TRY(run(w));
  for (size_t k = 0; k < period; k++) {
    double sum = 0.0;
    for (size_t j = k; j < s->slots; j += period)
      sum += w->output[0][j];
    w->values[k] = sent(w, sum * (double)period / (double)s->slots, share);
  }
  BASE_TRY(
      compile_wrap_values(&fate->wrapped, w->values, period, s->layout->output_scale, s->params));
  fate->stage = stage_of(s, first_left(w, 0, s->slots));
  fate->mark =
      plan_box_believes(w->values, interface) ? COMPILE_SIMULATE_NONE : COMPILE_SIMULATE_BEYOND;
  for (size_t k = 0; k < n; k++)
    s->outputs[row * n + k] = encoding_polynomial_value(&interface->last, w->values[k]);
  return CKKS_OK;
}

/* n_rows = 0: padding alone. */
static ckks_status run_columns(worker *w, const double *rows, size_t n_rows) {
  const simulating *s = w->s;
  size_t n = plan_n_inputs(s->interface);
  for (size_t row = 0; row < n_rows; row++)
    plan_pack_scale(w->scaled + row * n, rows + row * s->interface->n_features, s->interface);
  for (size_t i = 0; i < n; i++)
    plan_pack_column(w->input[i], s->slots, w->scaled, n_rows, i, s->interface);
  return run(w);
}

static ckks_status run_batch(worker *w, size_t first, size_t n_rows) {
  const simulating *s = w->s;
  size_t n_outputs = s->interface->n_outputs;
  BASE_TRY(run_columns(w, s->rows + first * s->interface->n_features, n_rows));
  for (size_t row = 0; row < n_rows; row++) {
    for (size_t k = 0; k < n_outputs; k++)
      s->outputs[(first + row) * n_outputs + k] = sent(w, w->output[k][row], s->share);
    s->fates[first + row].stage = stage_of(s, first_left(w, row, row + 1));
  }
  return CKKS_OK;
}

/* One output of a batch: of its rows, and behind them of the padding, which w->output holds. */
static ckks_status finish_output(worker *w, size_t first, size_t n_rows, size_t k) {
  const simulating *s = w->s;
  const plan_interface *interface = s->interface;
  size_t n_outputs = interface->n_outputs, period = plan_pack_period(interface, n_rows);
  double *output = s->outputs + first * n_outputs + k;
  bool wrapped;
  for (size_t j = 0; j < period; j++)
    w->values[j] =
        j < n_rows ? output[j * n_outputs] : sent(w, w->output[k][j % ROWS_AT_A_TIME], s->share);
  BASE_TRY(compile_wrap_values(&wrapped, w->values, period, s->layout->output_scale, s->params));
  bool spoilt = plan_box_spoilt(w->values, n_rows, period, interface);
  for (size_t j = 0; j < n_rows; j++) {
    compile_simulate_fate *fate = &s->fates[first + j];
    output[j * n_outputs] = w->values[j];
    fate->wrapped = fate->wrapped || wrapped;
    if (spoilt)
      fate->mark = COMPILE_SIMULATE_SPOILT;
    else if (fate->mark == COMPILE_SIMULATE_NONE &&
             !(fabs(w->values[j]) <= interface->max_abs_output))
      fate->mark = COMPILE_SIMULATE_BEYOND;
  }
  return CKKS_OK;
}

/* All rows of a batch share their coefficients, so that all must be there. */
static ckks_status finish_batches(simulating *s) {
  worker *w = &s->worker[0];
  const plan_interface *interface = s->interface;
  size_t most = plan_pack_rows(interface, PLAN_THROUGHPUT);
  plan_random_init(&w->random, s->seed, UINT64_MAX);
  BASE_TRY(run_columns(w, NULL, 0));
  for (size_t batch = 0; batch * most < s->n_rows; batch++)
    for (size_t k = 0; k < interface->n_outputs; k++)
      BASE_TRY(finish_output(w, batch * most, plan_pack_batch(interface, s->n_rows, batch), k));
  for (size_t i = 0; i < s->n_rows * interface->n_outputs; i++)
    s->outputs[i] = encoding_polynomial_value(&interface->last, s->outputs[i]);
  return CKKS_OK;
}

/* --- all rows */

/* A row, or as many as go together. Its noise is its own, whoever runs it. */
static void run_part(void *context, size_t part, int index) {
  simulating *s = context;
  worker *w = &s->worker[index];
  size_t row = part * s->at_a_time, left = s->n_rows - row;
  if (w->status != CKKS_OK)
    return;
  plan_random_init(&w->random, s->seed, 1 + part);
  w->status = s->at_a_time == 1 ? run_row(w, row)
                                : run_batch(w, row, left < s->at_a_time ? left : s->at_a_time);
  if (w->status != CKKS_OK)
    snprintf(w->message, sizeof w->message, "%s", base_last_error());
}

ckks_status compile_simulate_rows(double *outputs, compile_simulate_fate *fates, const double *rows,
                                  size_t n_rows, const plan_plan *plan, plan_packing packing,
                                  uint64_t seed, base_threads *threads) {
  const plan_interface *interface = &plan->interface;
  simulating s = {.plan = plan,
                  .interface = interface,
                  .layout = &interface->layout[packing],
                  .program = &plan->program[packing],
                  .seed = seed,
                  .outputs = outputs,
                  .fates = base_alloc_array(n_rows, sizeof *fates),
                  .rows = rows,
                  .n_rows = n_rows,
                  .n_workers = base_threads_count(threads)};
  ckks_status status = s.fates != NULL ? CKKS_OK : base_fail_memory(n_rows * sizeof *fates);
  if (status == CKKS_OK)
    status = simulating_build(&s);
  if (status == CKKS_OK)
    base_threads_run(threads, (n_rows + s.at_a_time - 1) / s.at_a_time, run_part, &s);
  for (int i = 0; i < s.n_workers && status == CKKS_OK; i++)
    if (s.worker[i].status != CKKS_OK)
      status = base_fail(s.worker[i].status, "%s", s.worker[i].message);
  if (status == CKKS_OK && packing == PLAN_THROUGHPUT)
    status = finish_batches(&s);
  if (status == CKKS_OK && fates != NULL)
    memcpy(fates, s.fates, n_rows * sizeof *fates);
  base_free(s.fates);
  simulating_clear(&s);
  return status;
}
