/* SPDX-License-Identifier: Apache-2.0 */
/* What one does with a TenSEAL CKKSVector, in libckks (docs/tenseal.md). Lengths need not be
 * powers of two. */
#include <ckks.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N 7

static ckks_params *params;
static ckks_secret_key *secret;
static ckks_evaluator *evaluator;
static ckks_plaintext *plain;

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s: %s\n", ckks_status_name(status), ckks_last_error());
  exit(1);
}

static ckks_ciphertext *ciphertext(void) {
  ckks_ciphertext *out;
  check(ckks_ciphertext_build(&out, params));
  return out;
}

static ckks_ciphertext *encrypt(const double *values, size_t n) {
  ckks_ciphertext *out = ciphertext();
  check(ckks_encode_real(plain, values, n, ckks_params_max_level(params), 0, params));
  check(ckks_encrypt(out, plain, secret, params));
  return out;
}

/* Level and values; what is shorter than 7 has nothing behind it but noise. */
static void show(const char *what, const ckks_ciphertext *c, size_t n) {
  double values[N];
  check(ckks_decrypt(plain, c, secret, params));
  check(ckks_decode_real(values, n, plain, params));
  printf("%-18s level %d:", what, ckks_ciphertext_level(c));
  for (size_t i = 0; i < n; i++)
    printf(" %8.4f", fabs(values[i]) < 5e-5 ? 0 : values[i]); /* noise has a sign: no -0.0000 */
  printf("\n");
}

int main(void) {
  const double a[N] = {0.5, -1, 1.5, -2, 2.5, 0.1, 1}, b[N] = {2, 0.5, -1, 1, 0.2, 3, -0.5};
  const double weights[N] = {1, 2, 3, 4, 5, 6, 7};
  const double matrix[N * 3] = {1, 0,  2, 0, 1,   -1,  1,   1, 0, 2, 0,
                                1, -1, 3, 0, 0.5, 0.5, 0.5, 1, 1, 1}; /* 7 x 3 */
  const double coefficients[] = {0.5, 0.197, 0, -0.004};
  const ckks_polynomial sigmoid = {coefficients, 3, CKKS_MONOMIAL, 0, 0};
  const double in_turn[] = {0, 0, 1, 0, 0, 1}; /* x in even slots, x^2 in odd ones */
  const ckks_polynomial turns = {in_turn, 2, CKKS_MONOMIAL, 0, 0};
  ckks_evaluation_keys *keys;

  check(ckks_params_build_depth(&params, 4, 40));
  check(ckks_secret_key_generate(&secret, params));
  check(ckks_evaluation_keys_generate_all(&keys, secret, params));
  check(ckks_evaluator_build(&evaluator, params, keys));
  check(ckks_plaintext_build(&plain, params));
  ckks_ciphertext *x = encrypt(a, N), *y = encrypt(b, N), *z = ciphertext();

  show("a", x, N);
  show("b", y, N);
  check(ckks_add(z, x, y, evaluator));
  show("a + b", z, N);
  check(ckks_sub(z, x, y, evaluator));
  show("a - b", z, N);
  check(ckks_negate(z, x, evaluator));
  show("-a", z, N);
  check(ckks_add_real(z, x, weights, N, evaluator));
  show("a + plain", z, N);
  check(ckks_mul(z, x, y, evaluator));
  show("a * b", z, N);
  check(ckks_mul_real(z, x, weights, N, evaluator));
  show("a * plain", z, N);
  check(ckks_mul_constant(z, x, 0.25, evaluator));
  show("a * 0.25", z, N);
  check(ckks_square(z, x, evaluator));
  show("a^2", z, N);
  check(ckks_power(z, x, 5, evaluator));
  show("a^5", z, N);
  check(ckks_polyval(z, x, &sigmoid, evaluator));
  show("s(a)", z, N);
  check(ckks_polyval_slots(z, x, &turns, 2, evaluator));
  show("a, a^2 in turn", z, N);
  check(ckks_sum(z, x, N, evaluator));
  show("sum(a)", z, 1);
  check(ckks_dot(z, x, y, N, evaluator));
  show("a . b", z, 1);
  check(ckks_dot_real(z, x, weights, N, evaluator));
  show("a . plain", z, 1);
  check(ckks_matmul(z, x, matrix, N, 3, evaluator));
  show("a M (7 x 3)", z, 3);

  /* Levels and scales take care of themselves: operands of different depth. */
  check(ckks_mul(z, x, y, evaluator));
  check(ckks_square(z, z, evaluator));
  check(ckks_add(z, z, x, evaluator));
  show("(a * b)^2 + a", z, N);

  /* What cannot be done is an error with a reason, never a wrong number. */
  if (ckks_power(z, z, 8, evaluator) != CKKS_OK)
    printf("refused: %s\n", ckks_last_error());

  ckks_ciphertext_free(x);
  ckks_ciphertext_free(y);
  ckks_ciphertext_free(z);
  ckks_plaintext_free(plain);
  ckks_evaluator_free(evaluator);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_params_free(params);
  return 0;
}
