/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header of one page, then words: the client's public key (b and a modulo q_0), the keys' block,
 * the weights. Every part is a multiple of 64 bytes, so that vectors are aligned in the map.
 */
#include "exec/stored.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/wipe.h"

#define MAGIC_BYTES 8
/* Of the order and form of words; bump it with either. */
#define LAYOUT 1
#define HEADER_BYTES 4096
#define VERSION_BYTES 24
#define MAX_FILE_BYTES ((size_t)1 << 38)
#define N_LANES 8 /* divides the words of every part */

static const uint8_t magic[MAGIC_BYTES] = {'B', 'L', 'I', 'N', 'D', 'M', 'E', 'M'};

typedef struct header {
  uint64_t layout, byte_order;
  char version[VERSION_BYTES]; /* of the library, NUL behind it */
  uint8_t plan_id[PLAN_ID_BYTES], params_hash[CKKS_HASH_BYTES], owner[CKKS_OWNER_BYTES];
  uint64_t weights_bytes, zero_words, key_words, weight_words, checksum;
} header;

/* --- checksums */

/* One step for each word, each invertible: no change of a single word goes unseen. Lanes, since a
 * product takes longer than a load. */
static uint64_t checksum(const ring_word *word, size_t n_words) {
  uint64_t lane[N_LANES] = {1, 2, 3, 4, 5, 6, 7, 8}, sum = n_words;
  for (size_t i = 0; i + N_LANES <= n_words; i += N_LANES)
    for (size_t k = 0; k < N_LANES; k++)
      lane[k] = (lane[k] ^ word[i + k].u) * 0x9E3779B97F4A7C15u;
  for (size_t k = 0; k < N_LANES; k++)
    sum = (sum ^ lane[k] ^ lane[k] >> 32) * 0x9E3779B97F4A7C15u;
  return sum;
}

/* --- the header */

