/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/bytes.h"
#include "network/models.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef ckks_status model_build(network_model *model, uint64_t seed);

static void write_built(base_buffer *buffer, model_build *build, uint64_t seed) {
  network_model model;
  assert_int_equal(build(&model, seed), CKKS_OK);
  base_buffer_init(buffer, 1 << 20);
  network_bytes_write(buffer, &model);
  assert_int_equal(base_buffer_status(buffer), CKKS_OK);
  network_clear(&model);
}

static void write_example(base_buffer *buffer, uint64_t seed) {
  write_built(buffer, test_model_build, seed);
}

static void write_mixed(base_buffer *buffer, uint64_t seed) {
  write_built(buffer, test_model_build_mixed, seed);
}

static ckks_status read_from(network_model *model, const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  base_reader_init(&reader, bytes, n_bytes);
  ckks_status status = network_bytes_read(model, &reader);
  if (status == CKKS_OK)
    assert_int_equal(base_reader_left(&reader), 0);
  else
    assert_null(model->layer);
  return status;
}

static void check_read_back(model_build *build) {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    base_buffer buffer, again;
    network_model model, read;
    write_built(&buffer, build, seed);
    assert_int_equal(build(&model, seed), CKKS_OK);
    assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes), CKKS_OK);
    assert_true(test_same_model(&model, &read));
    base_buffer_init(&again, 1 << 20);
    network_bytes_write(&again, &read);
    assert_int_equal(again.n_bytes, buffer.n_bytes);
    assert_memory_equal(again.bytes, buffer.bytes, buffer.n_bytes);
    network_clear(&model);
    network_clear(&read);
    base_buffer_clear(&buffer);
    base_buffer_clear(&again);
  }
}

static void what_is_written_is_read(void **state) {
  (void)state;
  check_read_back(test_model_build);
}

static void several_activations_are_read(void **state) {
  (void)state;
  check_read_back(test_model_build_mixed);
}

/* Where in the bytes of a mixed model the list of activations begins: behind the last label. */
static size_t list_of(const base_buffer *buffer) {
  static const uint8_t list[] = {0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0};
  for (size_t at = 0; at + sizeof list <= buffer->n_bytes; at++)
    if (memcmp(buffer->bytes + at, list, sizeof list) == 0)
      return at;
  fail();
  return 0;
}

