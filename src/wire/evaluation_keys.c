/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Evaluation key messages. What is sent of a key is one seed and the packed b of
 * each digit and limb; what is computed with is (a, b) interleaved in the order of
 * ring_kernel.mac_key. Expanding is the costly part of accepting a client, so
 * it is cut into independent rounds of one (key, limb, digit) each: sample a,
 * unpack b, interleave, all on two limbs of scratch that stay in the cache.
 */
#include "base/alloc.h"
#include "ring/pack.h"
#include "wire/wire.h"

#include <stdio.h>
#include <string.h>

/** u32 galois, u8 level, u8 n_special, u16 zero, 32 seed */
#define KEY_HEADER_BYTES (8 + RAND_SEED_BYTES)

/* ----------------------------------------------------------------- shapes */

static size_t packed_bytes(int level, int i, const ckks_params *params) {
  return ring_pack_bytes(params->ring.n,
                         params->ring.modulus[ckks_params_limb(params, level, i)].bits);
}

/** Where limb i of a digit stands in it. */
static size_t limb_offset(int level, int i, const ckks_params *params) {
  size_t n_bytes = 0;
  for (int before = 0; before < i; before++)
    n_bytes += packed_bytes(level, before, params);
  return n_bytes;
}

/* ---------------------------------------------------------------- writing */

size_t wire_evaluation_keys_bytes(const ckks_evaluation_keys *keys, const ckks_params *params) {
  size_t n_bytes = 4;
  for (size_t k = 0; k < keys->n_keys; k++) {
    const ckks_switch_key *key = &keys->key[k];
    const ckks_key_spec spec = {key->galois, key->level, key->n_special};
    n_bytes += ckks_key_spec_bytes(&spec, params);
  }
  return n_bytes;
}

static void put_key(base_buffer *buffer, const ckks_switch_key *key, ring_word *scratch,
                    const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  base_buffer_u32(buffer, key->galois);
  base_buffer_u8(buffer, (uint8_t)key->level);
  base_buffer_u8(buffer, (uint8_t)key->n_special);
  base_buffer_u16(buffer, 0);
  base_buffer_append(buffer, key->seed, RAND_SEED_BYTES);
  for (int digit = 0; digit < key->n_digits; digit++) {
    for (int i = 0; i < key->n_limbs; i++) {
      const ring_modulus *modulus = &ring->modulus[ckks_params_limb(params, key->level, i)];
      uint8_t *out = base_buffer_extend(buffer, packed_bytes(key->level, i, params));
      if (out == NULL)
        return;
      ckks_switch_key_get(scratch, NULL, key, digit, i, params);
      ring_pack_write(out, scratch, ring->n, modulus, ring->kernel);
    }
  }
}

void wire_evaluation_keys_put(base_buffer *buffer, const ckks_evaluation_keys *keys,
                              const ckks_params *params) {
  ring_word *scratch = base_alloc_array(params->ring.n, sizeof *scratch);
  if (scratch == NULL) {
    buffer->failed = true; /* reported by base_buffer_status, as for the buffer's own memory */
    return;
  }
  base_buffer_u32(buffer, (uint32_t)keys->n_keys);
  for (size_t k = 0; k < keys->n_keys; k++)
    put_key(buffer, &keys->key[k], scratch, params);
  base_free(scratch);
}

ckks_status ckks_evaluation_keys_write(uint8_t **out, size_t *n_bytes,
                                       const ckks_evaluation_keys *keys,
                                       const ckks_params *params) {
  base_buffer buffer;
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(n_bytes);
  *out = NULL;
  *n_bytes = 0;
  BASE_NOT_NULL(keys);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check(params, keys->params_hash, "evaluation keys"));
  wire_frame_begin(&buffer, BASE_FRAME_EVALUATION_KEYS, wire_evaluation_keys_bytes(keys, params),
                   params);
  wire_evaluation_keys_put(&buffer, keys, params);
  return wire_frame_finish(out, n_bytes, &buffer);
}

/* ---------------------------------------------------------------- reading */

/** One key as it stands in the message. */
typedef struct packed_key {
  const uint8_t *seed, *body;
} packed_key;

/** What a stranger may not choose: zero would mean "the default" to ckks_key_spec_check. */
static ckks_status check_header(ckks_key_spec *spec, size_t k, unsigned zero, int64_t previous,
                                const ckks_params *params) {
  if (zero != 0)
    return base_fail(CKKS_ERROR_FORMAT, "evaluation key %zu: reserved field is %u, not 0", k, zero);
  if ((int64_t)spec->galois <= previous)
    return base_fail(CKKS_ERROR_FORMAT,
                     "evaluation key %zu: Galois element %lu does not rise above the one before", k,
                     (unsigned long)spec->galois);
  if (spec->n_special == 0)
    return base_fail(CKKS_ERROR_FORMAT, "evaluation key %zu: no special primes", k);
  if (ckks_key_spec_check(spec, params) != CKKS_OK)
    return base_fail_in(CKKS_ERROR_FORMAT, "evaluation key %zu", k);
  return CKKS_OK;
}

