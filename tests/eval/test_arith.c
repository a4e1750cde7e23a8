/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic without keys, and every change of basis against big integers. */
#include "fixture.h"

#include <gmp.h>

#include "eval/arith.h"
#include "eval/digits.h"

static uint64_t state = 3;

static ckks_complex in0[MAX_SLOTS], in1[MAX_SLOTS], expected[MAX_SLOTS];
static double values[MAX_SLOTS];

/* ------------------------------------------------ bases against big integers */

/* A polynomial over some limbs in NTT form with random coefficients, and the limbs as integers. */
typedef struct sample {
  ring_poly poly;
  int limb[CKKS_MAX_Q + CKKS_MAX_P], n_limbs;
  uint64_t *residue; /* coefficient form, limb-major, in [0, p) */
} sample;

static sample new_sample(const scheme *s, const int *limbs, int n_limbs) {
  const ring_ring *ring = &s->params->ring;
  sample x = {.n_limbs = n_limbs};
  memcpy(x.limb, limbs, (size_t)n_limbs * sizeof *limbs);
  CHECK(ring_poly_init(&x.poly, n_limbs, ring));
  x.residue = base_alloc_array((size_t)n_limbs * ring->n, sizeof *x.residue);
  for (int i = 0; i < n_limbs; i++) {
    const ring_modulus *m = &ring->modulus[limbs[i]];
    ring_word *words = ring_poly_limb(&x.poly, i);
    uint64_t *residue = x.residue + (size_t)i * ring->n;
    for (size_t j = 0; j < ring->n; j++) {
      /* Every sixteenth coefficient is an extreme. */
      uint64_t extreme[4] = {0, 1, m->p - 1, m->p / 2 + (j >> 6 & 1)};
      residue[j] = j % 16 == 0 ? extreme[j >> 4 & 3] : test_random(&state) % m->p;
    }
    ring->kernel->from_uint64(words, residue, ring->n, m);
    ring->kernel->ntt_forward(words, words, ring->ntt[limbs[i]]);
  }
  return x;
}

static void clear_sample(sample *x) {
  base_free(x->residue);
  ring_poly_clear(&x->poly);
}

/* The integer of coefficient j in (-D/2, D/2], D the product of limbs [from, from+n). */
static void lift(mpz_t out, mpz_t d, const sample *x, const scheme *s, int from, int n, size_t j) {
  mpz_t part, p;
  mpz_inits(part, p, NULL);
  mpz_set_ui(d, 1);
  for (int i = from; i < from + n; i++)
    mpz_mul_ui(d, d, s->params->ring.modulus[x->limb[i]].p);
  mpz_set_ui(out, 0);
  for (int i = from; i < from + n; i++) {
    mpz_set_ui(p, s->params->ring.modulus[x->limb[i]].p);
    mpz_divexact(part, d, p);
    mpz_t inverse;
    mpz_init(inverse);
    mpz_invert(inverse, part, p);
    mpz_mul_ui(inverse, inverse, x->residue[(size_t)i * s->params->ring.n + j]);
    mpz_mod(inverse, inverse, p);
    mpz_addmul(out, inverse, part);
    mpz_clear(inverse);
  }
  mpz_mod(out, out, d);
  mpz_mul_2exp(part, out, 1);
  if (mpz_cmp(part, d) > 0)
    mpz_sub(out, out, d);
  mpz_clears(part, p, NULL);
}

/* Residues of a limb in NTT form, back as coefficients in [0, p). */
static void lowered(uint64_t *out, const ring_word *in, int limb, const scheme *s) {
  const ring_ring *ring = &s->params->ring;
  static ring_word words[2 * MAX_SLOTS] __attribute__((aligned(64)));
  ring->kernel->ntt_inverse(words, in, ring->ntt[limb]);
  ring->kernel->to_uint64(out, words, ring->n, &ring->modulus[limb]);
}

