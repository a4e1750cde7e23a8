/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials that differ from slot to slot: values, levels, scales, work. */
#include "fixture.h"

static uint64_t state = 40;

#define MAX_PERIOD 64
static double values[MAX_SLOTS], rows[64 * MAX_PERIOD];
static ckks_complex expected[MAX_SLOTS];

static double clear_value(size_t slot, size_t period, int degree, ckks_basis basis, double x) {
  double value = 0, before = 1, now = x, next;
  for (int k = 0; k <= degree; k++) {
    value += rows[(size_t)k * period + slot % period] * before;
    next = basis == CKKS_MONOMIAL ? now * x : 2 * x * now - before;
    before = now;
    now = next;
  }
  return value;
}

static double largest_weight(size_t period, int degree) {
  double worst = 1;
  for (size_t j = 0; j < period; j++) {
    double sum = 1;
    for (int k = 0; k <= degree; k++)
      sum += fabs(rows[(size_t)k * period + j]);
    worst = fmax(worst, sum);
  }
  return worst;
}

/* As in test_polynomial.c: a rescale, a key switch and a rounded factor for each level. */
static double level_error(const scheme *s) {
  double smallest = 1e300;
  for (int level = 0; level <= s->top; level++)
    smallest = fmin(smallest, s->params->scale[level]);
  return TAIL * (ckks_noise_rescale(s->params) + ckks_noise_fresh(s->params)) / smallest;
}

