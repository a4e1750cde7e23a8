/* SPDX-License-Identifier: Apache-2.0 */
#include "ckks/fixture.h"
#include <stdio.h>

/* --------------------------------------------------- names of the library */

static void names_and_version(void **unused) {
  (void)unused;
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", CKKS_VERSION_MAJOR, CKKS_VERSION_MINOR,
           CKKS_VERSION_PATCH);
  assert_string_equal(ckks_version(), version);
  assert_string_equal(ckks_status_name(CKKS_OK), "ok");
  assert_string_equal(ckks_status_name(CKKS_ERROR_LEVEL), "level");
  assert_string_equal(ckks_status_name(CKKS_ERROR_CANCELLED), "cancelled");
  assert_string_equal(ckks_status_name((ckks_status)(CKKS_ERROR_CANCELLED + 1)), "unknown");
  assert_string_equal(ckks_status_name((ckks_status)-1), "unknown");
  for (int i = CKKS_OK; i <= CKKS_ERROR_CANCELLED; i++) {
    for (int j = CKKS_OK; j < i; j++)
      assert_string_not_equal(ckks_status_name((ckks_status)i), ckks_status_name((ckks_status)j));
  }
  base_fail(CKKS_ERROR_LEVEL, "a text of %d words", 5);
  assert_string_equal(ckks_last_error(), "a text of 5 words");
}

/* -------------------------------------------------- plaintext, ciphertext */

static void new_objects_are_zero_at_the_top(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_plaintext *plaintext;
  ckks_ciphertext *ciphertext;
  double values[512];
  assert_int_equal(ckks_plaintext_build(&plaintext, params), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build(&ciphertext, params), CKKS_OK);
  assert_int_equal(ckks_plaintext_level(plaintext), 4);
  assert_true(ckks_plaintext_scale(plaintext) == 0x1p36);
  assert_int_equal(ckks_ciphertext_level(ciphertext), 4);
  assert_true(ckks_ciphertext_scale(ciphertext) == 0x1p36);
  assert_int_equal(ckks_ciphertext_capacity(ciphertext), 4);
  assert_int_equal(ciphertext->n_parts, 2);
  assert_null(ciphertext->part[2].data);
  assert_false(ciphertext->seeded);
  assert_int_equal(ckks_decode_real(values, 512, plaintext, params), CKKS_OK);
  for (int i = 0; i < 512; i++)
    assert_true(values[i] == 0);
  ckks_plaintext_free(plaintext);
  ckks_ciphertext_free(ciphertext);
  ckks_plaintext_free(NULL);
  ckks_ciphertext_free(NULL);
  ckks_public_key_free(NULL);
  ckks_evaluation_keys_free(NULL);
  ckks_params_free(params);
}

static void levels_out_of_range_are_refused(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_plaintext *plaintext = NULL;
  ckks_ciphertext *ciphertext = NULL;
  assert_fails(ckks_plaintext_build_at(&plaintext, params, 5), CKKS_ERROR_LEVEL,
               "level = 5: must be 0 to 4");
  assert_fails(ckks_ciphertext_build_at(&ciphertext, params, -1, 2), CKKS_ERROR_LEVEL,
               "level = -1");
  assert_null(plaintext);
  assert_null(ciphertext);
  ckks_params_free(params);
}

static void fill(ckks_ciphertext *ciphertext, int n_parts, uint8_t seed_byte,
                 const ckks_params *params) {
  memset(ciphertext->seed, seed_byte, RAND_SEED_BYTES);
  ciphertext->n_parts = n_parts;
  for (int part = 0; part < n_parts; part++) {
    uint8_t seed[RAND_SEED_BYTES] = {seed_byte, (uint8_t)part};
    ckks_seed_expand(&ciphertext->part[part], ciphertext->level + 1, seed, params);
  }
}

static void copies_are_equal(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64()), *others = build_params(literal_u64());
  ckks_ciphertext *a, *b, *low, *two, *foreign;
  assert_int_equal(ckks_ciphertext_build_at(&a, params, 3, 3), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build_at(&b, params, 4, 3), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build_at(&low, params, 2, 3), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build(&two, params), CKKS_OK);
  assert_int_equal(ckks_ciphertext_build(&foreign, others), CKKS_OK);
  fill(a, 3, 1, params);
  a->scale = 12345;
  a->seeded = true;
  assert_int_equal(ckks_ciphertext_copy(b, a), CKKS_OK);
  assert_int_equal(ckks_ciphertext_level(b), 3);
  assert_true(ckks_ciphertext_scale(b) == 12345);
  assert_true(b->seeded && b->n_parts == 3);
  assert_memory_equal(b->seed, a->seed, RAND_SEED_BYTES);
  for (int part = 0; part < 3; part++) {
    for (int limb = 0; limb <= 3; limb++)
      assert_memory_equal(ring_poly_limb(&b->part[part], limb),
                          ring_poly_limb(&a->part[part], limb), 1024 * sizeof(ring_word));
  }
  assert_int_equal(ckks_ciphertext_copy(a, a), CKKS_OK);
  assert_fails(ckks_ciphertext_copy(low, a), CKKS_ERROR_LEVEL, "room up to level 2, 3 is needed");
  assert_fails(ckks_ciphertext_copy(two, a), CKKS_ERROR_ARGUMENT, "room for 2 parts");
  assert_fails(ckks_ciphertext_copy(foreign, a), CKKS_ERROR_MISMATCH, "other parameters");
  ckks_ciphertext_free(a);
  ckks_ciphertext_free(b);
  ckks_ciphertext_free(low);
  ckks_ciphertext_free(two);
  ckks_ciphertext_free(foreign);
  ckks_params_free(params);
  ckks_params_free(others);
}