/* ModUp: every digit over every limb is the digit plus a small multiple of its modulus. */
static void check_digits(scheme *s, int level, int k) {
  const ring_ring *ring = &s->params->ring;
  int limbs[CKKS_MAX_Q] = {0};
  static _Alignas(64) uint64_t got[2 * MAX_SLOTS];
  int n_chain = ckks_params_limbs(s->params, level);
  for (int i = 0; i < n_chain; i++)
    limbs[i] = i;
  sample x = new_sample(s, limbs, n_chain);
  size_t mark = base_arena_mark(&s->ev->arena);
  eval_digits digits;
  mpz_t integer, d, difference, multiple;
  mpz_inits(integer, d, difference, multiple, NULL);
  eval_digits_begin(&digits, &x.poly, level, k, level % 2 == 0, s->ev); /* kept or not */
  assert_int_equal(digits.n_digits, (level + k) / k);
  for (int i = 0; i < ckks_params_limbs_over(s->params, level, k); i++) {
    int limb = ckks_params_limb(s->params, level, i);
    uint64_t p = ring->modulus[limb].p;
    eval_digits_limb extended;
    size_t before = base_arena_mark(&s->ev->arena);
    eval_digits_extend(&extended, &digits, NULL, i, s->ev);
    for (int digit = 0; digit < digits.n_digits; digit++) {
      int first = digit * k, last = first + k - 1 < level ? first + k - 1 : level;
      int from = ckks_params_limbs(s->params, first - 1);
      int n = ckks_params_limbs(s->params, last) - from;
      lowered(got, extended.digit[digit], limb, s);
      for (size_t j = 0; j < ring->n; j += i == 0 ? 1 : 7) {
        lift(integer, d, &x, s, from, n, j);
        /* got = integer + m*D for one m with |m| <= n/2 (0 for a single limb) */
        bool found = false;
        for (int m = -(n / 2); m <= n / 2 && !found; m++) {
          mpz_mul_si(multiple, d, m);
          mpz_add(difference, integer, multiple);
          mpz_sub_ui(difference, difference, got[j]);
          found = mpz_divisible_ui_p(difference, p) != 0;
        }
        if (!found)
          fail_msg("%s: digit %d of level %d with k = %d over limb %d, coefficient %zu", s->name,
                   digit, level, k, i, j);
      }
    }
    base_arena_reset(&s->ev->arena, before);
  }
  mpz_clears(integer, d, difference, multiple, NULL);
  base_arena_reset(&s->ev->arena, mark);
  clear_sample(&x);
}

/* |remainder| within 2^-45 of d/2: doubles cannot tell which neighbour is nearer, nor need to. */
static bool is_tie(const mpz_t remainder, const mpz_t d) {
  mpz_t gap;
  mpz_init(gap);
  mpz_abs(gap, remainder);
  mpz_mul_2exp(gap, gap, 1);
  mpz_sub(gap, d, gap);
  mpz_mul_2exp(gap, gap, 45);
  bool tie = mpz_cmp(gap, d) < 0;
  mpz_clear(gap);
  return tie;
}

/* Division by the product of a basis: the nearest integer, over all limbs that are left. */
static void check_division(scheme *s, const eval_basis *basis, int level) {
  const ring_ring *ring = &s->params->ring;
  static _Alignas(64) uint64_t got[2 * MAX_SLOTS];
  int limbs[CKKS_MAX_Q + CKKS_MAX_P] = {0}, n_limbs = 0, n_terms = basis->n_terms;
  for (int j = 0; j < n_terms; j++)
    limbs[n_limbs++] = basis->limb[j];
  for (int i = 0; i < ckks_params_limbs(s->params, level); i++)
    if (i != basis->limb[0] && (n_terms == 1 || i != basis->limb[1]))
      limbs[n_limbs++] = i;
  sample x = new_sample(s, limbs, n_limbs);
  size_t mark = base_arena_mark(&s->ev->arena);
  const ring_word *residues[EVAL_BASIS_MAX_TERMS];
  for (int j = 0; j < n_terms; j++)
    residues[j] = ring_poly_limb(&x.poly, j);
  eval_division division;
  eval_division_take(&division, basis, s->ev);
  eval_division_begin(&division, residues, s->ev);
  mpz_t integer, d, quotient, remainder;
  mpz_inits(integer, d, quotient, remainder, NULL);
  for (int i = n_terms; i < n_limbs; i++) {
    uint64_t p = ring->modulus[limbs[i]].p;
    ring_word *limb = ring_poly_limb(&x.poly, i);
    eval_division_limb(limb, limb, &division, limbs[i], NULL, s->ev);
    lowered(got, limb, limbs[i], s);
    for (size_t j = 0; j < ring->n; j += i == n_terms ? 1 : 5) {
      lift(integer, d, &x, s, 0, n_limbs, j);
      lift(remainder, d, &x, s, 0, n_terms, j);
      mpz_sub(quotient, integer, remainder); /* divisible, and the nearest multiple */
      assert_int_not_equal(mpz_divisible_p(quotient, d), 0);
      mpz_divexact(quotient, quotient, d);
      if (mpz_fdiv_ui(quotient, p) != got[j] && is_tie(remainder, d)) { /* the other neighbour */
        assert_true(n_terms > 1);
        mpz_add_ui(quotient, quotient, mpz_sgn(remainder) > 0 ? 1 : 0);
        mpz_sub_ui(quotient, quotient, mpz_sgn(remainder) > 0 ? 0 : 1);
      }
      if (mpz_fdiv_ui(quotient, p) != got[j])
        fail_msg("%s: division by %d primes at level %d, limb %d, coefficient %zu", s->name,
                 n_terms, level, limbs[i], j);
    }
  }
  mpz_clears(integer, d, quotient, remainder, NULL);
  base_arena_reset(&s->ev->arena, mark);
  clear_sample(&x);
}

