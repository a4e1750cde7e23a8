/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A latency program is run on as many slots as its longest period, not on all N/2: whatever
 * repeats is averaged at the end, and the mean over replicas of rotations, sums and products
 * with repeated weights is the same program on the mean (docs/math.md, "Simulation").
 */
#include "model/simulate.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "model/clear.h"

/* Rows of throughput packing at a time: few enough that all registers stay near. */
#define ROWS_AT_A_TIME 256

typedef struct simulating {
  const model_plan *plan;
  const model_interface *interface;
  const model_layout *layout;
  const model_program *program;
  ckks_params *params;
  model_chain chain;
  model_noise *op;
  model_vector *vector; /* with rounded weights; those that stay exact are the plan's own */
  size_t slots;
  model_random random;
  model_clear_noise noise;
  double *scaled, **input, **output;
} simulating;

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Vectors that an operation reads slot by slot. */
static int n_slot_vectors(const model_op *op) {
  bool one = op->kind == MODEL_OP_MUL_VECTOR || op->kind == MODEL_OP_ADD_VECTOR;
  bool many = op->kind == MODEL_OP_DIAGONALS || op->kind == MODEL_OP_SLOT_POLYNOMIALS;
  return many ? op->n_terms : one;
}

static size_t longest_period(const simulating *s) {
  size_t period = larger(s->layout->stride * s->layout->padded, s->layout->period);
  for (int i = 0; i < s->program->n_ops; i++)
    for (int t = 0; t < n_slot_vectors(&s->program->op[i]); t++)
      period = larger(period, s->plan->vector[s->program->op[i].index + t].period);
  return period;
}

static ckks_status round_vector(simulating *s, int index, double deviation) {
  const model_vector *exact = &s->plan->vector[index];
  model_vector *vector = &s->vector[index];
  if (vector->value != exact->value) /* another operation's as well, and rounded by it */
    return CKKS_OK;
  double *value = base_alloc_array(exact->period, sizeof *value);
  if (value == NULL)
    return base_fail_memory(exact->period * sizeof *value);
  for (size_t j = 0; j < exact->period; j++)
    value[j] = exact->value[j] + deviation * model_random_normal(&s->random);
  vector->value = value;
  return CKKS_OK;
}

