/* SPDX-License-Identifier: Apache-2.0 */
/* The public tier: alignment of levels and scales, what is refused and how, random programs. */
#include "fixture.h"

#include <fenv.h>

static uint64_t state = 11;

static double x[MAX_SLOTS], y[MAX_SLOTS];
static ckks_complex expected[MAX_SLOTS];

static double smallest_scale(const scheme *s) {
  double smallest = 1e300;
  for (int level = 0; level <= s->top; level++)
    smallest = fmin(smallest, s->params->scale[level]);
  return smallest;
}

/* Error of one operation on values of size 1, at the coarsest scale of the chain. */
static double step_error(const scheme *s) {
  double noise = ckks_noise_fresh(s->params) + ckks_noise_rescale(s->params) +
                 ckks_noise_switch(s->params, s->top, s->params->literal.n_p);
  /* The factors of unequal chains have as few as 22 bits. */
  return TAIL / 4 * noise / smallest_scale(s) + 0x1p-24 * (smallest_scale(s) < 0x1p32);
}

static void assert_real(const scheme *s, const ckks_ciphertext *out, const double *values,
                        double n_steps, const char *what) {
  for (size_t i = 0; i < s->slots; i++)
    expected[i] = (ckks_complex){values[i], 0};
  assert_slots(s, out, expected, n_steps * step_error(s), what);
}

static void assert_canonical(const scheme *s, const ckks_ciphertext *a, int level) {
  assert_int_equal(ckks_ciphertext_level(a), level);
  assert_true(ckks_scale_equal(ckks_ciphertext_scale(a), ckks_params_scale(s->params, level)));
}

/* ---------------------------------------------------------------- operations */

static void body_levels(scheme *s) {
  double z[MAX_SLOTS];
  ckks_ciphertext *out = new_ciphertext(s);
  for (int la = 0; la <= s->top; la++)
    for (int lb = 0; lb <= s->top; lb++) {
      int low = la < lb ? la : lb;
      random_reals(x, s->slots, &state);
      random_reals(y, s->slots, &state);
      ckks_ciphertext *a = encrypt_real(s, x, s->slots, la), *b = encrypt_real(s, y, s->slots, lb);
      CHECK(ckks_add(out, a, b, s->ev));
      assert_canonical(s, out, low);
      for (size_t i = 0; i < s->slots; i++)
        z[i] = x[i] + y[i];
      assert_real(s, out, z, 3, "ckks_add");
      CHECK(ckks_sub(out, a, b, s->ev));
      assert_canonical(s, out, low);
      for (size_t i = 0; i < s->slots; i++)
        z[i] = x[i] - y[i];
      assert_real(s, out, z, 3, "ckks_sub");
      if (low == 0) {
        CHECK_FAILS(ckks_mul(out, a, b, s->ev), CKKS_ERROR_LEVEL, "ckks_mul");
      } else {
        for (size_t i = 0; i < s->slots; i++)
          z[i] = x[i] * y[i];
        CHECK(ckks_mul(a, a, b, s->ev)); /* in place */
        assert_canonical(s, a, low - 1);
        assert_real(s, a, z, 4, "ckks_mul");
      }
      ckks_ciphertext_free(a);
      ckks_ciphertext_free(b);
    }
  ckks_ciphertext_free(out);
}

static void test_levels(void **unused) {
  (void)unused;
  for_all_schemes(body_levels);
}