static void refuse_mixed(size_t behind, uint8_t value, const char *words) {
  base_buffer buffer;
  network_model model;
  write_mixed(&buffer, 1);
  buffer.bytes[list_of(&buffer) + behind] = value;
  assert_int_equal(read_from(&model, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
  base_buffer_clear(&buffer);
}

/* u32 0, u32 3; degree 3, 4 + 1 numbers; degree 1, 2 + 1; degree 7, 8 + 1; a byte for each unit. */
static void bad_lists_are_refused(void **state) {
  (void)state;
  enum { FIRST = 8, SECOND = FIRST + 4 + 40, THIRD = SECOND + 4 + 24, UNITS = THIRD + 4 + 72 };
  refuse_mixed(4, 0, "layers[0].activation: 0 where 2 to 16 are allowed");
  refuse_mixed(4, 1, "layers[0].activation: 1 where 2 to 16 are allowed");
  refuse_mixed(4, 17, "layers[0].activation: 17 where 2 to 16 are allowed");
  refuse_mixed(SECOND, 0, "layers[0].activation: degree 0 where 1 to 31 is allowed");
  refuse_mixed(SECOND, 32, "layers[0].activation: degree 32 where 1 to 31 is allowed");
  refuse_mixed(UNITS, 3, "layers[0].activation_of[0]: 3 where there are 3 activations");
  refuse_mixed(UNITS + 2, 0, "layers[0].activation_of: no unit has activation 1");
  base_buffer buffer;
  write_mixed(&buffer, 1);
  for (size_t n = 0; n < buffer.n_bytes; n++) {
    network_model model;
    uint8_t *part = base_alloc(n);
    memcpy(part, buffer.bytes, n);
    assert_int_equal(read_from(&model, part, n), CKKS_ERROR_FORMAT);
    base_free(part);
  }
  base_buffer_clear(&buffer);
}

/* The layout is a promise to files: written out here a second time, by hand. */
static void the_layout_is_the_documented_one(void **state) {
  (void)state;
  static const uint8_t expected[] = {
      1, 0, 0,   0, 1, 0,   0,    0,    1, 0, 0,   0,                   /* layers, widths */
      1, 0, 'm', 2, 0, 'x', '0',                                        /* name, feature */
      0, 0, 0,   0, 0, 0,   0,    0,    0, 0, 0,   0, 0, 0, 0xf0, 0x3f, /* mean 0, deviation 1 */
      0, 0, 0,   0, 0, 0,   0,    0x40, 1, 0, '0',                      /* max_abs_input 2, label */
      1, 0, 0,   0, 0, 0,   0,    0,    0, 0, 0,   0,                   /* degree, c0 = 0 */
      0, 0, 0,   0, 0, 0,   0xf0, 0x3f, 0, 0, 0,   0, 0, 0, 0,    0,    /* c1 = 1, max_abs */
      0, 0, 0,   0, 0, 0,   0xe0, 0x3f, 0, 0, 0,   0, 0, 0, 0,    0xc0, /* bias 0.5, weight -2 */
  };
  const size_t widths[] = {1, 1};
  network_model model;
  base_buffer buffer;
  assert_int_equal(network_init(&model, widths, 1), CKKS_OK);
  assert_int_equal(encoding_names_set(&model.name, "m"), CKKS_OK);
  model.max_abs_input = 2.0;
  model.layer[0].bias[0] = 0.5;
  assert_int_equal(network_layer_set_weights(&model.layer[0], (double[]){-2.0}), CKKS_OK);
  base_buffer_init(&buffer, 1000);
  network_bytes_write(&buffer, &model);
  assert_int_equal(buffer.n_bytes, sizeof expected);
  assert_memory_equal(buffer.bytes, expected, sizeof expected);
  base_buffer_clear(&buffer);
  network_clear(&model);
}

/* 4 -> 3, of whose weights three are not 0: 5 in row 0, -1 and 2 in row 2. */
static void build_sparse(network_model *model, base_buffer *buffer) {
  const size_t widths[] = {4, 3};
  assert_int_equal(network_init(model, widths, 1), CKKS_OK);
  assert_int_equal(
      network_layer_set_weights(&model->layer[0], (double[]){0, 0, 0, 5, 0, 0, 0, 0, -1, 0, 2, 0}),
      CKKS_OK);
  base_buffer_init(buffer, 1000);
  network_bytes_write(buffer, model);
  assert_int_equal(base_buffer_status(buffer), CKKS_OK);
}

/* Counts of three rows, columns, numbers. */
enum {
  SPARSE_ROWS = 3 * 4,
  SPARSE_COLUMNS = 3 * 4,
  SPARSE_TAIL = SPARSE_ROWS + SPARSE_COLUMNS + 24
};

static void zeros_are_left_out_where_that_is_shorter(void **state) {
  (void)state;
  static const uint8_t expected[SPARSE_TAIL] = {
      1, 0, 0, 0, 0, 0, 0,    0,    2, 0, 0, 0, 3, 0, 0,    0,    0, 0, 0, 0, 2, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0x14, 0x40, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0x40};
  network_model model, read;
  base_buffer buffer, again;
  build_sparse(&model, &buffer);
  assert_memory_equal(buffer.bytes + buffer.n_bytes - SPARSE_TAIL, expected, SPARSE_TAIL);
  assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes), CKKS_OK);
  assert_true(test_same_model(&model, &read));
  network_clear(&read);
  for (size_t n = 0; n < buffer.n_bytes; n++)
    assert_int_equal(read_from(&read, buffer.bytes, n), CKKS_ERROR_FORMAT);
  /* The same as an old file has it: without the mark, twelve numbers, zeros of both signs. */
  size_t mark = buffer.n_bytes - SPARSE_TAIL - 24 - 28 - 4; /* biases, an activation */
  static const uint8_t marked[] = {0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0};
  assert_memory_equal(buffer.bytes + mark, marked, sizeof marked);
  base_buffer_init(&again, 1000);
  base_buffer_append(&again, buffer.bytes, mark);
  base_buffer_append(&again, buffer.bytes + mark + 4, 28 + 24);
  for (size_t i = 0; i < 12; i++)
    base_buffer_f64(&again, i == 3 ? 5.0 : i == 8 ? -1.0 : i == 10 ? 2.0 : i % 2 ? -0.0 : 0.0);
  assert_int_equal(read_from(&read, again.bytes, again.n_bytes), CKKS_OK);
  assert_true(test_same_model(&model, &read));
  base_buffer_clear(&again);
  base_buffer_clear(&buffer);
  network_clear(&read);
  network_clear(&model);
}

