/* SPDX-License-Identifier: Apache-2.0 */
/* What outputs mean: ends that are exact, labels that are predicted, bytes and names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "encoding/encoding.h"

static void assert_finish(encoding_end end, const double want[3]) {
  double have[6] = {-1.0, 2.0, 0.5, -1.0, 2.0, 0.5};
  encoding_meaning_finish(have, 2, 3, end);
  for (int i = 0; i < 6; i++)
    assert_true(fabs(have[i] - want[i % 3]) <= 1e-15 * fmax(1.0, fabs(want[i % 3])));
}

/* By their definitions, on (-1, 2, 0.5). */
static void test_ends(void **state) {
  (void)state;
  const double x[3] = {-1.0, 2.0, 0.5};
  double sum = exp(-1.0) + exp(2.0) + exp(0.5), sigmoids = 0.0, p[3], l[3], s[3], o[3], t[3], e[3];
  double plus[3];
  for (int i = 0; i < 3; i++) {
    p[i] = exp(x[i]) / sum;
    l[i] = log(p[i]);
    s[i] = 1.0 / (1.0 + exp(-x[i]));
    sigmoids += s[i];
    t[i] = tanh(x[i]);
    e[i] = exp(x[i]);
    plus[i] = log(1.0 + exp(x[i]));
  }
  for (int i = 0; i < 3; i++)
    o[i] = s[i] / sigmoids;
  assert_finish(ENCODING_END_NONE, x);
  assert_finish(ENCODING_END_SOFTMAX, p);
  assert_finish(ENCODING_END_LOG_SOFTMAX, l);
  assert_finish(ENCODING_END_SIGMOID, s);
  assert_finish(ENCODING_END_ONE_VS_REST, o);
  assert_finish(ENCODING_END_TANH, t);
  assert_finish(ENCODING_END_RELU, (const double[]){0.0, 2.0, 0.5});
  assert_finish(ENCODING_END_EXP, e);
  assert_finish(ENCODING_END_SOFTPLUS, plus);
}

/* Near the normal quantile (0.9: 1.28155), turned at a half; outside of 0 to 1 there is none. */
static void test_probit(void **state) {
  (void)state;
  double x[4] = {0.9, 0.1, 0.5, 1.5};
  encoding_meaning_finish(x, 1, 4, ENCODING_END_PROBIT);
  assert_true(fabs(x[0] - 1.28155) < 3e-3 && fabs(x[1] + x[0]) < 1e-12);
  assert_true(fabs(x[2]) < 1e-12 && isnan(x[3]));
}

/* Large scores do not overflow, and what is not finite is not hidden. */
static void test_extremes(void **state) {
  (void)state;
  double far[2] = {-2000.0, 2000.0}, none[2] = {-2000.0, -3000.0}, bad[2] = {NAN, 1.0};
  encoding_meaning_finish(far, 1, 2, ENCODING_END_SOFTMAX);
  assert_true(far[0] == 0.0 && far[1] == 1.0);
  encoding_meaning_scores(far, 1, 2, ENCODING_END_SOFTMAX);
  assert_true(isfinite(far[0]) && far[1] == 0.0);
  encoding_meaning_finish(none, 1, 2, ENCODING_END_ONE_VS_REST);
  assert_true(none[0] == 0.5 && none[1] == 0.5);
  encoding_meaning_finish(bad, 1, 2, ENCODING_END_RELU);
  assert_true(isnan(bad[0]));
  encoding_meaning_finish(bad, 1, 2, ENCODING_END_SOFTMAX);
  assert_true(isnan(bad[0]) && isnan(bad[1]));
}

/* Softmax of the scores are the probabilities again. */
static void test_scores(void **state) {
  (void)state;
  double x[3] = {-1.0, 2.0, 0.5}, again[3];
  encoding_meaning_finish(x, 1, 3, ENCODING_END_ONE_VS_REST);
  memcpy(again, x, sizeof x);
  encoding_meaning_scores(again, 1, 3, ENCODING_END_ONE_VS_REST);
  encoding_meaning_finish(again, 1, 3, ENCODING_END_SOFTMAX);
  for (int i = 0; i < 3; i++)
    assert_true(fabs(again[i] - x[i]) < 1e-15);
}

