/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How long it takes to accept a client's evaluation keys: digest, checks, seeds
 * expanded, b unpacked, both interleaved. The set is what a small network uses: a
 * relinearisation and nine rotations at N = 2^13, about 2.5 MB. One thread, where two are not
 * named. The parts are timed by themselves on the same limbs.
 */
#include "base/alloc.h"
#include "base/digest.h"
#include "bench.h"
#include "ring/pack.h"
#include "ring/sample.h"
#include "wire/wire.h"

#include <string.h>

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
  ckks_secret_key *secret;
  ckks_key_spec specs[N_KEYS];
} workload;

static void report(const char *name, void (*run)(void *), workload *w) {
  bench_report(name, bench_run(run, w), 1e3, "ms");
}

/* For each byte that the keys take in a file. */
static void report_per_byte(const char *name, void (*run)(void *), workload *w) {
  bench_report(name, bench_run(run, w), 1e9 / (double)w->n_bytes, "ns");
}

/* ------------------------------------------------------------------- whole */

static void read_keys(void *context) {
  workload *w = context;
  ckks_evaluation_keys *keys;
  bench_check(ckks_evaluation_keys_read(&keys, w->bytes, w->n_bytes, w->params));
  ckks_evaluation_keys_free(keys);
}

/* Without the frame, so without the digest. */
static void expand_keys(void *context) {
  workload *w = context;
  ckks_evaluation_keys *keys;
  base_reader reader;
  base_reader_init(&reader, w->bytes + BASE_FRAME_HEADER_BYTES,
                   w->n_bytes - BASE_FRAME_OVERHEAD_BYTES);
  bench_check(wire_evaluation_keys_get(&keys, &reader, w->params, w->threads));
  ckks_evaluation_keys_free(keys);
}

/* As an engine reads a client's keys. */
static void verify_and_expand_keys(void *context) {
  workload *w = context;
  ckks_evaluation_keys *keys;
  base_frame frame;
  base_reader reader;
  bench_check(
      base_frame_read_unverified(&frame, w->bytes, w->n_bytes, BASE_FRAME_EVALUATION_KEYS, "keys"));
  base_reader_init(&reader, frame.payload, frame.n_payload);
  bench_check(wire_evaluation_keys_get_verifying(&keys, &reader, &frame, w->params, w->threads));
  ckks_evaluation_keys_free(keys);
}

static void write_keys(void *context) {
  workload *w = context;
  uint8_t *bytes;
  size_t n_bytes;
  bench_check(ckks_evaluation_keys_write(&bytes, &n_bytes, w->keys, w->params));
  ckks_bytes_free(bytes);
}

/* From a secret key to bytes that can be sent. */
static void generate_keys(void *context) {
  workload *w = context;
  ckks_evaluation_keys *keys;
  uint8_t *bytes;
  size_t n_bytes;
  bench_check(ckks_evaluation_keys_generate(&keys, w->specs, N_KEYS, w->secret, w->params));
  bench_check(ckks_evaluation_keys_write(&bytes, &n_bytes, keys, w->params));
  ckks_evaluation_keys_free(keys);
  ckks_bytes_free(bytes);
}

static void read_ciphertext(void *context) {
  workload *w = context;
  ckks_ciphertext *ciphertext;
  bench_check(ckks_ciphertext_read(&ciphertext, w->ciphertext, w->n_ciphertext, w->params));
  ckks_ciphertext_free(ciphertext);
}

/* ------------------------------------------------------------------- parts */

static void digest_bytes(void *context) {
  workload *w = context;
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, w->bytes, w->n_bytes - BASE_DIGEST_BYTES);
}

static void take_memory(void *context) {
  workload *w = context;
  for (int k = 0; k < N_KEYS; k++) {
    const ckks_switch_key *key = &w->keys->key[k];
    ckks_switch_key made;
    const ckks_key_spec spec = {key->galois, key->level, key->n_special};
    bench_check(ckks_switch_key_init(&made, &spec, w->params));
    ckks_switch_key_clear(&made);
  }
}

static void expand_seeds(void *context) {
  workload *w = context;
  const ring_ring *ring = &w->params->ring;
  for (size_t i = 0; i < w->n_limbs; i++)
    ring_sample_uniform(w->limb, w->keys->key[0].seed, i, ring->n, &ring->modulus[i % 2],
                        ring->kernel);
}

