/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the planner predicts against what it takes, for networks of several shapes at N = 2^13
 * and 2^14: the units are this machine's, measured now as `blindsight calibrate` does.
 * Ratios are to the fastest sample, because others on a machine only ever delay.
 */
#include "base/alloc.h"
#include "bench.h"
#include "compile/compile.h"
#include "compile/cost.h"
#include "compile/units.h"
#include "exec/exec.h"
#include "secret/secret.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_WIDTHS 5

typedef struct shape {
  const char *name;
  size_t n_layers, width[MAX_WIDTHS];
  int log2_n; /* 0: the planner's choice */
} shape;

static const shape shapes[] = {
    {"30_16_2", 2, {30, 16, 2}, 0},
    {"10_8_2", 2, {10, 8, 2}, 0},
    {"57_32_2", 2, {57, 32, 2}, 0},
    {"30_16_8_2", 3, {30, 16, 8, 2}, 0},
    {"13_8_3_n13", 2, {13, 8, 3}, 13},
    {"13_8_3_n14", 2, {13, 8, 3}, 14},
    {"30_16_2_n14", 2, {30, 16, 2}, 14},
    {"64_64_10", 2, {64, 64, 10}, 0},
    {"57_32_16_8_2", 4, {57, 32, 16, 8, 2}, 0},
};

typedef struct evaluation {
  exec_session *session;
  ckks_ciphertext *input[ENCODING_MAX_CLASSES];
  plan_packing packing;
} evaluation;

static void run(void *context) {
  evaluation *e = context;
  const ckks_ciphertext *output[ENCODING_MAX_CLASSES];
  bench_check(exec_session_run(output, e->input, e->packing, e->session));
}

/* Weights of a trained network's size, and ranges as if calibrated. */
static void build_model(network_model *model, const shape *s) {
  bench_check(network_init(model, s->width, s->n_layers));
  for (size_t l = 0; l < s->n_layers; l++) {
    network_layer *layer = &model->layer[l];
    size_t n = layer->n_in * layer->n_out;
    double *weight = base_alloc_array(n, sizeof *weight);
    for (size_t i = 0; weight != NULL && i < n; i++)
      weight[i] = sin(1.0 + (double)(i * 7919 + l)) / sqrt((double)layer->n_in);
    bench_check(weight != NULL ? network_layer_set_weights(layer, weight) : CKKS_ERROR_MEMORY);
    base_free(weight);
    layer->activation[0].polynomial = encoding_polynomial_sigmoid3;
    layer->activation[0].max_abs = 12.0;
  }
  model->max_abs_input = 12.0;
}

/* Zero ciphertexts: they take as long as others. */
static void build_inputs(evaluation *e, const plan_plan *plan, const ckks_params *params) {
  const plan_layout *layout = &plan->interface.layout[e->packing];
  for (int i = 0; i < plan->program[e->packing].n_inputs; i++) {
    bench_check(ckks_ciphertext_build_at(&e->input[i], params, layout->input_level, 2));
    e->input[i]->n_parts = 2;
    e->input[i]->level = layout->input_level;
    e->input[i]->scale = layout->input_scale;
  }
}

static void report(const shape *s, const char *what, double value, const char *unit) {
  char name[96];
  snprintf(name, sizeof name, "plan_%s_%s", s->name, what);
  bench_figure(name, value, unit);
}

static void time_packing(const shape *s, evaluation *e, const plan_plan *plan,
                         const ckks_params *params) {
  bool latency = e->packing == PLAN_LATENCY;
  if (!plan->interface.layout[e->packing].available)
    return;
  build_inputs(e, plan, params);
  bench_time time = bench_run(run, e);
  double predicted = plan->interface.cost[e->packing].predicted_ms;
  char name[96];
  snprintf(name, sizeof name, "plan_%s_%s", s->name, latency ? "ms" : "batch_ms");
  bench_report(name, time, 1e3, "ms");
  report(s, latency ? "predicted_ms" : "batch_predicted_ms", predicted, "ms");
  report(s, latency ? "predicted_x" : "batch_predicted_x", predicted / (1e3 * time.min), "times");
  for (int i = 0; i < plan->program[e->packing].n_inputs; i++)
    ckks_ciphertext_free(e->input[i]);
}

static void time_shape(const shape *s, const compile_units *units) {
  network_model model;
  plan_plan plan;
  compile_options options;
  exec_engine *engine;
  evaluation e = {0};
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  build_model(&model, s);
  compile_options_default(&options);
  options.units = *units;
  options.log2_n = s->log2_n;
  bench_check(compile_model(&plan, &model, &options));
  bench_check(exec_engine_build(&engine, &plan, EXEC_WEIGHTS_BYTES));
  const ckks_params *params = exec_engine_params(engine);
  bench_check_table(params->ring.kernel);
  bench_check(ckks_secret_key_generate(&secret, params));
  bench_check(ckks_evaluation_keys_generate(&keys, plan.interface.key, plan.interface.n_keys,
                                            secret, params));
  bench_check(exec_session_build(&e.session, engine, keys));
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    e.packing = (plan_packing)i;
    time_packing(s, &e, &plan, params);
  }
  report(s, "key_bytes", (double)plan.interface.key_bytes, "bytes");
  exec_session_free(e.session);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  exec_engine_free(engine);
  plan_clear(&plan);
  network_clear(&model);
}

static void report_unit(const compile_unit *unit, double value) {
  char name[64];
  snprintf(name, sizeof name, "unit_%s", unit->name);
  bench_figure(name, value, "ns");
}

int main(void) {
  bench_begin("bench_cost");
  while (bench_next_table() != NULL) {
    compile_units units;
    bench_check(compile_units_measure(&units));
    for (int i = 0; i < COMPILE_N_UNITS; i++)
      report_unit(&compile_units_table[i], *compile_units_field(&units, &compile_units_table[i]));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      time_shape(&shapes[i], &units);
  }
  return bench_end();
}