static void body_bases(scheme *s) {
  for (int level = 0; level <= s->top; level++)
    for (int k = 0; k <= s->params->literal.n_p; k++) {
      if (k > 0)
        check_digits(s, level, k);
      if (k > 0)
        check_division(s, eval_basis_special(s->ev, k), level);
      if (level > 0)
        check_division(s, eval_basis_rescale(s->ev, k, level), level);
    }
}

static void test_bases(void **unused) {
  (void)unused;
  for (size_t i = 0; i < N_LITERALS; i++) {
    if (all_literals[i].literal.log2_n > 10)
      continue;
    scheme s;
    scheme_init(&s, &all_literals[i]);
    body_bases(&s);
    scheme_clear(&s);
  }
}

/* ------------------------------------------------------------- sums, products */

static double fresh_bound(const scheme *s, const ckks_ciphertext *a) {
  return TAIL * (ckks_noise_fresh(s->params) + ckks_noise_encode(s->params)) / a->scale;
}

static void body_sums(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  for (int level = s->top; level >= 0; level--) {
    random_slots(in0, s->slots, &state);
    random_slots(in1, s->slots, &state);
    ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
    ckks_ciphertext *b = encrypt_complex(s, in1, level, 0);
    a->seeded = true;
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){in0[i].re + in1[i].re, in0[i].im + in1[i].im};
    eval_add(out, a, b, s->ev);
    assert_false(out->seeded);
    assert_slots(s, out, expected, 2 * fresh_bound(s, a), "add");
    eval_sub(out, out, b, s->ev);
    assert_slots(s, out, in0, fresh_bound(s, a), "add, subtract");
    eval_negate(out, out, s->ev);
    eval_add(out, a, out, s->ev);
    memset(expected, 0, sizeof expected);
    assert_slots(s, out, expected, 0, "a - a");
    CHECK(eval_add_scalar(out, a, -1.25, s->ev));
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){in0[i].re - 1.25, in0[i].im};
    assert_slots(s, out, expected, fresh_bound(s, a), "add constant");
    CHECK(eval_mul_scalar(out, a, -3, 1, s->ev));
    assert_true(out->scale == a->scale);
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){-3 * in0[i].re, -3 * in0[i].im};
    assert_slots(s, out, expected, 3 * fresh_bound(s, a), "times -3");
    /* Two parts and three: the third comes along, or its negative. */
    if (level == s->top) {
      eval_tensor(out, a, b, s->ev);
      b->scale = out->scale;
      ckks_ciphertext *sum = new_ciphertext(s);
      eval_sub(sum, b, out, s->ev);
      assert_int_equal(sum->n_parts, 3);
      eval_add(sum, sum, out, s->ev);
      eval_sub(sum, sum, b, s->ev);
      sum->n_parts = 2; /* the third part is zero now */
      memset(expected, 0, sizeof expected);
      assert_slots(s, sum, expected, 0, "b - ab + ab - b");
      ckks_ciphertext_free(sum);
    }
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
  }
  ckks_ciphertext_free(out);
}

static void test_sums(void **unused) {
  (void)unused;
  for_all_schemes(body_sums);
}