static void body_numbers(scheme *s) {
  double z[MAX_SLOTS];
  static const double constants[] = {0, 1, -1, 3, 0.3, -2.75, 1048576};
  random_reals(x, s->slots, &state);
  random_reals(y, s->slots, &state);
  ckks_ciphertext *out = new_ciphertext(s);
  for (int level = s->top; level >= 1; level--) {
    ckks_ciphertext *a = encrypt_real(s, x, s->slots, level);
    CHECK(ckks_negate(out, a, s->ev));
    CHECK(ckks_add_real(out, out, y, 100, s->ev));
    for (size_t i = 0; i < s->slots; i++)
      z[i] = (i < 100 ? y[i] : 0) - x[i];
    assert_canonical(s, out, level);
    assert_real(s, out, z, 2, "negate, add numbers");
    CHECK(ckks_mul_real(out, a, y, 100, s->ev));
    for (size_t i = 0; i < s->slots; i++)
      z[i] = i < 100 ? y[i] * x[i] : 0;
    assert_canonical(s, out, level - 1);
    assert_real(s, out, z, 3, "multiply by numbers");
    for (size_t c = 0; c < sizeof constants / sizeof *constants; c++) {
      bool integer = rint(constants[c]) == constants[c];
      if (constants[c] > 1000 && s->params->log2_q[level] < log2(s->params->scale[level]) + 24)
        continue; /* would wrap */
      CHECK(ckks_mul_constant(out, a, constants[c], s->ev));
      CHECK(ckks_add_constant(out, out, constants[c], s->ev));
      assert_canonical(s, out, integer ? level : level - 1);
      for (size_t i = 0; i < s->slots; i++)
        z[i] = constants[c] * (x[i] + 1);
      assert_real(s, out, z, 3 + fabs(constants[c]), "constants");
    }
    ckks_ciphertext_free(a);
  }
  ckks_ciphertext_free(out);
}

static void test_numbers(void **unused) {
  (void)unused;
  for_all_schemes(body_numbers);
}

static void body_powers(scheme *s) {
  double z[MAX_SLOTS];
  ckks_ciphertext *out = new_ciphertext(s);
  random_reals(x, s->slots, &state);
  ckks_ciphertext *a = encrypt_real(s, x, s->slots, s->top);
  for (unsigned e = 1; e <= 17; e++) {
    int depth = 0;
    while (1U << depth < e)
      depth++;
    if (depth > s->top) {
      CHECK_FAILS(ckks_power(out, a, e, s->ev), CKKS_ERROR_LEVEL, "ckks_power");
      continue;
    }
    CHECK(ckks_power(out, a, e, s->ev));
    assert_canonical(s, out, s->top - depth);
    for (size_t i = 0; i < s->slots; i++)
      z[i] = pow(x[i], e);
    assert_real(s, out, z, 2 * e, "power");
  }
  CHECK(ckks_square(a, a, s->ev));
  CHECK(ckks_power(a, a, 3, s->ev));
  for (size_t i = 0; i < s->slots; i++)
    z[i] = pow(x[i], 6);
  assert_real(s, a, z, 12, "square, cube in place");
  CHECK(ckks_drop_level(a, a, 0, s->ev));
  assert_canonical(s, a, 0);
  assert_real(s, a, z, 13, "dropped");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void test_powers(void **unused) {
  (void)unused;
  for_all_schemes(body_powers);
}

static void body_rotations(scheme *s) {
  double z[MAX_SLOTS];
  ckks_ciphertext *out[5], *a;
  static const int steps[5] = {1, 0, -3, 100, 64};
  random_reals(x, s->slots, &state);
  a = encrypt_real(s, x, s->slots, 1);
  for (int i = 0; i < 4; i++)
    out[i] = new_ciphertext(s);
  out[4] = a; /* one output is the input */
  CHECK(ckks_rotate_many(out, a, steps, 5, s->ev));
  for (int r = 0; r < 5; r++) {
    for (size_t i = 0; i < s->slots; i++)
      z[i] = x[(i + (size_t)steps[r]) & (s->slots - 1)];
    assert_real(s, out[r], z, 4, "rotate_many");
  }
  CHECK(ckks_rotate(a, a, -64, s->ev));
  assert_real(s, a, x, 4, "and back");
  CHECK(ckks_conjugate(out[0], a, s->ev));
  assert_real(s, out[0], x, 5, "conjugation of reals");
  ckks_ciphertext *second = out[1];
  out[1] = out[0];
  CHECK_FAILS(ckks_rotate_many(out, a, steps, 2, s->ev), CKKS_ERROR_ARGUMENT, "the same");
  out[1] = NULL;
  CHECK_FAILS(ckks_rotate_many(out, a, steps, 2, s->ev), CKKS_ERROR_ARGUMENT, "out is NULL");
  CHECK(ckks_rotate_many(NULL, a, NULL, 0, s->ev));
  CHECK_FAILS(ckks_rotate_many(NULL, a, steps, 1, s->ev), CKKS_ERROR_ARGUMENT, "out is NULL");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out[0]);
  ckks_ciphertext_free(second);
  ckks_ciphertext_free(out[2]);
  ckks_ciphertext_free(out[3]);
}