static void unpack_limbs(void *context) {
  workload *w = context;
  const ring_ring *ring = &w->params->ring;
  const uint8_t *packed = w->bytes + BASE_FRAME_HEADER_BYTES + 4 + 40; /* limb 0 of key 0 */
  for (size_t i = 0; i < w->n_limbs; i++)
    bench_check(ring_pack_read(w->limb, packed, ring->n, &ring->modulus[0], ring->kernel));
}

static void interleave(void *context) {
  workload *w = context;
  for (int k = 0; k < N_KEYS; k++)
    for (int i = 0; i < w->keys->key[k].level + 2; i++)
      for (int digit = 0; digit < w->keys->key[k].n_digits; digit++)
        ckks_switch_key_put(&w->keys->key[k], digit, i, w->limb, w->limb + w->params->ring.n,
                            w->params);
}

/* ------------------------------------------------------------------- set-up */

static void fill_keys(workload *w) {
  const ring_ring *ring = &w->params->ring;
  bench_check(ckks_evaluation_keys_build(&w->keys, N_KEYS, w->params));
  for (int k = 0; k < N_KEYS; k++) {
    ckks_switch_key *key = &w->keys->key[k];
    const ckks_key_spec spec = {k == 0 ? 0 : (uint32_t)(2 * k + 1), 1, 1};
    w->specs[k] = spec;
    bench_check(ckks_switch_key_init(key, &spec, w->params));
    memset(key->seed, k + 1, sizeof key->seed);
    for (int digit = 0; digit < key->n_digits; digit++)
      for (int i = 0; i < key->level + 2; i++) {
        ckks_switch_key_expand(w->limb, key, digit, i, w->params);
        ckks_switch_key_put(key, digit, i, w->limb, w->limb + ring->n, w->params);
        w->n_limbs++;
      }
  }
  bench_check(ckks_evaluation_keys_write(&w->bytes, &w->n_bytes, w->keys, w->params));
}

static void fill_ciphertext(workload *w) {
  ckks_ciphertext *ciphertext;
  bench_check(ckks_ciphertext_build_at(&ciphertext, w->params, 3, 2));
  ciphertext->n_parts = 2;
  ciphertext->level = 3;
  ciphertext->scale = ckks_params_scale(w->params, 3);
  ciphertext->seeded = true;
  memcpy(ciphertext->params_hash, w->params->hash, CKKS_HASH_BYTES);
  ckks_seed_expand(&ciphertext->part[0], 4, ciphertext->seed, w->params);
  bench_check(ckks_ciphertext_write(&w->ciphertext, &w->n_ciphertext, ciphertext, w->params));
  ckks_ciphertext_free(ciphertext);
}

static void run_table(void) {
  workload w = {0};
  bench_check(ckks_params_build(&w.params, &literal));
  bench_check_table(w.params->ring.kernel);
  w.limb = base_alloc_array(2 * w.params->ring.n, sizeof *w.limb);
  bench_check(ckks_secret_key_generate(&w.secret, w.params));
  fill_keys(&w);
  fill_ciphertext(&w);
  bench_figure("wire_keys_bytes", (double)w.n_bytes, "bytes");
  report_per_byte("wire_keys_generate_ns_per_byte", generate_keys, &w);
  report_per_byte("wire_keys_read_ns_per_byte", read_keys, &w);
  report("wire_keys_read_ms", read_keys, &w);
  report("wire_keys_read_digest_ms", digest_bytes, &w);
  report("wire_keys_read_memory_ms", take_memory, &w);
  report("wire_keys_read_seeds_ms", expand_seeds, &w);
  report("wire_keys_read_unpack_ms", unpack_limbs, &w);
  report("wire_keys_read_interleave_ms", interleave, &w);
  report("wire_keys_write_ms", write_keys, &w);
  report("wire_ciphertext_read_ms", read_ciphertext, &w);
  bench_check(base_threads_build(&w.threads, 2));
  report("wire_keys_expand_2_threads_ms", expand_keys, &w);
  report_per_byte("wire_keys_read_2_threads_ns_per_byte", verify_and_expand_keys, &w);
  base_threads_free(w.threads);
  base_free(w.limb);
  ckks_bytes_free(w.bytes);
  ckks_bytes_free(w.ciphertext);
  ckks_evaluation_keys_free(w.keys);
  ckks_secret_key_free(w.secret);
  ckks_params_free(w.params);
}

int main(void) {
  bench_begin("bench_wire");
  while (bench_next_table() != NULL)
    run_table();
  return bench_end();
}
