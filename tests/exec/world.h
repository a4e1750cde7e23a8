/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled model with a client and a server around it, for the tests of plans on ciphertexts. */
#ifndef TESTS_EXEC_WORLD_H
#define TESTS_EXEC_WORLD_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "client/client.h"
#include "compile/compile.h"
#include "compile/plans.h"
#include "exec/exec.h"
#include "wire/sample.h"

#define N_ROWS 6

static inline void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

/* A compiled model with a client and a server around it. */
typedef struct world {
  network_model model;
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  const ckks_params *params;
  ckks_secret_key *secret;
  uint8_t *key_bytes;
  size_t n_key_bytes;
  ckks_evaluation_keys *keys;
  double rows[N_ROWS * 16];
} world;

/* Around w->model and w->rows, which are there. */
static inline void world_start(world *w, const compile_options *options) {
  assert_ok(compile_model(&w->plan, &w->model, options));
  assert_ok(exec_engine_build(&w->engine, &w->plan, options->weights_bytes));
  w->params = exec_engine_params(w->engine);
  assert_ok(client_keygen(&w->secret, &w->key_bytes, &w->n_key_bytes, &w->plan.interface));
  assert_ok(exec_keys_read(&w->keys, w->key_bytes, w->n_key_bytes, "keys", w->engine, NULL));
  assert_ok(exec_session_build(&w->session, w->engine, w->keys));
}

/* Around w->model, which is there. */
static inline void world_compile(world *w, uint64_t *state, const compile_options *options) {
  test_calibrate(&w->model, state);
  test_rows(w->rows, N_ROWS, &w->model, state);
  world_start(w, options);
}

static inline void world_build(world *w, uint64_t *state, const compile_options *options) {
  memset(w, 0, sizeof *w);
  assert_ok(test_network(&w->model, state));
  world_compile(w, state, options);
}

static inline void world_clear(world *w) {
  exec_session_free(w->session);
  ckks_evaluation_keys_free(w->keys);
  ckks_secret_key_free(w->secret);
  base_free(w->key_bytes);
  exec_engine_free(w->engine);
  plan_clear(&w->plan);
  network_clear(&w->model);
}

/* Largest |encrypted - clear| / max(1, |clear|) over the rows. */
static inline double largest_error(const world *w, const double *outputs, size_t n_rows) {
  double worst = 0.0, clear[16];
  size_t n = w->plan.interface.n_outputs;
  for (size_t row = 0; row < n_rows; row++) {
    network_forward_rows(clear, w->rows + row * w->model.n_features, 1, &w->model);
    for (size_t k = 0; k < n; k++)
      worst = fmax(worst, fabs(outputs[row * n + k] - clear[k]) / fmax(1.0, fabs(clear[k])));
  }
  return worst;
}

static inline double run_messages(const world *w, plan_packing packing) {
  uint8_t *sample = NULL, *result = NULL;
  size_t n_sample = 0, n_result = 0, n_rows = 0;
  double *outputs = NULL;
  const plan_interface *interface = &w->plan.interface;
  assert_ok(
      client_encrypt(&sample, &n_sample, w->rows, N_ROWS, packing, NULL, w->secret, interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", w->session));
  assert_ok(client_decrypt(&outputs, &n_rows, result, n_result, "result", w->secret, interface));
  assert_int_equal(n_rows, N_ROWS);
  double error = largest_error(w, outputs, n_rows);
  base_free(sample);
  base_free(result);
  base_free(outputs);
  return error;
}

/* What was measured beside what was predicted, over many plans. */
typedef struct comparison {
  int runs, exceeded;
  double closest; /* of measured / predicted */
} comparison;

/* One run in each packing that there is. Tails are heavy: one may pass its figure, none by much. */
static inline void compare_errors(comparison *c, world *w) {
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    if (!w->plan.interface.layout[packing].available)
      continue;
    double error = run_messages(w, (plan_packing)packing);
    double predicted = w->plan.interface.cost[packing].predicted_error;
    c->runs++;
    c->exceeded += error > predicted;
    assert_true(error <= 3.0 * predicted);
    c->closest = fmax(c->closest, error / predicted);
  }
}

#endif
