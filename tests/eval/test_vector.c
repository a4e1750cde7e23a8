/* SPDX-License-Identifier: Apache-2.0 */
/* Stories on vectors whose lengths are not powers of two, with the keys of generate_all. */
#include "fixture.h"

static uint64_t state = 13;

static double x[MAX_SLOTS], y[MAX_SLOTS], z[MAX_SLOTS];
static ckks_complex expected[MAX_SLOTS];

/* Error of sums over n slots of products of numbers of size 1, at the coarsest scale. */
static double sum_error(const scheme *s, size_t n) {
  double smallest = 1e300;
  for (int level = 0; level <= s->top; level++)
    smallest = fmin(smallest, s->params->scale[level]);
  double noise = ckks_noise_fresh(s->params) + ckks_noise_rescale(s->params) +
                 ckks_noise_switch(s->params, s->top, s->params->literal.n_p);
  /* All slots are summed, and the factors of unequal chains have as few as 22 bits. */
  return TAIL * sqrt((double)s->slots) * noise / smallest +
         0x1p-23 * (smallest < 0x1p32) * (double)n;
}

static void assert_real(const scheme *s, const ckks_ciphertext *out, size_t n, const char *what) {
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = (ckks_complex){z[i], 0};
  assert_slots(s, out, expected, sum_error(s, n), what);
}

