/* SPDX-License-Identifier: Apache-2.0 */
/* Key switching: products, automorphisms, hoisting, compositions; noise from both sides. */
#include "fixture.h"
#include "force.h"

static uint64_t state = 1;

static ckks_complex in0[MAX_SLOTS], in1[MAX_SLOTS], expected[MAX_SLOTS];

/* What a switch adds at most, in units of the value. */
static double switch_bound(const scheme *s, int level, int n_special, double scale) {
  return TAIL * hypot(ckks_noise_switch(s->params, level, n_special), ckks_noise_fresh(s->params)) /
         scale;
}

static void rotate_clear(const ckks_complex *in, int steps, size_t slots) {
  for (size_t i = 0; i < slots; i++)
    expected[i] = in[(i + (size_t)(steps + (int)slots)) % slots];
}

/* ------------------------------------------------------------------ products */

static void body_mul(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  for (int level = s->top; level >= 1; level--) {
    double scale = s->params->scale[level], next = s->params->scale[level - 1];
    random_slots(in0, s->slots, &state);
    random_slots(in1, s->slots, &state);
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = complex_mul(in0[i], in1[i]);
    ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
    ckks_ciphertext *b = encrypt_complex(s, in1, level, 0);
    /* Fresh noise of each times a value of size up to sqrt 2, the switch, the rescale. */
    double fresh = 3 * TAIL * ckks_noise_fresh(s->params) / scale;
    double product =
        TAIL * ckks_noise_switch(s->params, level, s->params->literal.n_p) / (scale * scale);
    double rescale = TAIL * ckks_noise_rescale(s->params) / next;
    CHECK(eval_mul(out, a, b, s->ev));
    assert_int_equal(out->level, level - 1);
    assert_true(ckks_scale_equal(out->scale, next));
    assert_slots(s, out, expected, fresh + product + rescale, "mul");
    /* The two divisions one after the other, in place, say the same. */
    eval_tensor(out, a, b, s->ev);
    assert_int_equal(out->n_parts, 3);
    assert_slots(s, out, expected, fresh, "tensor");
    CHECK(eval_relinearize(out, out, false, s->ev));
    assert_int_equal(out->n_parts, 2);
    assert_slots(s, out, expected, fresh + product, "relinearize");
    eval_rescale(out, out, s->ev);
    assert_slots(s, out, expected, fresh + product + rescale, "rescale");
    /* In place: a square. */
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = complex_mul(in0[i], in0[i]);
    CHECK(eval_mul(a, a, a, s->ev));
    assert_slots(s, a, expected, fresh + product + rescale, "square");
    ckks_ciphertext_free(a);
    ckks_ciphertext_free(b);
  }
  ckks_ciphertext_free(out);
}

static void test_mul(void **unused) {
  (void)unused;
  for_all_schemes(body_mul);
}

/* -------------------------------------------------------------- automorphisms */

static void body_automorphism(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  for (int level = s->top; level >= 0; level--) {
    random_slots(in0, s->slots, &state);
    ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
    double bound = switch_bound(s, level, s->params->literal.n_p, a->scale);
    int steps = 1 << test_random(&state) % 8;
    rotate_clear(in0, steps, s->slots);
    CHECK(eval_automorphism(out, a, ckks_galois_rotation(s->params, steps), s->ev));
    assert_int_equal(out->level, level);
    assert_slots(s, out, expected, bound, "rotation");
    for (size_t i = 0; i < s->slots; i++)
      expected[i] = (ckks_complex){in0[i].re, -in0[i].im};
    CHECK(eval_automorphism(out, a, 1, s->ev)); /* the identity copies */
    CHECK(eval_automorphism(out, out, ckks_galois_conjugation(s->params), s->ev));
    assert_slots(s, out, expected, bound, "conjugation in place");
    ckks_ciphertext_free(a);
  }
  ckks_ciphertext_free(out);
}

static void test_automorphism(void **unused) {
  (void)unused;
  for_all_schemes(body_automorphism);
}

