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

/* Rows of throughput packing at a time: few enough that all registers stay near. */
#define ROWS_AT_A_TIME 256

typedef struct simulating simulating;

/* What one thread needs of its own. */
typedef struct worker {
  const simulating *s;
  plan_random random;
  plan_reading_noise noise;
  double *scaled, **input, **output;
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
  plan_noise *op;
  plan_vector *vector; /* with rounded weights; those that stay exact are the plan's own */
  size_t slots, at_a_time;
  double share;
  uint64_t seed;
  double *outputs;
  const double *rows;
  size_t n_rows;
  worker *worker;
  int n_workers;
};

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Vectors that an operation reads slot by slot. */
static int n_slot_vectors(const plan_op *op) {
  bool one = op->kind == PLAN_OP_MUL_VECTOR || op->kind == PLAN_OP_ADD_VECTOR;
  bool many = op->kind == PLAN_OP_DIAGONALS || plan_is_slots(op);
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
  w->noise = (plan_reading_noise){.op = s->op, .share = s->share, .random = &w->random};
  w->scaled = base_alloc_array(n_scaled, sizeof *w->scaled);
  if (w->scaled == NULL)
    return base_fail_memory(n_scaled * sizeof *w->scaled);
  BASE_TRY(build_slots(&w->input, s->program->n_inputs, s->slots));
  return build_slots(&w->output, s->program->n_outputs, s->slots);
}

static ckks_status simulating_build(simulating *s) {
  bool latency = s->layout == &s->interface->layout[PLAN_LATENCY];
  BASE_TRY(ckks_params_build(&s->params, &s->interface->literal));
  s->chain = (compile_chain){.params = s->params,
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
  ckks_params_free(s->params);
}

static ckks_status run(worker *w) {
  const simulating *s = w->s;
  double deviation = s->share * compile_noise_input(&s->chain);
  for (int i = 0; i < s->program->n_inputs; i++)
    for (size_t j = 0; j < s->slots; j++)
      w->input[i][j] += deviation * plan_random_normal(&w->random);
  return plan_reading_run(w->output, (const double *const *)w->input, s->program, s->vector,
                          s->slots, &w->noise);
}

/* As the client sees a value: rounded on its way, then through the last polynomial. */
static double receive(worker *w, double value, double share) {
  const simulating *s = w->s;
  double noise = share * compile_noise_output(s->layout, &s->chain);
  return encoding_polynomial_value(&s->interface->last,
                                   value + noise * plan_random_normal(&w->random));
}

static ckks_status run_row(worker *w, double *outputs, const double *row) {
  const simulating *s = w->s;
  size_t period = s->layout->period;
  double share = sqrt((double)period / (double)(s->params->ring.n / 2));
  plan_pack_scale(w->scaled, row, s->interface);
  plan_pack_row(w->input[0], s->slots, w->scaled, s->interface);
  BASE_TRY(run(w));
  for (size_t k = 0; k < s->interface->n_outputs; k++) {
    double sum = 0.0;
    for (size_t j = k; j < s->slots; j += period)
      sum += w->output[0][j];
    outputs[k] = receive(w, sum * (double)period / (double)s->slots, share);
  }
  return CKKS_OK;
}

static ckks_status run_batch(worker *w, double *outputs, const double *rows, size_t n_rows) {
  const simulating *s = w->s;
  size_t n = plan_n_inputs(s->interface), n_outputs = s->interface->n_outputs;
  for (size_t row = 0; row < n_rows; row++)
    plan_pack_scale(w->scaled + row * n, rows + row * s->interface->n_features, s->interface);
  for (size_t i = 0; i < n; i++)
    plan_pack_column(w->input[i], s->slots, w->scaled, n_rows, i, s->interface);
  BASE_TRY(run(w));
  for (size_t row = 0; row < n_rows; row++)
    for (size_t k = 0; k < n_outputs; k++)
      outputs[row * n_outputs + k] = receive(w, w->output[k][row], s->share);
  return CKKS_OK;
}

/* A row, or as many as go together. Its noise is its own, whoever runs it. */
static void run_part(void *context, size_t part, int index) {
  simulating *s = context;
  worker *w = &s->worker[index];
  size_t row = part * s->at_a_time, left = s->n_rows - row;
  double *outputs = s->outputs + row * s->interface->n_outputs;
  const double *rows = s->rows + row * s->interface->n_features;
  if (w->status != CKKS_OK)
    return;
  plan_random_init(&w->random, s->seed, 1 + part);
  w->status = s->at_a_time == 1
                  ? run_row(w, outputs, rows)
                  : run_batch(w, outputs, rows, left < s->at_a_time ? left : s->at_a_time);
  if (w->status != CKKS_OK)
    snprintf(w->message, sizeof w->message, "%s", base_last_error());
}

ckks_status compile_simulate_rows(double *outputs, const double *rows, size_t n_rows,
                                  const plan_plan *plan, plan_packing packing, uint64_t seed,
                                  base_threads *threads) {
  const plan_interface *interface = &plan->interface;
  simulating s = {.plan = plan,
                  .interface = interface,
                  .layout = &interface->layout[packing],
                  .program = &plan->program[packing],
                  .seed = seed,
                  .outputs = outputs,
                  .rows = rows,
                  .n_rows = n_rows,
                  .n_workers = base_threads_count(threads)};
  ckks_status status = simulating_build(&s);
  if (status == CKKS_OK)
    base_threads_run(threads, (n_rows + s.at_a_time - 1) / s.at_a_time, run_part, &s);
  for (int i = 0; i < s.n_workers && status == CKKS_OK; i++)
    if (s.worker[i].status != CKKS_OK)
      status = base_fail(s.worker[i].status, "%s", s.worker[i].message);
  simulating_clear(&s);
  return status;
}