static void check_one(scheme *s, size_t period, int level, int degree, ckks_basis basis,
                      double scale) {
  int depth = eval_polynomial_depth(degree);
  double growth = basis == CKKS_MONOMIAL ? degree + 1 : 2 * (degree + 1);
  double bound = 2 * level_error(s) * growth * largest_weight(period, degree);
  char what[80];
  ckks_ciphertext *out = new_ciphertext(s);
  eval_polynomial_slots *slots = NULL;
  random_reals(values, s->slots, &state);
  ckks_ciphertext *a = encrypt_real(s, values, s->slots, level);
  for (size_t j = 0; j < s->slots; j++)
    expected[j] = (ckks_complex){clear_value(j, period, degree, basis, values[j]), 0};
  CHECK(eval_polynomial_slots_build(&slots, rows, period, degree, basis, level, a->scale, scale,
                                    s->params));
  CHECK(eval_polynomial_slots_run(out, a, slots, s->ev));
  assert_int_equal(out->level, level - depth);
  assert_int_equal(out->n_parts, 2);
  assert_true(out->scale == (scale == 0 ? s->params->scale[level - depth] : scale));
  snprintf(what, sizeof what, "degree %d in basis %d, period %zu, from level %d", degree,
           (int)basis, period, level);
  assert_slots(s, out, expected, bound, what);
  /* What was prepared serves again, in place. */
  CHECK(eval_polynomial_slots_run(a, a, slots, s->ev));
  assert_slots(s, a, expected, bound, what);
  assert_int_equal(s->ev->n_spares_used, 0);
  eval_polynomial_slots_free(slots);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void random_rows(size_t period, int degree) {
  for (size_t i = 0; i < (size_t)(degree + 1) * period; i++)
    rows[i] = 2 * random_unit(&state);
}

static void body_random(scheme *s) {
  static int offset;
  for (int degree = 1 + offset++ % 3; degree <= 40; degree += 3) {
    int depth = eval_polynomial_depth(degree);
    for (int basis = CKKS_MONOMIAL; basis <= CKKS_CHEBYSHEV && depth <= s->top; basis++) {
      size_t period = (size_t)1 << test_random(&state) % 7;
      random_rows(period, degree);
      int level = depth + (int)(test_random(&state) % (uint64_t)(s->top - depth + 1));
      check_one(s, period, level, degree, (ckks_basis)basis,
                degree % 2 ? 0 : 0.75 * s->params->scale[level - depth]);
    }
  }
}

static void test_random_polynomials(void **unused) {
  (void)unused;
  for_all_schemes(body_random);
}

/* What layers hold: identities beside a polynomial, different degrees, powers nobody has. */
static void body_mixed(scheme *s) {
  static const double units[4][8] = {
      {0, 1}, {0.5, 0.25, 0, -0.05}, {0, 0, -1}, {0.1, 0.9, 0, -0.3, 0, 0.1, 0, -0.02}};
  for (int degree = 2; degree <= 7; degree++) {
    if (eval_polynomial_depth(degree) > s->top)
      continue;
    for (int k = 0; k <= degree; k++)
      for (size_t j = 0; j < 4; j++)
        rows[(size_t)k * 4 + j] = units[j][k];
    check_one(s, 4, s->top, degree, CKKS_MONOMIAL, 0);
    check_one(s, 4, s->top, degree, CKKS_CHEBYSHEV, 0);
  }
}

static void test_mixed(void **unused) {
  (void)unused;
  for_all_schemes(body_mixed);
}

/* One polynomial for all slots, both ways; a polynomial that is 0; one that only adds. */
static void body_same(scheme *s) {
  for (int degree = 1; degree <= 12; degree++) {
    if (eval_polynomial_depth(degree) > s->top)
      continue;
    random_rows(1, degree);
    check_one(s, 1, s->top, degree, CKKS_MONOMIAL, 0);
    memset(rows, 0, sizeof rows);
    check_one(s, 8, s->top, degree, CKKS_CHEBYSHEV, 0);
    rows[3] = 0.5;
    check_one(s, 8, s->top, degree, CKKS_MONOMIAL, 0);
  }
}

static void test_same_and_none(void **unused) {
  (void)unused;
  for_all_schemes(body_same);
}

/* Plaintexts are made beforehand: as many key switches as for numbers, and no memory taken. */
static void test_work(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[1]);
  ckks_ciphertext *out = new_ciphertext(&s);
  eval_polynomial_slots *slots = NULL;
  random_rows(16, 15);
  random_reals(values, s.slots, &state);
  ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top);
  CHECK(eval_polynomial_slots_build(&slots, rows, 16, 15, CKKS_MONOMIAL, s.top, a->scale, 0,
                                    s.params));
  s.ev->counters = (eval_counters){0};
  CHECK(eval_polynomial(out, a, rows, 15, CKKS_MONOMIAL, 0, s.ev));
  uint64_t switches = s.ev->counters.switches;
  CHECK(eval_polynomial_slots_run(out, a, slots, s.ev));
  assert_int_equal(s.ev->counters.switches, 2 * switches);
  long before = base_alloc_count();
  CHECK(eval_polynomial_slots_run(out, a, slots, s.ev));
  assert_int_equal(base_alloc_count(), before);
  eval_polynomial_slots_free(slots);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

static void test_failures(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  eval_polynomial_slots *slots = NULL;
  random_rows(4, 7);
  rows[9] = (double)NAN;
  assert_int_equal(
      eval_polynomial_slots_build(&slots, rows, 4, 7, CKKS_MONOMIAL, s.top, 0x1p40, 0, s.params),
      CKKS_ERROR_RANGE);
  assert_null(slots);
  random_rows(4, 7);
  CHECK_FAILS(
      eval_polynomial_slots_build(&slots, rows, 4, 7, CKKS_MONOMIAL, s.top, 0x1p75, 0, s.params),
      CKKS_ERROR_RANGE, "leave");
  assert_null(slots);
  for (long k = 1;; k++) {
    base_alloc_fail_at(k);
    ckks_status status =
        eval_polynomial_slots_build(&slots, rows, 4, 7, CKKS_CHEBYSHEV, s.top, 0x1p40, 0, s.params);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(slots);
  }
  eval_polynomial_slots_free(slots);
  eval_polynomial_slots_free(NULL);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_polynomials),
                                     cmocka_unit_test(test_mixed),
                                     cmocka_unit_test(test_same_and_none),
                                     cmocka_unit_test(test_work), cmocka_unit_test(test_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
