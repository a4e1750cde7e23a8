/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings of rows: by hand, there and back, damaged, and without memory. */
#include "encoding/encoding.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"

static double *edges(size_t n, const double *from) {
  double *edge = base_alloc_array(n, sizeof *edge);
  memcpy(edge, from, n * sizeof *edge);
  return edge;
}

/* age: scaled; dose: bins and missing; colour: categories and missing; one that nobody asks for. */
static void make(encoding_input *input) {
  static const char *const colours[] = {"red", "green"};
  assert_int_equal(encoding_input_init(input, 4), CKKS_OK);
  input->feature[1] = (encoding_feature){.kind = ENCODING_BINS,
                                         .missing = true,
                                         .n_values = 3,
                                         .edge = edges(3, (double[]){-1, 0.5, 2})};
  input->feature[2] = (encoding_feature){.kind = ENCODING_CATEGORIES, .missing = true};
  input->feature[2].category = base_alloc_array(2, sizeof(char *));
  input->feature[2].n_values = 2;
  for (size_t k = 0; k < 2; k++)
    assert_int_equal(encoding_names_set(&input->feature[2].category[k], colours[k]), CKKS_OK);
  input->feature[3].kind = ENCODING_BINS;
  assert_int_equal(encoding_input_finish(input), CKKS_OK);
  assert_int_equal(input->n_inputs, 1 + 4 + 3 + 0);
}

static void expect_row(const encoding_input *input, const double row[4], const double wanted[8]) {
  static const double mean[4] = {40, 0, 0, 0}, deviation[4] = {10, 1, 1, 1};
  double have[8];
  encoding_input_apply(have, row, mean, deviation, input);
  for (size_t i = 0; i < 8; i++)
    if (have[i] != wanted[i])
      fail_msg("input %zu: %g where %g is right", i, have[i], wanted[i]);
}

static void test_rows(void **state) {
  (void)state;
  encoding_input input;
  make(&input);
  const double nan_value = (double)NAN, huge = (double)INFINITY;
  expect_row(&input, (double[]){60, 0.5, 1, 7}, (double[]){2, 1, 0, 0, 0, 0, 1, 0});
  expect_row(&input, (double[]){40, 0.6, 0, 7}, (double[]){0, 1, 1, 0, 0, 1, 0, 0});
  expect_row(&input, (double[]){30, -1, 2, 7}, (double[]){-1, 0, 0, 0, 0, 0, 0, 0});
  expect_row(&input, (double[]){nan_value, nan_value, nan_value, nan_value},
             (double[]){0, 0, 0, 0, 1, 0, 0, 1});
  expect_row(&input, (double[]){40, huge, -1, 7}, (double[]){0, 1, 1, 1, 0, 0, 0, 0});
  assert_true(encoding_input_category(&input.feature[2], "green") == 1.0);
  assert_true(isnan(encoding_input_category(&input.feature[2], "blue")));
  encoding_input_clear(&input);
}

static void test_names(void **state) {
  (void)state;
  static char age[] = "age", dose[] = "dose", colour[] = "colour", unused[] = "unused";
  static char *const names[] = {age, dose, colour, unused};
  static const char *const wanted[] = {
      "age",           "dose > -1",       "dose > 0.5",       "dose > 2", "dose is missing",
      "colour is red", "colour is green", "colour is missing"};
  encoding_input input;
  char text[64];
  make(&input);
  for (size_t i = 0; i < 8; i++) {
    encoding_input_name(text, sizeof text, i, names, &input);
    assert_string_equal(text, wanted[i]);
  }
  encoding_input_clear(&input);
}

/* What is accepted is written back byte for byte; every shorter text is refused. */
static void test_bytes(void **state) {
  (void)state;
  encoding_input input, back, copy;
  base_buffer first, second;
  base_reader reader;
  make(&input);
  assert_int_equal(encoding_input_copy(&copy, &input), CKKS_OK);
  base_buffer_init(&first, 4096);
  base_buffer_init(&second, 4096);
  encoding_input_write(&first, &copy);
  encoding_input_clear(&copy);
  for (size_t n = 0; n <= first.n_bytes; n++) {
    base_reader_init(&reader, first.bytes, n);
    ckks_status status = encoding_input_read(&back, &reader, 4);
    assert_int_equal(status, n < first.n_bytes ? CKKS_ERROR_FORMAT : CKKS_OK);
    if (status != CKKS_OK)
      assert_null(back.feature);
  }
  encoding_input_write(&second, &back);
  assert_int_equal(second.n_bytes, first.n_bytes);
  assert_memory_equal(second.bytes, first.bytes, first.n_bytes);
  encoding_input_clear(&back);
  /* Any byte changed: read and written back as it is, or refused. */
  for (size_t at = 0; at < first.n_bytes; at++) {
    first.bytes[at] ^= 0x81;
    base_reader_init(&reader, first.bytes, first.n_bytes);
    if (encoding_input_read(&back, &reader, 4) == CKKS_OK && base_reader_left(&reader) == 0) {
      base_buffer again;
      base_buffer_init(&again, 4096);
      encoding_input_write(&again, &back);
      assert_int_equal(again.n_bytes, first.n_bytes);
      assert_memory_equal(again.bytes, first.bytes, first.n_bytes);
      base_buffer_clear(&again);
    }
    encoding_input_clear(&back);
    first.bytes[at] ^= 0x81;
  }
  base_reader_init(&reader, first.bytes, first.n_bytes);
  assert_int_equal(encoding_input_read(&back, &reader, 3), CKKS_ERROR_FORMAT);
  base_buffer_clear(&first);
  base_buffer_clear(&second);
  encoding_input_clear(&input);
}