static uint64_t own_order(void) {
  const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

static void write_header(uint8_t *page, const header *h) {
  _Static_assert(MAGIC_BYTES + sizeof(header) + BASE_DIGEST_BYTES <= HEADER_BYTES, "fits");
  memcpy(page, magic, MAGIC_BYTES);
  memcpy(page + MAGIC_BYTES, h, sizeof *h);
  base_digest(page + HEADER_BYTES - BASE_DIGEST_BYTES, page, HEADER_BYTES - BASE_DIGEST_BYTES);
}

static ckks_status fail_damaged(const char *path, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: damaged: %s; make it anew", path, what);
}

/* Whose bytes these are, in the order in which they can be told. */
static ckks_status read_header(header *h, const base_map *map, const char *path) {
  const uint8_t *page = map->bytes;
  uint8_t digest[BASE_DIGEST_BYTES];
  if (map->n_bytes < MAGIC_BYTES || memcmp(page, magic, MAGIC_BYTES) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: not a stored session", path);
  if (map->n_bytes < HEADER_BYTES)
    return fail_damaged(path, "it ends in its header");
  memcpy(h, page + MAGIC_BYTES, sizeof *h);
  base_digest(digest, page, HEADER_BYTES - BASE_DIGEST_BYTES);
  if (memcmp(digest, page + HEADER_BYTES - BASE_DIGEST_BYTES, sizeof digest) != 0)
    return fail_damaged(path, "its header is not what was written");
  if (h->layout != LAYOUT || h->byte_order != own_order() ||
      memcmp(h->version, ckks_version(), strlen(ckks_version()) + 1) != 0)
    return base_fail(CKKS_ERROR_MISMATCH,
                     "%s: stored by another version, or on another kind of machine; make it anew",
                     path);
  return CKKS_OK;
}

static ckks_status check_plan(const header *h, const char *path, const plan_interface *interface) {
  if (memcmp(h->plan_id, interface->id, PLAN_ID_BYTES) != 0 ||
      memcmp(h->params_hash, interface->params->hash, CKKS_HASH_BYTES) != 0)
    return base_fail(CKKS_ERROR_MISMATCH, "%s: made for another model than '%s'", path,
                     interface->name);
  return CKKS_OK;
}

/* Each count is held against the bytes before they are added up. */
static ckks_status check_words(const header *h, const base_map *map, const char *path,
                               const ckks_params *params) {
  uint64_t n_words = (map->n_bytes - HEADER_BYTES) / sizeof(ring_word);
  const ring_word *words = (const ring_word *)(const void *)((uint8_t *)map->bytes + HEADER_BYTES);
  if (h->zero_words > n_words || h->key_words > n_words || h->weight_words > n_words ||
      h->zero_words + h->key_words + h->weight_words != n_words ||
      map->n_bytes % (N_LANES * sizeof(ring_word)) != 0 || h->zero_words != 2 * params->ring.stride)
    return fail_damaged(path, "it is not as long as it says");
  if (checksum(words, n_words) != h->checksum)
    return fail_damaged(path, "its words are not those that were written");
  return CKKS_OK;
}

/* --- writing */

typedef struct writing {
  ring_word *next; /* NULL: only counted */
  size_t n_words;
} writing;

static void put_words(void *context, const void *words, size_t n_words) {
  writing *w = context;
  w->n_words += n_words;
  if (w->next == NULL)
    return;
  memcpy(w->next, words, n_words * sizeof *w->next);
  w->next += n_words;
}

static void put_keys(writing *w, const ckks_evaluation_keys *keys) {
  for (size_t i = 0; i < keys->n_keys; i++)
    put_words(w, keys->key[i].data, ckks_switch_key_words(&keys->key[i]));
}

static void put_zero(writing *w, const ckks_public_key *zero, const ckks_params *params) {
  put_words(w, zero->b.data, params->ring.stride);
  put_words(w, zero->a.data, params->ring.stride);
}

/* What is not stored is what the plan says: which keys there are, and what they look like. */
static ckks_status check_keys(const ckks_evaluation_keys *keys, const exec_engine *engine) {
  const plan_interface *interface = &exec_engine_plan(engine)->interface;
  BASE_TRY(exec_keys_check(keys, engine));
  for (size_t i = 0; i < keys->n_keys; i++)
    if (keys->key[i].galois != interface->key[i].galois ||
        keys->key[i].level != interface->key[i].level ||
        keys->key[i].n_special != interface->key[i].n_special)
      return base_fail(CKKS_ERROR_KEY, "evaluation key %zu is not cut as model '%s' needs it", i,
                       interface->name);
  return CKKS_OK;
}

static void count_words(header *h, const exec_engine *engine, const ckks_evaluation_keys *keys) {
  writing zero = {NULL, 0}, key = {NULL, 0}, weight = {NULL, 0};
  put_zero(&zero, keys->zero, exec_engine_params(engine));
  put_keys(&key, keys);
  h->weights_bytes = exec_engine_words(engine, put_words, &weight);
  h->zero_words = zero.n_words;
  h->key_words = key.n_words;
  h->weight_words = weight.n_words;
}

ckks_status exec_stored_write(const char *path, const exec_engine *engine,
                              const ckks_evaluation_keys *keys) {
  const plan_interface *interface = &exec_engine_plan(engine)->interface;
  header h = {.layout = LAYOUT, .byte_order = own_order()};
  BASE_TRY(check_keys(keys, engine));
  BASE_ASSERT(strlen(ckks_version()) < sizeof h.version);
  memcpy(h.version, ckks_version(), strlen(ckks_version()));
  memcpy(h.plan_id, interface->id, PLAN_ID_BYTES);
  memcpy(h.params_hash, interface->params->hash, CKKS_HASH_BYTES);
  memcpy(h.owner, keys->owner, CKKS_OWNER_BYTES);
  count_words(&h, engine, keys);
  size_t n_words = h.zero_words + h.key_words + h.weight_words;
  size_t n_bytes = HEADER_BYTES + n_words * sizeof(ring_word);
  uint8_t *bytes = base_alloc(n_bytes);
  if (bytes == NULL)
    return base_fail_memory(n_bytes);
  ring_word *words = (ring_word *)(void *)(bytes + HEADER_BYTES);
  writing w = {words, 0};
  put_zero(&w, keys->zero, exec_engine_params(engine));
  put_keys(&w, keys);
  exec_engine_words(engine, put_words, &w);
  h.checksum = checksum(words, n_words);
  write_header(bytes, &h);
  ckks_status status = base_file_write(path, bytes, n_bytes, 0600);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

/* --- opening */

static ckks_status view_keys(exec_stored *stored, const header *h, ring_word *words,
                             const plan_interface *interface) {
  const ckks_params *params = interface->params;
  size_t limb_bytes = params->ring.stride * sizeof *words;
  BASE_TRY(ckks_evaluation_keys_view(&stored->keys, interface->key, interface->n_keys,
                                     words + h->zero_words, h->key_words, params));
  memcpy(stored->keys->owner, h->owner, CKKS_OWNER_BYTES);
  BASE_TRY(ckks_public_key_build_at(&stored->keys->zero, 1, params));
  memcpy(stored->keys->zero->b.data, words, limb_bytes);
  memcpy(stored->keys->zero->a.data, words + params->ring.stride, limb_bytes);
  return CKKS_OK;
}

static ckks_status view(exec_stored *stored, const char *path, const plan_plan *plan) {
  header h;
  BASE_TRY(read_header(&h, &stored->map, path));
  BASE_TRY(check_plan(&h, path, &plan->interface));
  BASE_TRY(check_words(&h, &stored->map, path, plan->interface.params));
  ring_word *words = (ring_word *)(void *)((uint8_t *)stored->map.bytes + HEADER_BYTES);
  ckks_status status = view_keys(stored, &h, words, &plan->interface);
  exec_words weights = {words + h.zero_words + h.key_words, h.weight_words};
  if (status == CKKS_OK)
    status = exec_engine_view(&stored->engine, plan, h.weights_bytes, &weights);
  if (status == CKKS_OK && weights.n_left != 0)
    status = base_fail(CKKS_ERROR_FORMAT, "%zu words of weights too many", weights.n_left);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", path);
}

ckks_status exec_stored_open(exec_stored *out, const char *path, const plan_plan *plan) {
  *out = (exec_stored){0};
  BASE_TRY(base_map_open(&out->map, path, MAX_FILE_BYTES));
  ckks_status status = view(out, path, plan);
  if (status != CKKS_OK)
    exec_stored_close(out);
  return status;
}

void exec_stored_close(exec_stored *stored) {
  exec_engine_free(stored->engine);
  ckks_evaluation_keys_free(stored->keys);
  base_map_close(&stored->map);
  *stored = (exec_stored){0};
}
