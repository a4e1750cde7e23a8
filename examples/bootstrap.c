/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computation without end, in one page: x -> a x (1 - x) a hundred times, two levels each time, on
 * parameters that have two levels to give. The ring is small, for show: it hides nothing
 * (CKKS_SECURITY_NONE). For real ones call ckks_bootstrap_literal_choose(&literal,
 * CKKS_BOOTSTRAP_N16), which is all that changes, and have 10 GB of memory.
 */
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

#define N_KEYS 64
#define N 4

int main(void) {
  const ckks_bootstrap_literal literal = {.log2_n = 11,
                                          .log2_slots = 3, /* the least: 8 */
                                          .base_bits = 48,
                                          .n_levels = 4, /* two are SlotsToCoeffs' */
                                          .level_bits = 37,
                                          .inner_bits = 49,
                                          .n_stc = 2,
                                          .n_cts = 2,
                                          .n_p = 4,
                                          .p_bits = 49,
                                          .security = CKKS_SECURITY_NONE};
  const double start[8] = {0.1, 0.25, 0.5, 0.9}, a = 2.8;
  double clear[N] = {0.1, 0.25, 0.5, 0.9}, values[N];
  ckks_params *params;
  ckks_bootstrapper *bootstrapper;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  ckks_evaluator *evaluator;
  ckks_plaintext *plain;
  ckks_ciphertext *x, *y;
  ckks_key_spec specs[N_KEYS];

  /* The owner of the data: the bootstrapper knows which keys it needs. Values repeat over the
   * slots. */
  check(ckks_params_build_bootstrap(&params, &literal));
  check(ckks_bootstrapper_build(&bootstrapper, &literal, params));
  size_t n_keys = ckks_bootstrapper_keys(bootstrapper, specs, N_KEYS);
  check(ckks_secret_key_generate(&secret, params));
  check(ckks_evaluation_keys_generate(&keys, specs, n_keys, secret, params));
  check(ckks_plaintext_build(&plain, params));
  check(ckks_ciphertext_build(&x, params));
  check(ckks_ciphertext_build(&y, params));
  check(ckks_encode_repeat(plain, start, 8, ckks_bootstrapper_level_out(bootstrapper), 0, params));
  check(ckks_encrypt(x, plain, secret, params));

  /* Whoever computes. Values stay in [-1, 1], as bootstrapping wants them. */
  check(ckks_evaluator_build(&evaluator, params, keys));
  int bootstraps = 0;
  for (int step = 0; step < 100; step++) {
    if (ckks_ciphertext_level(x) < ckks_bootstrapper_level_in(bootstrapper) + 2) {
      check(ckks_bootstrap(x, x, bootstrapper, evaluator));
      bootstraps++;
    }
    check(ckks_mul_constant(y, x, -a, evaluator));
    check(ckks_add_constant(y, y, a, evaluator)); /* a (1 - x) */
    check(ckks_mul(x, x, y, evaluator));
  }

  /* The owner again. */
  check(ckks_decrypt(plain, x, secret, params));
  check(ckks_decode_real(values, N, plain, params));
  printf("100 steps, %d bootstraps\n", bootstraps);
  for (int i = 0; i < N; i++) {
    for (int step = 0; step < 100; step++)
      clear[i] = a * clear[i] * (1 - clear[i]);
    printf("%.2f -> %.5f   off by %.0e\n", start[i], values[i], fabs(values[i] - clear[i]));
  }
  ckks_ciphertext_free(x);
  ckks_ciphertext_free(y);
  ckks_plaintext_free(plain);
  ckks_evaluator_free(evaluator);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  ckks_bootstrapper_free(bootstrapper);
  ckks_params_free(params);
  return 0;
}
