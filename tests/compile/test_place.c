/* SPDX-License-Identifier: Apache-2.0 */
/* Places of hidden images: right whatever they are, and few diagonals where they are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile/compile.h"
#include "compile/convnets.h"
#include "compile/lower.h"
#include "compile/placing.h"
#include "plan/reading.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static void build(network_model *model, const size_t image[3], const test_convolution *c, size_t n,
                  uint64_t *state) {
  assert_ok(test_convnet(model, image, c, n, 3, state));
  double *rows = base_alloc_array(16 * model->n_features, sizeof *rows);
  test_images(rows, 16, model, state);
  assert_ok(network_calibrate(model, rows, 16));
  base_free(rows);
}

/* The compiled program in clear, every slot of it, against the model; returns its registers. */
static int check_program(const network_model *model, int log2_n, uint64_t *state, size_t *n_keys) {
  size_t slots = (size_t)1 << (log2_n - 1), n = model->n_features;
  double *row = base_alloc_array(n, sizeof *row), *scaled = base_alloc_array(n, sizeof *row);
  double *input = base_alloc_array(slots, sizeof *row), wanted[3];
  double *output = base_alloc_array(slots, sizeof *row);
  plan_plan plan;
  compile_options options = test_options(1e-3, log2_n);
  options.throughput = false;
  assert_ok(compile_model(&plan, model, &options));
  test_images(row, 1, model, state);
  plan_pack_scale(scaled, row, &plan.interface);
  plan_pack_row(input, slots, scaled, &plan.interface);
  assert_ok(plan_reading_run(&output, (const double *const[]){input}, &plan.program[PLAN_LATENCY],
                             plan.vector, slots, NULL));
  network_forward_rows(wanted, row, 1, model);
  for (size_t j = 0; j < slots; j++) {
    size_t k = j % plan.interface.layout[PLAN_LATENCY].period;
    double expected = k < 3 ? wanted[k] : 0.0;
    assert_true(fabs(output[j] - expected) < 1e-9 * fmax(1.0, fabs(wanted[0])));
  }
  int n_registers = plan.program[PLAN_LATENCY].n_registers;
  *n_keys = plan.interface.n_keys;
  plan_clear(&plan);
  base_free(row);
  base_free(scaled);
  base_free(input);
  base_free(output);
  return n_registers;
}

static void test_random_networks(void **unused) {
  (void)unused;
  uint64_t state = 21;
  int wide = 0;
  for (int round = 0; round < 30; round++) {
    network_model model;
    size_t image[3] = {test_between(&state, 1, 3), test_between(&state, 6, 9),
                       test_between(&state, 6, 9)};
    size_t n = test_between(&state, 1, 3), n_keys;
    test_convolution c[3];
    for (size_t l = 0, size = 6; l < n; l++) {
      c[l] = (test_convolution){.pool = l == 1 ? test_between(&state, 1, 2) : 1,
                                .channels = test_between(&state, 2, 12),
                                .kernel = test_between(&state, 1, l == 0 ? 3 : 2),
                                .stride = test_between(&state, 1, l == 0 ? 2 : 1),
                                .pad = l == 0 ? test_between(&state, 0, 1) : 0};
      size = test_conv_size(size, &c[l]);
      n = size < 4 ? l + 1 : n; /* too small for another pooling and convolution */
    }
    build(&model, image, c, n, &state);
    if (round % 5 == 0) /* what is said of images may be wrong: the result may not */
      memcpy(model.layer[0].image, (size_t[]){1, model.layer[0].n_out, 1}, 3 * sizeof(size_t));
    wide += check_program(&model, 10, &state, &n_keys) > 3;
    network_clear(&model);
  }
  assert_true(wide >= 3); /* of several ciphertexts a vector */
}

static size_t count_diagonals(const network_sparse *map, size_t modulus) {
  bool *used = base_alloc_array(modulus, sizeof *used);
  size_t n = 0;
  for (size_t row = 0; row < map->n_rows; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      size_t d = (map->column[k] + modulus - row % modulus) % modulus;
      n += !used[d];
      used[d] = true;
    }
  base_free(used);
  return n;
}

