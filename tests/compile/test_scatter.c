/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps that read a few inputs here and there, as copies to blocks and reads within them: the same
 * sums, few diagonals, and no change where it is not worth it or cannot be.
 */
#include "compile/scatter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/compile.h"
#include "compile/placing.h"
#include "network/models.h"
#include "network/network.h"
#include "random.h"

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", base_last_error());
}

/* Trees of depth 3: `n` of them, each leaf reads the three bits above it. */
static void make(network_model *model, size_t n, size_t n_bits, uint64_t seed) {
  uint64_t random = seed;
  double *dense = calloc(8 * n * n_bits, sizeof *dense), *values = calloc(16 * n, sizeof *values);
  assert_ok(network_init(model, (size_t[]){n_bits, 8 * n, 2}, 2));
  for (size_t t = 0; t < n; t++) {
    size_t node[8];
    for (size_t k = 1; k < 8; k++)
      node[k] = (size_t)(test_random(&random) % n_bits);
    for (size_t leaf = 0; leaf < 8; leaf++)
      for (size_t at = 1, level = 0; level < 3; level++) {
        size_t right = leaf >> (2 - level) & 1;
        dense[(8 * t + leaf) * n_bits + node[at]] += right ? 1.0 : -1.0;
        at = 2 * at + right;
      }
  }
  for (size_t i = 0; i < 16 * n; i++)
    values[i] = (double)(test_random(&random) % 2001) / 1000.0 - 1.0;
  assert_ok(network_layer_set_weights(&model->layer[0], dense));
  assert_ok(network_layer_set_weights(&model->layer[1], values));
  for (size_t o = 0; o < 8 * n; o++)
    model->layer[0].bias[o] = 0.25;
  model->layer[0].activation[0].polynomial =
      (encoding_polynomial){.degree = 3, .coefficient = {0.0, 2.0, -3.0, 1.0}};
  model->layer[0].activation[0].max_abs = 4.0;
  model->layer[1].activation[0].max_abs = 100.0;
  model->max_abs_input = 1.0;
  assert_ok(encoding_input_init(&model->input, n_bits)); /* whose windows nobody is told */
  free(dense);
  free(values);
}

/* v = map x + bias of a stage. */
static double *apply(const compile_stage *stage, const network_sparse *map, const double *x) {
  double *v = calloc(stage->n_out, sizeof *v);
  for (size_t row = 0; row < map->n_rows; row++)
    v[row] = test_dot(map, row, x) + stage->bias[row];
  return v;
}