/* n numbers and their columns are 4 + 12 + 12 n bytes, all twelve 96: shorter up to 6. */
static void the_form_follows_from_the_numbers(void **state) {
  (void)state;
  const size_t widths[] = {4, 3};
  double weight[12] = {0};
  size_t least = 0; /* bytes without weights */
  for (size_t n = 0; n <= 12; n++) {
    network_model model, read;
    base_buffer buffer;
    for (size_t i = 0; i < n; i++)
      weight[i] = 1.0 + (double)i;
    assert_int_equal(network_init(&model, widths, 1), CKKS_OK);
    assert_int_equal(network_layer_set_weights(&model.layer[0], weight), CKKS_OK);
    base_buffer_init(&buffer, 1000);
    network_bytes_write(&buffer, &model);
    size_t dense = 12 * 8, sparse = 4 + 3 * 4 + 12 * n;
    least = n == 0 ? buffer.n_bytes - sparse : least;
    assert_int_equal(buffer.n_bytes - least, sparse < dense ? sparse : dense);
    assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes), CKKS_OK);
    assert_true(test_same_model(&model, &read));
    network_clear(&read);
    network_clear(&model);
    base_buffer_clear(&buffer);
  }
}

/* Byte `at` of the counts, columns and numbers at the end becomes `value`. */
static void refuse_sparse(size_t at, uint8_t value, const char *words) {
  network_model model, read;
  base_buffer buffer;
  build_sparse(&model, &buffer);
  buffer.bytes[buffer.n_bytes - SPARSE_TAIL + at] = value;
  assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
  base_buffer_clear(&buffer);
  network_clear(&model);
}

static void bad_sparse_rows_are_refused(void **state) {
  (void)state;
  enum { COLUMNS = SPARSE_ROWS, VALUES = SPARSE_ROWS + SPARSE_COLUMNS };
  refuse_sparse(0, 5, "layers[0].weight[0]: 5 numbers where 4 are allowed");
  refuse_sparse(7, 1, "layers[0].weight[1]: 16777216 numbers where 4 are allowed");
  refuse_sparse(0, 4, "the payload is too short");
  refuse_sparse(COLUMNS, 4, "layers[0].weight[0]: column 4 where they ascend to 3");
  refuse_sparse(COLUMNS + 8, 0, "layers[0].weight[2]: column 0 where they ascend to 3");
  refuse_sparse(COLUMNS + 4, 2, "layers[0].weight[2]: column 2 where they ascend to 3");
  refuse_sparse(VALUES + 23, 0, "layers[0].weight[2][2]: a zero is left out of its row");
  refuse_sparse(VALUES + 15, 0x7f, "layers[0].weight[2][0]: not a finite number");
  /* As many as there are bytes for, and no more than would be shorter without columns. */
  network_model model, read;
  base_buffer buffer;
  build_sparse(&model, &buffer);
  size_t counts = buffer.n_bytes - SPARSE_TAIL;
  buffer.bytes[counts] = buffer.bytes[counts + 4] = 4;
  base_buffer_extend(&buffer, 12 * 7);
  assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT);
  assert_string_equal(base_last_error(),
                      "layers[0].weight: 10 numbers with their columns are longer than all");
  base_buffer_clear(&buffer);
  network_clear(&model);
}