/* What is added may be the rotated one, the result, another one, or all in one place. */
static void body_rotate_add(scheme *s) {
  static ckks_complex other[MAX_SLOTS];
  ckks_ciphertext *out = new_ciphertext(s);
  static const int all_steps[] = {0, 4, 5, -3}; /* no switch, one, two */
  for (int level = s->top; level >= 0; level -= 2)
    for (size_t z = 0; z < sizeof all_steps / sizeof *all_steps; z++) {
      int steps = all_steps[z], n_spares = s->ev->n_spares_used;
      random_slots(in0, s->slots, &state);
      random_slots(other, s->slots, &state);
      ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
      ckks_ciphertext *b = encrypt_complex(s, other, level, 0);
      double bound = 3 * switch_bound(s, level, s->params->literal.n_p, a->scale);
      for (size_t i = 0; i < s->slots; i++) {
        size_t from = (i + s->slots + (size_t)steps) % s->slots;
        expected[i] = (ckks_complex){in0[from].re + other[i].re, in0[from].im + other[i].im};
      }
      CHECK(eval_rotate_add(out, a, steps, b, s->ev));
      assert_slots(s, out, expected, bound, "rotate and add");
      eval_copy(out, a, s->ev);
      CHECK(eval_rotate_add(out, out, steps, b, s->ev));
      assert_slots(s, out, expected, bound, "over the rotated one");
      eval_copy(out, b, s->ev);
      CHECK(eval_rotate_add(out, a, steps, out, s->ev));
      assert_slots(s, out, expected, bound, "over what is added");
      for (size_t i = 0; i < s->slots; i++) {
        size_t from = (i + s->slots + (size_t)steps) % s->slots;
        expected[i] = (ckks_complex){in0[from].re + in0[i].re, in0[from].im + in0[i].im};
      }
      CHECK(eval_rotate_add(a, a, steps, a, s->ev));
      assert_slots(s, a, expected, bound, "all in one place");
      assert_int_equal(s->ev->n_spares_used, n_spares);
      ckks_ciphertext_free(a);
      ckks_ciphertext_free(b);
    }
  ckks_ciphertext_free(out);
}

static void test_rotate_add(void **unused) {
  (void)unused;
  for_all_schemes(body_rotate_add);
}

/* --------------------------------------------------- noise, from both sides */

/* Measured over `rounds` fresh ciphertexts against the written deviation. */
static void check_deviation(double measured, double written, const char *name, const char *what) {
  if (!(measured < 1.15 * written && measured > 0.85 * written))
    fail_msg("%s, %s: deviation %g, written %g", name, what, measured, written);
}

/* What the operation itself adds: squares of deviations add up. */
static double added(double after, double before) {
  return sqrt(after * after - before * before);
}

static void body_noise(scheme *s) {
  ckks_ciphertext *out = new_ciphertext(s);
  int n_p = s->params->literal.n_p;
  for (int level = s->top; level >= 0; level--) {
    double before = 0, rotated = 0, rescaled = 0;
    const int rounds = 8;
    for (int round = 0; round < rounds; round++) {
      random_slots(in0, s->slots, &state);
      ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
      double fresh = slot_deviation(s, a, in0);
      rotate_clear(in0, 2, s->slots);
      CHECK(eval_rotate(out, a, 2, s->ev));
      before += fresh * fresh / rounds;
      rotated += pow(slot_deviation(s, out, expected), 2) / rounds;
      if (level >= 1) { /* dividing takes the fresh noise away and leaves the rounding */
        eval_rescale(out, a, s->ev);
        rescaled += pow(slot_deviation(s, out, in0), 2) / rounds;
      }
      ckks_ciphertext_free(a);
    }
    check_deviation(added(sqrt(rotated), sqrt(before)), ckks_noise_switch(s->params, level, n_p),
                    s->name, "switch");
    if (level >= 1)
      check_deviation(sqrt(rescaled), ckks_noise_rescale(s->params), s->name, "rescale");
  }
  ckks_ciphertext_free(out);
}

static void test_noise(void **unused) {
  (void)unused;
  for_all_schemes(body_noise);
}