static void scales_are_compared_relatively(void **unused) {
  (void)unused;
  assert_true(ckks_scale_equal(0x1p40, 0x1p40));
  assert_true(ckks_scale_equal(0x1p40, 0x1p40 * (1 + 0x1p-41)));
  assert_false(ckks_scale_equal(0x1p40, 0x1p40 * (1 + 0x1p-39)));
  assert_false(ckks_scale_equal(0x1p40 * (1 + 0x1p-39), 0x1p40));
  assert_false(ckks_scale_equal(1, 2));
}

/* ------------------------------------------------------------ key specs */

static void specs_are_checked(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_key_spec spec = {.galois = 2047, .level = -1, .n_special = 0};
  assert_int_equal(ckks_key_spec_check(&spec, params), CKKS_OK);
  assert_int_equal(spec.level, 4);
  assert_int_equal(spec.n_special, 2);
  assert_int_equal(ckks_key_spec_digits(&spec), 3);
  struct {
    ckks_key_spec spec;
    const char *text;
  } bad[] = {
      {{.galois = 6, .level = 1}, "galois = 6, must be 0 or odd"},
      {{.galois = 1, .level = 1}, "galois = 1"},
      {{.galois = 2049, .level = 1},
       "galois = 2049, must be 0 or odd, above 1 and below 2N = 2048"},
      {{.galois = 3, .level = 5}, "level = 5, must be -1 to 4"},
      {{.galois = 3, .level = -2}, "level = -2"},
      {{.galois = 3, .level = 1, .n_special = 3}, "n_special = 3, must be 0 to 2"},
      {{.galois = 3, .level = 1, .n_special = -1}, "n_special = -1"},
  };
  /* Keys of the sparse secret: one special prime by default, level 0 and the top. */
  spec = (ckks_key_spec){.galois = CKKS_KEY_TO_SPARSE, .level = -1};
  assert_int_equal(ckks_key_spec_check(&spec, params), CKKS_OK);
  assert_true(spec.level == 0 && spec.n_special == 1);
  spec = (ckks_key_spec){.galois = CKKS_KEY_FROM_SPARSE, .level = -1};
  assert_int_equal(ckks_key_spec_check(&spec, params), CKKS_OK);
  assert_true(spec.level == 4 && spec.n_special == 1);
  assert_int_equal(ckks_key_spec_digits(&spec), 1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_fails(ckks_key_spec_check(&bad[i].spec, params), CKKS_ERROR_ARGUMENT, bad[i].text);
  ckks_params_free(params);
  ckks_params_literal literal = literal_f64();
  literal.n_p = 0;
  params = build_params(literal);
  spec = (ckks_key_spec){.galois = 0, .level = -1};
  assert_fails(ckks_key_spec_check(&spec, params), CKKS_ERROR_ARGUMENT, "no special primes");
  ckks_params_free(params);
  literal = literal_f64();
  literal.n_q = 17;
  for (int i = 1; i < 17; i++)
    literal.q_bits[i] = 36;
  params = build_params(literal);
  spec = (ckks_key_spec){.galois = 0, .level = -1, .n_special = 1};
  assert_fails(ckks_key_spec_check(&spec, params), CKKS_ERROR_ARGUMENT, "has 17 digits, limit 16");
  ckks_params_free(params);
}

static void specs_are_merged(void **unused) {
  (void)unused;
  ckks_key_spec specs[] = {{9, 1, 1}, {0, 2, 2},  {9, 3, 2}, {5, -1, 1}, {5, 3, 2},
                           {9, 3, 1}, {25, 0, 1}, {0, 2, 1}, {9, 2, 2}};
  assert_int_equal(ckks_key_spec_merge(specs, 9), 4);
  ckks_key_spec merged[] = {{0, 2, 2}, {5, -1, 1}, {9, 3, 2}, {25, 0, 1}};
  for (int i = 0; i < 4; i++) {
    assert_int_equal(specs[i].galois, merged[i].galois);
    assert_int_equal(specs[i].level, merged[i].level);
    assert_int_equal(specs[i].n_special, merged[i].n_special);
  }
  assert_int_equal(ckks_key_spec_merge(NULL, 0), 0);
}

static void spec_bytes_are_counted(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  const ckks_params_literal *l = ckks_params_get_literal(params);
  ckks_key_spec spec = {.galois = 3, .level = 2, .n_special = 2};
  size_t bits = (size_t)(l->q_bits[0] + l->q_bits[1] + l->q_bits[2] + l->p_bits[0] + l->p_bits[1]);
  assert_int_equal(ckks_key_spec_bytes(&spec, params), 40 + 2 * (bits * 1024 / 8));
  ckks_key_spec defaults = {.galois = 3, .level = -1},
                full = {.galois = 3, .level = 4, .n_special = 2};
  assert_int_equal(ckks_key_spec_bytes(&defaults, params), ckks_key_spec_bytes(&full, params));
  ckks_params_free(params);
}

static void galois_elements(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  assert_int_equal(ckks_galois_rotation(params, 0), 1);
  assert_int_equal(ckks_galois_rotation(params, 1), 5);
  assert_int_equal(ckks_galois_rotation(params, 2), 25);
  assert_int_equal(ckks_galois_rotation(params, 512), 1);
  assert_int_equal(ckks_galois_rotation(params, -1), ckks_galois_rotation(params, 511));
  assert_int_equal(5 * ckks_galois_rotation(params, -1) % 2048, 1);
  assert_int_equal(ckks_galois_conjugation(params), 2047);
  ckks_params_free(params);
}

/* Applied to a plaintext, they move its slots as they say. */
static void galois_elements_move_slots(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_plaintext *a, *b;
  ckks_complex slots[512], moved[512];
  uint32_t index[1024];
  uint64_t random = 1;
  random_slots(slots, 512, 1, &random);
  assert_int_equal(ckks_plaintext_build(&a, params), CKKS_OK);
  assert_int_equal(ckks_plaintext_build(&b, params), CKKS_OK);
  assert_int_equal(ckks_encode_complex(a, slots, 512, 4, 0, params), CKKS_OK);
  int steps[] = {1, -1, 7, 256, 511, 0};
  for (int i = 0; i < 6; i++) {
    bool conjugate = steps[i] == 0;
    uint32_t galois =
        conjugate ? ckks_galois_conjugation(params) : ckks_galois_rotation(params, steps[i]);
    ring_automorphism_index(index, galois, 10);
    for (int limb = 0; limb <= 4; limb++)
      params->ring.kernel->permute(ring_poly_limb(&b->poly, limb), ring_poly_limb(&a->poly, limb),
                                   index, 1024);
    assert_int_equal(ckks_decode_complex(moved, 512, b, params), CKKS_OK);
    for (int j = 0; j < 512; j++) {
      ckks_complex from = slots[(j + steps[i] + 512) % 512];
      assert_true(fabs(moved[j].re - from.re) < 1e-9);
      assert_true(fabs(moved[j].im - (conjugate ? -from.im : from.im)) < 1e-9);
    }
  }
  ckks_plaintext_free(a);
  ckks_plaintext_free(b);
  ckks_params_free(params);
}

/* ------------------------------------------------------ switching keys */

/* The interleaved layout of ring_kernel.mac_key, word by word. */
static void keys_are_laid_out_for_the_kernel(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_key_spec spec = {.galois = 5, .level = 3, .n_special = 2};
  ckks_switch_key key;
  ring_word b[1024], a[1024], b_back[1024], a_back[1024];
  assert_int_equal(ckks_switch_key_init(&key, &spec, params), CKKS_OK);
  assert_int_equal(key.n_digits, 2);
  assert_true(key.limb_words >= 4 * 1024 && key.limb_words % 8 == 0);
  assert_non_null(key.index);
  for (int digit = 0; digit < 2; digit++) {
    for (int limb = 0; limb < 6; limb++) {
      for (int i = 0; i < 1024; i++) {
        b[i].f = 1e6 * digit + 1e4 * limb + i;
        a[i].f = -b[i].f;
      }
      ckks_switch_key_put(&key, digit, limb, b, a, params);
    }
  }
  for (int digit = 0; digit < 2; digit++) {
    for (int limb = 0; limb < 6; limb++) {
      const ring_word *words = key.data + (size_t)limb * key.limb_words;
      ckks_switch_key_get(b_back, a_back, &key, digit, limb, params);
      for (int i = 0; i < 1024; i++) {
        double expected = 1e6 * digit + 1e4 * limb + i;
        assert_true(words[(i / 4 * 2 + digit) * 8 + i % 4].f == expected);
        assert_true(words[(i / 4 * 2 + digit) * 8 + 4 + i % 4].f == -expected);
        assert_true(b_back[i].f == expected && a_back[i].f == -expected);
      }
    }
  }
  ckks_switch_key_get(NULL, a_back, &key, 0, 0, params);
  ckks_switch_key_get(b_back, NULL, &key, 0, 0, params);
  assert_true(b_back[3].f == 3 && a_back[3].f == -3);
  ckks_switch_key_clear(&key);
  assert_null(key.data);
  ckks_params_free(params);
}

static void keys_are_found(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_evaluation_keys *keys;
  ckks_key_spec specs[] = {{0, 2, 1}, {5, 1, 1}, {25, 4, 1}, {2047, 0, 1}};
  assert_int_equal(ckks_evaluation_keys_build(&keys, 4, params), CKKS_OK);
  for (int i = 0; i < 4; i++)
    assert_int_equal(ckks_switch_key_init(&keys->key[i], &specs[i], params), CKKS_OK);
  for (int i = 0; i < 4; i++) {
    for (int level = 0; level <= 4; level++) {
      const ckks_switch_key *found = ckks_evaluation_keys_find(keys, specs[i].galois, level);
      assert_ptr_equal(found, level <= specs[i].level ? &keys->key[i] : NULL);
    }
  }
  assert_null(ckks_evaluation_keys_find(keys, 3, 0));
  assert_null(ckks_evaluation_keys_find(keys, 4095, 0));
  ckks_evaluation_keys_free(keys);
  ckks_params_free(params);
}

/* The same keys in one block: disjoint, in order, zero, and freed together. */
static void keys_are_built_together(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec specs[] = {{0, 2, 1}, {5, -1, 0}, {2047, 0, 1}};
  assert_int_equal(ckks_evaluation_keys_build_at(&keys, specs, 3, params), CKKS_OK);
  const ring_word *end = keys->block;
  for (int i = 0; i < 3; i++) {
    const ckks_switch_key *key = &keys->key[i];
    int n_limbs = key->n_limbs;
    assert_ptr_equal(key->data, end);
    assert_int_equal((uintptr_t)key->data % 64, 0);
    end += (size_t)n_limbs * key->limb_words;
    assert_true(key->data[0].u == 0 && end[-1].u == 0);
    assert_true((key->index == NULL) == (key->galois == 0));
  }
  assert_int_equal(keys->key[1].level, 4);
  assert_int_equal(keys->key[1].n_special, 2);
  ckks_evaluation_keys_free(keys);
  keys = NULL;
  specs[2].level = 5;
  assert_fails(ckks_evaluation_keys_build_at(&keys, specs, 3, params), CKKS_ERROR_ARGUMENT,
               "level = 5");
  assert_null(keys);
  ckks_params_free(params);
}

static ckks_status build_together(void *context) {
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec specs[] = {{0, 1, 1}, {5, 1, 1}};
  ckks_status status = ckks_evaluation_keys_build_at(&keys, specs, 2, context);
  ckks_evaluation_keys_free(keys);
  return status;
}

static ckks_status build_everything(void *context) {
  const ckks_params *params = context;
  ckks_plaintext *plaintext = NULL;
  ckks_ciphertext *ciphertext = NULL;
  ckks_public_key *key = NULL;
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec spec = {.galois = 5, .level = 1, .n_special = 1};
  ckks_status status;
  BASE_GOTO(status, ckks_plaintext_build(&plaintext, params), done);
  BASE_GOTO(status, ckks_ciphertext_build_at(&ciphertext, params, 4, 3), done);
  BASE_GOTO(status, ckks_public_key_build(&key, params), done);
  BASE_GOTO(status, ckks_evaluation_keys_build(&keys, 1, params), done);
  status = ckks_switch_key_init(&keys->key[0], &spec, params);
done:
  ckks_plaintext_free(plaintext);
  ckks_ciphertext_free(ciphertext);
  ckks_public_key_free(key);
  ckks_evaluation_keys_free(keys);
  return status;
}

static void allocations_may_fail(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  fail_each_allocation(build_everything, params);
  fail_each_allocation(build_together, params);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_and_version),
      cmocka_unit_test(new_objects_are_zero_at_the_top),
      cmocka_unit_test(levels_out_of_range_are_refused),
      cmocka_unit_test(copies_are_equal),
      cmocka_unit_test(scales_are_compared_relatively),
      cmocka_unit_test(specs_are_checked),
      cmocka_unit_test(specs_are_merged),
      cmocka_unit_test(spec_bytes_are_counted),
      cmocka_unit_test(galois_elements),
      cmocka_unit_test(galois_elements_move_slots),
      cmocka_unit_test(keys_are_laid_out_for_the_kernel),
      cmocka_unit_test(keys_are_found),
      cmocka_unit_test(keys_are_built_together),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