static void body_plain(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  ckks_plaintext *p = NULL;
  CHECK(ckks_plaintext_build(&p, s->params));
  for (int level = s->top; level >= 1; level--) {
    random_slots(in0, s->slots, &state);
    random_reals(values, s->slots, &state);
    ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
    CHECK(ckks_encode_real(p, values, s->slots, s->top, a->scale, s->params)); /* a higher level */
    eval_add_plain(out, a, p, s->ev);
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){in0[i].re + values[i], in0[i].im};
    assert_slots(s, out, expected, 2 * fresh_bound(s, a), "add plain");
    eval_mul_plain(out, a, p, s->ev);
    eval_mul_plain_add(out, a, p, s->ev);
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){2 * in0[i].re * values[i], 2 * in0[i].im * values[i]};
    assert_slots(s, out, expected, 4 * fresh_bound(s, a), "multiply by plain, twice");
    eval_rescale(out, out, s->ev);
    assert_true(ckks_scale_equal(out->scale, s->params->scale[level - 1]));
    assert_slots(s, out, expected,
                 4 * fresh_bound(s, a) + TAIL * ckks_noise_rescale(s->params) / out->scale,
                 "rescaled");
    ckks_ciphertext_free(a);
  }
  ckks_plaintext_free(p);
  ckks_ciphertext_free(out);
}

static void test_plain(void **unused) {
  (void)unused;
  for_all_schemes(body_plain);
}

