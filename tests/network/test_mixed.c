/* SPDX-License-Identifier: Apache-2.0 */
/* Layers whose units have different activations: folding, plans, and their clear reading. */
#include "base/file.h"
#include "compile/clear_checks.h"
#include "compile/compile.h"
#include "compile/stage.h"
#include "golden/plan.h"
#include "network/files.h"
#include "plan/files.h"

#include <stdio.h>

static void check_clear(const plan_plan *plan, const network_model *model, uint64_t *state) {
  double rows[16 * 8];
  test_rows(rows, 8, model, state);
  if (plan->interface.layout[PLAN_LATENCY].available)
    for (int row = 0; row < 8; row++)
      check_latency(plan, model, rows + (size_t)row * model->n_features);
  check_throughput(plan, model, rows, 8);
}

static void test_clear_equals_model(void **unused) {
  (void)unused;
  uint64_t state = 101;
  int n_latency = 0;
  for (int round = 0; round < 40; round++) {
    network_model model;
    plan_plan plan;
    compile_options options = test_options(1e-2, LOG2_N);
    options.last_on_server = round % 3 == 0;
    options.minimise = (blindsight_minimise)(round / 4 % 4);
    assert_ok(test_mixed_network(&model, (test_mix)(round % TEST_N_MIXES), &state));
    if (round % 6 != 0)
      test_calibrate(&model, &state);
    ckks_status status = compile_model(&plan, &model, &options);
    if (round % 6 == 0 && status == CKKS_ERROR_RANGE) { /* worst cases alone may be too wide */
      network_clear(&model);
      continue;
    }
    assert_ok(status);
    n_latency += plan.interface.layout[PLAN_LATENCY].available;
    check_clear(&plan, &model, &state);
    plan_clear(&plan);
    network_clear(&model);
  }
  assert_true(n_latency >= 30);
}

/* Forward and calibration by hand: each activation has its own units, and sees its own range. */
static void test_by_hand(void **unused) {
  (void)unused;
  const size_t widths[] = {2, 3};
  const double rows[] = {1, 2, -3, 0.5};
  double outputs[3];
  network_ranges seen = {.input = 0};
  network_model model;
  assert_ok(network_init(&model, widths, 1));
  network_layer *layer = &model.layer[0];
  assert_ok(network_layer_set_weights(layer, (double[]){1, 1, 0, 2, 1, -1}));
  assert_ok(network_layer_set_activations(layer, 2));
  assert_string_equal(encoding_polynomial_name(&layer->activation[1].polynomial), "identity");
  layer->activation[1].polynomial = (encoding_polynomial){.degree = 2, .coefficient = {1, 0, 2}};
  assert_null(encoding_polynomial_name(&layer->activation[1].polynomial));
  memcpy(layer->activation_of, (uint8_t[]){0, 0, 1}, 3);
  assert_ok(network_forward_ranges(&seen, outputs, rows, 1, &model));
  assert_true(outputs[0] == 3 && outputs[1] == 4 && outputs[2] == 3);
  assert_true(seen.activation[0][0] == 4 && seen.activation[0][1] == 1);
  assert_false(network_calibrate_is_done(&model));
  assert_ok(network_calibrate(&model, rows, 2));
  assert_true(layer->activation[0].max_abs == 4 && layer->activation[1].max_abs == 3.5);
  assert_true(network_calibrate_is_done(&model));
  assert_ok(network_check(&model));
  layer->activation[1].max_abs = 0.0;
  assert_false(network_calibrate_is_done(&model));
  uint8_t *kept = layer->activation_of;
  layer->activation_of = NULL;
  assert_int_equal(network_check(&model), CKKS_ERROR_FORMAT);
  assert_string_equal(ckks_last_error(), "layers[0].activation_of: missing");
  layer->activation_of = kept;
  layer->n_activations = NETWORK_MAX_ACTIVATIONS + 1;
  assert_int_equal(network_check(&model), CKKS_ERROR_FORMAT);
  assert_string_equal(ckks_last_error(), "layers[0].activation: 17 where 1 to 16 are allowed");
  layer->n_activations = 2;
  assert_ok(network_layer_set_activations(layer, 1)); /* back to one for all */
  assert_null(layer->activation_of);
  assert_ptr_equal(network_layer_activation(layer, 2), &layer->activation[0]);
  network_clear(&model);
}

