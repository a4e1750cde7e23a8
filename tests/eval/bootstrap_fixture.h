/* SPDX-License-Identifier: Apache-2.0 */
/* A small, insecure scheme that can be bootstrapped. */
#ifndef TESTS_EVAL_BOOTSTRAP_FIXTURE_H
#define TESTS_EVAL_BOOTSTRAP_FIXTURE_H
#include "eval/bootstrap.h"
#include "eval/fixture.h"

static inline ckks_bootstrap_literal small_bootstrap(int log2_n, int log2_slots) {
  return (ckks_bootstrap_literal){.log2_n = log2_n,
                                  .log2_slots = log2_slots,
                                  .base_bits = 48,
                                  .n_levels = 4,
                                  .level_bits = 37,
                                  .inner_bits = 49,
                                  .n_stc = 2,
                                  .n_cts = 2,
                                  .n_p = 4,
                                  .p_bits = 49,
                                  .security = CKKS_SECURITY_NONE};
}

/* Parameters, a secret from a fixed seed, the keys for the specs, an evaluator. */
static inline void bootstrap_scheme_init(scheme *s, const ckks_bootstrap_literal *literal) {
  static const uint8_t seed[RAND_SEED_BYTES] = {4, 5, 6};
  *s = (scheme){.name = "bootstrap"};
  CHECK(ckks_params_build_bootstrap(&s->params, literal));
  CHECK(test_secret_key(&s->secret, seed, s->params));
  CHECK(ckks_evaluator_build(&s->ev, s->params, NULL));
  s->slots = ckks_params_slots(s->params);
  s->top = ckks_params_max_level(s->params);
}

/* Values of period n, encrypted at a level and its canonical scale. */
static inline ckks_ciphertext *encrypt_repeat(const scheme *s, const double *values, size_t n,
                                              int level, double scale) {
  ckks_plaintext *plaintext = NULL;
  ckks_ciphertext *out = new_ciphertext(s);
  CHECK(ckks_plaintext_build(&plaintext, s->params));
  CHECK(ckks_encode_repeat(plaintext, values, n, level, scale, s->params));
  CHECK(ckks_encrypt(out, plaintext, s->secret, s->params));
  ckks_plaintext_free(plaintext);
  return out;
}
#endif