static void every_truncation_is_refused(void **state) {
  (void)state;
  base_buffer buffer;
  network_model model;
  write_example(&buffer, 1);
  for (size_t n = 0; n < buffer.n_bytes; n++) {
    /* A copy of exactly n bytes: a read past the end would be seen. */
    uint8_t *part = base_alloc(n);
    memcpy(part, buffer.bytes, n);
    assert_int_equal(read_from(&model, part, n), CKKS_ERROR_FORMAT);
    base_free(part);
  }
  base_buffer_clear(&buffer);
}

static void write_meant(base_buffer *buffer, const encoding_meaning *meaning, double error) {
  network_model model;
  assert_int_equal(test_model_build(&model, 1), CKKS_OK);
  model.meaning = *meaning;
  model.fitted_error = error;
  base_buffer_init(buffer, 1 << 20);
  network_bytes_write(buffer, &model);
  network_clear(&model);
}

/* Chebyshev's basis up to degree 255, powers up to 31. */
static void bases_are_kept(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    base_buffer buffer;
    network_model model, read;
    assert_int_equal(test_model_build(&model, 2), CKKS_OK);
    encoding_polynomial *p = &model.layer[0].activation[0].polynomial;
    *p = (encoding_polynomial){.degree = i % 2 ? 255 : 31, .chebyshev = i / 2};
    for (int k = 0; k <= p->degree; k++)
      p->coefficient[k] = 1.0 / (1 + k);
    base_buffer_init(&buffer, 1 << 20);
    network_bytes_write(&buffer, &model);
    bool good = p->degree <= 31 || p->chebyshev;
    assert_int_equal(network_check(&model), good ? CKKS_OK : CKKS_ERROR_FORMAT);
    assert_int_equal(read_from(&read, buffer.bytes, buffer.n_bytes),
                     good ? CKKS_OK : CKKS_ERROR_FORMAT);
    if (good)
      assert_memory_equal(&read.layer[0].activation[0].polynomial, p, sizeof *p);
    char *text;
    if (good) {
      network_clear(&read);
      assert_int_equal(network_json_write(&text, &model), CKKS_OK);
      assert_int_equal(network_json_read(&read, text, strlen(text), "again"), CKKS_OK);
      assert_memory_equal(&read.layer[0].activation[0].polynomial, p, sizeof *p);
      base_free(text);
      network_clear(&read);
    }
    network_clear(&model);
    base_buffer_clear(&buffer);
  }
}

/* What outputs mean comes back; the usual costs no byte and is refused where it is written. */
static void meanings_are_kept(void **state) {
  (void)state;
  const encoding_meaning usual = encoding_meaning_default(2);
  const encoding_meaning meant = {ENCODING_LABELS, ENCODING_END_SIGMOID, true};
  base_buffer plain, buffer;
  network_model model;
  write_example(&plain, 1);
  for (int i = 0; i < 4; i++) {
    double error = i % 2 ? 0.125 : 0.0;
    write_meant(&buffer, i < 2 ? &usual : &meant, error);
    assert_int_equal(buffer.n_bytes, plain.n_bytes + (i > 0 ? 15 : 0));
    assert_int_equal(read_from(&model, buffer.bytes, buffer.n_bytes), CKKS_OK);
    assert_true(encoding_meaning_is_default(&model.meaning, 2) == (i < 2));
    assert_true(i < 2 || (model.meaning.kind == ENCODING_LABELS && model.meaning.complete &&
                          model.meaning.end == ENCODING_END_SIGMOID));
    assert_true(model.fitted_error == error);
    network_clear(&model);
    for (size_t n = 0; i == 3 && n < 40; n++)
      assert_int_equal(read_from(&model, buffer.bytes, n), CKKS_ERROR_FORMAT);
    base_buffer_clear(&buffer);
  }
  write_meant(&buffer, &usual, 0.125);
  memset(buffer.bytes + 7, 0, 8);
  assert_int_equal(read_from(&model, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "not written"));
  base_buffer_clear(&buffer);
  base_buffer_clear(&plain);
}