/* Sums of many ciphertexts times numbers: more than one call of the kernel. */
static void test_sum_scalar(void **unused) {
  (void)unused;
  static const size_t counts[] = {1, 2, 64, 65, 127, 150};
  scheme s;
  scheme_init(&s, &all_literals[1]);
  ckks_ciphertext *in[8], *out = new_ciphertext(&s);
  const ckks_ciphertext *list[150];
  static ckks_complex slots[8][MAX_SLOTS];
  double factors[150];
  for (int i = 0; i < 8; i++) {
    random_slots(slots[i], s.slots, &state);
    in[i] = encrypt_complex(&s, slots[i], s.top, 0);
  }
  for (size_t z = 0; z < sizeof counts / sizeof *counts; z++) {
    size_t n = counts[z];
    memset(expected, 0, sizeof expected);
    random_reals(factors, n, &state);
    for (size_t j = 0; j < n; j++) {
      list[j] = in[j % 8];
      for (size_t i = 0; i < s.slots; i++) {
        expected[i].re += factors[j] * slots[j % 8][i].re;
        expected[i].im += factors[j] * slots[j % 8][i].im;
      }
    }
    double scale = s.params->scale[s.top];
    CHECK(eval_sum_scalar(out, list, factors, n, scale, s.ev));
    assert_true(ckks_scale_equal(out->scale, scale * scale));
    assert_slots(&s, out, expected, (double)n * fresh_bound(&s, in[0]), "sum of scalars");
    CHECK(eval_sum_scalar(in[7], list, factors, n, scale, s.ev)); /* out is an input */
    assert_slots(&s, in[7], expected, (double)n * fresh_bound(&s, in[0]), "the same in place");
    ckks_ciphertext_free(in[7]);
    in[7] = encrypt_complex(&s, slots[7], s.top, 0);
  }
  double huge = 1e200;
  CHECK_FAILS(eval_sum_scalar(out, list, &huge, 1, 1, s.ev), CKKS_ERROR_RANGE, "does not fit");
  for (int i = 0; i < 8; i++)
    ckks_ciphertext_free(in[i]);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* Rows over the same operands, in one or several batches: each is the sum by itself. */
static void body_rows(scheme *s) {
  static const size_t shapes[][2] = {{1, 1}, {2, 5}, {16, 64}, {3, 65}, {16, 130}};
  enum { ROWS = 16, TERMS = 130 };
  ckks_ciphertext *in[4], *out[ROWS], *alone = new_ciphertext(s);
  const ckks_ciphertext *list[TERMS];
  static double factors[ROWS][TERMS];
  const double *row[ROWS];
  size_t bytes = s->params->ring.n * sizeof(uint64_t);
  uint64_t *got = base_alloc(bytes), *wanted = base_alloc(bytes);
  for (size_t i = 0; i < 4; i++) {
    random_slots(in0, s->slots, &state);
    in[i] = encrypt_complex(s, in0, s->top, 0);
  }
  for (size_t j = 0; j < TERMS; j++)
    list[j] = in[j % 4];
  for (size_t r = 0; r < ROWS; r++) {
    out[r] = new_ciphertext(s);
    row[r] = factors[r];
    random_reals(factors[r], TERMS, &state);
  }
  for (size_t z = 0; z < sizeof shapes / sizeof *shapes; z++) {
    size_t n_rows = shapes[z][0], n = shapes[z][1];
    CHECK(eval_sum_scalar_rows(out, list, row, n_rows, n, 0x1p30, s->ev));
    for (size_t r = 0; r < n_rows; r++) {
      CHECK(eval_sum_scalar(alone, list, row[r], n, 0x1p30, s->ev));
      assert_true(out[r]->scale == alone->scale && out[r]->level == alone->level);
      assert_int_equal(out[r]->n_parts, 2);
      for (int part = 0; part < 2; part++)
        for (int i = 0; i < s->params->n_limbs; i++) {
          const ring_modulus *m = &s->params->ring.modulus[i];
          const ring_kernel *kernel = s->params->ring.kernel;
          kernel->to_uint64(got, ring_poly_limb(&out[r]->part[part], i), s->params->ring.n, m);
          kernel->to_uint64(wanted, ring_poly_limb(&alone->part[part], i), s->params->ring.n, m);
          assert_memory_equal(got, wanted, bytes);
        }
    }
  }
  factors[1][3] = 1e200;
  CHECK_FAILS(eval_sum_scalar_rows(out, list, row, 2, 5, 1, s->ev), CKKS_ERROR_RANGE,
              "does not fit");
  base_free(got);
  base_free(wanted);
  for (size_t i = 0; i < 4; i++)
    ckks_ciphertext_free(in[i]);
  for (size_t r = 0; r < ROWS; r++)
    ckks_ciphertext_free(out[r]);
  ckks_ciphertext_free(alone);
}

static void test_rows(void **unused) {
  (void)unused;
  for_all_schemes(body_rows);
}

/* ------------------------------------------------------------------- levels */

static void body_adjust(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  for (int from = s->top; from >= 1; from--)
    for (int to = from; to >= 0; to--) {
      random_slots(in0, s->slots, &state);
      ckks_ciphertext *a = encrypt_complex(s, in0, from, 0);
      double scale = to == from ? a->scale : s->params->scale[to];
      CHECK(eval_adjust(out, a, to, scale, s->ev));
      assert_int_equal(out->level, to);
      assert_true(out->scale == scale);
      double bound = fresh_bound(s, a) + TAIL * ckks_noise_rescale(s->params) / scale;
      /* The factor's rounding, where there is no second prime to make it finer. */
      double factor = scale / a->scale * s->params->ring.modulus[to == from ? to : to + 1].f;
      if (to == from - 1)
        bound += 2 / factor;
      assert_slots(s, out, in0, bound, "adjust");
      eval_cut(a, a, to, s->ev);
      assert_int_equal(a->level, to);
      /* Exactly the same integers modulo fewer primes (if the product still holds them). */
      if (log2(a->scale) + 3 < s->params->log2_q[to])
        assert_slots(s, a, in0, fresh_bound(s, a), "cut");
      ckks_ciphertext_free(a);
    }
  ckks_ciphertext *a = encrypt_complex(s, in0, 1, 0);
  CHECK_FAILS(eval_adjust(out, a, 0, 1e-9, s->ev), CKKS_ERROR_RANGE, "cannot be brought down");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
}

static void test_adjust(void **unused) {
  (void)unused;
  for_all_schemes(body_adjust);
}

/* ------------------------------------------------------------------ evaluator */

static void test_scratch(void **unused) {
  (void)unused;
  for (size_t i = 0; i < N_LITERALS; i++) {
    scheme s;
    scheme_init(&s, &all_literals[i]);
    assert_true(s.ev->arena.capacity_bytes >= eval_scratch_bytes(s.params));
    ckks_ciphertext *a, *b;
    CHECK(eval_spare_take(&a, 1, 2, s.ev));
    CHECK(eval_spare_take(&b, s.top, 3, s.ev));
    assert_ptr_not_equal(a, b);
    s.ev->n_spares_used = 0;
    long before = base_alloc_count();
    ckks_ciphertext *again;
    CHECK(eval_spare_take(&again, 0, 2, s.ev)); /* smaller fits */
    assert_ptr_equal(again, a);
    assert_int_equal(base_alloc_count(), before);
    s.ev->n_spares_used = 0;
    CHECK(eval_spare_take(&again, s.top, 3, s.ev)); /* larger is exchanged */
    assert_int_equal(ckks_ciphertext_capacity(again), s.top);
    assert_non_null(again->part[2].data);
    s.ev->n_spares_used = EVAL_MAX_SPARES;
    CHECK_FAILS(eval_spare_take(&again, 0, 2, s.ev), CKKS_ERROR_MEMORY, "intermediate");
    s.ev->n_spares_used = 0;
    scheme_clear(&s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bases),  cmocka_unit_test(test_sums),
      cmocka_unit_test(test_plain),  cmocka_unit_test(test_sum_scalar),
      cmocka_unit_test(test_adjust), cmocka_unit_test(test_scratch),
      cmocka_unit_test(test_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
