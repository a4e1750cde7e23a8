/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bootstrap_fixture.h"
#include "eval/raise.h"

/* The integer that limbs 0 and 1 of a decryption stand for, coefficient by coefficient. */
static void integers_of(__int128 *out, const ckks_plaintext *plaintext, const scheme *s) {
  const ring_ring *ring = &s->params->ring;
  const ring_modulus *q0 = &ring->modulus[0], *q1 = &ring->modulus[1];
  ring_word *limb[2];
  for (int i = 0; i < 2; i++) {
    limb[i] = base_alloc(ring->n * sizeof(ring_word));
    assert_non_null(limb[i]);
    ring->kernel->ntt_inverse(limb[i], ring_poly_limb(&plaintext->poly, i), ring->ntt[i]);
  }
  uint64_t inverse = ring_modulus_inverse(q0->p % q1->p, q1);
  for (size_t k = 0; k < ring->n; k++) {
    int64_t low = (int64_t)limb[0][k].f, high = (int64_t)limb[1][k].f;
    uint64_t turns = ring_modulus_mul(ring_modulus_reduce((__int128)high - low, q1), inverse, q1);
    out[k] = low + (__int128)q0->p * ring_modulus_centre(turns, q1);
  }
  for (int i = 0; i < 2; i++)
    base_free(limb[i]);
}

/* What comes out is what went in plus few multiples of q_0, at any level. */
static void only_multiples_of_the_base_are_added(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  scheme s;
  bootstrap_scheme_init(&s, &literal);
  ckks_key_spec specs[] = {{CKKS_KEY_TO_SPARSE, -1, 0}, {CKKS_KEY_FROM_SPARSE, -1, 0}};
  scheme_use_keys(&s, specs, 2);
  static double values[MAX_SLOTS];
  static __int128 before[1024], after[1024];
  uint64_t state = 6;
  random_reals(values, s.slots, &state);
  ckks_plaintext *plaintext = NULL;
  CHECK(ckks_plaintext_build(&plaintext, s.params));
  for (int level = 1; level <= s.top; level += 4) {
    ckks_ciphertext *a = encrypt_repeat(&s, values, s.slots, 1, 0x1p40);
    CHECK(ckks_decrypt(plaintext, a, s.secret, s.params));
    integers_of(before, plaintext, &s); /* |m| is below q_0 / 2, so it is known whole */
    eval_cut(a, a, 0, s.ev);
    CHECK(eval_raise(a, a, level, s.ev));
    assert_int_equal(a->level, level);
    assert_true(a->scale == 0x1p40);
    CHECK(ckks_decrypt(plaintext, a, s.secret, s.params));
    integers_of(after, plaintext, &s);
    double sum = 0, squares = 0, turned = 0;
    for (int k = 0; k < 1024; k++) {
      double difference = (double)(after[k] - before[k]), q0 = s.params->ring.modulus[0].f;
      double turns = rint(difference / q0), noise = difference - turns * q0;
      assert_true(fabs(turns) < EVAL_SINE_K);
      assert_true(fabs(noise) < 0x1p14); /* two key switches with P near q_0 */
      sum += turns;
      squares += turns * turns;
      turned += turns != 0;
    }
    /* 33 uniform numbers and a rounding: variance 33/12 + 1/12. */
    assert_true(turned > 512 && fabs(sum / 1024) < 0.4);
    assert_true(squares / 1024 > 2.0 && squares / 1024 < 3.8);
    ckks_ciphertext_free(a);
  }
  ckks_plaintext_free(plaintext);
  scheme_clear(&s);
}

static void keys_are_missed(void **unused) {
  (void)unused;
  ckks_bootstrap_literal literal = small_bootstrap(10, 9);
  scheme s;
  double value = 1;
  bootstrap_scheme_init(&s, &literal);
  ckks_ciphertext *a = encrypt_repeat(&s, &value, 1, 0, 0x1p40);
  CHECK_FAILS(eval_raise(a, a, s.top, s.ev), CKKS_ERROR_KEY, "to the sparse secret");
  ckks_key_spec specs[] = {{CKKS_KEY_TO_SPARSE, -1, 0}, {CKKS_KEY_FROM_SPARSE, 3, 0}};
  scheme_use_keys(&s, specs, 2);
  CHECK_FAILS(eval_raise(a, a, s.top, s.ev), CKKS_ERROR_KEY, "from the sparse secret (to level 3)");
  ckks_ciphertext_free(a);
  scheme_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_multiples_of_the_base_are_added),
      cmocka_unit_test(keys_are_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
