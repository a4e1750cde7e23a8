/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials: values, depth, scales and number of products, in both bases. */
#include "fixture.h"

static uint64_t state = 4;

static double values[MAX_SLOTS], coefficients[1024];
static ckks_complex expected[MAX_SLOTS];

static double clear_value(const double *c, int degree, ckks_basis basis, double x) {
  if (basis == CKKS_MONOMIAL) {
    double y = 0;
    for (int i = degree; i >= 0; i--)
      y = y * x + c[i];
    return y;
  }
  double b1 = 0, b2 = 0; /* Clenshaw */
  for (int i = degree; i >= 1; i--) {
    double b = 2 * x * b1 - b2 + c[i];
    b2 = b1;
    b1 = b;
  }
  return x * b1 - b2 + c[0];
}

static void clear_slots(const scheme *s, int degree, ckks_basis basis) {
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = (ckks_complex){clear_value(coefficients, degree, basis, values[i]), 0};
}

/* Sum of absolute coefficients: what errors of the b_i are multiplied by. */
static double weight(int degree) {
  double sum = 1;
  for (int i = 0; i <= degree; i++)
    sum += fabs(coefficients[i]);
  return sum;
}

/*
 * A level's error in units of a value: one rescale, one key switch of size 1 and the rounding of an
 * encoded factor (all scales here are 2^30 or more, the smallest factor 2^22).
 */
static double level_error(const scheme *s) {
  double smallest = 1e300;
  for (int level = 0; level <= s->top; level++)
    smallest = fmin(smallest, s->params->scale[level]);
  return TAIL * (ckks_noise_rescale(s->params) + ckks_noise_fresh(s->params)) / smallest;
}

/*
 * What errors of one level's size in T_1, T_2, T_4 ... make of T_k at x = cos t: T_k is T_(k/m) of
 * T_m, whose derivative is at most (k/m)^2 and at most (k/m) / |sin(m t)|. Near the ends of [-1, 1]
 * that is k^2, so a slot's error depends on where its value happens to lie.
 */
static double chebyshev_growth(int k, double x) {
  double t = acos(x), sum = 0;
  for (int m = 1; m <= k; m *= 2) {
    double q = (double)k / m;
    sum += q * fmin(q, 1 / fabs(sin(m * t)));
  }
  return sum;
}

/*
 * Largest error of a slot in units of a level's error. Both forms take the errors' signs as the
 * worst and every error as TAIL deviations, which one of the 10^6 slots here passes in fewer than
 * one of 2^12 runs even if one error made all of it; they are sums of many. Measured: at most
 * 0.36 of it in 60 runs.
 */
static double growth(size_t slot, int degree, ckks_basis basis) {
  if (basis == CKKS_MONOMIAL)
    return (degree + 1) * weight(degree) / 3; /* a third: signs cancel */
  double sum = 1;
  for (int k = 1; k <= degree; k++)
    sum += fabs(coefficients[k]) * chebyshev_growth(k, values[slot]);
  return sum;
}

static void check_slots(const scheme *s, const ckks_ciphertext *out, int degree, ckks_basis basis,
                        double unit, const char *what) {
  static ckks_complex slots[MAX_SLOTS];
  decrypt_slots(slots, s, out);
  for (size_t i = 0; i < s->slots; i++) {
    double error = fmax(fabs(slots[i].re - expected[i].re), fabs(slots[i].im));
    double bound = unit * growth(i, degree, basis);
    if (!(error <= bound))
      fail_msg("%s, %s, slot %zu of value %g: error %g, allowed %g", s->name, what, i, values[i],
               error, bound);
  }
}

