/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: the clear reading equals the model, every slot of a result is an output, bytes. */
#include "compile/clear_checks.h"
#include "compile/compile.h"

/* Field by field: what is between them may be anything. */
static void assert_same_meaning(const encoding_meaning *a, const encoding_meaning *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->end, b->end);
  assert_int_equal(a->complete, b->complete);
}

static void compile_random(plan_plan *plan, network_model *model, uint64_t *state,
                           bool last_on_server) {
  compile_options options = test_options(1e-3, LOG2_N);
  options.last_on_server = last_on_server;
  options.minimise = (blindsight_minimise)(test_random(state) % 4);
  assert_ok(test_network(model, state));
  test_calibrate(model, state);
  if (test_random(state) % 2)
    model->meaning = (encoding_meaning){ENCODING_VALUES, ENCODING_END_TANH, true};
  assert_ok(compile_model(plan, model, &options));
  assert_same_meaning(&plan->interface.meaning, &model->meaning);
}

/* Both packings, on rows of their own; ends plan and model. */
static void check_rows_and_clear(plan_plan *plan, network_model *model, uint64_t *state) {
  double rows[16 * 8];
  test_rows(rows, 8, model, state);
  if (plan->interface.layout[PLAN_LATENCY].available)
    for (size_t row = 0; row < 8; row++)
      check_latency(plan, model, rows + row * model->n_features);
  if (plan->interface.layout[PLAN_THROUGHPUT].available)
    check_throughput(plan, model, rows, 8);
  plan_clear(plan);
  network_clear(model);
}

static void test_clear_equals_model(void **unused) {
  (void)unused;
  uint64_t state = 1;
  for (int round = 0; round < 60; round++) {
    network_model model;
    plan_plan plan;
    compile_random(&plan, &model, &state, round % 3 == 0);
    assert_true(plan.interface.layout[PLAN_THROUGHPUT].available);
    check_rows_and_clear(&plan, &model, &state);
  }
}

/* The same in Chebyshev's basis, alike in all units or not. */
static void test_chebyshev_equals_model(void **unused) {
  (void)unused;
  uint64_t state = 12;
  for (int round = 0; round < 24; round++) {
    network_model model;
    plan_plan plan;
    compile_options options = test_options(1e-3, LOG2_N);
    options.last_on_server = round % 3 == 0;
    assert_ok(test_chebyshev_network(&model, 4 + 5 * (round / 2), round % 2 ? 3 : 1, &state));
    assert_ok(compile_model(&plan, &model, &options));
    assert_true(plan.interface.layout[PLAN_THROUGHPUT].available);
    check_rows_and_clear(&plan, &model, &state);
  }
}

/* Layouts of many maps are chosen map by map: their combinations would never come to an end. */
static void test_deep(void **unused) {
  (void)unused;
  enum { N_LAYERS = 9 };
  uint64_t state = 3;
  size_t widths[N_LAYERS + 1];
  network_model model;
  plan_plan plan;
  compile_options options = test_options(1e-2, LOG2_N);
  options.throughput = false;
  for (size_t i = 0; i <= N_LAYERS; i++)
    widths[i] = i == N_LAYERS ? 2 : 12 + i % 3;
  assert_ok(network_init(&model, widths, N_LAYERS));
  for (size_t l = 0; l < N_LAYERS; l++) {
    network_layer *layer = &model.layer[l];
    assert_ok(test_draw_weights(layer, 0.5 / sqrt((double)layer->n_in), &state));
    layer->activation[0].polynomial =
        (encoding_polynomial){.degree = 2, .coefficient = {0.0, 1.0, 0.25}};
  }
  test_calibrate(&model, &state);
  assert_ok(compile_model(&plan, &model, &options));
  assert_true(plan.interface.layout[PLAN_LATENCY].available);
  check_rows_and_clear(&plan, &model, &state);
}

static void test_bytes_round_trip(void **unused) {
  (void)unused;
  uint64_t state = 7;
  for (int round = 0; round < 12; round++) {
    network_model model;
    plan_plan plan, copy;
    compile_random(&plan, &model, &state, false);
    if (round % 3 == 0) { /* what a client file may hold, whatever the program is */
      plan.interface.last = test_chebyshev(round == 0 ? 255 : 3 + round, &state);
      assert_ok(plan_bytes_identify(&plan));
    }
    read_back(&copy, &plan);
    assert_memory_equal(&copy.interface.last, &plan.interface.last, sizeof copy.interface.last);
    assert_same_meaning(&copy.interface.meaning, &model.meaning);
    uint8_t id[PLAN_ID_BYTES];
    memcpy(id, plan.interface.id, sizeof id);
    assert_ok(plan_bytes_identify(&copy));
    assert_memory_equal(id, copy.interface.id, sizeof id);
    plan_clear(&copy);
    plan_clear(&plan);
    network_clear(&model);
  }
}