static void test_rotations(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[1]);
  for (int round = 0; round < 2; round++)
    body_rotations(&s);
  scheme_clear(&s);
}

/* ------------------------------------------------------------------ polynomials */

static double chebyshev(const double *c, int degree, double t) {
  double sum = 0;
  for (int i = 0; i <= degree; i++)
    sum += c[i] * cos(i * acos(fmax(-1, fmin(1, t))));
  return sum;
}

/* Four polynomials in turn, in both bases; what is wrong with them. */
static void test_polyval_slots(void **unused) {
  (void)unused;
  static const double low = -2, high = 6;
  double c[8 * 4], own[8], z[MAX_SLOTS], values[MAX_SLOTS];
  scheme s;
  scheme_init(&s, &all_literals[0]);
  ckks_ciphertext *out = new_ciphertext(&s);
  random_reals(c, 32, &state);
  random_reals(x, s.slots, &state);
  for (int basis = CKKS_MONOMIAL; basis <= CKKS_CHEBYSHEV; basis++)
    for (int degree = 0; degree <= 7; degree++) {
      int map = basis == CKKS_CHEBYSHEV && degree > 0;
      for (size_t i = 0; i < s.slots; i++) {
        values[i] = map ? low + (high - low) * (x[i] + 1) / 2 : x[i];
        z[i] = 0;
        for (int k = 0; k < 8; k++)
          own[k] = k <= degree ? c[4 * k + (int)(i % 4)] : 0;
        if (basis == CKKS_CHEBYSHEV)
          z[i] = chebyshev(own, 7, x[i]);
        for (int k = degree; basis == CKKS_MONOMIAL && k >= 0; k--)
          z[i] = z[i] * x[i] + own[k];
      }
      ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top);
      const ckks_polynomial p = {c, degree, (ckks_basis)basis, low, high};
      CHECK(ckks_polyval_slots(out, a, &p, 4, s.ev));
      assert_canonical(&s, out, s.top - eval_polynomial_depth(degree) - map);
      assert_real(&s, out, z, 200, "a polynomial for each slot");
      ckks_ciphertext_free(a);
    }
  ckks_ciphertext *a = encrypt_real(&s, x, s.slots, 2);
  ckks_polynomial p = {c, 7, CKKS_MONOMIAL, 0, 0};
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 4, s.ev), CKKS_ERROR_LEVEL, "ckks_polyval_slots");
  p.degree = 3;
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 0, s.ev), CKKS_ERROR_ARGUMENT, "n = 0");
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 3, s.ev), CKKS_ERROR_ARGUMENT, "n = 3");
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 2 * s.slots, s.ev), CKKS_ERROR_ARGUMENT, "up to 512");
  c[13] = (double)INFINITY; /* of power 3 */
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 4, s.ev), CKKS_ERROR_RANGE, "coefficient 13");
  CHECK_FAILS(ckks_polyval_slots(out, a, NULL, 4, s.ev), CKKS_ERROR_ARGUMENT, "is NULL");
  CHECK_FAILS(ckks_polyval_slots(out, NULL, &p, 1, s.ev), CKKS_ERROR_ARGUMENT, "is NULL");
  CHECK_FAILS(ckks_polyval_slots(out, a, &p, 1, NULL), CKKS_ERROR_ARGUMENT, "is NULL");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

