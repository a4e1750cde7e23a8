/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing secret is left in memory that is given back: each call is watched (tests/heap.h), and
 * what it frees unwiped is known and public. Seeds are random in every byte. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wipe.h"
#include "heap.h"
#include "secret/fixture.h"

#define WATCHED(heap, call)                                                                        \
  do {                                                                                             \
    test_heap_begin(heap);                                                                         \
    ckks_status status_ = (call);                                                                  \
    test_heap_end();                                                                               \
    assert_int_equal(status_, CKKS_OK);                                                            \
  } while (0)

static void assert_wiped(const test_heap *heap) {
  assert_true(heap->n_freed > 0);
  for (size_t i = 0; i < heap->n_unwiped; i++)
    print_error("a block of %zu bytes was given back as it was\n", heap->unwiped_bytes[i]);
  assert_int_equal(heap->n_unwiped, 0);
}

static void the_spy_sees(void **unused) {
  (void)unused;
  test_heap heap;
  char *a = base_alloc(100), *b = base_alloc(5000);
  assert_non_null(a);
  assert_non_null(b);
  memset(b, 1, 5000);
  base_wipe(b, 4999);
  test_heap_begin(&heap);
  base_free(a);
  base_free(b);
  test_heap_end();
  assert_int_equal(heap.n_freed, 2);
  assert_int_equal(heap.n_unwiped, 1);
  assert_true(heap.unwiped_bytes[0] >= 5000);
}