static void test_refused(void **state) {
  (void)state;
  encoding_input input;
  make(&input);
  input.feature[1].edge[2] = 0.5;
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "encoding[1].edges[2]"));
  input.feature[1].edge[2] = (double)NAN;
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  input.feature[1].edge[2] = (double)INFINITY;
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "encoding[1].edges[2]: not a finite number"));
  input.feature[1].edge[2] = 2.0;
  assert_int_equal(encoding_names_set(&input.feature[2].category[1], "red"), CKKS_OK);
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "\"red\" occurs twice"));
  encoding_input_clear(&input);
}

static void test_limits(void **state) {
  (void)state;
  encoding_input input;
  assert_int_equal(encoding_input_init(&input, ENCODING_MAX_INPUTS + 1), CKKS_OK);
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "more than 65536 inputs in all"));
  input.n_features = ENCODING_MAX_INPUTS;
  assert_int_equal(encoding_input_finish(&input), CKKS_OK);
  encoding_input_clear(&input);
  size_t n = ENCODING_MAX_VALUES + 1;
  double *edge = base_alloc_array(n, sizeof *edge);
  for (size_t k = 0; k < n; k++)
    edge[k] = (double)k;
  assert_int_equal(encoding_input_init(&input, 1), CKKS_OK);
  input.feature[0] = (encoding_feature){.kind = ENCODING_BINS, .n_values = n, .edge = edge};
  assert_int_equal(encoding_input_finish(&input), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "encoding[0]: 16385 values where 16384 are allowed"));
  input.feature[0].n_values--;
  assert_int_equal(encoding_input_finish(&input), CKKS_OK);
  encoding_input_clear(&input);
}

/* One feature: u8 kind, u8 missing, u32 values, and what follows of them. */
static void refuse_bytes(unsigned kind, unsigned missing, uint32_t n_values, long n_allocations) {
  encoding_input input;
  base_buffer bytes;
  base_reader reader;
  base_buffer_init(&bytes, 64);
  base_buffer_u32(&bytes, 1);
  base_buffer_u8(&bytes, (uint8_t)kind);
  base_buffer_u8(&bytes, (uint8_t)missing);
  base_buffer_u32(&bytes, n_values);
  base_buffer_f64(&bytes, 1.0);
  base_reader_init(&reader, bytes.bytes, bytes.n_bytes);
  base_alloc_fail_at(n_allocations + 1);
  assert_int_equal(encoding_input_read(&input, &reader, 1), CKKS_ERROR_FORMAT);
  base_alloc_fail_at(0);
  base_buffer_clear(&bytes);
}

/* Nothing is scaled and missing, or scaled in values; memory is taken for what is there alone. */
static void test_hostile_bytes(void **state) {
  (void)state;
  refuse_bytes(ENCODING_SCALE, 1, 0, 1);
  refuse_bytes(ENCODING_SCALE, 0, 1, 1);
  refuse_bytes(ENCODING_BINS, 2, 1, 1);
  refuse_bytes(ENCODING_BINS, 0, 2, 1);
  refuse_bytes(ENCODING_BINS, 0, ENCODING_MAX_VALUES, 1);
  refuse_bytes(ENCODING_CATEGORIES, 0, 9, 1);
  refuse_bytes(ENCODING_N_INPUT_KINDS, 0, 1, 1);
}

static void test_memory(void **state) {
  (void)state;
  encoding_input input, copy;
  make(&input);
  for (size_t k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = encoding_input_copy(&copy, &input);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(copy.feature);
  }
  encoding_input_clear(&copy);
  encoding_input_clear(&input);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rows),   cmocka_unit_test(test_names),
      cmocka_unit_test(test_bytes),  cmocka_unit_test(test_refused),
      cmocka_unit_test(test_limits), cmocka_unit_test(test_hostile_bytes),
      cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