/* 2 -> n -> 1 with weights of one, and these activations in turn. */
static void build_turns(network_model *model, size_t n, const network_activation *turn,
                        size_t n_turns) {
  const size_t widths[] = {2, n, 1};
  assert_ok(network_init(model, widths, 2));
  network_layer *layer = &model->layer[0];
  assert_ok(network_layer_set_activations(layer, n_turns));
  memcpy(layer->activation, turn, n_turns * sizeof *turn);
  double *weight = base_alloc_array(3 * n, sizeof *weight);
  for (size_t o = 0; o < n; o++) {
    weight[2 * o] = 1.0;
    weight[2 * o + 1] = 0.5;
    weight[2 * n + o] = 1.0 + (double)o;
    if (n_turns > 1)
      layer->activation_of[o] = (uint8_t)(o % n_turns);
  }
  assert_ok(network_layer_set_weights(layer, weight));
  assert_ok(network_layer_set_weights(&model->layer[1], weight + 2 * n));
  base_free(weight);
  model->max_abs_input = 2.0;
}

static int count_ops(const plan_program *program, plan_op_kind kind) {
  int n = 0;
  for (int i = 0; i < program->n_ops; i++)
    n += program->op[i].kind == kind;
  return n;
}

/* All cubic, all square: no polynomial is left, and depth is that of one activation. */
static void test_alike_are_folded(void **unused) {
  (void)unused;
  static const network_activation turns[2][2] = {
      {{{.degree = 3, .coefficient = {0.5, 0.197, 0.0, -0.004}}, 3.0},
       {{.degree = 3, .coefficient = {0.0, 1.0, 0.5, 0.25}}, 3.0}},
      {{{.degree = 2, .coefficient = {0.0, 0.0, 1.0}}, 3.0},
       {{.degree = 2, .coefficient = {0.5, 1.0, -0.25}}, 3.0}}};
  uint64_t state = 3;
  for (int kind = 0; kind < 2; kind++) {
    int depth[2];
    for (size_t n_turns = 1; n_turns <= 2; n_turns++) {
      network_model model;
      plan_plan plan;
      compile_stages stages;
      compile_options options = test_options(1e-3, LOG2_N);
      build_turns(&model, 4, turns[kind], n_turns);
      assert_ok(compile_stages_build(&stages, &model, false, false));
      assert_int_equal(stages.stage[0].kind,
                       kind == 0 ? COMPILE_STAGE_CUBIC : COMPILE_STAGE_SQUARE);
      assert_ok(compile_model(&plan, &model, &options));
      for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
        assert_int_equal(count_ops(&plan.program[packing], PLAN_OP_POLYNOMIAL), 0);
        assert_int_equal(count_ops(&plan.program[packing], PLAN_OP_SLOT_POLYNOMIALS), 0);
      }
      depth[n_turns - 1] = plan.interface.depth;
      check_clear(&plan, &model, &state);
      plan_clear(&plan);
      compile_stages_clear(&stages);
      network_clear(&model);
    }
    assert_int_equal(depth[0], depth[1]);
  }
}

/* Beside others a carried value's polynomial becomes v itself, whatever its range. */
static void test_carried(void **unused) {
  (void)unused;
  static const network_activation turn[] = {
      {{.degree = 1, .coefficient = {0.0, 1.0}}, 1000.0},
      {{.degree = 7, .coefficient = {0.1, 0.9, 0, -0.3, 0, 0.1, 0, -0.02}}, 1.5}};
  network_model model;
  plan_plan plan;
  compile_stages stages;
  uint64_t state = 4;
  compile_options options = test_options(1e-3, LOG2_N);
  build_turns(&model, 5, turn, 2);
  assert_ok(compile_stages_build(&stages, &model, false, false));
  const compile_stage *stage = &stages.stage[0];
  assert_int_equal(stage->kind, COMPILE_STAGE_GENERAL);
  assert_int_equal(compile_stage_degree(stage), 7);
  assert_true(stage->max_abs == 1.0);
  assert_true(stage->polynomial[0].coefficient[0] == 0.0);
  assert_true(stage->polynomial[0].coefficient[1] == 1.0);
  assert_true(encoding_polynomial_max(&stage->polynomial[1], 1.0) <= 1.0 + 1e-12);
  assert_true(fabs(stages.stage[1].map.value[0] - 1000.0) < 1e-9);
  assert_ok(compile_model(&plan, &model, &options));
  assert_int_equal(plan.interface.depth, 1 + 3 + 1);
  assert_int_equal(count_ops(&plan.program[PLAN_LATENCY], PLAN_OP_SLOT_POLYNOMIALS), 1);
  /* Throughput packing: a polynomial for each register, of its own degree, on one level. */
  const plan_program *program = &plan.program[PLAN_THROUGHPUT];
  int n_flat = 0;
  for (int i = 0; i < program->n_ops; i++)
    if (program->op[i].kind == PLAN_OP_POLYNOMIAL) {
      assert_int_equal(program->op[i].level, 1);
      n_flat += plan_degree(&plan, &program->op[i]) == 1;
    }
  assert_int_equal(count_ops(program, PLAN_OP_POLYNOMIAL), 5);
  assert_int_equal(n_flat, 3);
  check_clear(&plan, &model, &state);
  plan_clear(&plan);
  compile_stages_clear(&stages);
  network_clear(&model);
}

