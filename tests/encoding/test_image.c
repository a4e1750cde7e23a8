/* SPDX-License-Identifier: Apache-2.0 */
/* Names of pixels, and sparse first maps, whose features the client repeats by windows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "compile/lower.h"
#include "random.h"

static void assert_shape(size_t c, size_t h, size_t w) {
  const size_t image[3] = {c, h, w};
  size_t n = c * h * w, found[3];
  char(*text)[80] = malloc(n * sizeof *text);
  char **name = calloc(n, sizeof *name); /* gcc at -O1 does not see that all are set */
  for (size_t i = 0; i < n; i++) {
    encoding_image_name(text[i], image, i);
    name[i] = text[i];
  }
  assert_true(encoding_image_shape(found, name, n));
  assert_memory_equal(found, image, sizeof image);
  /* One name changed, one missing, two exchanged: no image. */
  text[0][0] = 'z';
  assert_false(encoding_image_shape(found, name, n));
  encoding_image_name(text[0], image, 0);
  if (n > 1) {
    assert_false(h > 1 && encoding_image_shape(found, name, n - 1));
    name[0] = text[1];
    name[1] = text[0];
    assert_false(n > 2 && encoding_image_shape(found, name, n));
  }
  free(text);
  free(name);
}

static void test_names(void **state) {
  (void)state;
  assert_shape(1, 28, 28);
  assert_shape(3, 4, 5);
  assert_shape(1, 1, 3);
  char names[][32] = {"radius", "y0x0", "y99999999999999999999x1", "c0y0", "y1x1x", "y-1x0"};
  for (size_t i = 0; i < 6; i++) {
    size_t found[3];
    bool first = i == 1; /* an image of one pixel */
    char *name = names[i];
    assert_int_equal(encoding_image_shape(found, &name, 1), first);
  }
}

/* Windows of `width` neighbours, `step` apart, each in `channels` rows; then two dense rows. */
static void windows(compile_stages *stages, size_t n_in, size_t width, size_t step,
                    size_t channels) {
  size_t n_windows = (n_in - width) / step + 1, n = n_windows * channels;
  uint64_t seed = 7;
  memset(stages, 0, sizeof *stages);
  stages->n_stages = 2;
  compile_stage *one = &stages->stage[0], *two = &stages->stage[1];
  *one = (compile_stage){.n_in = n_in, .n_out = n, .kind = COMPILE_STAGE_SQUARE, .max_abs = 1.0};
  *two = (compile_stage){.n_in = n, .n_out = 2, .kind = COMPILE_STAGE_LAST, .max_abs = 1.0};
  double *first = base_alloc_array(n * n_in, sizeof(double));
  double *second = base_alloc_array(2 * n, sizeof(double));
  one->bias = base_alloc_array(n, sizeof(double));
  two->bias = base_alloc_array(2, sizeof(double));
  for (size_t row = 0; row < n; row++) {
    one->bias[row] = (double)row;
    for (size_t k = 0; k < width; k++)
      first[row * n_in + row % n_windows * step + k] =
          1.0 + (double)(test_random(&seed) % 1000) / 1000.0;
  }
  for (size_t i = 0; i < 2 * n; i++)
    second[i] = (double)(test_random(&seed) % 1000) / 500.0 - 1.0;
  assert_int_equal(network_sparse_build(&one->map, first, n, n_in), CKKS_OK);
  assert_int_equal(network_sparse_build(&two->map, second, 2, n), CKKS_OK);
  base_free(first);
  base_free(second);
}

static double product(const network_sparse *map, size_t row, const double *x) {
  double sum = 0.0;
  for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
    sum += map->value[k] * x[map->column[k]];
  return sum;
}

/* map_2 (map_1 x + bias)^2 */
static void run(double y[2], const compile_stages *stages, const double *x) {
  const compile_stage *one = &stages->stage[0], *two = &stages->stage[1];
  double square[64];
  for (size_t row = 0; row < one->n_out; row++) {
    double v = product(&one->map, row, x) + one->bias[row];
    square[row] = v * v;
  }
  for (size_t o = 0; o < 2; o++)
    y[o] = product(&two->map, o, square);
}

static void test_gather(void **state) {
  (void)state;
  compile_stages stages;
  double x[60], before[2], after[2];
  windows(&stages, 60, 6, 9, 3); /* 7 windows */
  for (size_t i = 0; i < 60; i++)
    x[i] = sin((double)i);
  run(before, &stages, x);
  assert_int_equal(compile_gather_stages(&stages), CKKS_OK);
  assert_int_equal(stages.gather.groups, 8);
  assert_int_equal(stages.gather.n, 8 * 6);
  assert_int_equal(stages.stage[0].n_out, 3 * 8);
  assert_int_equal(stages.stage[1].n_in, 3 * 8);
  run(after, &stages, x);
  for (int o = 0; o < 2; o++)
    assert_true(fabs(after[o] - before[o]) < 1e-9 * fabs(before[o]));
  /* Every weight is found once at a place of its row's group, and nothing else is. */
  compile_choice choice = {.gathered = true};
  const network_sparse *map = compile_layouts_map(&stages, &choice, 0),
                       *plain = &stages.stage[0].map;
  assert_int_equal(map->n_columns, 8 * 6);
  for (size_t row = 0; row <= stages.stage[0].n_out; row++)
    assert_int_equal(map->start[row], plain->start[row]);
  for (size_t row = 0; row < stages.stage[0].n_out; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      assert_int_equal(map->column[k] % 8, row % 8);
      assert_int_equal(stages.gather.feature[map->column[k]], plain->column[k]);
      assert_true(map->value[k] == plain->value[k]);
    }
  /* Of 32 diagonals those that are multiples of 8 are left. */
  bool used[32];
  choice.affine[0] = (compile_affine){
      .stride = 1, .inputs = 64, .rows = 32, .diagonals = 32, .n_in = 1, .n_out = 1};
  assert_int_equal(compile_layouts_inputs(&stages, &choice, 0), 64);
  assert_int_equal(compile_layouts_used(used, &stages, &choice, 0, 1, 0, 0), 4);
  for (size_t d = 0; d < 32; d++)
    assert_int_equal(used[d], d % 8 == 0);
  compile_stages_clear(&stages);
}

/* Where rows have nothing in common, or everything, nothing is changed. */
static void test_dense(void **state) {
  (void)state;
  compile_stages stages;
  windows(&stages, 16, 12, 4, 2);
  assert_int_equal(compile_gather_stages(&stages), CKKS_OK);
  assert_int_equal(stages.gather.n, 0);
  assert_int_equal(stages.stage[0].n_out, 4);
  compile_stages_clear(&stages);
  ckks_status status = CKKS_ERROR_MEMORY;
  for (long k = 1; status != CKKS_OK; k++) {
    windows(&stages, 64, 4, 4, 1);
    base_alloc_fail_at(k);
    status = compile_gather_stages(&stages);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    if (status != CKKS_OK)
      compile_stages_clear(&stages);
  }
  assert_int_equal(stages.gather.groups, 16);
  compile_stages_clear(&stages);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_gather),
                                     cmocka_unit_test(test_dense)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