static ckks_status round_weights(simulating *s) {
  memcpy(s->vector, s->plan->vector, (size_t)s->plan->n_vectors * sizeof *s->vector);
  for (int i = 0; i < s->program->n_ops; i++) {
    const model_op *op = &s->program->op[i];
    s->op[i] = model_noise_op(op, s->plan, &s->chain);
    int n = op->kind == MODEL_OP_DENSE ? 1 : n_slot_vectors(op);
    for (int t = 0; t < n; t++)
      BASE_TRY(round_vector(s, op->index + t, s->op[i].weight));
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

static ckks_status simulating_build(simulating *s) {
  bool latency = s->layout == &s->interface->layout[MODEL_LATENCY];
  BASE_TRY(ckks_params_build(&s->params, &s->interface->params));
  s->chain = (model_chain){.params = s->params,
                           .log2_value = log2(s->layout->input_scale),
                           .log2_output = log2(s->layout->output_scale)};
  s->slots = latency ? longest_period(s) : ROWS_AT_A_TIME;
  double share = latency ? sqrt((double)s->slots / (double)(s->params->ring.n / 2)) : 1.0;
  size_t n_scaled = s->interface->n_features * (latency ? 1 : ROWS_AT_A_TIME);
  s->op = base_alloc_array((size_t)s->program->n_ops + 1, sizeof *s->op);
  s->vector = base_alloc_array((size_t)s->plan->n_vectors + 1, sizeof *s->vector);
  s->scaled = base_alloc_array(n_scaled, sizeof *s->scaled);
  if (s->op == NULL || s->vector == NULL || s->scaled == NULL)
    return base_fail_memory(n_scaled * sizeof *s->scaled);
  s->noise = (model_clear_noise){.op = s->op, .share = share, .random = &s->random};
  BASE_TRY(round_weights(s));
  BASE_TRY(build_slots(&s->input, s->program->n_inputs, s->slots));
  return build_slots(&s->output, s->program->n_outputs, s->slots);
}

static void free_slots(double **all, int n) {
  for (int i = 0; all != NULL && i < n; i++)
    base_free(all[i]);
  base_free(all);
}

static void simulating_clear(simulating *s) {
  for (int i = 0; s->vector != NULL && i < s->plan->n_vectors; i++) {
    const model_vector *exact = &s->plan->vector[i];
    if (s->vector[i].value == NULL || s->vector[i].value == exact->value)
      continue;
    base_wipe(s->vector[i].value, exact->period * sizeof(double));
    base_free(s->vector[i].value);
  }
  free_slots(s->input, s->program->n_inputs);
  free_slots(s->output, s->program->n_outputs);
  base_free(s->vector);
  base_free(s->op);
  base_free(s->scaled);
  ckks_params_free(s->params);
}

static ckks_status run(simulating *s) {
  double deviation = s->noise.share * model_noise_input(&s->chain);
  for (int i = 0; i < s->program->n_inputs; i++)
    for (size_t j = 0; j < s->slots; j++)
      s->input[i][j] += deviation * model_random_normal(&s->random);
  return model_clear_run_slots(s->output, (const double *const *)s->input, s->program, s->vector,
                               s->slots, &s->noise);
}

/* As the client sees a value: rounded on its way, then through the last polynomial. */
static double receive(simulating *s, double value, double share) {
  double noise = share * model_noise_output(s->layout, &s->chain);
  return model_polynomial_value(&s->interface->last,
                                value + noise * model_random_normal(&s->random));
}

static ckks_status run_row(simulating *s, double *outputs, const double *row) {
  size_t period = s->layout->period;
  double share = sqrt((double)period / (double)(s->params->ring.n / 2));
  model_scale_row(s->scaled, row, s->interface);
  model_pack_row(s->input[0], s->slots, s->scaled, s->interface);
  BASE_TRY(run(s));
  for (size_t k = 0; k < s->interface->n_outputs; k++) {
    double sum = 0.0;
    for (size_t j = k; j < s->slots; j += period)
      sum += s->output[0][j];
    outputs[k] = receive(s, sum * (double)period / (double)s->slots, share);
  }
  return CKKS_OK;
}

static ckks_status run_batch(simulating *s, double *outputs, const double *rows, size_t n_rows) {
  size_t n = s->interface->n_features, n_outputs = s->interface->n_outputs;
  for (size_t row = 0; row < n_rows; row++)
    model_scale_row(s->scaled + row * n, rows + row * n, s->interface);
  for (size_t i = 0; i < n; i++)
    model_pack_column(s->input[i], s->slots, s->scaled, n_rows, i, s->interface);
  BASE_TRY(run(s));
  for (size_t row = 0; row < n_rows; row++)
    for (size_t k = 0; k < n_outputs; k++)
      outputs[row * n_outputs + k] = receive(s, s->output[k][row], 1.0);
  return CKKS_OK;
}

ckks_status model_simulate_rows(double *outputs, const double *rows, size_t n_rows,
                                const model_plan *plan, model_packing packing, uint64_t seed) {
  const model_interface *interface = &plan->interface;
  simulating s = {.plan = plan,
                  .interface = interface,
                  .layout = &interface->layout[packing],
                  .program = &plan->program[packing],
                  .random = {.state = seed}};
  ckks_status status = simulating_build(&s);
  size_t at_a_time = packing == MODEL_LATENCY ? 1 : ROWS_AT_A_TIME;
  for (size_t row = 0; row < n_rows && status == CKKS_OK; row += at_a_time) {
    double *out = outputs + row * interface->n_outputs;
    const double *in = rows + row * interface->n_features;
    if (packing == MODEL_LATENCY)
      status = run_row(&s, out, in);
    else
      status = run_batch(&s, out, in, n_rows - row < at_a_time ? n_rows - row : at_a_time);
  }
  simulating_clear(&s);
  return status;
}
