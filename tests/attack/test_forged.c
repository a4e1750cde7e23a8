/* SPDX-License-Identifier: Apache-2.0 */
/* A client that forges its public key: the polynomial b is its own choice, a comes from a seed.
 * What leaves the server is (c0 + v b + e0 + flooding, c1 + v a + e1), and of the first part as
 * many numbers as answers have: differences of mirrored coefficients. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "exec/exec.h"
#include "secret/secret.h"
#include "wire/wire.h"

#define OK(call) assert_int_equal((call), CKKS_OK)
/* The trap is 8 B + B X^(N/2), B above the noise, all of it below the modulus. */
#define TRAP_BITS 26
#define TRAP_RATIO 8

typedef struct world {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_public_key *key;
  ckks_ciphertext *result; /* as computed: its decryption is 0, as the thief has arranged */
  size_t n;
} world;

static world w;

static int setup(void **state) {
  (void)state;
  ckks_plaintext *zero;
  OK(ckks_params_build_depth(&w.params, 2, 35));
  OK(ckks_secret_key_generate(&w.secret, w.params));
  OK(ckks_public_key_generate(&w.key, w.secret, w.params));
  OK(ckks_plaintext_build(&zero, w.params));
  OK(ckks_ciphertext_build(&w.result, w.params));
  OK(ckks_encode_constant(zero, 0.0, 0, 0.0, w.params));
  OK(ckks_encrypt(w.result, zero, w.secret, w.params));
  ckks_plaintext_free(zero);
  w.n = w.params->ring.n;
  return 0;
}

static int teardown(void **state) {
  (void)state;
  ckks_ciphertext_free(w.result);
  ckks_public_key_free(w.key);
  ckks_secret_key_free(w.secret);
  ckks_params_free(w.params);
  return 0;
}

/* out := part of a ciphertext at level 0, as centred integers. */
static void read_part(double *out, const ckks_ciphertext *c, int part) {
  const ring_ring *ring = &w.params->ring;
  ring_word *words = base_alloc_array(w.n, sizeof *words);
  ring->kernel->ntt_inverse(words, ring_poly_limb(&c->part[part], 0), ring->ntt[0]);
  for (size_t i = 0; i < w.n; i++)
    out[i] = words[i].f;
  base_free(words);
}

/* b := -a s + e + trap, so that the decryption carries trap * v; or b := 0. Two terms, since of a
 * product with one only the half of v is seen that conjugation turns round. */
static ckks_public_key *forge(bool trap) {
  const ring_ring *ring = &w.params->ring;
  const ring_modulus *modulus = &ring->modulus[0];
  base_buffer buffer;
  base_reader reader;
  ckks_public_key *forged;
  base_buffer_init(&buffer, wire_zero_key_bytes(w.params));
  wire_zero_key_put(&buffer, w.key, w.params);
  base_reader_init(&reader, buffer.bytes, buffer.n_bytes);
  OK(wire_zero_key_get(&forged, &reader, w.params));
  base_buffer_clear(&buffer);
  ring_word *b = ring_poly_limb(&forged->b, 0);
  ring_word *terms = base_alloc_array(w.n, sizeof *terms);
  terms[0].f = TRAP_RATIO * (double)(1 << TRAP_BITS);
  terms[w.n / 2].f = (double)(1 << TRAP_BITS);
  ring->kernel->ntt_forward(terms, terms, ring->ntt[0]);
  if (trap)
    ring->kernel->add(b, b, terms, w.n, modulus);
  else
    memset(b, 0, w.n * sizeof *b);
  base_free(terms);
  return forged;
}

/* c1 - v a for a v that the thief believes in; the part of coefficients that are c1's own. */
static double uncovered(const ckks_ciphertext *hidden, const ckks_public_key *key,
                        const int64_t *v) {
  const ring_ring *ring = &w.params->ring;
  const ring_modulus *modulus = &ring->modulus[0];
  ring_word *words = base_alloc_array(w.n, sizeof *words);
  double *own = base_alloc_array(w.n, sizeof *own), *left = base_alloc_array(w.n, sizeof *left);
  double same = 0.0;
  read_part(own, w.result, 1);
  read_part(left, hidden, 1);
  for (size_t i = 0; i < w.n; i++)
    words[i].f = (double)v[i];
  ring->kernel->ntt_forward(words, words, ring->ntt[0]);
  ring->kernel->mul(words, words, ring_poly_limb(&key->a, 0), w.n, modulus);
  ring->kernel->ntt_inverse(words, words, ring->ntt[0]);
  for (size_t i = 0; i < w.n; i++) {
    double difference = left[i] - words[i].f - own[i];
    difference -= rint(difference / modulus->f) * modulus->f;
    same += fabs(difference) < 64.0; /* e1 is below 22 */
  }
  base_free(words);
  base_free(own);
  base_free(left);
  return same / (double)w.n;
}