/* ---------------------------------------------------------------- cut keys */

static void body_cut_keys(scheme *s) {
  int n_p = s->params->literal.n_p;
  ckks_ciphertext *out = new_ciphertext(s);
  for (int k = 1; k <= n_p; k++)
    for (int key_level = 0; key_level <= s->top; key_level += 2) {
      ckks_key_spec specs[] = {{0, key_level, k},
                               {ckks_galois_rotation(s->params, 5), key_level, k}};
      scheme_use_keys(s, specs, 2);
      for (int level = 0; level <= key_level; level++) {
        random_slots(in0, s->slots, &state);
        ckks_ciphertext *a = encrypt_complex(s, in0, level, 0);
        rotate_clear(in0, 5, s->slots);
        CHECK(eval_rotate(out, a, 5, s->ev));
        assert_slots(s, out, expected, switch_bound(s, level, k, a->scale), "cut rotation");
        eval_tensor(out, a, a, s->ev);
        CHECK(eval_relinearize(out, out, false, s->ev));
        for (size_t i = 0; i < s->slots; i++)
          expected[i] = complex_mul(in0[i], in0[i]);
        /* At level 0 the square of the scale only fits when the base prime is wide. */
        if (2 * log2(a->scale) + 2 < s->params->log2_q[level])
          assert_slots(s, out, expected,
                       3 * TAIL * ckks_noise_fresh(s->params) / a->scale +
                           TAIL * ckks_noise_switch(s->params, level, k) / a->scale / a->scale,
                       "cut relinearisation");
        ckks_ciphertext_free(a);
      }
      if (key_level < s->top) {
        random_slots(in0, s->slots, &state);
        ckks_ciphertext *a = encrypt_complex(s, in0, key_level + 1, 0);
        CHECK_FAILS(eval_rotate(out, a, 5, s->ev), CKKS_ERROR_KEY, "(to level");
        ckks_ciphertext_free(a);
      }
    }
  ckks_ciphertext_free(out);
}

/* Keys of each n_special and level, used there and on every level below. */
static void test_cut_keys(void **unused) {
  (void)unused;
  for_all_schemes(body_cut_keys);
}

/* ----------------------------------------------------------------- hoisting */

#define MANY 20

static void body_hoisting(scheme *s) {
  static const int steps[MANY] = {1,  2,  4,   8,   16,  32,  64, 128, -1, -2,
                                  -4, -8, -16, -32, -64, 256, 0,  1,   2,  -128};
  ckks_ciphertext *out[MANY];
  uint32_t galois[MANY];
  int level = s->top - 1, n_p = s->params->literal.n_p;
  for (int i = 0; i < MANY; i++) {
    out[i] = new_ciphertext(s);
    galois[i] = ckks_galois_rotation(s->params, steps[i]);
  }
  random_slots(in0, s->slots, &state);
  ckks_ciphertext *a = encrypt_complex(s, in0, level, 0), *one = new_ciphertext(s);
  CHECK(eval_automorphism_many(out, a, galois, MANY, s->ev));
  for (int i = 0; i < MANY; i++) {
    rotate_clear(in0, steps[i], s->slots);
    assert_slots(s, out[i], expected, switch_bound(s, level, n_p, a->scale), "hoisted rotation");
    /* The same arithmetic in another order: the same residues, not only near ones. */
    CHECK(eval_automorphism(one, a, galois[i], s->ev));
    eval_sub(one, one, out[i], s->ev);
    memset(expected, 0, sizeof expected);
    assert_slots(s, one, expected, 0, "hoisted less single rotation");
  }
  /* The sum of all of them, divided once: noise of n switches' products, one rounding. */
  for (size_t i = 0; i < s->slots; i++) {
    expected[i] = in0[i];
    for (int r = 0; r < MANY; r++) {
      size_t j = (i + (size_t)steps[r]) & (s->slots - 1);
      expected[i].re += in0[j].re;
      expected[i].im += in0[j].im;
    }
  }
  CHECK(eval_rotate_sum(one, a, steps, MANY, s->ev));
  double bound = sqrt(2.0 * MANY) * switch_bound(s, level, n_p, a->scale);
  assert_slots(s, one, expected, bound, "sum of rotations");
  double deviation = slot_deviation(s, one, expected);
  double product = ckks_noise_switch_product(s->params, level, n_p);
  double fresh = ckks_noise_fresh(s->params);
  /* 18 keys, two of them twice; 21 times a's own noise, two shifts twice, nothing thrice. */
  double written =
      sqrt((MANY - 3 - 4 + 2 * 4) * product * product + (MANY - 3 - 4 + 3 * 4) * fresh * fresh +
           pow(ckks_noise_rescale(s->params), 2));
  assert_true(deviation < 1.5 * written && deviation > 0.6 * written);
  CHECK(eval_rotate_sum(a, a, steps, MANY, s->ev)); /* in place */
  assert_slots(s, a, expected, bound, "sum of rotations in place");
  for (int i = 0; i < MANY; i++)
    ckks_ciphertext_free(out[i]);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(one);
}