/* Any byte may be anything: a status and no leak; what is accepted passes the check. */
static void damaged_bytes_never_give_a_bad_model(void **state) {
  (void)state;
  base_buffer buffer;
  uint64_t seed = 7;
  int n_refused = 0;
  write_example(&buffer, 1);
  for (int round = 0; round < 4000; round++) {
    size_t at = (size_t)(test_random(&seed) % buffer.n_bytes);
    uint8_t good = buffer.bytes[at];
    buffer.bytes[at] = (uint8_t)test_random(&seed);
    base_reader reader;
    network_model model;
    base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
    ckks_status status = network_bytes_read(&model, &reader);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_FORMAT);
    n_refused += status != CKKS_OK;
    if (status == CKKS_OK)
      assert_int_equal(network_check(&model), CKKS_OK);
    network_clear(&model);
    buffer.bytes[at] = good;
  }
  assert_true(n_refused > 400 && n_refused < 3600);
  base_buffer_clear(&buffer);
}

static void refuse_u32(size_t at, uint32_t value, const char *words) {
  base_buffer buffer;
  network_model model;
  write_example(&buffer, 1);
  for (size_t i = 0; i < 4; i++)
    buffer.bytes[at + i] = (uint8_t)(value >> 8 * i);
  assert_int_equal(read_from(&model, buffer.bytes, buffer.n_bytes), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), words));
  base_buffer_clear(&buffer);
}

static void counts_are_bounded_before_memory_is_taken(void **state) {
  (void)state;
  refuse_u32(0, 0, "0 layers where 1 to 256");
  refuse_u32(0, 257, "257 layers");
  refuse_u32(0, 0xfffffffeU, "layers where");
  refuse_u32(4, 0, "width 0 is 0 where 1 to 65536");
  refuse_u32(8, 65537, "width 1 is 65537 where 1 to 65536");
  refuse_u32(12, 1025, "too short");
  /* A claim of 4096 x 4096 weights in a file of 500 bytes costs no memory. */
  long before = base_alloc_count();
  refuse_u32(8, 4096, "too short");
  long claimed = base_alloc_count() - before;
  before = base_alloc_count();
  base_buffer buffer;
  write_example(&buffer, 1);
  assert_int_equal(claimed, base_alloc_count() - before);
  base_buffer_clear(&buffer);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  base_buffer buffer;
  network_model model;
  write_example(&buffer, 1);
  long k = 1;
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = read_from(&model, buffer.bytes, buffer.n_bytes);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
  }
  base_alloc_fail_at(0);
  assert_true(k > 20);
  network_clear(&model);
  base_buffer_clear(&buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_activations_are_read),
      cmocka_unit_test(bad_lists_are_refused),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(meanings_are_kept),
      cmocka_unit_test(bases_are_kept),
      cmocka_unit_test(the_layout_is_the_documented_one),
      cmocka_unit_test(zeros_are_left_out_where_that_is_shorter),
      cmocka_unit_test(the_form_follows_from_the_numbers),
      cmocka_unit_test(bad_sparse_rows_are_refused),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(damaged_bytes_never_give_a_bad_model),
      cmocka_unit_test(counts_are_bounded_before_memory_is_taken),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
