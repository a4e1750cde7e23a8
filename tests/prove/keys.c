/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: evaluation keys and the public key behind them, any 0 to 16000 bytes, read for
 * a chain of two primes and a special one: up to two keys that are whole, and whatever is refused.
 */
#include "prove/one_thread.h"
#include "prove/stand_in.h"
#include "wire/wire.h"

#define MOST 18200
#define MOST_OF_TWO 16000 /* a third key of the least level does not fit */
#define MOST_KEYS 3       /* that any bytes get to: of larger arrays no more may be touched */

typedef struct packed {
  const uint8_t *seed, *body;
} packed;

static ring_modulus modulus[3] = {{.p = 1099511590913, .bits = 40},
                                  {.p = 68719403009, .bits = 36},
                                  {.p = 35184371884033, .bits = 45}};

/* Arrays by what they hold, with nothing behind them, and may fail. */
void *base_alloc_array(size_t n, size_t size) {
  static packed keys[MOST_KEYS];
  static ckks_key_spec specs[MOST_KEYS];
  static ring_word scratch[2 * RING_SIZE];
  static size_t failed[1];
  if (Frama_C_interval(0, 1))
    return NULL;
  if (size == sizeof *keys) {
    memset(keys, 0, sizeof keys);
    return n > MOST_KEYS ? keys : keys + MOST_KEYS - n;
  }
  if (size == sizeof *specs) {
    memset(specs, 0, sizeof specs);
    return n > MOST_KEYS ? specs : specs + MOST_KEYS - n;
  }
  /*@ assert size == 8 && (n == 1024 || n == 1); */
  failed[0] = 0;
  Frama_C_make_unknown((char *)scratch, sizeof scratch);
  return n == 1 ? (void *)failed : (void *)scratch;
}

ckks_status ckks_params_check_special(const ckks_params *params, int level, int n_special) {
  (void)params;
  (void)level;
  (void)n_special;
  return Frama_C_interval(0, 1) ? CKKS_OK : CKKS_ERROR_SECURITY;
}

double ckks_security_sparse_limit(int log2_n, ckks_security security) {
  (void)log2_n;
  (void)security;
  return 105.0;
}

ckks_status ckks_evaluation_keys_build_at(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                          size_t n_keys, const ckks_params *params) {
  static ckks_evaluation_keys keys;
  static ckks_switch_key key[2];
  (void)params;
  *out = NULL;
  if (Frama_C_interval(0, 1))
    return CKKS_ERROR_MEMORY;
  /*@ assert n_keys <= 2; */
  memset(&keys, 0, sizeof keys);
  memset(key, 0, sizeof key);
  keys.n_keys = n_keys;
  keys.key = key + 2 - n_keys;
  for (size_t k = 0; k < n_keys; k++) {
    keys.key[k].galois = specs[k].galois;
    keys.key[k].level = specs[k].level;
    keys.key[k].n_special = specs[k].n_special;
    keys.key[k].n_digits = ckks_key_spec_digits(&specs[k]);
  }
  *out = &keys;
  return CKKS_OK;
}

void ckks_evaluation_keys_free(ckks_evaluation_keys *unused) {
  (void)unused;
}

void ckks_switch_key_expand(ring_word *a, const ckks_switch_key *key, int digit, int limb,
                            const ckks_params *params) {
  (void)params;
  /*@ assert 0 <= digit < key->n_digits && 0 <= limb < key->n_limbs; */
  /*@ assert \valid(a + (0 .. 511)); */
  Frama_C_make_unknown((char *)a, RING_SIZE * sizeof *a);
}

void ckks_switch_key_put(ckks_switch_key *key, int digit, int limb, const ring_word *b,
                         const ring_word *a, const ckks_params *params) {
  (void)params;
  /*@ assert 0 <= digit < key->n_digits && 0 <= limb < key->n_limbs; */
  /*@ assert \valid_read(a + (0 .. 511)) && \valid_read(b + (0 .. 511)); */
}