static void test_polyval(void **unused) {
  (void)unused;
  static const double intervals[][3] = {/* low, high, levels of the map */
                                        {-1, 1, 0},
                                        {-2, 0, 0},
                                        {-0.25, 0.25, 0},
                                        {-4, 4, 1},
                                        {0, 3, 1}};
  double c[8], z[MAX_SLOTS], values[MAX_SLOTS];
  scheme s;
  scheme_init(&s, &all_literals[0]);
  ckks_ciphertext *out = new_ciphertext(&s);
  for (size_t k = 0; k < sizeof intervals / sizeof *intervals; k++) {
    double low = intervals[k][0], high = intervals[k][1];
    random_reals(c, 8, &state);
    random_reals(x, s.slots, &state);
    for (size_t i = 0; i < s.slots; i++) {
      values[i] = low + (high - low) * (x[i] + 1) / 2;
      z[i] = chebyshev(c, 7, x[i]);
    }
    ckks_ciphertext *a = encrypt_real(&s, values, s.slots, s.top);
    ckks_polynomial p = {c, 7, CKKS_CHEBYSHEV, low, high};
    CHECK(ckks_polyval(out, a, &p, s.ev));
    assert_canonical(&s, out, s.top - 3 - (int)intervals[k][2]);
    assert_real(&s, out, z, 200, "Chebyshev on an interval");
    p.basis = CKKS_MONOMIAL; /* the interval is ignored */
    CHECK(ckks_polyval(out, a, &p, s.ev));
    assert_canonical(&s, out, s.top - 3);
    ckks_ciphertext_free(a);
  }
  ckks_ciphertext *a = encrypt_real(&s, x, s.slots, 2);
  ckks_polynomial p = {c, 7, CKKS_MONOMIAL, 0, 0};
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_LEVEL, "takes 3 levels and 2 are left");
  p.degree = 0; /* a constant takes none */
  CHECK(ckks_polyval(out, a, &p, s.ev));
  for (size_t i = 0; i < s.slots; i++)
    z[i] = c[0];
  assert_canonical(&s, out, 2);
  assert_real(&s, out, z, 1, "constant");
  p.degree = -1;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_ARGUMENT, "degree = -1");
  p.degree = 1024;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_ARGUMENT, "degree = 1024");
  p.degree = 3;
  c[2] = (double)NAN;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_RANGE, "coefficient 2");
  c[2] = 1;
  p.basis = CKKS_CHEBYSHEV;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_ARGUMENT, "no interval");
  p.basis = (ckks_basis)7;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_ARGUMENT, "basis");
  p.coefficients = NULL;
  CHECK_FAILS(ckks_polyval(out, a, &p, s.ev), CKKS_ERROR_ARGUMENT, "coefficients is NULL");
  CHECK_FAILS(ckks_polyval(out, a, NULL, s.ev), CKKS_ERROR_ARGUMENT, "polynomial is NULL");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* --------------------------------------------------------------------- scales */