static void keys_leave_nothing(void **unused) {
  (void)unused;
  test_heap heap;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = NULL, *again = NULL;
  WATCHED(&heap, ckks_secret_key_generate(&key, params));
  assert_wiped(&heap);
  WATCHED(&heap, secret_key_from_ternary(&again, key->ternary, params));
  assert_wiped(&heap);
  size_t n = key->n;
  test_heap_begin(&heap);
  ckks_secret_key_free(again);
  test_heap_end();
  /* The object itself holds the hash of its parameters and its owner's name. */
  assert_int_equal(heap.n_unwiped, 1);
  assert_true(heap.unwiped_bytes[0] < n);

  char path[] = "/tmp/test_wiped.XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  WATCHED(&heap, ckks_secret_key_save(path, key, params));
  assert_wiped(&heap);
  assert_int_equal(chmod(path, 0600), 0);
  WATCHED(&heap, ckks_secret_key_load(&again, path, params));
  assert_wiped(&heap);
  assert_memory_equal(again->ternary, key->ternary, n);
  unlink(path);
  ckks_secret_key_free(again);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

static void encryption_leaves_nothing(void **unused) {
  (void)unused;
  test_heap heap;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(3, params);
  ckks_plaintext *message = new_plaintext(params), *result = new_plaintext(params);
  ckks_ciphertext *ciphertext = new_ciphertext(params);
  size_t n = params->ring.n, gap = 8, n_slots = n / (2 * gap);
  assert_int_equal(ckks_encode_real(message, (const double[]){1.5, -2}, 2, 0, 0, params), CKKS_OK);
  WATCHED(&heap, ckks_encrypt(ciphertext, message, key, params));
  assert_wiped(&heap);

  ring_word *c = base_alloc_array(2 * n, sizeof *c);
  double *values = base_alloc_array(n_slots, sizeof *values);
  assert_non_null(c);
  assert_non_null(values);
  for (int part = 0; part < 2; part++)
    params->ring.kernel->ntt_inverse(
        c + (size_t)part * n, ring_poly_limb(&ciphertext->part[part], 0), params->ring.ntt[0]);
  for (size_t k = 0; k < n / gap; k++)
    c[k] = c[k * gap];
  WATCHED(&heap, secret_decrypt_sparse(values, c, c + n, gap, message->scale, key, params));
  assert_wiped(&heap);
  double value;
  WATCHED(&heap, ckks_decrypt_for_publication(&value, 1, ciphertext, 1e-10, 1, key, params));
  /* Inverses of primes are public. */
  for (size_t i = 0; i < heap.n_unwiped; i++)
    assert_true(heap.unwiped_bytes[i] < 2048);
  base_free(values);
  base_free(c);
  ckks_ciphertext_free(ciphertext);
  ckks_plaintext_free(result);
  ckks_plaintext_free(message);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

static void generation_leaves_nothing(void **unused) {
  (void)unused;
  test_heap heap;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(4, params);
  ckks_public_key *public = NULL;
  ckks_evaluation_keys *keys = NULL;
  /* The index of an automorphism is public, and all zero where there was none. */
  WATCHED(&heap, ckks_public_key_generate(&public, key, params));
  assert_wiped(&heap);
  const ckks_key_spec specs[] = {{0, 0, 0}, {5, 0, 0}};
  WATCHED(&heap, ckks_evaluation_keys_generate(&keys, specs, 2, key, params));
  for (size_t i = 0; i < heap.n_unwiped; i++)
    assert_true(heap.unwiped_bytes[i] <= params->ring.n * sizeof(uint32_t) + 64);
  ckks_evaluation_keys_free(keys);
  const ckks_key_spec sparse[] = {{CKKS_KEY_TO_SPARSE, 0, 1}, {CKKS_KEY_FROM_SPARSE, 0, 1}};
  WATCHED(&heap, ckks_evaluation_keys_generate(&keys, sparse, 2, key, params));
  for (size_t i = 0; i < heap.n_unwiped; i++)
    assert_true(heap.unwiped_bytes[i] <= params->ring.n * sizeof(uint32_t) + 64);
  ckks_evaluation_keys_free(keys);
  ckks_public_key_free(public);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

/* Every group of eight bytes of a seed differs between two of them, and is not all one byte. */
static void assert_random(const uint8_t *a, const uint8_t *b) {
  for (size_t i = 0; i < RAND_SEED_BYTES; i += 8) {
    assert_memory_not_equal(a + i, b + i, 8);
    assert_false(a[i] == a[i + 1] && a[i] == a[i + 2] && a[i] == a[i + 3] && a[i] == a[i + 4]);
  }
}

static void seeds_are_random_throughout(void **unused) {
  (void)unused;
  ckks_params *params = build_params(literal_f64());
  ckks_secret_key *key = key_of(5, params);
  ckks_plaintext *message = new_plaintext(params);
  ckks_ciphertext *c[2] = {new_ciphertext(params), new_ciphertext(params)};
  ckks_public_key *public[2] = {NULL, NULL};
  ckks_evaluation_keys *keys = NULL;
  const ckks_key_spec specs[] = {{0, 0, 0}, {5, 0, 0}};
  assert_int_equal(ckks_encode_real(message, (const double[]){1}, 1, 0, 0, params), CKKS_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(ckks_encrypt(c[i], message, key, params), CKKS_OK);
    assert_int_equal(ckks_public_key_generate(&public[i], key, params), CKKS_OK);
  }
  assert_int_equal(ckks_evaluation_keys_generate(&keys, specs, 2, key, params), CKKS_OK);
  assert_random(c[0]->seed, c[1]->seed);
  assert_random(public[0] -> seed, public[1] -> seed);
  assert_random(keys->key[0].seed, keys->key[1].seed);
  ckks_evaluation_keys_free(keys);
  for (int i = 0; i < 2; i++) {
    ckks_ciphertext_free(c[i]);
    ckks_public_key_free(public[i]);
  }
  ckks_plaintext_free(message);
  ckks_secret_key_free(key);
  ckks_params_free(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_spy_sees),
      cmocka_unit_test(keys_leave_nothing),
      cmocka_unit_test(encryption_leaves_nothing),
      cmocka_unit_test(generation_leaves_nothing),
      cmocka_unit_test(seeds_are_random_throughout),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