/* Number k of those that travel, over B: 8 (v_kg - v_(N-kg)) - (v_(N/2+kg) + v_(N/2-kg)). */
static double number(const ring_word *words, size_t k, size_t gap) {
  const ring_modulus *modulus = &w.params->ring.modulus[0];
  double x = words[k * gap].f - (k > 0 ? words[w.n - k * gap].f : 0.0);
  x -= rint(x / modulus->f) * modulus->f;
  return rint(x / (double)(1 << TRAP_BITS));
}

/* Reads v where the numbers of c0 that travel speak of it, at multiples of gap; elsewhere 0 is as
 * good a guess as any. */
static void read_trap(int64_t *v, const ring_word *words, size_t gap) {
  size_t period = w.n / (2 * gap);
  double first = number(words, 0, gap), high = rint(first / TRAP_RATIO);
  v[0] = (int64_t)high;
  v[w.n / 2] = (int64_t)(TRAP_RATIO * high - first);
  for (size_t k = 1; k < period; k++) {
    double here = number(words, k, gap), there = number(words, period - k, gap);
    double difference = rint(here / TRAP_RATIO);
    double sum = TRAP_RATIO * rint(there / TRAP_RATIO) - there;
    v[k * gap] = (int64_t)((sum + difference) / 2.0);
    v[w.n - k * gap] = (int64_t)((sum - difference) / 2.0);
  }
}

static double strip(const ckks_public_key *key, size_t gap, size_t *n_right) {
  const plan_layout layout = {.output_bits = w.params->ring.modulus[0].bits};
  ckks_ciphertext *hidden;
  ckks_plaintext *plain;
  int64_t *v = base_alloc_array(w.n, sizeof *v);
  OK(exec_hide(&hidden, w.result, key, &layout, w.params));
  OK(ckks_plaintext_build(&plain, w.params));
  OK(ckks_decrypt(plain, hidden, w.secret, w.params));
  const ring_ring *ring = &w.params->ring;
  ring_word *words = ring_poly_limb(&plain->poly, 0);
  ring->kernel->ntt_inverse(words, words, ring->ntt[0]);
  *n_right = 0;
  read_trap(v, words, gap);
  for (size_t i = 0; i < w.n; i += gap)
    *n_right += v[i] >= -1 && v[i] <= 1;
  double part = uncovered(hidden, key, v);
  ckks_ciphertext_free(hidden);
  ckks_plaintext_free(plain);
  base_free(v);
  return part;
}

/* A whole batch: N/2 numbers travel, the trap gives v away, and with it c1. Known and said
 * (docs/security.md): what is gained is N more numbers an output, for N/2 that were counted. */
static void test_whole_batch(void **state) {
  (void)state;
  size_t n;
  ckks_public_key *forged = forge(true);
  double part = strip(forged, 1, &n);
  printf("trap, a whole batch: v known in %zu of %zu places, %.1f %% of c1 uncovered\n", n, w.n,
         100.0 * part);
  assert_int_equal(n, w.n);
  assert_true(part > 0.99);
  ckks_public_key_free(forged);
}

/* Few numbers travel, as for a row or a small batch: v stays unknown, and c1 covered. */
static void test_few_coefficients(void **state) {
  (void)state;
  for (size_t period = 2; period <= 64; period *= 2) {
    size_t n;
    ckks_public_key *forged = forge(true);
    double part = strip(forged, w.n / (2 * period), &n);
    printf("trap, %zu numbers of c0: v known in %zu places, %.1f %% of c1 uncovered\n", period, n,
           100.0 * part);
    assert_int_equal(n, 2 * period);
    assert_true(part < 0.01);
    ckks_public_key_free(forged);
  }
}

/* b = 0: c0 comes as it was computed, but for e0 and flooding; c1 is covered all the same, since
 * the client chooses a seed and not a. */
static void test_zero(void **state) {
  (void)state;
  const plan_layout layout = {.output_bits = w.params->ring.modulus[0].bits};
  ckks_public_key *forged = forge(false);
  ckks_ciphertext *hidden;
  int64_t *v = base_alloc_array(w.n, sizeof *v);
  double *before = base_alloc_array(w.n, sizeof *before);
  double *after = base_alloc_array(w.n, sizeof *after), same = 0.0;
  OK(exec_hide(&hidden, w.result, forged, &layout, w.params));
  read_part(before, w.result, 0);
  read_part(after, hidden, 0);
  for (size_t i = 0; i < w.n; i++)
    same += fabs(after[i] - before[i]) < 64.0;
  double part = uncovered(hidden, forged, v);
  printf("b = 0: %.1f %% of c0 uncovered, %.1f %% of c1\n", 100.0 * same / (double)w.n,
         100.0 * part);
  assert_true(same > 0.99 * (double)w.n);
  assert_true(part < 0.01);
  ckks_ciphertext_free(hidden);
  ckks_public_key_free(forged);
  base_free(v);
  base_free(before);
  base_free(after);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole_batch),
                                     cmocka_unit_test(test_few_coefficients),
                                     cmocka_unit_test(test_zero)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
