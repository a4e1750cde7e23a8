/* SPDX-License-Identifier: Apache-2.0 */
/* Key switching: products, automorphisms, hoisting, compositions; noise from both sides. */
#include "fixture.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mul),
      cmocka_unit_test(test_automorphism),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