/* Differences of column and row modulo n that any weight has. */
static size_t count_diagonals(const network_sparse *map) {
  size_t n = map->n_columns < map->n_rows ? map->n_columns : map->n_rows, count = 0;
  bool *used = calloc(n, sizeof *used);
  for (size_t row = 0; row < map->n_rows; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
      used[(map->column[k] + n - row % n) % n] = true;
  for (size_t d = 0; d < n; d++)
    count += used[d];
  free(used);
  return count;
}

static void assert_ascending(const network_sparse *map) {
  for (size_t row = 0; row < map->n_rows; row++)
    for (size_t k = map->start[row]; k + 1 < map->start[row + 1]; k++)
      assert_true(map->column[k] < map->column[k + 1]);
}

static void check(size_t n_trees, size_t n_bits, uint64_t seed) {
  network_model model;
  compile_stages plain, placed;
  uint64_t random = seed + 1;
  make(&model, n_trees, n_bits, seed);
  assert_ok(compile_stages_build(&plain, &model, true, false));
  plain.reach = (compile_reach){.input = 1.5, .stage = {2.5, 3.5}}; /* as of some box */
  assert_ok(compile_placing_build(&placed, &plain, &model, true));
  if (placed.n_stages != plain.n_stages + 1)
    fail_msg("%zu trees over %zu bits were left alone", n_trees, n_bits);
  assert_true(placed.gather.groups > 1);
  assert_true(placed.stage[0].range[0] == plain.max_abs_input);
  assert_true(placed.reach.input == 1.5 && placed.reach.stage[0] == 1.5);
  assert_true(placed.reach.stage[1] == 2.5 && placed.reach.stage[2] == 3.5);
  assert_ascending(&placed.stage[1].map);
  /* Every input has one home. */
  size_t *homes = calloc(n_bits, sizeof *homes);
  double *x = calloc(n_bits, sizeof *x), *home = calloc(placed.gather.n, sizeof *home);
  for (size_t i = 0; i < n_bits; i++)
    x[i] = (double)(test_random(&random) % 2);
  for (size_t i = 0; i < placed.gather.n; i++)
    if (placed.gather.feature[i] != PLAN_NO_FEATURE) {
      homes[placed.gather.feature[i]]++;
      home[i] = x[placed.gather.feature[i]];
    }
  for (size_t i = 0; i < n_bits; i++)
    assert_int_equal(homes[i], 1);
  double *wanted = apply(&plain.stage[0], &plain.stage[0].map, x);
  double *copies = apply(&placed.stage[0], &placed.gather.map, home);
  double *direct = apply(&placed.stage[0], &placed.stage[0].map, x);
  assert_memory_equal(copies, direct, placed.stage[0].n_out * sizeof *copies);
  double *have = apply(&placed.stage[1], &placed.stage[1].map, copies);
  /* Units have moved: by what the next map makes of them, whatever the polynomial. */
  double *end_wanted = apply(&plain.stage[1], &plain.stage[1].map, wanted);
  double *end_have = apply(&placed.stage[2], &placed.stage[2].map, have);
  for (size_t k = 0; k < 2; k++)
    assert_true(fabs(end_have[k] - end_wanted[k]) < 1e-9 * (1.0 + fabs(end_wanted[k])));
  size_t before = count_diagonals(&plain.stage[0].map);
  size_t after = count_diagonals(&placed.gather.map) + count_diagonals(&placed.stage[1].map);
  assert_true(4 * after < before);
  free(homes);
  free(x);
  free(home);
  free(wanted);
  free(copies);
  free(direct);
  free(have);
  free(end_wanted);
  free(end_have);
  compile_stages_clear(&placed);
  compile_stages_clear(&plain);
  network_clear(&model);
}

static void test_trees(void **state) {
  (void)state;
  check(60, 500, 1);
  check(100, 1890, 2);
  check(200, 900, 3);
}

/* A small map stays one map, and one of few inputs. */
static void test_left_alone(void **state) {
  (void)state;
  static const size_t shapes[][2] = {{4, 500}, {40, 12}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    network_model model;
    compile_stages plain, placed;
    make(&model, shapes[i][0], shapes[i][1], 9);
    assert_ok(compile_stages_build(&plain, &model, true, false));
    assert_ok(compile_placing_build(&placed, &plain, &model, true));
    assert_int_equal(placed.n_stages, plain.n_stages);
    compile_stages_clear(&placed);
    compile_stages_clear(&plain);
    network_clear(&model);
  }
}

/* A batch needs no copies: it begins a level below the row that does, and sums fit their registers.
 */
static void test_batch(void **state) {
  (void)state;
  network_model model;
  plan_plan plan;
  compile_options options;
  compile_options_default(&options);
  options.error = 1e-2;
  make(&model, 100, 1890, 2);
  assert_ok(compile_model(&plan, &model, &options));
  const plan_layout *layout = plan.interface.layout;
  const plan_program *batch = &plan.program[PLAN_THROUGHPUT];
  assert_true(layout[PLAN_LATENCY].available && layout[PLAN_THROUGHPUT].available);
  assert_int_equal(layout[PLAN_THROUGHPUT].input_level, layout[PLAN_LATENCY].input_level - 1);
  assert_int_equal(batch->op[0].kind, PLAN_OP_DENSE);
  assert_int_equal(batch->op[0].level, layout[PLAN_THROUGHPUT].input_level - 1);
  plan_clear(&plan);
  network_clear(&model);
}

static void test_memory(void **state) {
  (void)state;
  network_model model;
  compile_stages plain, placed;
  make(&model, 20, 200, 4);
  assert_ok(compile_stages_build(&plain, &model, true, false));
  for (size_t k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = compile_placing_build(&placed, &plain, &model, true);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  compile_stages_clear(&placed);
  compile_stages_clear(&plain);
  network_clear(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_trees),
                                     cmocka_unit_test(test_left_alone),
                                     cmocka_unit_test(test_batch), cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