static void test_hoisting(void **unused) {
  (void)unused;
  for_all_schemes(body_hoisting);
}

/* Keys of different n_special for one list of rotations. */
static void test_mixed_keys(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[2]);
  static const int steps[] = {3, 5, 7, 9};
  ckks_key_spec specs[4];
  ckks_ciphertext *out[4];
  uint32_t galois[4];
  for (int i = 0; i < 4; i++) {
    galois[i] = ckks_galois_rotation(s.params, steps[i]);
    specs[i] = (ckks_key_spec){galois[i], s.top - i % 2, 1 + i % 3};
    out[i] = new_ciphertext(&s);
  }
  scheme_use_keys(&s, specs, 4);
  random_slots(in0, s.slots, &state);
  ckks_ciphertext *a = encrypt_complex(&s, in0, s.top - 1, 0);
  double bound = switch_bound(&s, a->level, 1, a->scale);
  CHECK(eval_automorphism_many(out, a, galois, 4, s.ev));
  for (int i = 0; i < 4; i++) {
    rotate_clear(in0, steps[i], s.slots);
    assert_slots(&s, out[i], expected, bound, "rotation with mixed keys");
  }
  for (size_t i = 0; i < s.slots; i++) {
    expected[i] = in0[i];
    for (int r = 0; r < 4; r++) {
      expected[i].re += in0[(i + (size_t)steps[r]) % s.slots].re;
      expected[i].im += in0[(i + (size_t)steps[r]) % s.slots].im;
    }
  }
  CHECK(eval_rotate_sum(a, a, steps, 4, s.ev));
  assert_slots(&s, a, expected, 4 * bound, "sum with mixed keys, in place");
  for (int i = 0; i < 4; i++)
    ckks_ciphertext_free(out[i]);
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

/* ------------------------------------------------------------- compositions */