/** Reads the header of key k and steps over its body. previous: galois before it, or -1. */
static ckks_status read_packed(packed_key *key, ckks_key_spec *spec, base_reader *reader, size_t k,
                               int64_t previous, const ckks_params *params) {
  spec->galois = base_reader_u32(reader);
  spec->level = base_reader_u8(reader);
  spec->n_special = base_reader_u8(reader);
  unsigned zero = base_reader_u16(reader);
  key->seed = base_reader_view(reader, RAND_SEED_BYTES);
  if (key->seed == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "evaluation key %zu: header is cut short", k);
  BASE_TRY(check_header(spec, k, zero, previous, params));
  size_t n_body = ckks_key_spec_bytes(spec, params) - KEY_HEADER_BYTES;
  size_t n_left = base_reader_left(reader);
  key->body = base_reader_view(reader, n_body);
  if (key->body == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "evaluation key %zu: %zu bytes left where it needs %zu", k,
                     n_left, n_body);
  return CKKS_OK;
}

/** The state that all rounds of an expansion share; each worker writes its own slots only. */
typedef struct expansion {
  const ckks_params *params;
  ckks_evaluation_keys *keys;
  const packed_key *packed;
  ring_word *scratch;      /**< two limbs for each worker */
  size_t *failed;          /**< for each worker: 1 + the first round that failed, 0 = none */
  const base_frame *frame; /**< its digest is the round before the first; NULL = no such round */
  bool intact;             /**< what that round found */
} expansion;

static size_t round_count(const ckks_switch_key *key) {
  return (size_t)key->n_limbs * (size_t)key->n_digits;
}

/** Which key, limb and digit a round is; digits run fastest, so that rows of a limb are filled. */
static size_t find_round(int *digit, int *i, size_t round, const ckks_evaluation_keys *keys) {
  size_t k = 0;
  for (; round >= round_count(&keys->key[k]); k++)
    round -= round_count(&keys->key[k]);
  *digit = (int)(round % (size_t)keys->key[k].n_digits);
  *i = (int)(round / (size_t)keys->key[k].n_digits);
  return k;
}

static void expand_round(expansion *job, size_t round, int worker) {
  const ring_ring *ring = &job->params->ring;
  int digit, i;
  size_t k = find_round(&digit, &i, round, job->keys);
  ckks_switch_key *key = &job->keys->key[k];
  const ring_modulus *modulus = &ring->modulus[ckks_params_limb(job->params, key->level, i)];
  const uint8_t *in = job->packed[k].body +
                      (size_t)digit * limb_offset(key->level, key->n_limbs, job->params) +
                      limb_offset(key->level, i, job->params);
  ring_word *b = job->scratch + 2 * ring->n * (size_t)worker, *a = b + ring->n;
  ckks_switch_key_expand(a, key, digit, i, job->params);
  if (ring_pack_read(b, in, ring->n, modulus, ring->kernel) == CKKS_OK)
    ckks_switch_key_put(key, digit, i, b, a, job->params);
  else if (job->failed[worker] == 0 || round + 1 < job->failed[worker])
    job->failed[worker] = round + 1;
}

/** The digest first: it takes longer than any other round, and nothing can share it. */
static void run_round(void *context, size_t index, int worker) {
  expansion *job = context;
  if (job->frame == NULL)
    expand_round(job, index, worker);
  else if (index > 0)
    expand_round(job, index - 1, worker);
  else
    job->intact = base_frame_verify(job->frame, "message") == CKKS_OK;
}

/** Messages are per thread: the caller's own names the first round that failed in any worker. */
static ckks_status expansion_status(const expansion *job, int n_workers) {
  size_t first = 0;
  for (int worker = 0; worker < n_workers; worker++)
    if (job->failed[worker] != 0 && (first == 0 || job->failed[worker] < first))
      first = job->failed[worker];
  if (first == 0)
    return CKKS_OK;
  int digit, i;
  size_t k = find_round(&digit, &i, first - 1, job->keys);
  return base_fail(CKKS_ERROR_FORMAT,
                   "evaluation key %zu: digit %d, limb %d: a value is not below its modulus", k,
                   digit, i);
}

static ckks_status fail_damaged(void) {
  return base_fail(CKKS_ERROR_FORMAT, "damaged (the digest does not match)");
}

