/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of a secret is undefined to valgrind: a branch or an index that hangs on it shows. */
#include "base/alloc.h"
#include "base/wipe.h"
#include "ring/pack.h"
#include "ring/prime.h"
#include "ring/sample.h"

#include <stdio.h>
#include <valgrind/memcheck.h>

enum { N = 2048 };

int main(void) {
  uint8_t seed[RAND_SEED_BYTES] = {1, 2, 3};
  uint64_t p = ring_prime_below(((uint64_t)1 << 45) - 1, 11);
  ring_modulus m;
  ring_modulus_init(&m, p);
  const ring_kernel *kernel = ring_kernel_get(RING_F64);
  int64_t *values = base_alloc(N * sizeof *values);
  ring_word *words = base_alloc(N * sizeof *words);
  uint8_t *packed = base_alloc(ring_pack_bytes(N, m.bits));
  if (values == NULL || words == NULL || packed == NULL)
    return 1;

  VALGRIND_MAKE_MEM_UNDEFINED(seed, sizeof seed);
  rand_stream stream;
  rand_stream_init(&stream, seed, 0);
  ring_sample_ternary(values, N, &stream);
  /* Else nothing was followed, and the silence would prove nothing. */
  uint8_t undefined_bits = 0;
  (void)VALGRIND_GET_VBITS(values, &undefined_bits, 1);
  int followed = !RUNNING_ON_VALGRIND || undefined_bits != 0;
  kernel->from_int64(words, values, N, &m);
  ring_pack_write(packed, words, N, &m, kernel);
  ring_sample_sparse(values, N, 32, &stream);
  (void)VALGRIND_GET_VBITS(values, &undefined_bits, 1);
  followed = followed && (!RUNNING_ON_VALGRIND || undefined_bits != 0);
  ring_sample_error(values, N, &stream);
  rand_stream_clear(&stream);
  int equal = base_equal(values, words, N * sizeof *values);
  VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);

  base_free(packed);
  base_free(words);
  base_free(values);
  puts(followed && !equal ? "1 passed, 0 failed" : "0 passed, 1 failed");
  return !followed || equal;
}
