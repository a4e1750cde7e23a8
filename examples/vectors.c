/* SPDX-License-Identifier: Apache-2.0 */
/* libckks in one page: two vectors are multiplied, turned, added and summed up while encrypted. */
#include <ckks.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Every call says whether it went well, and ckks_last_error() why not. */
static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s: %s\n", ckks_status_name(status), ckks_last_error());
  exit(1);
}

static ckks_params *params;
static ckks_secret_key *secret;
static ckks_plaintext *plain;

/* Decrypts n values and prints them beside what they should be. */
static void show(const char *what, const ckks_ciphertext *c, const double *expected, size_t n) {
  double values[5], worst = 0;
  check(ckks_decrypt(plain, c, secret, params));
  check(ckks_decode_real(values, n, plain, params));
  printf("%-12s", what);
  for (size_t i = 0; i < n; i++) {
    printf(" %9.4f", fabs(values[i]) < 5e-5 ? 0 : values[i]);
    worst = fmax(worst, fabs(values[i] - expected[i]));
  }
  printf("   off by %.0e\n", worst);
}

int main(void) {
  const double a[] = {1, 2, 3, 4, 5}, b[] = {0.5, -1, 1.5, 0.25, 2};
  const double product[] = {0.5, -2, 4.5, 1, 10}, turned[] = {2, 3, 4, 5, 0};
  const double sum[] = {1.5, 1, 4.5, 4.25, 7}, dot[] = {14, 14, 14, 14, 14};
  ckks_evaluation_keys *keys;
  ckks_evaluator *evaluator;
  ckks_ciphertext *x, *y, *z;

  /* The owner of the data: parameters for 2 multiplications, keys, encryption. */
  check(ckks_params_build_depth(&params, 2, 40));
  check(ckks_secret_key_generate(&secret, params));
  check(ckks_evaluation_keys_generate_all(&keys, secret, params));
  check(ckks_plaintext_build(&plain, params));
  check(ckks_ciphertext_build(&x, params));
  check(ckks_ciphertext_build(&y, params));
  check(ckks_ciphertext_build(&z, params));
  int top = ckks_params_max_level(params);
  check(ckks_encode_real(plain, a, 5, top, 0, params));
  check(ckks_encrypt(x, plain, secret, params));
  check(ckks_encode_real(plain, b, 5, top, 0, params));
  check(ckks_encrypt(y, plain, secret, params));

  /* Whoever computes: ciphertexts and evaluation keys, no secret. Then the owner again. */
  check(ckks_evaluator_build(&evaluator, params, keys));
  check(ckks_mul(z, x, y, evaluator));
  show("a * b", z, product, 5);
  check(ckks_rotate(z, x, 1, evaluator));
  show("a, turned", z, turned, 5);
  check(ckks_add(z, x, y, evaluator));
  show("a + b", z, sum, 5);
  check(ckks_dot(z, x, y, 5, evaluator));
  show("a . b", z, dot, 5);

  ckks_evaluator_free(evaluator);
  ckks_ciphertext_free(x);
  ckks_ciphertext_free(y);
  ckks_ciphertext_free(z);
  ckks_plaintext_free(plain);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
  return 0;
}