/* Lines of several slopes are part of the maps around them. */
static void test_lines_are_absorbed(void **unused) {
  (void)unused;
  static const network_activation turn[] = {{{.degree = 1, .coefficient = {0.0, 1.0}}, 0.0},
                                            {{.degree = 1, .coefficient = {0.5, -2.0}}, 0.0},
                                            {{.degree = 1, .coefficient = {3.0, 1e-3}}, 0.0}};
  network_model model;
  compile_stages stages;
  build_turns(&model, 6, turn, 3);
  assert_ok(compile_stages_build(&stages, &model, false, false));
  assert_int_equal(stages.n_stages, 1);
  double x[] = {0.25, -1.5}, wanted;
  network_forward_rows(&wanted, x, 1, &model);
  const compile_stage *stage = &stages.stage[0];
  assert_near(stage->map.value[0] * x[0] + stage->map.value[1] * x[1] + stage->bias[0], wanted,
              1e-12);
  compile_stages_clear(&stages);
  network_clear(&model);
}

/* Outputs that differ are the server's, and the client gets them as they are. */
static void test_last_layer(void **unused) {
  (void)unused;
  uint64_t state = 6;
  network_model model;
  plan_plan plan;
  compile_options options = test_options(1e-3, LOG2_N);
  const size_t widths[] = {3, 4};
  assert_ok(network_init(&model, widths, 1));
  assert_ok(network_layer_set_activations(&model.layer[0], 3));
  model.layer[0].activation[1].polynomial =
      (encoding_polynomial){.degree = 2, .coefficient = {0.0, 0.5, -0.25}};
  model.layer[0].activation[2].polynomial = encoding_polynomial_sigmoid3;
  memcpy(model.layer[0].activation_of, (uint8_t[]){2, 0, 1, 0}, 4);
  assert_ok(test_draw_weights(&model.layer[0], 1.0, &state));
  test_calibrate(&model, &state);
  assert_ok(compile_model(&plan, &model, &options));
  assert_int_equal(plan.interface.last.degree, 1);
  assert_true(plan.interface.last.coefficient[1] == 1.0);
  assert_int_equal(plan.interface.depth, 1 + 2);
  check_clear(&plan, &model, &state);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_bytes(void **unused) {
  (void)unused;
  uint64_t state = 17;
  for (int round = 0; round < 8; round++) {
    network_model model;
    plan_plan plan, copy;
    compile_options options = test_options(1e-2, LOG2_N);
    assert_ok(test_mixed_network(&model, TEST_CARRIED, &state));
    test_calibrate(&model, &state);
    assert_ok(compile_model(&plan, &model, &options));
    read_back(&copy, &plan);
    plan_clear(&copy);
    plan_clear(&plan);
    network_clear(&model);
  }
}

/* What a plan's file may not say of such an operation. */
static void test_plan_check(void **unused) {
  (void)unused;
  static const network_activation turn[] = {
      {{.degree = 1, .coefficient = {0.0, 1.0}}, 2.0},
      {{.degree = 3, .coefficient = {0.5, 0.25, 0, -0.05}}, 2.0}};
  network_model model;
  plan_plan plan;
  compile_options options = test_options(1e-3, LOG2_N);
  build_turns(&model, 4, turn, 2);
  assert_ok(compile_model(&plan, &model, &options));
  assert_ok(plan_check(&plan));
  plan_op *op = plan.program[PLAN_LATENCY].op;
  while (op->kind != PLAN_OP_SLOT_POLYNOMIALS)
    op++;
  assert_int_equal(op->n_terms, 3); /* constant, slope, cube */
  const struct {
    int32_t term[3];
    int n_terms, index;
    const char *message;
  } bad[] = {{{0, 1, 3}, 0, op->index, "a vector that is not there"},
             {{0, 1, 3}, 3, plan.n_vectors - 2, "a vector that is not there"},
             {{0, 1, 3}, 3, -1, "a vector that is not there"},
             {{0, 1, 1}, 3, op->index, "powers out of range or out of order"},
             {{-1, 1, 3}, 3, op->index, "powers out of range or out of order"},
             {{0, 1, ENCODING_MAX_DEGREE + 1}, 3, op->index, "powers out of range or out of order"},
             {{0, 1, 3}, 2, op->index, "polynomials of too low a degree"},
             {{0, 1, 4}, 3, op->index, "not as high as its polynomial is deep"}};
  plan_op good = *op;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int32_t term[3];
    memcpy(term, bad[i].term, sizeof term);
    *op = good;
    op->term = term;
    op->n_terms = bad[i].n_terms;
    op->index = bad[i].index;
    assert_int_equal(plan_check(&plan), CKKS_ERROR_FORMAT);
    if (strstr(ckks_last_error(), bad[i].message) == NULL)
      fail_msg("%s", ckks_last_error());
  }
  *op = good;
  assert_ok(plan_check(&plan));
  plan_clear(&plan);
  network_clear(&model);
}