static void test_compositions(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]);
  ckks_ciphertext *out = new_ciphertext(&s);
  random_slots(in0, s.slots, &state);
  ckks_ciphertext *a = encrypt_complex(&s, in0, 2, 0);
  double bound = switch_bound(&s, 2, 1, a->scale);
  /* Non-adjacent forms: 7 = 8 - 1, 511 = -1, -1000003 = -67 = 1 - 4 - 64. */
  static const int cases[][2] = {{7, 2},   {511, 1}, {513, 1}, {-7, 2}, {0, 0},
                                 {512, 0}, {171, 5}, {256, 1}, {3, 2},  {-1000003, 3}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int n;
    CHECK(eval_rotate_check(&n, cases[i][0], 2, s.ev));
    if (n != cases[i][1])
      fail_msg("rotation by %d takes %d switches, expected %d", cases[i][0], n, cases[i][1]);
    CHECK(eval_rotate(out, a, cases[i][0], s.ev));
    rotate_clear(in0, (cases[i][0] % (int)s.slots), s.slots);
    assert_slots(&s, out, expected, (1 + n) * bound, "composed rotation");
  }
  for (int steps = 1; steps < (int)s.slots; steps++) { /* never more than half the bits */
    int n;
    CHECK(eval_rotate_check(&n, steps, 2, s.ev));
    assert_in_range(n, 1, 5);
  }
  /* 3 and 5 alone: 1 = 3 + 3 - 5 has no -5, so the search must find 3*a + 5*b = 11. */
  ckks_key_spec specs[] = {{ckks_galois_rotation(s.params, 3), -1, 0},
                           {ckks_galois_rotation(s.params, 5), -1, 0},
                           {ckks_galois_conjugation(s.params), -1, 0}};
  scheme_use_keys(&s, specs, 3);
  int n;
  CHECK(eval_rotate_check(&n, 11, 2, s.ev));
  assert_int_equal(n, 3);
  CHECK(eval_rotate(a, a, 11, s.ev));
  rotate_clear(in0, 11, s.slots);
  assert_slots(&s, a, expected, 4 * bound, "searched rotation");
  /* Too far for a list of at most 40; and with one key of even step no odd rotation at all. */
  CHECK_FAILS(eval_rotate(out, a, 300, s.ev), CKKS_ERROR_KEY, "rotation by -212");
  specs[0].galois = ckks_galois_rotation(s.params, 4);
  scheme_use_keys(&s, specs, 1);
  CHECK_FAILS(eval_rotate(out, a, 3, s.ev), CKKS_ERROR_KEY, "keys: rotation 4");
  CHECK_FAILS(eval_automorphism(out, a, ckks_galois_conjugation(s.params), s.ev), CKKS_ERROR_KEY,
              "conjugation");
  eval_tensor(out, a, a, s.ev);
  CHECK_FAILS(eval_relinearize(out, out, true, s.ev), CKKS_ERROR_KEY, "relinearisation");
  CHECK_FAILS(eval_mul(a, a, a, s.ev), CKKS_ERROR_KEY, "relinearisation");
  scheme_use_keys(&s, NULL, 0);
  CHECK_FAILS(eval_rotate(out, a, 3, s.ev), CKKS_ERROR_KEY, "keys: none");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(out);
  scheme_clear(&s);
}

/* ------------------------------------------------------------------ counters */