static void test_predicted(void **state) {
  (void)state;
  const double two[2] = {1.0, 1.0}, bad[2] = {NAN, 1.0}, other[2] = {0.0, 1.0};
  assert_int_equal(encoding_meaning_predicted(two, 2, ENCODING_CLASSES), 0);
  assert_int_equal(encoding_meaning_predicted(other, 2, ENCODING_CLASSES), 1);
  assert_true(encoding_meaning_predicted(bad, 2, ENCODING_CLASSES) == ENCODING_NOTHING);
  assert_true(encoding_meaning_predicted(other, 2, ENCODING_VALUES) == ENCODING_NOTHING);
  assert_true(encoding_meaning_predicted(other, 2, ENCODING_LABELS) == ENCODING_NOTHING);
  assert_int_equal(encoding_meaning_default(1).kind, ENCODING_VALUES);
  assert_int_equal(encoding_meaning_default(2).kind, ENCODING_CLASSES);
}

static void test_missing(void **state) {
  (void)state;
  char a[] = "age", b[] = "weight";
  char *const names[2] = {a, b};
  const double rows[4] = {1.0, 2.0, 3.0, NAN};
  encoding_meaning meaning = encoding_meaning_default(2);
  assert_int_equal(encoding_meaning_check_rows(&meaning, rows, 2, names, 2), CKKS_OK);
  meaning.complete = true;
  assert_int_equal(encoding_meaning_check_rows(&meaning, rows, 1, names, 2), CKKS_OK);
  assert_int_equal(encoding_meaning_check_rows(&meaning, rows, 2, names, 2), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "row 1: \"weight\" is missing"));
}

static void test_names(void **state) {
  (void)state;
  for (int i = 0; i < ENCODING_N_ENDS; i++) {
    encoding_end end = ENCODING_N_ENDS;
    assert_true(encoding_meaning_end_named(&end, encoding_meaning_end_name((encoding_end)i)));
    assert_int_equal(end, i);
  }
  for (int i = 0; i < ENCODING_N_KINDS; i++) {
    encoding_kind kind = ENCODING_N_KINDS;
    assert_true(encoding_meaning_kind_named(&kind, encoding_meaning_kind_name((encoding_kind)i)));
    assert_int_equal(kind, i);
  }
  encoding_end end;
  encoding_kind kind;
  assert_false(encoding_meaning_end_named(&end, "argmax"));
  assert_false(encoding_meaning_kind_named(&kind, ""));
}

/* All that exist come back; the default, which is never written, and what does not exist do not. */
static void test_bytes(void **state) {
  (void)state;
  for (unsigned i = 0; i < 256 * 4; i++) {
    uint8_t bytes[3] = {(uint8_t)(i % 4), (uint8_t)(i / 8 % 16), (uint8_t)(i / 4 % 2 + i / 512)};
    base_reader reader;
    encoding_meaning meaning;
    base_reader_init(&reader, bytes, sizeof bytes);
    bool exists = bytes[0] < ENCODING_N_KINDS && bytes[1] < ENCODING_N_ENDS && bytes[2] < 2;
    bool usual = bytes[0] == ENCODING_CLASSES && bytes[1] == 0 && bytes[2] == 0;
    assert_int_equal(encoding_meaning_read(&meaning, &reader, 2) == CKKS_OK, exists && !usual);
    if (!exists || usual)
      continue;
    base_buffer buffer;
    base_buffer_init(&buffer, 64);
    encoding_meaning_write(&buffer, &meaning);
    assert_int_equal(buffer.n_bytes, ENCODING_MEANING_BYTES);
    assert_memory_equal(buffer.bytes, bytes, sizeof bytes);
    base_buffer_clear(&buffer);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ends),      cmocka_unit_test(test_extremes),
      cmocka_unit_test(test_probit),    cmocka_unit_test(test_scores),
      cmocka_unit_test(test_predicted), cmocka_unit_test(test_missing),
      cmocka_unit_test(test_names),     cmocka_unit_test(test_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