static void body_sums(scheme *s) {
  static const size_t counts[] = {1, 3, 30, 100, 511};
  ckks_ciphertext *out = new_ciphertext(s);
  random_reals(x, s->slots, &state); /* no slot is zero */
  ckks_ciphertext *a = encrypt_real(s, x, s->slots, 2);
  for (size_t k = 0; k <= sizeof counts / sizeof *counts; k++) {
    size_t n = k < sizeof counts / sizeof *counts ? counts[k] : s->slots;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += x[i];
    for (size_t i = 0; i < s->slots; i++)
      z[i] = sum;
    CHECK(ckks_sum(out, a, n, s->ev));
    assert_int_equal(out->level, n == s->slots ? 2 : 1);
    assert_real(s, out, n, "sum of the first n slots, in every slot");
    for (size_t i = 0; i < s->slots; i++) {
      z[i] = 0;
      for (size_t j = 0; j < n; j++)
        z[i] += x[(i + j) % s->slots];
    }
    CHECK(ckks_inner_sum(out, a, n, s->ev));
    assert_int_equal(out->level, 2);
    assert_real(s, out, n, "windows of n slots");
  }
  CHECK(ckks_sum(a, a, 7, s->ev)); /* in place */
  CHECK_FAILS(ckks_sum(out, a, 0, s->ev), CKKS_ERROR_ARGUMENT, "n = 0");
  CHECK_FAILS(ckks_sum(out, a, s->slots + 1, s->ev), CKKS_ERROR_ARGUMENT, "slots");
  CHECK_FAILS(ckks_inner_sum(out, a, 0, s->ev), CKKS_ERROR_ARGUMENT, "n = 0");
  CHECK(ckks_drop_level(a, a, 0, s->ev));
  CHECK_FAILS(ckks_sum(out, a, 7, s->ev), CKKS_ERROR_LEVEL, "level");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void test_sums(void **unused) {
  (void)unused;
  for_all_schemes(body_sums);
}

/* Two encrypted vectors of 30 features: dot product, distance, cosine's parts. */
static void body_dot(scheme *s) {
  const size_t n = 30;
  double dot = 0, distance = 0;
  ckks_ciphertext *out = new_ciphertext(s);
  random_reals(x, n, &state);
  random_reals(y, n, &state);
  for (size_t i = 0; i < n; i++) {
    dot += x[i] * y[i];
    distance += (x[i] - y[i]) * (x[i] - y[i]);
  }
  ckks_ciphertext *a = encrypt_real(s, x, n, s->top), *b = encrypt_real(s, y, n, s->top - 1);
  for (size_t i = 0; i < s->slots; i++)
    z[i] = dot;
  CHECK(ckks_dot(out, a, b, n, s->ev));
  assert_int_equal(out->level, s->top - 2);
  assert_real(s, out, n, "dot");
  CHECK(ckks_dot_real(out, a, y, n, s->ev));
  assert_int_equal(out->level, s->top - 1);
  assert_real(s, out, n, "dot with plain numbers");
  for (size_t i = 0; i < s->slots; i++)
    z[i] = distance;
  CHECK(ckks_sub(out, a, b, s->ev));
  CHECK(ckks_dot(out, out, out, n, s->ev)); /* in place, with itself */
  assert_real(s, out, n, "squared distance");
  CHECK_FAILS(ckks_dot(out, a, b, 0, s->ev), CKKS_ERROR_ARGUMENT, "n = 0");
  CHECK_FAILS(ckks_dot(out, a, NULL, n, s->ev), CKKS_ERROR_ARGUMENT, "b is NULL");
  CHECK_FAILS(ckks_dot_real(out, a, NULL, n, s->ev), CKKS_ERROR_ARGUMENT, "values is NULL");
  CHECK(ckks_drop_level(a, a, 0, s->ev));
  CHECK_FAILS(ckks_dot(out, a, b, n, s->ev), CKKS_ERROR_LEVEL, "ckks_dot");
  CHECK_FAILS(ckks_dot_real(out, a, y, n, s->ev), CKKS_ERROR_LEVEL, "ckks_dot_real");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(b);
  ckks_ciphertext_free(out);
}

static void test_dot(void **unused) {
  (void)unused;
  for_all_schemes(body_dot);
}

static void check_matmul(scheme *s, size_t rows, size_t columns, int level) {
  double *matrix = base_alloc_array(rows * columns, sizeof *matrix);
  ckks_ciphertext *out = new_ciphertext(s);
  random_reals(matrix, rows * columns, &state);
  random_reals(x, s->slots, &state); /* rubbish behind the vector */
  memset(z, 0, sizeof z);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      z[j] += x[i] * matrix[i * columns + j];
  ckks_ciphertext *a = encrypt_real(s, x, s->slots, level);
  char what[64];
  snprintf(what, sizeof what, "x^T M, %zu x %zu", rows, columns);
  CHECK(ckks_matmul(out, a, matrix, rows, columns, s->ev));
  assert_int_equal(out->level, level - 1);
  assert_true(out->scale == s->params->scale[level - 1]);
  assert_real(s, out, rows, what);
  CHECK(ckks_matmul(a, a, matrix, rows, columns, s->ev));
  assert_real(s, a, rows, what);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  base_free(matrix);
}

static void body_matmul(scheme *s) {
  static const size_t sizes[][2] = {{1, 1}, {30, 16}, {5, 1}, {1, 5}, {16, 2}, {33, 65}, {3, 3}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    check_matmul(s, sizes[i][0], sizes[i][1], s->top - (int)(i % 2));
}

static void test_matmul(void **unused) {
  (void)unused;
  for_all_schemes(body_matmul);
}

static void test_matmul_large(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  check_matmul(&s, s.slots, 3, 1);
  check_matmul(&s, 5, s.slots, 1);
  check_matmul(&s, 300, 301, 1); /* as many diagonals as slots: they wrap */
  double m[4] = {1, 2, (double)NAN, 4};
  ckks_ciphertext *a = encrypt_real(&s, m, 2, 1);
  CHECK_FAILS(ckks_matmul(a, a, m, 2, 2, s.ev), CKKS_ERROR_RANGE, "row 1, column 0");
  CHECK_FAILS(ckks_matmul(a, a, NULL, 2, 2, s.ev), CKKS_ERROR_ARGUMENT, "matrix");
  CHECK_FAILS(ckks_matmul(a, a, m, 2, 0, s.ev), CKKS_ERROR_ARGUMENT, "2 x 0");
  m[2] = 3;
  CHECK_FAILS(ckks_matmul(NULL, a, m, 2, 2, s.ev), CKKS_ERROR_ARGUMENT, "out");
  CHECK(ckks_drop_level(a, a, 0, s.ev));
  CHECK_FAILS(ckks_matmul(a, a, m, 2, 2, s.ev), CKKS_ERROR_LEVEL, "ckks_matmul");
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

/* Two layers of a small network: x^T W1 + b1, squared, times W2, plus b2. */
static void body_network(scheme *s) {
  double w1[30 * 16], b1[16], w2[16 * 2], b2[2], hidden[16];
  ckks_ciphertext *a;
  random_reals(x, 30, &state);
  random_reals(w1, 30 * 16, &state);
  random_reals(w2, 16 * 2, &state);
  random_reals(b1, 16, &state);
  random_reals(b2, 2, &state);
  for (int j = 0; j < 16; j++) {
    hidden[j] = b1[j];
    for (int i = 0; i < 30; i++)
      hidden[j] += x[i] / 8 * w1[i * 16 + j];
  }
  for (int i = 0; i < 30; i++)
    x[i] /= 8;
  memset(z, 0, sizeof z);
  for (int j = 0; j < 2; j++) {
    z[j] = b2[j];
    for (int i = 0; i < 16; i++)
      z[j] += hidden[i] * hidden[i] * w2[i * 2 + j];
  }
  a = encrypt_real(s, x, 30, s->top);
  CHECK(ckks_matmul(a, a, w1, 30, 16, s->ev));
  CHECK(ckks_add_real(a, a, b1, 16, s->ev));
  CHECK(ckks_square(a, a, s->ev));
  CHECK(ckks_matmul(a, a, w2, 16, 2, s->ev));
  CHECK(ckks_add_real(a, a, b2, 2, s->ev));
  assert_int_equal(a->level, s->top - 3);
  assert_real(s, a, 30, "two layers");
  ckks_ciphertext_free(a);
}

static void test_network(void **unused) {
  (void)unused;
  for_all_schemes(body_network);
}

/* Cut or missing keys: refused before anything is touched. */
static void test_missing_keys(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  ckks_key_spec specs[] = {{0, -1, 0}, {ckks_galois_rotation(s.params, 1), 0, 0}};
  scheme_use_keys(&s, specs, 2);
  random_reals(x, 8, &state);
  ckks_ciphertext *a = encrypt_real(&s, x, 8, 2), *out = new_ciphertext(&s);
  CHECK_FAILS(ckks_dot(out, a, a, 8, s.ev), CKKS_ERROR_KEY, "rotation 1 (to level 0)");
  CHECK_FAILS(ckks_dot_real(out, a, x, 8, s.ev), CKKS_ERROR_KEY, "rotation");
  CHECK_FAILS(ckks_sum(out, a, 8, s.ev), CKKS_ERROR_KEY, "rotation");
  CHECK_FAILS(ckks_matmul(out, a, x, 2, 2, s.ev), CKKS_ERROR_KEY, "rotation by -1");
  assert_int_equal(out->level, s.top); /* as it was made */
  /* Rotations by 3 alone still reach every slot: slower, but right. */
  ckks_key_spec three[] = {{ckks_galois_rotation(s.params, 1), -1, 0},
                           {ckks_galois_rotation(s.params, 16), -1, 0},
                           {ckks_galois_rotation(s.params, 200), -1, 0}};
  scheme_use_keys(&s, three, 3);
  double sum = 0;
  for (int i = 0; i < 8; i++)
    sum += x[i];
  for (size_t i = 0; i < s.slots; i++)
    z[i] = sum;
  CHECK(ckks_sum(out, a, s.slots, s.ev));
  assert_real(&s, out, 64, "sum with odd keys");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sums),    cmocka_unit_test(test_dot),
      cmocka_unit_test(test_matmul),  cmocka_unit_test(test_matmul_large),
      cmocka_unit_test(test_network), cmocka_unit_test(test_missing_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
