/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secret key is undefined to valgrind: a branch or an index that hangs on it shows, from key
 * generation to decryption. (The errors' sampler is watched by tests/ring/ctgrind_sample.c.)
 */
#include "base/alloc.h"
#include "ckks/encode.h"
#include "public/public.h"
#include "secret/secret.h"
#include "secret_seed.h"

#include <stdio.h>
#include <valgrind/memcheck.h>

static const ckks_params_literal literal = {.log2_n = 10,
                                            .n_q = 2,
                                            .n_p = 1,
                                            .q_bits = {45, 36},
                                            .p_bits = {45},
                                            .log2_scale = 36,
                                            .security = CKKS_SECURITY_NONE};

static int followed(const void *byte) {
  uint8_t undefined_bits = 0;
  (void)VALGRIND_GET_VBITS(byte, &undefined_bits, 1);
  return !RUNNING_ON_VALGRIND || undefined_bits != 0;
}

/* Everything that touches the key; 0 when a call fails. */
static int use_key(const ckks_secret_key *key, const ckks_params *params) {
  ckks_plaintext *plaintext = NULL, *result = NULL;
  ckks_ciphertext *ciphertext = NULL;
  ckks_public_key *public_key = NULL;
  ckks_evaluation_keys *keys = NULL;
  ckks_key_spec specs[] = {{.galois = 0, .level = -1},
                           {.galois = 5, .level = -1},
                           {CKKS_KEY_TO_SPARSE, -1, 0},
                           {CKKS_KEY_FROM_SPARSE, -1, 0}};
  double value = 1.5;
  int good = ckks_plaintext_build(&plaintext, params) == CKKS_OK &&
             ckks_plaintext_build(&result, params) == CKKS_OK &&
             ckks_ciphertext_build(&ciphertext, params) == CKKS_OK &&
             ckks_encode_repeat(plaintext, &value, 1, 0, 0, params) == CKKS_OK &&
             ckks_evaluation_keys_generate(&keys, specs, 4, key, params) == CKKS_OK &&
             ckks_public_key_generate(&public_key, key, params) == CKKS_OK &&
             ckks_encrypt_public(ciphertext, plaintext, public_key, params) == CKKS_OK &&
             public_add_zero(ciphertext, public_key, params) == CKKS_OK &&
             ckks_encrypt(ciphertext, plaintext, key, params) == CKKS_OK &&
             ckks_decrypt(result, ciphertext, key, params) == CKKS_OK;
  /* Decryption's result hangs on the key; what decoding does with it is the owner's affair. */
  good = good && followed(ring_poly_limb(&result->poly, 0));
  if (good) {
    ring_word *c1 = ring_poly_limb(&ciphertext->part[1], 0),
              *c0 = ring_poly_limb(&ciphertext->part[0], 0);
    double values[512];
    good = secret_decrypt_sparse(&value, c0, c1, 512, 1, key, params) == CKKS_OK &&
           followed(&value) &&
           secret_decrypt_sparse(values, c0, c1, 1, 1, key, params) == CKKS_OK && followed(values);
  }
  ckks_evaluation_keys_free(keys);
  ckks_public_key_free(public_key);
  ckks_ciphertext_free(ciphertext);
  ckks_plaintext_free(plaintext);
  ckks_plaintext_free(result);
  return good;
}

int main(void) {
  ckks_params *params = NULL;
  ckks_secret_key *key = NULL, *checked = NULL;
  uint8_t seed[RAND_SEED_BYTES] = {1, 2, 3};
  if (ckks_params_build(&params, &literal) != CKKS_OK)
    return 1;
  VALGRIND_MAKE_MEM_UNDEFINED(seed, sizeof seed);
  int good = test_secret_key(&key, seed, params) == CKKS_OK && followed(key->ternary) &&
             use_key(key, params);
  if (good) {
    /* Whether a key file is well-formed is public, what stands in it is not: the check looks at
     * all coefficients and branches once, on the verdict. Here they are known. */
    VALGRIND_MAKE_MEM_DEFINED(key->ternary, key->n);
    good = secret_key_from_ternary(&checked, key->ternary, params) == CKKS_OK;
  }
  ckks_secret_key_free(checked);
  ckks_secret_key_free(key);
  ckks_params_free(params);
  puts(good ? "1 passed, 0 failed" : "0 passed, 1 failed");
  return !good;
}
