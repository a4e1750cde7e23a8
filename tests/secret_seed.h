/* SPDX-License-Identifier: Apache-2.0 */
/* Secret keys that are the same in every run. */
#ifndef TESTS_SECRET_SEED_H
#define TESTS_SECRET_SEED_H
#include "secret/secret.h"

static inline ckks_status test_secret_key(ckks_secret_key **out,
                                          const uint8_t seed[RAND_SEED_BYTES],
                                          const ckks_params *params) {
  rand_stream stream;
  rand_stream_init(&stream, seed, 0);
  ckks_status status = secret_key_from_stream(out, &stream, params);
  rand_stream_clear(&stream);
  return status;
}
#endif
