/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Whole predictions by the clock: the 30-16-2 network of the demo, or a server file named
 * as the argument, in both packings, on words at random, by one, two and four threads. Each line:
 * median and least of the samples after a warm-up. CKKS_KERNEL chooses the table of kernels.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"
#include "base/cpu.h"
#include "client/client.h"
#include "exec/exec.h"
#include "model/files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WARM_UP 3
#define MIN_SAMPLES 9
#define MAX_SAMPLES 400
#define SECONDS 1.5
#define MAX_THREADS 4

typedef struct workload {
  model_plan plan;
  exec_engine *engine;
  exec_session *session;
  ckks_evaluation_keys *keys;
  ckks_ciphertext **input[MODEL_N_PACKINGS];
} workload;

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "bench_exec: %s\n", ckks_last_error());
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static uint64_t next_word(uint64_t *state) {
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  return *state >> 11;
}

static double next_uniform(uint64_t *state) {
  return (double)next_word(state) * 0x1p-52 - 1;
}

/* -------------------------------------------------------------- preparation */

/* The demo's shape, with weights at random; its ranges are those of the trained one. */
static void compile_network(model_plan *plan) {
  static const size_t widths[] = {30, 16, 2};
  static const double max_abs[] = {13, 39};
  model_model model;
  uint64_t state = 1;
  check(model_init(&model, widths, 2));
  for (size_t l = 0; l < 2; l++) {
    model_layer *layer = &model.layer[l];
    for (size_t i = 0; i < layer->n_out * layer->n_in; i++)
      layer->weight[i] = next_uniform(&state) / sqrt((double)layer->n_in);
    layer->activation = model_polynomial_sigmoid3;
    layer->max_abs = max_abs[l];
  }
  model.max_abs_input = 14;
  model_compile_options options;
  model_compile_options_default(&options);
  check(model_compile(plan, &model, &options));
  model_clear(&model);
}

static ckks_ciphertext *random_ciphertext(const model_layout *layout, const ckks_params *params) {
  ckks_ciphertext *out;
  uint64_t state = 2;
  check(ckks_ciphertext_build_at(&out, params, layout->input_level, 2));
  out->n_parts = 2;
  out->level = layout->input_level;
  out->scale = layout->input_scale;
  for (int part = 0; part < 2; part++)
    for (int i = 0; i <= out->level; i++) {
      const ring_modulus *m = &params->ring.modulus[i];
      ring_word *limb = ring_poly_limb(&out->part[part], i);
      for (size_t j = 0; j < params->ring.n; j++)
        limb[j].u = next_word(&state) % m->p;
      params->ring.kernel->from_uint64(limb, &limb->u, params->ring.n, m);
    }
  return out;
}

static void workload_build(workload *w, const char *path) {
  ckks_secret_key *secret;
  uint8_t *bytes;
  size_t n_bytes;
  if (path != NULL)
    check(model_files_server_read(&w->plan, path));
  else
    compile_network(&w->plan);
  check(exec_engine_build(&w->engine, &w->plan));
  const ckks_params *params = exec_engine_params(w->engine);
  check(client_keygen(&secret, &bytes, &n_bytes, &w->plan.interface, params));
  check(exec_keys_read(&w->keys, bytes, n_bytes, "keys", w->engine, NULL));
  check(exec_session_build(&w->session, w->engine, w->keys));
  for (int packing = 0; packing < MODEL_N_PACKINGS; packing++) {
    size_t n = (size_t)w->plan.program[packing].n_inputs;
    w->input[packing] = base_alloc_array(n + 1, sizeof(ckks_ciphertext *));
    for (size_t i = 0; i < n; i++)
      w->input[packing][i] = random_ciphertext(&w->plan.interface.layout[packing], params);
  }
  base_free(bytes);
  ckks_secret_key_free(secret);
}

static void workload_clear(workload *w) {
  for (int packing = 0; packing < MODEL_N_PACKINGS; packing++) {
    for (int i = 0; i < w->plan.program[packing].n_inputs; i++)
      ckks_ciphertext_free(w->input[packing][i]);
    base_free(w->input[packing]);
  }
  exec_session_free(w->session);
  ckks_evaluation_keys_free(w->keys);
  exec_engine_free(w->engine);
  model_plan_clear(&w->plan);
}

/* -------------------------------------------------------------- measurement */

static void measure(workload *w, model_packing packing, int n_threads) {
  static const char *const names[] = {"latency packing", "throughput packing"};
  static const ckks_ciphertext *output[MODEL_MAX_CLASSES];
  double sample[MAX_SAMPLES], start = 0;
  int n = -WARM_UP;
  size_t rows = packing == MODEL_LATENCY ? 1 : exec_engine_params(w->engine)->ring.n / 2;
  if (!w->plan.interface.layout[packing].available)
    return;
  while (n < MAX_SAMPLES && (n < MIN_SAMPLES || now_ms() - start < 1e3 * SECONDS)) {
    double from = now_ms();
    if (n == 0)
      start = from;
    check(exec_session_run(output, w->input[packing], packing, w->session));
    if (n++ >= 0)
      sample[n - 1] = now_ms() - from;
  }
  qsort(sample, (size_t)n, sizeof *sample, by_size);
  printf("  %-18s %d thread%s  median %8.3f ms  least %8.3f ms  %9.0f rows/s at the median\n",
         names[packing], n_threads, n_threads > 1 ? "s" : " ", sample[n / 2], sample[0],
         1e3 * (double)rows / sample[n / 2]);
}

int main(int argc, char **argv) {
  workload w = {0};
  check(argc > 2 ? CKKS_ERROR_ARGUMENT : CKKS_OK);
  workload_build(&w, argc == 2 ? argv[1] : NULL);
  const ckks_params_literal *literal = &exec_engine_params(w.engine)->literal;
  printf("%s, kernels %s, N=2^%d, %d+%d limbs, %zu keys\n", base_cpu_get()->name,
         exec_engine_params(w.engine)->ring.kernel->name, literal->log2_n, literal->n_q,
         literal->n_p, w.plan.interface.n_keys);
  for (int n_threads = 1; n_threads <= MAX_THREADS; n_threads *= 2) {
    check(ckks_evaluator_set_threads(exec_session_evaluator(w.session), n_threads));
    for (int packing = 0; packing < MODEL_N_PACKINGS; packing++)
      measure(&w, (model_packing)packing, n_threads);
  }
  workload_clear(&w);
  return 0;
}