/* 8 x 8, "same" 3 x 3 to 4 channels, pooled by 2, 2 x 2 to 4: all of it stays on 64 pixels. */
static void test_frame(void **unused) {
  (void)unused;
  uint64_t state = 22;
  const test_convolution c[] = {{1, 4, 3, 1, 1}, {2, 4, 2, 1, 0}};
  network_model model;
  compile_stages stages, placed;
  build(&model, (size_t[]){1, 8, 8}, c, 2, &state);
  assert_ok(compile_stages_build(&stages, &model, false, false));
  stages.gather.n = 0;
  assert_ok(compile_placing_build(&placed, &stages, &model, true));
  assert_true(placed.plain == &stages);
  if (placed.gather.n == 0) {
    assert_int_equal(placed.stage[0].n_out, 4 * 64);
    assert_int_equal(count_diagonals(&placed.stage[0].map, 64), 9);
  }
  assert_int_equal(placed.stage[1].n_in, 4 * 64);
  assert_int_equal(placed.stage[1].n_out, 4 * 64);
  /* The pooling is out of the map: four taps for each pair of channels are left of sixteen. */
  assert_int_equal(placed.stage[1].n_windows, 2);
  assert_int_equal(placed.stage[1].window[0].step, 8);
  assert_int_equal(placed.stage[1].window[1].step, 1);
  assert_int_equal(placed.stage[1].window[0].count, 2);
  assert_int_equal(count_diagonals(&placed.stage[1].map, 256), 4 * 4);
  assert_int_equal(count_diagonals(&stages.stage[1].map, 64) > 32, true);
  /* Empty places are left out of what throughput packing takes. */
  assert_int_equal(stages.stage[1].n_out, 4 * 3 * 3);
  compile_stages_clear(&placed);
  compile_stages_clear(&stages);
  network_clear(&model);
}

/* Three channels: the client pads each to a power of two, and 27 taps stay 27 diagonals. */
static void test_channels(void **unused) {
  (void)unused;
  uint64_t state = 23;
  const test_convolution c[] = {{1, 4, 3, 1, 1}};
  network_model model;
  compile_stages stages, placed;
  build(&model, (size_t[]){3, 12, 12}, c, 1, &state);
  assert_ok(compile_stages_build(&stages, &model, false, false));
  assert_ok(compile_placing_build(&placed, &stages, &model, true));
  assert_true(placed.gather.n > 0);
  size_t n_keys = 0;
  assert_int_equal(check_program(&model, 12, &state, &n_keys), 3);
  assert_true(n_keys < 40);
  compile_stages_clear(&placed);
  compile_stages_clear(&stages);
  network_clear(&model);
}

/* Repeated pixels that have no room: 64 windows of 16 taps in 512 slots. The frame has. */
static void test_no_room(void **unused) {
  (void)unused;
  uint64_t state = 26;
  const test_convolution c[] = {{1, 4, 4, 2, 1}};
  network_model model;
  size_t n_keys = 0;
  build(&model, (size_t[]){1, 16, 16}, c, 1, &state);
  check_program(&model, 10, &state, &n_keys);
  print_message("keys %zu\n", n_keys);
  assert_true(n_keys < 24);
  network_clear(&model);
}

/* More places than slots: a layer of 6 x 256 in ciphertexts of 512 slots. */
static void test_several_ciphertexts(void **unused) {
  (void)unused;
  uint64_t state = 24;
  const test_convolution c[] = {{1, 6, 3, 1, 1}, {1, 5, 3, 1, 0}};
  network_model model;
  size_t n_keys;
  build(&model, (size_t[]){1, 16, 16}, c, 2, &state);
  assert_true(check_program(&model, 10, &state, &n_keys) >= 3 * 4);
  assert_int_equal(check_program(&model, 13, &state, &n_keys), 3);
  network_clear(&model);
}

static void test_memory(void **unused) {
  (void)unused;
  uint64_t state = 25;
  const test_convolution c[] = {{1, 2, 3, 1, 1}, {2, 3, 2, 1, 0}};
  network_model model;
  compile_stages stages, placed;
  build(&model, (size_t[]){3, 6, 6}, c, 2, &state);
  assert_ok(compile_stages_build(&stages, &model, false, false));
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status != CKKS_OK; k++) {
    base_alloc_fail_at(k);
    status = compile_placing_build(&placed, &stages, &model, true);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_true(k < 1000);
  }
  compile_stages_clear(&placed);
  compile_stages_clear(&stages);
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_networks), cmocka_unit_test(test_frame),
      cmocka_unit_test(test_channels),        cmocka_unit_test(test_several_ciphertexts),
      cmocka_unit_test(test_no_room),         cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