/* Encoded at a scale of the user's own: aligned where a level is left to do it in. */
static void test_own_scale(void **unused) {
  (void)unused;
  scheme s;
  double z[MAX_SLOTS];
  ckks_complex slots[MAX_SLOTS];
  scheme_init(&s, &all_literals[0]);
  ckks_ciphertext *out = new_ciphertext(&s);
  random_reals(x, s.slots, &state);
  for (size_t i = 0; i < s.slots; i++)
    slots[i] = (ckks_complex){x[i], 0};
  ckks_ciphertext *odd = encrypt_complex(&s, slots, 3, 0x1p37);
  ckks_ciphertext *a = encrypt_real(&s, x, s.slots, 3);
  for (size_t i = 0; i < s.slots; i++)
    z[i] = 2 * x[i];
  CHECK(ckks_add(out, odd, a, s.ev));
  assert_canonical(&s, out, 2);
  assert_real(&s, out, z, 10, "odd scale + canonical");
  CHECK(ckks_add(out, odd, odd, s.ev)); /* equal scales need nothing */
  assert_int_equal(out->level, 3);
  assert_true(out->scale == odd->scale);
  assert_real(&s, out, z, 20, "odd + odd");
  CHECK(ckks_mul_constant(out, odd, 0.5, s.ev)); /* the factor's scale corrects it for nothing */
  assert_canonical(&s, out, 2);
  for (size_t i = 0; i < s.slots; i++)
    z[i] = x[i] * x[i];
  CHECK(ckks_mul(out, odd, a, s.ev));
  assert_canonical(&s, out, 1);
  assert_real(&s, out, z, 20, "odd * canonical");
  CHECK(ckks_drop_level(out, odd, 1, s.ev));
  assert_canonical(&s, out, 1);
  assert_real(&s, out, x, 10, "odd, dropped");
  CHECK_FAILS(ckks_drop_level(out, odd, 3, s.ev), CKKS_ERROR_RANGE, "encode at scale 0");
  ckks_ciphertext *bottom = encrypt_complex(&s, slots, 0, 0x1p37);
  CHECK_FAILS(ckks_add(out, bottom, a, s.ev), CKKS_ERROR_RANGE, "encode at scale 0");
  CHECK_FAILS(ckks_add(out, a, bottom, s.ev), CKKS_ERROR_RANGE, "encode at scale 0");
  ckks_ciphertext_free(bottom);
  ckks_ciphertext_free(odd);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* --------------------------------------------------------------------- errors */

static void test_errors(void **unused) {
  (void)unused;
  scheme s, other;
  scheme_init(&s, &all_literals[0]);
  scheme_init(&other, &all_literals[1]);
  ckks_ciphertext *a = encrypt_real(&s, x, 4, 2), *foreign = encrypt_real(&other, x, 4, 2);
  ckks_ciphertext *bottom = encrypt_real(&s, x, 4, 0), *small = NULL, *out = new_ciphertext(&s);
  CHECK(ckks_ciphertext_build_at(&small, s.params, 0, 2));
  ckks_evaluator *ev = NULL;
  CHECK_FAILS(ckks_evaluator_build(NULL, s.params, NULL), CKKS_ERROR_ARGUMENT, "out");
  CHECK_FAILS(ckks_evaluator_build(&ev, NULL, NULL), CKKS_ERROR_ARGUMENT, "params");
  CHECK_FAILS(ckks_evaluator_build(&ev, s.params, other.keys), CKKS_ERROR_MISMATCH, "keys");
  assert_null(ev);
  CHECK_FAILS(ckks_add(out, a, a, NULL), CKKS_ERROR_ARGUMENT, "evaluator is NULL");
  CHECK_FAILS(ckks_add(out, NULL, a, s.ev), CKKS_ERROR_ARGUMENT, "a is NULL");
  CHECK_FAILS(ckks_add(out, a, NULL, s.ev), CKKS_ERROR_ARGUMENT, "b is NULL");
  CHECK_FAILS(ckks_add(NULL, a, a, s.ev), CKKS_ERROR_ARGUMENT, "out is NULL");
  CHECK_FAILS(ckks_add(out, foreign, a, s.ev), CKKS_ERROR_MISMATCH, "a");
  CHECK_FAILS(ckks_mul(out, a, foreign, s.ev), CKKS_ERROR_MISMATCH, "b");
  CHECK_FAILS(ckks_negate(foreign, a, s.ev), CKKS_ERROR_MISMATCH, "out");
  CHECK_FAILS(ckks_negate(small, a, s.ev), CKKS_ERROR_LEVEL, "out");
  CHECK_FAILS(ckks_rotate(small, a, 1, s.ev), CKKS_ERROR_LEVEL, "out");
  eval_tensor(out, a, a, s.ev);
  CHECK_FAILS(ckks_add(a, out, a, s.ev), CKKS_ERROR_ARGUMENT, "3 parts");
  CHECK_FAILS(ckks_square(out, bottom, s.ev), CKKS_ERROR_LEVEL, "takes 1 level and 0 are left");
  CHECK_FAILS(ckks_mul_real(out, bottom, x, 4, s.ev), CKKS_ERROR_LEVEL, "ckks_mul_real");
  CHECK_FAILS(ckks_mul_constant(out, bottom, 0.5, s.ev), CKKS_ERROR_LEVEL, "ckks_mul_constant");
  CHECK(ckks_mul_constant(out, bottom, 7, s.ev));
  CHECK_FAILS(ckks_mul_constant(out, a, (double)NAN, s.ev), CKKS_ERROR_RANGE, "finite");
  CHECK_FAILS(ckks_mul_constant(out, a, 1e300, s.ev), CKKS_ERROR_RANGE, "does not fit");
  CHECK_FAILS(ckks_add_constant(out, a, (double)INFINITY, s.ev), CKKS_ERROR_RANGE, "finite");
  CHECK_FAILS(ckks_add_real(out, a, NULL, 4, s.ev), CKKS_ERROR_ARGUMENT, "values");
  CHECK_FAILS(ckks_add_real(out, a, x, s.slots + 1, s.ev), CKKS_ERROR_ARGUMENT, "slots");
  CHECK_FAILS(ckks_power(out, a, 0, s.ev), CKKS_ERROR_ARGUMENT, "exponent = 0");
  CHECK_FAILS(ckks_power(out, a, 65537, s.ev), CKKS_ERROR_ARGUMENT, "exponent = 65537");
  CHECK_FAILS(ckks_drop_level(out, a, 3, s.ev), CKKS_ERROR_LEVEL, "levels only fall");
  CHECK_FAILS(ckks_drop_level(out, a, -1, s.ev), CKKS_ERROR_LEVEL, "level");
  fesetround(FE_UPWARD);
  ckks_status rounding = ckks_add(out, a, a, s.ev);
  fesetround(FE_TONEAREST);
  assert_int_equal(rounding, CKKS_ERROR_ARGUMENT);
  ckks_evaluator_free(NULL);
  /* A refused operation leaves its output as it was. */
  CHECK(ckks_add(out, a, a, s.ev));
  ckks_ciphertext *before = new_ciphertext(&s);
  CHECK(ckks_ciphertext_copy(before, out));
  scheme_use_keys(&s, NULL, 0);
  int steps[2] = {0, 1};
  ckks_ciphertext *many[2] = {out, small};
  CHECK_FAILS(ckks_mul(out, a, a, s.ev), CKKS_ERROR_KEY, "relinearisation");
  CHECK_FAILS(ckks_rotate(out, a, 1, s.ev), CKKS_ERROR_KEY, "rotation by 1");
  CHECK_FAILS(ckks_conjugate(out, a, s.ev), CKKS_ERROR_KEY, "conjugation");
  CHECK_FAILS(ckks_inner_sum(out, a, 3, s.ev), CKKS_ERROR_KEY, "rotation by 1");
  CHECK_FAILS(ckks_rotate_many(many, a, steps, 2, s.ev), CKKS_ERROR_LEVEL, "out");
  many[1] = before;
  CHECK_FAILS(ckks_rotate_many(many, a, steps, 2, s.ev), CKKS_ERROR_KEY, "rotation by 1");
  assert_int_equal(out->level, before->level);
  assert_memory_equal(out->part[0].data, before->part[0].data, s.params->ring.n * 8);
  assert_memory_equal(out->part[1].data, before->part[1].data, s.params->ring.n * 8);
  ckks_ciphertext_free(before);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(foreign);
  ckks_ciphertext_free(bottom);
  ckks_ciphertext_free(small);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
  scheme_clear(&other);
}

static ckks_status attempt_program(void *context) {
  scheme *s = context;
  ckks_evaluator *ev = NULL;
  ckks_ciphertext *a = NULL, *b = NULL;
  ckks_status status = ckks_evaluator_build(&ev, s->params, s->keys);
  if (status == CKKS_OK)
    status = ckks_ciphertext_build(&a, s->params);
  if (status == CKKS_OK)
    status = ckks_ciphertext_build_at(&b, s->params, 2, 2);
  if (status == CKKS_OK)
    status = ckks_add(b, a, b, ev);
  if (status == CKKS_OK)
    status = ckks_mul_real(b, b, x, 3, ev);
  if (status == CKKS_OK)
    status = ckks_sum(b, b, 3, ev);
  if (status == CKKS_OK)
    status = ckks_power(a, a, 5, ev);
  if (status == CKKS_OK)
    status = ckks_inner_sum(a, a, 5, ev);
  if (status == CKKS_OK)
    status = ckks_matmul(a, a, x, 3, 2, ev);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(b);
  ckks_evaluator_free(ev);
  return status;
}

static void test_memory(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  fail_each_allocation(attempt_program, &s);
  scheme_clear(&s);
}

/* ------------------------------------------------------------ random programs */

#define REGISTERS 4

/* Random operations on a few ciphertexts beside the same on numbers, as long as levels last. */
static void body_program(scheme *s) {
  static double clear[REGISTERS][MAX_SLOTS], z[MAX_SLOTS];
  ckks_ciphertext *reg[REGISTERS];
  for (int i = 0; i < REGISTERS; i++) {
    random_reals(clear[i], s->slots, &state);
    reg[i] = encrypt_real(s, clear[i], s->slots, s->top - i % 2);
  }
  for (int round = 0; round < 30; round++) {
    int a = (int)(test_random(&state) % REGISTERS), b = (int)(test_random(&state) % REGISTERS);
    int out = (int)(test_random(&state) % REGISTERS);
    int level = reg[a]->level < reg[b]->level ? reg[a]->level : reg[b]->level;
    int steps = (int)(test_random(&state) % s->slots);
    double half = 0.5;
    switch (test_random(&state) % 6) {
    case 0:
      CHECK(ckks_sub(reg[out], reg[a], reg[b], s->ev));
      for (size_t i = 0; i < s->slots; i++)
        z[i] = clear[a][i] - clear[b][i];
      break;
    case 1:
      if (level < 1)
        continue;
      CHECK(ckks_mul(reg[out], reg[a], reg[b], s->ev));
      for (size_t i = 0; i < s->slots; i++)
        z[i] = clear[a][i] * clear[b][i];
      break;
    case 2:
      CHECK(ckks_rotate(reg[out], reg[a], steps, s->ev));
      for (size_t i = 0; i < s->slots; i++)
        z[i] = clear[a][(i + (size_t)steps) % s->slots];
      break;
    case 3:
      if (reg[a]->level < 1)
        continue;
      CHECK(ckks_mul_constant(reg[out], reg[a], half, s->ev));
      for (size_t i = 0; i < s->slots; i++)
        z[i] = clear[a][i] * half;
      break;
    case 4:
      CHECK(ckks_add_constant(reg[out], reg[a], half, s->ev));
      for (size_t i = 0; i < s->slots; i++)
        z[i] = clear[a][i] + half;
      break;
    default:
      CHECK(ckks_drop_level(reg[out], reg[a], level, s->ev));
      memcpy(z, clear[a], sizeof z);
      break;
    }
    double largest = 0;
    for (size_t i = 0; i < s->slots; i++)
      largest = fmax(largest, fabs(z[i]));
    if (largest > 4) { /* start this register afresh */
      ckks_ciphertext_free(reg[out]);
      random_reals(z, s->slots, &state);
      reg[out] = encrypt_real(s, z, s->slots, s->top);
    }
    memcpy(clear[out], z, sizeof z);
    assert_canonical(s, reg[out], reg[out]->level);
    assert_real(s, reg[out], z, 200, "random program");
  }
  for (int i = 0; i < REGISTERS; i++)
    ckks_ciphertext_free(reg[i]);
}

static void test_program(void **unused) {
  (void)unused;
  for_all_schemes(body_program);
}

/* A result is no fresh encryption, whatever stood there before: a seed left in it would be sent in
 * place of its second part. */
static void body_seeds(scheme *s) {
  double values[] = {0.5, -0.25};
  ckks_ciphertext *a = encrypt_real(s, values, 2, ckks_params_max_level(s->params));
  static const int n_calls = 4;
  for (int call = 0; call < n_calls; call++) {
    ckks_ciphertext *out = encrypt_real(s, values, 2, ckks_params_max_level(s->params));
    assert_true(a->seeded && out->seeded);
    ckks_status status = call == 0   ? ckks_mul(out, a, a, s->ev)
                         : call == 1 ? ckks_square(out, a, s->ev)
                         : call == 2 ? ckks_add(out, a, a, s->ev)
                                     : ckks_rotate(out, a, 1, s->ev);
    assert_int_equal(status, CKKS_OK);
    assert_false(out->seeded);
    ckks_ciphertext_free(out);
  }
  ckks_ciphertext_free(a);
}

static void test_seeds(void **unused) {
  (void)unused;
  for_all_schemes(body_seeds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_seeds),         cmocka_unit_test(test_levels),
      cmocka_unit_test(test_numbers),       cmocka_unit_test(test_powers),
      cmocka_unit_test(test_rotations),     cmocka_unit_test(test_polyval),
      cmocka_unit_test(test_polyval_slots), cmocka_unit_test(test_own_scale),
      cmocka_unit_test(test_errors),        cmocka_unit_test(test_memory),
      cmocka_unit_test(test_program),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