/** `frame` may be NULL: no digest to compute. */
static ckks_status expand_keys(ckks_evaluation_keys *keys, const packed_key *packed,
                               const base_frame *frame, const ckks_params *params,
                               base_threads *threads) {
  int n_workers = base_threads_count(threads);
  size_t n_rounds = 0, n_scratch = 2 * params->ring.n * (size_t)n_workers;
  for (size_t k = 0; k < keys->n_keys; k++)
    n_rounds += round_count(&keys->key[k]);
  expansion job = {.params = params, .keys = keys, .packed = packed, .frame = frame};
  job.scratch = base_alloc_array(n_scratch, sizeof(ring_word));
  job.failed = base_alloc_array((size_t)n_workers, sizeof(size_t));
  ckks_status status;
  if (job.scratch == NULL || job.failed == NULL) {
    status = base_fail_memory(n_scratch * sizeof(ring_word));
  } else {
    base_threads_run(threads, n_rounds + (frame != NULL), run_round, &job);
    status = frame != NULL && !job.intact ? fail_damaged() : expansion_status(&job, n_workers);
  }
  base_free(job.scratch);
  base_free(job.failed);
  return status;
}

/** Takes memory for keys that are all there, and fills it. */
static ckks_status build_keys(ckks_evaluation_keys **out, const packed_key *packed,
                              const ckks_key_spec *specs, size_t n_keys, const base_frame *frame,
                              const ckks_params *params, base_threads *threads) {
  ckks_evaluation_keys *keys = NULL;
  BASE_TRY(ckks_evaluation_keys_build_at(&keys, specs, n_keys, params));
  for (size_t k = 0; k < n_keys; k++)
    memcpy(keys->key[k].seed, packed[k].seed, RAND_SEED_BYTES);
  ckks_status status = expand_keys(keys, packed, frame, params, threads);
  if (status != CKKS_OK) {
    ckks_evaluation_keys_free(keys);
    return status;
  }
  *out = keys;
  return CKKS_OK;
}

/** All headers first, so that a set with a fault in its last key costs nothing. */
static ckks_status read_all_packed(packed_key *packed, ckks_key_spec *specs, size_t n_keys,
                                   base_reader *reader, const ckks_params *params) {
  int64_t previous = -1;
  for (size_t k = 0; k < n_keys; k++) {
    BASE_TRY(read_packed(&packed[k], &specs[k], reader, k, previous, params));
    previous = specs[k].galois;
  }
  return CKKS_OK;
}

static ckks_status get_keys(ckks_evaluation_keys **out, base_reader *reader,
                            const base_frame *frame, const ckks_params *params,
                            base_threads *threads) {
  *out = NULL;
  size_t n_keys = base_reader_u32(reader);
  /* One header each is the least that n keys can take: bounds the next allocations. */
  if (reader->failed || n_keys > base_reader_left(reader) / KEY_HEADER_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "evaluation keys: %zu keys cannot be in %zu bytes", n_keys,
                     base_reader_left(reader));
  ckks_status status;
  packed_key *packed = base_alloc_array(n_keys, sizeof *packed);
  ckks_key_spec *specs = base_alloc_array(n_keys, sizeof *specs);
  if (packed == NULL || specs == NULL)
    status = base_fail_memory(n_keys * sizeof *packed);
  else
    status = read_all_packed(packed, specs, n_keys, reader, params);
  if (status == CKKS_OK)
    status = build_keys(out, packed, specs, n_keys, frame, params, threads);
  base_free(packed);
  base_free(specs);
  return status;
}

ckks_status wire_evaluation_keys_get(ckks_evaluation_keys **out, base_reader *reader,
                                     const ckks_params *params, base_threads *threads) {
  return get_keys(out, reader, NULL, params, threads);
}

ckks_status wire_evaluation_keys_get_verifying(ckks_evaluation_keys **out, base_reader *reader,
                                               const base_frame *frame, const ckks_params *params,
                                               base_threads *threads) {
  ckks_status status = get_keys(out, reader, frame, params, threads);
  if (status == CKKS_OK)
    return CKKS_OK;
  /* Damaged bytes are called that, not what they look like. */
  char text[BASE_MESSAGE_BYTES];
  snprintf(text, sizeof text, "%s", base_last_error());
  if (base_frame_verify(frame, "message") != CKKS_OK)
    return fail_damaged();
  base_last_error_set(text);
  return status;
}

ckks_status ckks_evaluation_keys_read(ckks_evaluation_keys **out, const uint8_t *bytes,
                                      size_t n_bytes, const ckks_params *params) {
  base_reader payload;
  ckks_evaluation_keys *keys = NULL;
  BASE_NOT_NULL(out);
  *out = NULL;
  if (n_bytes > 0)
    BASE_NOT_NULL(bytes);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(wire_frame_open(&payload, NULL, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, params));
  BASE_TRY(wire_evaluation_keys_get(&keys, &payload, params, NULL));
  ckks_status status = wire_frame_close(&payload, "evaluation keys");
  if (status != CKKS_OK) {
    ckks_evaluation_keys_free(keys);
    return status;
  }
  *out = keys;
  return CKKS_OK;
}
