/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How long it takes to accept a client's evaluation keys: digest, checks, seeds
 * expanded, b unpacked, both interleaved. The set is what a small network uses: a
 * relinearisation and nine rotations at N = 2^13, about 2.5 MB. One thread.
 * The parts are timed by themselves on the same limbs.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/digest.h"
#include "ring/pack.h"
#include "ring/sample.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARM_UP 5
#define ROUNDS 51
#define N_KEYS 10

static const ckks_params_literal literal = {
    .log2_n = 13,
    .n_q = 4,
    .n_p = 1,
    .q_bits = {47, 40, 40, 40},
    .p_bits = {47},
    .log2_scale = 40,
    .security = CKKS_SECURITY_128,
};

typedef struct workload {
  ckks_params *params;
  ckks_evaluation_keys *keys;
  uint8_t *bytes, *ciphertext;
  size_t n_bytes, n_ciphertext;
  ring_word *limb; /* two limbs of scratch */
  size_t n_limbs;  /* packed limbs in the whole set */
  base_threads *threads;
} workload;

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "bench_wire: %s\n", ckks_last_error());
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(const char *name, void (*run)(workload *), workload *w) {
  double times[ROUNDS];
  for (int i = -WARM_UP; i < ROUNDS; i++) {
    double start = now_ms();
    run(w);
    if (i >= 0)
      times[i] = now_ms() - start;
  }
  qsort(times, ROUNDS, sizeof times[0], compare);
  printf("%-28s median %7.3f ms  min %7.3f  90%% %7.3f\n", name, times[ROUNDS / 2], times[0],
         times[ROUNDS * 9 / 10]);
}

/* ------------------------------------------------------------------- whole */

static void read_keys(workload *w) {
  ckks_evaluation_keys *keys;
  check(ckks_evaluation_keys_read(&keys, w->bytes, w->n_bytes, w->params));
  ckks_evaluation_keys_free(keys);
}

/* Without the frame, so without the digest. */
static void expand_keys(workload *w) {
  ckks_evaluation_keys *keys;
  base_reader reader;
  base_reader_init(&reader, w->bytes + BASE_FRAME_HEADER_BYTES,
                   w->n_bytes - BASE_FRAME_OVERHEAD_BYTES);
  check(wire_evaluation_keys_get(&keys, &reader, w->params, w->threads));
  ckks_evaluation_keys_free(keys);
}

static void write_keys(workload *w) {
  uint8_t *bytes;
  size_t n_bytes;
  check(ckks_evaluation_keys_write(&bytes, &n_bytes, w->keys, w->params));
  ckks_bytes_free(bytes);
}

static void read_ciphertext(workload *w) {
  ckks_ciphertext *ciphertext;
  check(ckks_ciphertext_read(&ciphertext, w->ciphertext, w->n_ciphertext, w->params));
  ckks_ciphertext_free(ciphertext);
}

/* ------------------------------------------------------------------- parts */

static void digest_bytes(workload *w) {
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, w->bytes, w->n_bytes - BASE_DIGEST_BYTES);
}

static void take_memory(workload *w) {
  for (int k = 0; k < N_KEYS; k++) {
    const ckks_switch_key *key = &w->keys->key[k];
    ckks_switch_key made;
    const ckks_key_spec spec = {key->galois, key->level, key->n_special};
    check(ckks_switch_key_init(&made, &spec, w->params));
    ckks_switch_key_clear(&made);
  }
}

static void expand_seeds(workload *w) {
  const ring_ring *ring = &w->params->ring;
  for (size_t i = 0; i < w->n_limbs; i++)
    ring_sample_uniform(w->limb, w->keys->key[0].seed, i, ring->n, &ring->modulus[i % 2],
                        ring->kernel);
}

static void unpack_limbs(workload *w) {
  const ring_ring *ring = &w->params->ring;
  const uint8_t *packed = w->bytes + BASE_FRAME_HEADER_BYTES + 4 + 40; /* limb 0 of key 0 */
  for (size_t i = 0; i < w->n_limbs; i++)
    check(ring_pack_read(w->limb, packed, ring->n, &ring->modulus[0], ring->kernel));
}