static void load(uint8_t **bytes, size_t *n_bytes, const char *name) {
  char path[128];
  snprintf(path, sizeof path, "tests/golden/%s", name);
  assert_ok(base_file_read(bytes, n_bytes, path, (size_t)1 << 24));
}

/* Committed files still mean what they meant, and are written back as they are. */
static void test_golden(void **unused) {
  (void)unused;
  uint8_t *bytes, *again;
  size_t n_bytes, n_again;
  uint64_t state = 29;
  network_model model, wanted;
  plan_plan plan;
  assert_ok(golden_mixed_model(&wanted));
  load(&bytes, &n_bytes, "mixed.model");
  assert_ok(network_files_parse(&model, bytes, n_bytes, "mixed.model"));
  assert_true(test_same_model(&model, &wanted));
  assert_ok(network_files_bytes(&again, &n_again, &model));
  assert_int_equal(n_again, n_bytes);
  assert_memory_equal(again, bytes, n_bytes);
  base_free(again);
  base_free(bytes);
  load(&bytes, &n_bytes, "mixed.server");
  assert_ok(plan_files_server_parse(&plan, bytes, n_bytes, "mixed.server"));
  assert_int_equal(count_ops(&plan.program[PLAN_LATENCY], PLAN_OP_SLOT_POLYNOMIALS), 1);
  check_clear(&plan, &wanted, &state);
  assert_ok(plan_files_server_bytes(&again, &n_again, &plan));
  assert_int_equal(n_again, n_bytes);
  assert_memory_equal(again, bytes, n_bytes);
  base_free(again);
  base_free(bytes);
  plan_clear(&plan);
  network_clear(&model);
  network_clear(&wanted);
  load(&bytes, &n_bytes, "bad_model_units.bin");
  assert_int_equal(network_files_parse(&model, bytes, n_bytes, "m"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "layers[0].activation_of[5]: 3 where there are 3"));
  base_free(bytes);
  load(&bytes, &n_bytes, "bad_server_powers.bin");
  assert_int_equal(plan_files_server_parse(&plan, bytes, n_bytes, "s"), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "powers out of range or out of order"));
  base_free(bytes);
}

static void test_allocation_failures(void **unused) {
  (void)unused;
  uint64_t state = 23;
  network_model model;
  compile_options options = test_options(1e-2, LOG2_N);
  do {
    assert_ok(test_mixed_network(&model, TEST_CARRIED, &state));
    test_calibrate(&model, &state);
  } while (model.n_layers != 2 && (network_clear(&model), true));
  for (long k = 1;; k += 1 + k / 40) {
    plan_plan plan;
    base_alloc_fail_at(k);
    ckks_status status = compile_model(&plan, &model, &options);
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      plan_clear(&plan);
      break;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand),
                                     cmocka_unit_test(test_clear_equals_model),
                                     cmocka_unit_test(test_alike_are_folded),
                                     cmocka_unit_test(test_carried),
                                     cmocka_unit_test(test_lines_are_absorbed),
                                     cmocka_unit_test(test_last_layer),
                                     cmocka_unit_test(test_bytes),
                                     cmocka_unit_test(test_plan_check),
                                     cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_allocation_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