static void test_counters(void **unused) {
  (void)unused;
  scheme s;
  scheme_init(&s, &all_literals[0]); /* 5 limbs and 1, 5 digits */
  random_slots(in0, s.slots, &state);
  ckks_ciphertext *a = encrypt_complex(&s, in0, s.top, 0);
  uint64_t n = s.params->ring.n;
  s.ev->counters = (eval_counters){0};
  CHECK(eval_rotate(a, a, 1, s.ev));
  /* 5 down; 6 limbs of 5 digits less the 5 own ones up; ModDown: 2 down and 2*5 up. */
  assert_int_equal(s.ev->counters.ntt, 5 + (6 * 5 - 5) + 2 + 2 * 5);
  assert_int_equal(s.ev->counters.mac_words, 6 * 5 * 2 * n);
  assert_int_equal(s.ev->counters.permute_words, 2 * 5 * n);
  assert_int_equal(s.ev->counters.switches, 1);
  s.ev->counters = (eval_counters){0};
  CHECK(eval_mul(a, a, a, s.ev));
  /* One division by P*q_4: 2*2 down, 2*4 up, not 2 + 10 and then 2 + 8. */
  assert_int_equal(s.ev->counters.ntt, 5 + (6 * 5 - 5) + 4 + 2 * 4);
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

/* ----------------------------------------------------- the same on every table */

/* A few of everything, then all residues in [0, p). */
static void chain(uint64_t *words, const scheme *s, const ckks_ciphertext *fresh) {
  ckks_ciphertext *a = new_ciphertext(s), *b = new_ciphertext(s);
  static const int steps[] = {1, -2, 4};
  CHECK(eval_mul(a, fresh, fresh, s->ev));
  CHECK(eval_rotate(b, a, 3, s->ev));
  eval_add(a, a, b, s->ev);
  CHECK(eval_rotate_sum(a, a, steps, 3, s->ev));
  CHECK(eval_mul(b, a, a, s->ev));
  CHECK(eval_adjust(b, b, b->level - 1, s->params->scale[b->level - 1], s->ev));
  const ring_ring *ring = &s->params->ring;
  for (int part = 0; part < 2; part++)
    for (int i = 0; i < ckks_params_limbs(s->params, b->level); i++, words += ring->n)
      ring->kernel->to_uint64(words, ring_poly_limb(&b->part[part], i), ring->n, &ring->modulus[i]);
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(b);
}

static void check_tables(const named_literal *literal) {
  const ring_kernel *usual = NULL;
  static _Alignas(64) uint64_t words[2][16 * 2 * MAX_SLOTS];
  int n_tables = 0;
  double first_values[4] = {0.5, -0.25, 0.125, 1};
  for (int index = 0; ring_kernel_at(index) != NULL; index++) {
    const ring_kernel *kernel = ring_kernel_at(index);
    scheme s;
    scheme_init(&s, literal);
    if (usual == NULL)
      usual = ring_kernel_get(s.params->ring.kind);
    bool wanted = kernel->kind == s.params->ring.kind && ring_kernel_usable(kernel);
    scheme_clear(&s);
    if (!wanted)
      continue;
    /* Everything is made under this table, from plain integers that are the same for all. */
    ring_kernel_force(kernel);
    scheme_init(&s, literal);
    assert_ptr_equal(s.params->ring.kernel, kernel);
    ckks_ciphertext *fresh = encrypt_real(&s, first_values, 4, s.top);
    const ring_ring *ring = &s.params->ring;
    uint64_t numbers = 99; /* the ciphertext, too, as numbers */
    for (int part = 0; part < 2; part++)
      for (int i = 0; i < s.params->n_limbs; i++) {
        for (size_t j = 0; j < ring->n; j++)
          words[1][j] = test_random(&numbers) % ring->modulus[i].p;
        ring->kernel->from_uint64(ring_poly_limb(&fresh->part[part], i), words[1], ring->n,
                                  &ring->modulus[i]);
      }
    /* Keys are drawn from the system's entropy: replace them by numbers as well. */
    for (size_t k = 0; k < s.keys->n_keys; k++)
      for (int i = 0; i < s.keys->key[k].n_limbs; i++) {
        const ckks_switch_key *key = &s.keys->key[k];
        const ring_modulus *m = &ring->modulus[ckks_params_limb(s.params, key->level, i)];
        for (size_t at = 0; at < (size_t)key->n_digits * 2; at++) {
          for (size_t j = 0; j < ring->n; j++)
            words[1][j] = test_random(&numbers) % m->p;
          ring->kernel->from_uint64(key->data + (size_t)i * key->limb_words + at * ring->n,
                                    words[1], ring->n, m);
        }
      }
    chain(words[n_tables == 0 ? 0 : 1], &s, fresh);
    if (n_tables++ > 0) {
      size_t n_words = 2 * (size_t)ckks_params_limbs(s.params, s.top - 3) * ring->n;
      if (memcmp(words[0], words[1], n_words * sizeof(uint64_t)) != 0)
        fail_msg("%s: table %s says otherwise", literal->name, kernel->name);
    }
    ckks_ciphertext_free(fresh);
    scheme_clear(&s);
  }
  ring_kernel_force(usual);
  assert_true(n_tables >= 1);
}

static void test_tables(void **unused) {
  (void)unused;
  for (size_t i = 0; i < N_LITERALS; i++)
    check_tables(&all_literals[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mul),          cmocka_unit_test(test_automorphism),
      cmocka_unit_test(test_noise),        cmocka_unit_test(test_cut_keys),
      cmocka_unit_test(test_hoisting),     cmocka_unit_test(test_mixed_keys),
      cmocka_unit_test(test_compositions), cmocka_unit_test(test_counters),
      cmocka_unit_test(test_tables),       cmocka_unit_test(test_rotate_add),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
