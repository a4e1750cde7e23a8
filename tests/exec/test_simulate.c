/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated errors against those of ciphertexts: encrypted minus clear and simulated minus clear
 * have deviations within a factor of three of each other, for each network and each packing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "client/client.h"
#include "compile/compile.h"
#include "compile/plans.h"
#include "compile/simulate.h"
#include "exec/exec.h"

enum { ROWS = 100, MOST_FEATURES = 40, MOST_OUTPUTS = 4, N_NETWORKS = 6 };
#define FACTOR 3.0

/* Widths end with 0. */
typedef struct network {
  size_t widths[5];
  encoding_polynomial activation;
  bool last_on_server;
  double error;
} network;

static const network networks[N_NETWORKS] = {
    /* The reference network: a cubic whose next map rides on it. */
    {{30, 16, 2}, {.degree = 3, .coefficient = {0.5, 0.197, 0.0, -0.004}}, false, 1e-4},
    {{30, 16, 2}, {.degree = 3, .coefficient = {0.5, 0.197, 0.0, -0.004}}, true, 1e-3},
    {{40, 12, 8, 4}, {.degree = 2, .coefficient = {0.0, 0.3, 0.5}}, false, 1e-3},
    {{12, 24, 3}, {.degree = 2, .coefficient = {0.0, 0.0, 0.5}}, false, 1e-6},
    {{10, 8, 2}, {.degree = 5, .coefficient = {0.0, 0.8, 0.0, -0.05, 0.0, 0.002}}, false, 1e-3},
    {{9, 7, 3},
     {.degree = 9, .coefficient = {0.1, 0.5, 0.1, -0.05, 0.02, 0.01, 0.0, 0.001, 0.0, -0.0005}},
     false,
     1e-3}};

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void build_model(network_model *model, const network *net, uint64_t *state) {
  size_t n_layers = 0;
  while (net->widths[n_layers + 1] != 0)
    n_layers++;
  assert_ok(network_init(model, net->widths, n_layers));
  for (size_t l = 0; l < n_layers; l++) {
    network_layer *layer = &model->layer[l];
    assert_ok(test_draw_weights(layer, 1.5 / sqrt((double)layer->n_in), state));
    for (size_t i = 0; i < layer->n_out; i++)
      layer->bias[i] = 0.5 * test_uniform(state);
    layer->activation[0].polynomial = net->activation;
  }
}

typedef struct run {
  double rows[ROWS * MOST_FEATURES];
  double clear[ROWS * MOST_OUTPUTS], simulated[ROWS * MOST_OUTPUTS];
} run;

static double deviation(const double *outputs, const double *clear, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    double error = (outputs[i] - clear[i]) / fmax(1.0, fabs(clear[i]));
    sum += error * error;
  }
  return sqrt(sum / (double)n);
}

/* What a client sees whose rows went through the server's session. */
static double *encrypted(const double *rows, plan_packing packing, const plan_plan *plan) {
  uint8_t *key_bytes = NULL, *sample = NULL, *result = NULL;
  size_t n_key_bytes = 0, n_sample = 0, n_result = 0, n_rows = 0;
  double *values = NULL;
  exec_engine *engine = NULL;
  exec_session *session = NULL;
  ckks_secret_key *secret = NULL;
  ckks_evaluation_keys *keys = NULL;
  assert_ok(exec_engine_build(&engine, plan, EXEC_WEIGHTS_BYTES));
  assert_ok(client_keygen(&secret, &key_bytes, &n_key_bytes, &plan->interface));
  assert_ok(exec_keys_read(&keys, key_bytes, n_key_bytes, "keys", engine, NULL));
  assert_ok(exec_session_build(&session, engine, keys));
  assert_ok(
      client_encrypt(&sample, &n_sample, rows, ROWS, packing, NULL, secret, &plan->interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", session));
  assert_ok(client_decrypt(&values, &n_rows, result, n_result, "result", secret, &plan->interface));
  assert_int_equal(n_rows, ROWS);
  base_free(key_bytes);
  base_free(sample);
  base_free(result);
  exec_session_free(session);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  exec_engine_free(engine);
  return values;
}

static void compare(run *out, const network *net, const plan_plan *plan, plan_packing packing,
                    size_t n_outputs) {
  size_t n = ROWS * n_outputs;
  double *values = encrypted(out->rows, packing, plan);
  double measured = deviation(values, out->clear, n);
  assert_ok(compile_simulate_rows(out->simulated, NULL, out->rows, ROWS, plan, packing, 1, NULL));
  double simulated = deviation(out->simulated, out->clear, n);
  base_free(values);
  print_message("network %td, packing %d: measured %.3g, simulated %.3g, predicted %.3g\n",
                net - networks, packing, measured, simulated,
                plan->interface.cost[packing].predicted_error);
  assert_true(simulated < FACTOR * measured);
  assert_true(measured < FACTOR * simulated);
}

static void test_deviations(void **unused) {
  (void)unused;
  static run out;
  uint64_t state = 6;
  for (const network *net = networks; net < networks + N_NETWORKS; net++) {
    network_model model;
    plan_plan plan;
    compile_options options = test_options(net->error, 11);
    options.last_on_server = net->last_on_server;
    build_model(&model, net, &state);
    test_rows(out.rows, ROWS, &model, &state);
    assert_ok(network_calibrate(&model, out.rows, ROWS));
    for (size_t i = 0; i < ROWS; i++)
      network_forward_rows(out.clear + i * model.n_classes, out.rows + i * model.n_features, 1,
                           &model);
    assert_ok(compile_model(&plan, &model, &options));
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
      assert_true(plan.interface.layout[packing].available);
      compare(&out, net, &plan, (plan_packing)packing, model.n_classes);
    }
    plan_clear(&plan);
    network_clear(&model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_deviations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