static void check_one(scheme *s, int level, int degree, ckks_basis basis) {
  ckks_ciphertext *out = new_ciphertext(s);
  random_reals(values, s->slots, &state);
  ckks_ciphertext *a = encrypt_real(s, values, s->slots, level);
  int depth = eval_polynomial_depth(degree);
  clear_slots(s, degree, basis);
  CHECK(eval_polynomial(out, a, coefficients, degree, basis, 0, s->ev));
  assert_int_equal(out->level, level - depth);
  assert_true(out->scale == s->params->scale[level - depth]);
  assert_int_equal(out->n_parts, 2);
  char what[64];
  snprintf(what, sizeof what, "degree %d in basis %d from level %d", degree, (int)basis, level);
  check_slots(s, out, degree, basis, level_error(s), what);
  /* In place, at a scale of one's own. */
  double scale = s->params->scale[level - depth] * 0.75;
  CHECK(eval_polynomial(a, a, coefficients, degree, basis, scale, s->ev));
  assert_true(a->scale == scale);
  check_slots(s, a, degree, basis, level_error(s) / 0.75, what);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void body_random(scheme *s) {
  static int offset; /* every degree with a third of the schemes */
  for (int degree = offset++ % 3; degree <= 40; degree += 3) {
    int depth = eval_polynomial_depth(degree);
    for (int basis = CKKS_MONOMIAL; basis <= CKKS_CHEBYSHEV && depth <= s->top; basis++) {
      for (int i = 0; i <= degree; i++)
        coefficients[i] = 2 * random_unit(&state);
      int spare_levels = (int)(test_random(&state) % (uint64_t)(s->top - depth + 1));
      check_one(s, s->top - spare_levels, degree, (ckks_basis)basis);
    }
  }
}

static void test_random_degrees(void **unused) {
  (void)unused;
  for_all_schemes(body_random);
}

static void body_sparse(scheme *s) {
  static const int degrees[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 31};
  for (size_t z = 0; z < sizeof degrees / sizeof *degrees; z++) {
    int degree = degrees[z];
    if (eval_polynomial_depth(degree) > s->top)
      continue;
    for (int kind = 0; kind < 5; kind++) {
      for (int i = 0; i <= degree; i++) {
        bool odd = i % 2 == 1, keep[] = {odd, !odd, i == degree, i == 0, false};
        coefficients[i] = keep[kind] ? random_unit(&state) + 1.5 : 0;
      }
      check_one(s, s->top, degree, CKKS_MONOMIAL);
      check_one(s, s->top, degree, CKKS_CHEBYSHEV);
    }
  }
}

/* Odd, even, one term, a constant in a long polynomial, nothing at all. */
static void test_sparse(void **unused) {
  (void)unused;
  for_all_schemes(body_sparse);
}

/* Relinearisations so far. */
static uint64_t key_switches(scheme *s, const ckks_ciphertext *a, int degree, ckks_basis basis) {
  ckks_ciphertext *out = new_ciphertext(s);
  s->ev->counters = (eval_counters){0};
  CHECK(eval_polynomial(out, a, coefficients, degree, basis, 0, s->ev));
  ckks_ciphertext_free(out);
  return s->ev->counters.switches;
}

static const named_literal deep = {"deep",
                                   {.log2_n = 10,
                                    .n_q = 12,
                                    .n_p = 4,
                                    .q_bits = {49, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42},
                                    .p_bits = {48, 48, 48, 48},
                                    .log2_scale = 42}};

static void test_products(void **unused) {
  (void)unused;
  /* Degree, most key switches: a cubic takes two, and in all below 2 sqrt(degree + 1) */
  static const int limits[][2] = {{1, 0},  {2, 1},   {3, 2},   {5, 3},    {7, 5},
                                  {15, 7}, {31, 12}, {63, 15}, {127, 24}, {1023, 55}};
  scheme s;
  scheme_init(&s, &deep);
  random_reals(values, s.slots, &state);
  ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    for (int j = 0; j <= limits[i][0]; j++)
      coefficients[j] = random_unit(&state) / (j + 1);
    for (int basis = CKKS_MONOMIAL; basis <= CKKS_CHEBYSHEV; basis++) {
      uint64_t n = key_switches(&s, a, limits[i][0], (ckks_basis)basis);
      if (n > (uint64_t)limits[i][1])
        fail_msg("degree %d: %d key switches, allowed %d", limits[i][0], (int)n, limits[i][1]);
    }
  }
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

static void test_large(void **unused) {
  (void)unused;
  static const int degrees[] = {63, 64, 100, 127, 255, 511, 1000, 1023};
  scheme s;
  scheme_init(&s, &deep);
  for (size_t z = 0; z < sizeof degrees / sizeof *degrees; z++) {
    int degree = degrees[z];
    /* Chebyshev coefficients of a smooth function fall off; those of cos(w x) are Bessel's. */
    for (int i = 0; i <= degree; i++)
      coefficients[i] = random_unit(&state) * exp(-8.0 * i / degree);
    check_one(&s, s.top, degree, CKKS_CHEBYSHEV);
    check_one(&s, s.top, degree, CKKS_MONOMIAL);
  }
  scheme_clear(&s);
}

/* The same polynomial a second time takes nothing from the heap. */
static void test_no_allocation(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &deep);
  random_reals(values, s.slots, &state);
  ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top), *out = new_ciphertext(&s);
  for (int i = 0; i <= 50; i++)
    coefficients[i] = random_unit(&state);
  CHECK(eval_polynomial(out, a, coefficients, 50, CKKS_CHEBYSHEV, 0, s.ev));
  long before = base_alloc_count();
  CHECK(eval_polynomial(out, a, coefficients, 50, CKKS_CHEBYSHEV, 0, s.ev));
  CHECK(eval_mul(out, a, a, s.ev));
  CHECK(eval_rotate(out, a, 77, s.ev));
  assert_int_equal(base_alloc_count(), before);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

static ckks_status attempt_polynomial(void *context) {
  scheme *s = context;
  ckks_evaluator *ev = NULL;
  ckks_ciphertext *a = NULL;
  ckks_status status = ckks_evaluator_build(&ev, s->params, s->keys);
  if (status == CKKS_OK)
    status = ckks_ciphertext_build(&a, s->params);
  if (status == CKKS_OK)
    status = eval_polynomial(a, a, coefficients, 9, CKKS_CHEBYSHEV, 0, ev);
  ckks_ciphertext_free(a);
  ckks_evaluator_free(ev);
  return status;
}

static void test_memory(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  fail_each_allocation(attempt_polynomial, &s);
  scheme_clear(&s);
}

static void test_errors(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  random_reals(values, s.slots, &state);
  ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top);
  coefficients[0] = coefficients[1] = coefficients[2] = coefficients[3] = 1;
  CHECK_FAILS(eval_polynomial(a, a, coefficients, 3, CKKS_MONOMIAL, 0x1p-30, s.ev),
              CKKS_ERROR_RANGE, "polynomial");
  scheme_use_keys(&s, NULL, 0);
  CHECK_FAILS(eval_polynomial(a, a, coefficients, 3, CKKS_MONOMIAL, 0, s.ev), CKKS_ERROR_KEY,
              "relinearisation");
  CHECK(eval_polynomial(a, a, coefficients, 1, CKKS_MONOMIAL, 0, s.ev)); /* needs no key */
  for (size_t i = 0; i < s.slots; i++)
    expected[i] = (ckks_complex){1 + values[i], 0};
  assert_slots(&s, a, expected, 4 * level_error(&s), "affine map");
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_degrees), cmocka_unit_test(test_sparse),
      cmocka_unit_test(test_products),       cmocka_unit_test(test_large),
      cmocka_unit_test(test_no_allocation),  cmocka_unit_test(test_memory),
      cmocka_unit_test(test_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