static void interleave(workload *w) {
  for (int k = 0; k < N_KEYS; k++)
    for (int i = 0; i < w->keys->key[k].level + 2; i++)
      for (int digit = 0; digit < w->keys->key[k].n_digits; digit++)
        ckks_switch_key_put(&w->keys->key[k], digit, i, w->limb, w->limb + w->params->ring.n,
                            w->params);
}

/* ------------------------------------------------------------------- set-up */

static void fill_keys(workload *w) {
  const ring_ring *ring = &w->params->ring;
  check(ckks_evaluation_keys_build(&w->keys, N_KEYS, w->params));
  for (int k = 0; k < N_KEYS; k++) {
    ckks_switch_key *key = &w->keys->key[k];
    const ckks_key_spec spec = {k == 0 ? 0 : (uint32_t)(2 * k + 1), 1, 1};
    check(ckks_switch_key_init(key, &spec, w->params));
    memset(key->seed, k + 1, sizeof key->seed);
    for (int digit = 0; digit < key->n_digits; digit++)
      for (int i = 0; i < key->level + 2; i++) {
        ckks_switch_key_expand(w->limb, key, digit, i, w->params);
        ckks_switch_key_put(key, digit, i, w->limb, w->limb + ring->n, w->params);
        w->n_limbs++;
      }
  }
  check(ckks_evaluation_keys_write(&w->bytes, &w->n_bytes, w->keys, w->params));
}

static void fill_ciphertext(workload *w) {
  ckks_ciphertext *ciphertext;
  check(ckks_ciphertext_build_at(&ciphertext, w->params, 3, 2));
  ciphertext->n_parts = 2;
  ciphertext->level = 3;
  ciphertext->scale = ckks_params_scale(w->params, 3);
  ciphertext->seeded = true;
  memcpy(ciphertext->params_hash, w->params->hash, CKKS_HASH_BYTES);
  ckks_seed_expand(&ciphertext->part[0], 4, ciphertext->seed, w->params);
  check(ckks_ciphertext_write(&w->ciphertext, &w->n_ciphertext, ciphertext, w->params));
  ckks_ciphertext_free(ciphertext);
}

int main(void) {
  workload w = {0};
  check(ckks_params_build(&w.params, &literal));
  const ring_ring *ring = &w.params->ring;
  w.limb = base_alloc_array(2 * ring->n, sizeof *w.limb);
  fill_keys(&w);
  fill_ciphertext(&w);
  printf("cpu %s, kernel %s, compiler %s\n", base_cpu_get()->name, ring->kernel->name, __VERSION__);
  if (base_cpu_get()->avx2_fma && strncmp(ring->kernel->name, "avx", 3) != 0) {
    fprintf(stderr, "bench_wire: this CPU has AVX2, but the %s kernels are in use\n",
            ring->kernel->name);
    return 1;
  }
  printf("N = 2^%d, primes of %d, %d and %d bits, %d keys at level 1, %zu limbs, %.2f MB; "
         "ciphertext %zu bytes\n",
         ring->log2_n, ring->modulus[0].bits, ring->modulus[1].bits,
         ring->modulus[literal.n_q].bits, N_KEYS, w.n_limbs, 1e-6 * (double)w.n_bytes,
         w.n_ciphertext);
  measure("keys: read and expand", read_keys, &w);
  measure("  digest", digest_bytes, &w);
  measure("  memory", take_memory, &w);
  measure("  seeds to a", expand_seeds, &w);
  measure("  unpack b", unpack_limbs, &w);
  measure("  interleave", interleave, &w);
  measure("keys: expand", expand_keys, &w);
  check(base_threads_build(&w.threads, 2));
  measure("keys: expand, 2 threads", expand_keys, &w);
  base_threads_free(w.threads);
  measure("keys: write", write_keys, &w);
  measure("ciphertext: read, 4 limbs", read_ciphertext, &w);
  base_free(w.limb);
  ckks_bytes_free(w.bytes);
  ckks_bytes_free(w.ciphertext);
  ckks_evaluation_keys_free(w.keys);
  ckks_params_free(w.params);
  return 0;
}