ckks_status ckks_public_key_build_at(ckks_public_key **out, int n_limbs,
                                     const ckks_params *params) {
  static ckks_public_key key;
  static ring_word b[RING_SIZE];
  (void)params;
  *out = NULL;
  if (Frama_C_interval(0, 1))
    return CKKS_ERROR_MEMORY;
  memset(&key, 0, sizeof key);
  key.b = (ring_poly){b, RING_SIZE, n_limbs};
  *out = &key;
  return CKKS_OK;
}

void ckks_public_key_free(ckks_public_key *unused) {
  (void)unused;
}

void ckks_seed_expand(ring_poly *out, int n_limbs, const uint8_t seed[RAND_SEED_BYTES],
                      const ckks_params *params) {
  (void)params;
  /*@ assert n_limbs == 1 && \valid_read(seed + (0 .. 31)) && \valid(out); */
}

static uint8_t room[MOST];

/*
 * Shapes: how many keys, of which level; the last four are refused: three keys or more, whose first
 * two leave no room, a level and numbers of special primes that the chain has not. Lengths: less
 * than the keys take with the public key; just that, at the end of memory; more.
 */
#define N_SHAPES 8
typedef struct shape {
  int n_keys, most_keys, level, most_level, special, most_special;
} shape;

static void read_one(int kind, int length, size_t end, const ckks_params *params) {
  static const shape shapes[N_SHAPES] = {
      {0, 0, 0, 0, 1, 1},   {1, 1, 0, 0, 1, 1},   {1, 1, 1, 1, 1, 1}, {2, 2, 0, 0, 1, 1},
      {3, 255, 0, 0, 1, 1}, {1, 1, 2, 255, 1, 1}, {1, 1, 0, 0, 0, 0}, {1, 1, 0, 0, 2, 255}};
  const shape *s = &shapes[kind];
  base_reader reader;
  ckks_evaluation_keys *keys;
  ckks_public_key *zero;
  size_t n = length == 0   ? (size_t)Frama_C_interval(0, (int)end - 1)
             : length == 1 ? end
                           : (size_t)Frama_C_interval((int)end + 1, kind == 4 ? MOST_OF_TWO : MOST);
  uint8_t *bytes = length == 1 ? room + MOST - end : room;
  Frama_C_make_unknown((char *)room, MOST);
  for (int k = 0; k < 4; k++)
    bytes[k] = 0;
  bytes[0] = (uint8_t)Frama_C_interval(s->n_keys, s->most_keys);
  bytes[4 + 4] = (uint8_t)Frama_C_interval(s->level, s->most_level);
  bytes[4 + 5] = (uint8_t)Frama_C_interval(s->special, s->most_special);
  if (s->n_keys > 1) {
    bytes[4 + 5480 + 4] = 0;
    bytes[4 + 5480 + 5] = 1;
  }
  base_reader_init(&reader, bytes, n);
  if (wire_evaluation_keys_get(&keys, &reader, params, NULL) == CKKS_OK)
    (void)wire_zero_key_get(&zero, &reader, params);
}

int main(void) {
  ckks_params params;
  memset(&params, 0, sizeof params);
  params.literal.log2_n = 9;
  params.literal.n_q = 2;
  params.literal.n_p = 1;
  params.literal.q[0] = modulus[0].p;
  params.literal.q[1] = modulus[1].p;
  params.literal.p[0] = modulus[2].p;
  ckks_params_limbs_single(&params);
  params.ring.n = RING_SIZE;
  params.ring.log2_n = 9;
  params.ring.n_moduli = 3;
  params.ring.modulus = modulus;
  static const size_t q0 = 2560, q1 = 2304, p0 = 2880; /* bytes of a limb */
  const size_t key0 = 40 + q0 + p0, key1 = 40 + 2 * (q0 + q1 + p0), zero = 32 + q0;
  const size_t end[N_SHAPES] = {4 + zero,     4 + key0 + zero, 4 + key1 + zero, 4 + 2 * key0 + zero,
                                4 + 2 * key0, 4 + key1,        4 + key0,        4 + key0};
  /*@ loop unroll 8; */
  for (int kind = 0; kind < N_SHAPES; kind++)
    /*@ loop unroll 3; */
    for (int length = 0; length < 3; length++)
      read_one(kind, length, end[kind], &params);
  return 0;
}