/* Damage behind the digest: refused, or still a plan that is safe to run. */
static void test_bytes_damaged(void **unused) {
  (void)unused;
  uint64_t state = 11;
  network_model model;
  plan_plan plan, copy;
  base_buffer buffer;
  base_reader reader;
  int refused = 0;
  compile_random(&plan, &model, &state, false);
  base_buffer_init(&buffer, 1 << 26);
  plan_bytes_write(&buffer, &plan);
  for (int round = 0; round < 3000; round++) {
    size_t at = test_random(&state) % (round % 2 ? buffer.n_bytes : 1200);
    uint8_t flip = (uint8_t)(1u << test_random(&state) % 8);
    buffer.bytes[at] ^= flip;
    base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
    if (plan_bytes_read(&copy, &reader) == CKKS_OK) {
      assert_ok(plan_check(&copy));
      plan_clear(&copy);
    } else {
      refused++;
    }
    buffer.bytes[at] ^= flip;
  }
  assert_true(refused > 300);
  for (size_t n = 0; n < buffer.n_bytes; n += 1 + n / 50) {
    base_reader_init(&reader, buffer.bytes, n);
    assert_int_not_equal(plan_bytes_read(&copy, &reader), CKKS_OK);
  }
  base_buffer_clear(&buffer);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_refusals(void **unused) {
  (void)unused;
  uint64_t state = 3;
  network_model model;
  plan_plan plan;
  assert_ok(test_network(&model, &state));
  compile_options options = test_options(1e-3, LOG2_N);
  options.error = -1.0;
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_ERROR_ARGUMENT);
  options = test_options(1e-3, LOG2_N);
  options.latency = options.throughput = false;
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_ERROR_ARGUMENT);
  options = test_options(1e-3, 9);
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_ERROR_ARGUMENT);
  /* N = 2^10 allows 26 bits at 128-bit security: no chain fits, and the text says so. */
  options = test_options(1e-3, LOG2_N);
  options.security = CKKS_SECURITY_128;
  assert_int_equal(compile_model(&plan, &model, &options), CKKS_ERROR_SECURITY);
  assert_non_null(strstr(ckks_last_error(), "at 128 bits"));
  options = test_options(1e-9, LOG2_N);
  options.headroom = 1e6;
  model.layer[0].activation[0].max_abs = 1e6;
  ckks_status status = compile_model(&plan, &model, &options);
  assert_true(status == CKKS_ERROR_RANGE || status == CKKS_ERROR_SECURITY);
  network_clear(&model);
}

static void test_allocation_failures(void **unused) {
  (void)unused;
  static const size_t widths[] = {3, 2, 2};
  network_model model;
  plan_plan plan;
  assert_ok(network_init(&model, widths, 2));
  assert_ok(
      network_layer_set_weights(&model.layer[0], (double[]){-0.5, -0.25, 0.0, 0.25, 0.5, 0.75}));
  assert_ok(network_layer_set_weights(&model.layer[1], (double[]){0.5, 0.25, 0.0, -0.25}));
  model.layer[0].activation[0].polynomial = encoding_polynomial_sigmoid3;
  compile_options options = test_options(1e-2, LOG2_N);
  long before = base_alloc_count();
  assert_ok(compile_model(&plan, &model, &options));
  long n = base_alloc_count() - before;
  plan_clear(&plan);
  for (long k = 1; k <= n; k += 1 + n / 200) {
    base_alloc_fail_at(k);
    ckks_status status = compile_model(&plan, &model, &options);
    base_alloc_fail_at(0);
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  network_clear(&model);
}

/* The reference network: 128 bits at N = 2^13, three levels, small keys and messages. */
static void test_reference_shape(void **unused) {
  (void)unused;
  static const size_t widths[] = {30, 16, 2};
  uint64_t state = 42;
  network_model model;
  plan_plan plan;
  compile_options options;
  assert_ok(network_init(&model, widths, 2));
  for (size_t l = 0; l < 2; l++) {
    assert_ok(test_draw_weights(&model.layer[l], 0.6, &state));
    model.layer[l].activation[0].polynomial = encoding_polynomial_sigmoid3;
  }
  model.layer[0].activation[0].max_abs = 13.0;
  model.layer[1].activation[0].max_abs = 39.0;
  model.max_abs_input = 12.0;
  compile_options_default(&options);
  options.error = 1e-4;
  assert_ok(compile_model(&plan, &model, &options));
  const plan_interface *interface = &plan.interface;
  assert_int_equal(interface->literal.log2_n, 13);
  assert_int_equal(interface->depth, 3);
  assert_true(interface->key_bytes <= 4000000);
  assert_true(interface->cost[PLAN_LATENCY].input_bytes <= 150000);
  assert_true(interface->cost[PLAN_LATENCY].output_bytes <= 40000);
  assert_true(interface->cost[PLAN_LATENCY].predicted_error <= 1e-4);
  assert_true(interface->max_abs_output >= 2 * 39.0);
  plan_clear(&plan);
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_clear_equals_model),
                                     cmocka_unit_test(test_chebyshev_equals_model),
                                     cmocka_unit_test(test_deep),
                                     cmocka_unit_test(test_bytes_round_trip),
                                     cmocka_unit_test(test_bytes_damaged),
                                     cmocka_unit_test(test_refusals),
                                     cmocka_unit_test(test_allocation_failures),
                                     cmocka_unit_test(test_reference_shape)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
