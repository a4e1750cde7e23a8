/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of ckks.h that returns a status, once each with arguments that are right, but for
 * the pointer whose number is `null` (-1: none). tests/house/contract.sh holds the list, and the
 * number of pointers of each, against the header.
 */
#ifndef TESTS_CKKS_CALLS_H
#define TESTS_CKKS_CALLS_H
#include <ckks.h>
#include <stdio.h>
#include <stdlib.h>

#include "random.h"

/* What the calls are given. */
typedef struct calls_world {
  ckks_params *params;
  ckks_secret_key *secret;
  ckks_public_key *public_key;
  ckks_evaluation_keys *keys;
  ckks_evaluator *ev;
  ckks_plaintext *plain, *plain_out;
  ckks_ciphertext *a, *b, *out, *out2, *out3;
  ckks_linear_map *map;
  uint8_t *params_bytes, *ciphertext_bytes, *public_bytes, *keys_bytes;
  size_t n_params, n_ciphertext, n_public, n_keys;
  ckks_params_literal literal;
  char path[64];
  /* A small ring that can be bootstrapped. */
  ckks_bootstrap_literal deep_literal, chosen;
  ckks_params *deep_params;
  ckks_secret_key *deep_secret;
  ckks_bootstrapper *bootstrapper;
  ckks_evaluation_keys *deep_keys;
  ckks_evaluator *deep_ev;
  ckks_ciphertext *low, *refreshed;
} calls_world;

/* What a call makes; only one of them at a time. */
typedef union calls_made {
  ckks_params *params;
  ckks_plaintext *plaintext;
  ckks_ciphertext *ciphertext;
  ckks_secret_key *secret;
  ckks_public_key *public_key;
  ckks_evaluation_keys *keys;
  ckks_evaluator *ev;
  ckks_linear_map *map;
  ckks_bootstrapper *bootstrapper;
  uint8_t *bytes;
  void *any;
} calls_made;

static calls_world w;
static calls_made made;
static size_t made_bytes;
static const double calls_numbers[8] = {1, -2, 0.5, 0, 0.25, 1, -1, 2};
static const ckks_complex calls_complex[2] = {{1, -1}, {0.5, 2}};
static double calls_values[8];
static ckks_complex calls_complex_values[8];
static double calls_coefficients[1024];
static const ckks_polynomial calls_polynomial = {calls_coefficients, 1023, CKKS_CHEBYSHEV, -1, 1};
static const double calls_turns[4] = {0, 1, 1, 0};
static const ckks_polynomial calls_polynomials = {calls_turns, 1, CKKS_MONOMIAL, 0, 0};
static const int calls_steps[3] = {1, 0, -5};

static void calls_free_plaintext(void) {
  ckks_plaintext_free(made.plaintext);
}
static void calls_free_params(void) {
  ckks_params_free(made.params);
}
static void calls_free_ciphertext(void) {
  ckks_ciphertext_free(made.ciphertext);
}
static void calls_free_secret(void) {
  ckks_secret_key_free(made.secret);
}
static void calls_free_public(void) {
  ckks_public_key_free(made.public_key);
}
static void calls_free_keys(void) {
  ckks_evaluation_keys_free(made.keys);
}
static void calls_free_evaluator(void) {
  ckks_evaluator_free(made.ev);
}
static void calls_free_map(void) {
  ckks_linear_map_free(made.map);
}
static void calls_free_bootstrapper(void) {
  ckks_bootstrapper_free(made.bootstrapper);
}
static void calls_free_bytes(void) {
  ckks_bytes_free(made.bytes);
}

/* Pointer number i. */
#define P(i, pointer) (null == (i) ? NULL : (pointer))
#define PAIR ((ckks_ciphertext *const[3]){w.out, w.out2, w.out3})

/* X(name, pointers that may not be NULL, what frees that which it makes, arguments) */
#define CALLS                                                                                      \
  X(ckks_params_build, 2, calls_free_params, P(0, &made.params), P(1, &w.literal))                 \
  X(ckks_params_build_depth, 1, calls_free_params, P(0, &made.params), 1, 30)                      \
  X(ckks_plaintext_build, 2, calls_free_plaintext, P(0, &made.plaintext), P(1, w.params))          \
  X(ckks_encode_real, 3, NULL, P(0, w.plain_out), P(1, calls_numbers), 8, 1, 0, P(2, w.params))    \
  X(ckks_encode_complex, 3, NULL, P(0, w.plain_out), P(1, calls_complex), 2, 1, 0, P(2, w.params)) \
  X(ckks_encode_repeat, 3, NULL, P(0, w.plain_out), P(1, calls_numbers), 8, 1, 0, P(2, w.params))  \
  X(ckks_encode_constant, 2, NULL, P(0, w.plain_out), 0.5, 1, 0, P(1, w.params))                   \
  X(ckks_encode_complex_constant, 2, NULL, P(0, w.plain_out), calls_complex[1], 1, 0,              \
    P(1, w.params))                                                                                \
  X(ckks_decode_real, 3, NULL, P(0, calls_values), 8, P(1, w.plain), P(2, w.params))               \
  X(ckks_decode_complex, 3, NULL, P(0, calls_complex_values), 8, P(1, w.plain), P(2, w.params))    \
  X(ckks_ciphertext_build, 2, calls_free_ciphertext, P(0, &made.ciphertext), P(1, w.params))       \
  X(ckks_ciphertext_copy, 2, NULL, P(0, w.out), P(1, w.a))                                         \
  X(ckks_secret_key_generate, 2, calls_free_secret, P(0, &made.secret), P(1, w.params))            \
  X(ckks_public_key_generate, 3, calls_free_public, P(0, &made.public_key), P(1, w.secret),        \
    P(2, w.params))                                                                                \
  X(ckks_evaluation_keys_generate, 4, calls_free_keys, P(0, &made.keys),                           \
    P(1, (&(ckks_key_spec){.level = -1})), 1, P(2, w.secret), P(3, w.params))                      \
  X(ckks_evaluation_keys_generate_all, 3, calls_free_keys, P(0, &made.keys), P(1, w.secret),       \
    P(2, w.params))                                                                                \
  X(ckks_encrypt, 4, NULL, P(0, w.out), P(1, w.plain), P(2, w.secret), P(3, w.params))             \
  X(ckks_encrypt_public, 4, NULL, P(0, w.out), P(1, w.plain), P(2, w.public_key), P(3, w.params))  \
  X(ckks_decrypt, 4, NULL, P(0, w.plain_out), P(1, w.a), P(2, w.secret), P(3, w.params))           \
  X(ckks_decrypt_for_publication, 4, NULL, P(0, calls_values), 8, P(1, w.a), 1e-10, 10,            \
    P(2, w.secret), P(3, w.params))                                                                \
  X(ckks_evaluator_build, 2, calls_free_evaluator, P(0, &made.ev), P(1, w.params), w.keys)         \
  X(ckks_evaluator_set_threads, 1, NULL, P(0, w.ev), 1)                                            \
  X(ckks_add, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.b), P(3, w.ev))                              \
  X(ckks_sub, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.b), P(3, w.ev))                              \
  X(ckks_negate, 3, NULL, P(0, w.out), P(1, w.a), P(2, w.ev))                                      \
  X(ckks_add_real, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_numbers), 8, P(3, w.ev))            \
  X(ckks_sub_real, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_numbers), 8, P(3, w.ev))            \
  X(ckks_add_complex, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_complex), 2, P(3, w.ev))         \
  X(ckks_sub_complex, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_complex), 2, P(3, w.ev))         \
  X(ckks_add_constant, 3, NULL, P(0, w.out), P(1, w.a), 0.5, P(2, w.ev))                           \
  X(ckks_add_complex_constant, 3, NULL, P(0, w.out), P(1, w.a), calls_complex[1], P(2, w.ev))      \
  X(ckks_mul_real, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_numbers), 8, P(3, w.ev))            \
  X(ckks_mul_complex, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_complex), 2, P(3, w.ev))         \
  X(ckks_mul_constant, 3, NULL, P(0, w.out), P(1, w.a), 0.5, P(2, w.ev))                           \
  X(ckks_mul_complex_constant, 3, NULL, P(0, w.out), P(1, w.a), calls_complex[1], P(2, w.ev))      \
  X(ckks_add_plain, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.plain), P(3, w.ev))                    \
  X(ckks_sub_plain, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.plain), P(3, w.ev))                    \
  X(ckks_mul_plain, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.plain), P(3, w.ev))                    \
  X(ckks_mul, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.b), P(3, w.ev))                              \
  X(ckks_square, 3, NULL, P(0, w.out), P(1, w.a), P(2, w.ev))                                      \
  X(ckks_power, 3, NULL, P(0, w.out), P(1, w.a), 5, P(2, w.ev))                                    \
  X(ckks_drop_level, 3, NULL, P(0, w.out), P(1, w.a), 1, P(2, w.ev))                               \
  X(ckks_rotate, 3, NULL, P(0, w.out), P(1, w.a), 77, P(2, w.ev))                                  \
  X(ckks_rotate_many, 4, NULL, P(0, PAIR), P(1, w.a), P(2, calls_steps), 3, P(3, w.ev))            \
  X(ckks_conjugate, 3, NULL, P(0, w.out), P(1, w.a), P(2, w.ev))                                   \
  X(ckks_inner_sum, 3, NULL, P(0, w.out), P(1, w.a), 13, P(2, w.ev))                               \
  X(ckks_polyval, 4, NULL, P(0, w.out), P(1, w.a), P(2, &calls_polynomial), P(3, w.ev))            \
  X(ckks_polyval_slots, 4, NULL, P(0, w.out), P(1, w.a), P(2, &calls_polynomials), 2, P(3, w.ev))  \
  X(ckks_linear_map_build, 3, calls_free_map, P(0, &made.map), P(1, calls_numbers), 2, 4, NULL, 1, \
    P(2, w.params))                                                                                \
  X(ckks_linear_map_apply, 4, NULL, P(0, w.out), P(1, w.map), P(2, w.a), P(3, w.ev))               \
  X(ckks_sum, 3, NULL, P(0, w.out), P(1, w.a), 8, P(2, w.ev))                                      \
  X(ckks_dot, 4, NULL, P(0, w.out), P(1, w.a), P(2, w.b), 8, P(3, w.ev))                           \
  X(ckks_dot_real, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_numbers), 8, P(3, w.ev))            \
  X(ckks_matmul, 4, NULL, P(0, w.out), P(1, w.a), P(2, calls_numbers), 4, 2, P(3, w.ev))           \
  X(ckks_params_write, 3, calls_free_bytes, P(0, &made.bytes), P(1, &made_bytes), P(2, w.params))  \
  X(ckks_params_read, 2, calls_free_params, P(0, &made.params), P(1, w.params_bytes), w.n_params)  \
  X(ckks_ciphertext_write, 4, calls_free_bytes, P(0, &made.bytes), P(1, &made_bytes), P(2, w.a),   \
    P(3, w.params))                                                                                \
  X(ckks_ciphertext_read, 3, calls_free_ciphertext, P(0, &made.ciphertext),                        \
    P(1, w.ciphertext_bytes), w.n_ciphertext, P(2, w.params))                                      \
  X(ckks_public_key_write, 4, calls_free_bytes, P(0, &made.bytes), P(1, &made_bytes),              \
    P(2, w.public_key), P(3, w.params))                                                            \
  X(ckks_public_key_read, 3, calls_free_public, P(0, &made.public_key), P(1, w.public_bytes),      \
    w.n_public, P(2, w.params))                                                                    \
  X(ckks_evaluation_keys_write, 4, calls_free_bytes, P(0, &made.bytes), P(1, &made_bytes),         \
    P(2, w.keys), P(3, w.params))                                                                  \
  X(ckks_evaluation_keys_read, 3, calls_free_keys, P(0, &made.keys), P(1, w.keys_bytes), w.n_keys, \
    P(2, w.params))                                                                                \
  X(ckks_secret_key_save, 3, NULL, P(0, w.path), P(1, w.secret), P(2, w.params))                   \
  X(ckks_secret_key_load, 3, calls_free_secret, P(0, &made.secret), P(1, w.path), P(2, w.params))  \
  X(ckks_bootstrap_literal_choose, 1, NULL, P(0, &w.chosen), CKKS_BOOTSTRAP_N15)                   \
  X(ckks_params_build_bootstrap, 2, calls_free_params, P(0, &made.params), P(1, &w.deep_literal))  \
  X(ckks_bootstrapper_build, 3, calls_free_bootstrapper, P(0, &made.bootstrapper),                 \
    P(1, &w.deep_literal), P(2, w.deep_params))                                                    \
  X(ckks_bootstrap, 4, NULL, P(0, w.refreshed), P(1, w.low), P(2, w.bootstrapper), P(3, w.deep_ev))

#define X(name, n, release, ...)                                                                   \
  static ckks_status calls_##name(int null) {                                                      \
    return name(__VA_ARGS__);                                                                      \
  }
CALLS
#undef X

typedef struct calls_entry {
  const char *name;
  int n_pointers;
  ckks_status (*call)(int null);
  void (*release)(void); /* NULL: it makes nothing */
} calls_entry;

static const calls_entry calls[] = {
#define X(name, n, release, ...) {#name, n, calls_##name, release},
    CALLS
#undef X
};
#define N_CALLS (sizeof calls / sizeof *calls)

static inline void calls_must(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "calls.h: %s\n", ckks_last_error());
  abort();
}

static inline void calls_open(const char *folder) {
  w.literal = (ckks_params_literal){
      .log2_n = 10, .n_q = 12, .n_p = 2, .log2_scale = 40, .security = CKKS_SECURITY_NONE};
  for (int i = 0; i < 12; i++)
    w.literal.q_bits[i] = i == 0 ? 49 : 40;
  w.literal.p_bits[0] = w.literal.p_bits[1] = 49;
  snprintf(w.path, sizeof w.path, "%s/secret.key", folder);
  calls_must(ckks_params_build(&w.params, &w.literal));
  calls_must(ckks_secret_key_generate(&w.secret, w.params));
  calls_must(ckks_secret_key_save(w.path, w.secret, w.params));
  calls_must(ckks_public_key_generate(&w.public_key, w.secret, w.params));
  calls_must(ckks_linear_map_build(&w.map, calls_numbers, 2, 4, NULL, 2, w.params));
  ckks_key_spec specs[64] = {{.galois = 0, .level = -1}};
  size_t n = 1;
  specs[n++] = (ckks_key_spec){.galois = ckks_galois_conjugation(w.params), .level = -1};
  for (int step = 1; step <= 256; step *= 2) {
    specs[n++] = (ckks_key_spec){.galois = ckks_galois_rotation(w.params, step), .level = -1};
    specs[n++] = (ckks_key_spec){.galois = ckks_galois_rotation(w.params, -step), .level = -1};
  }
  n += ckks_linear_map_keys(w.map, specs + n, 64 - n);
  calls_must(ckks_evaluation_keys_generate(&w.keys, specs, n, w.secret, w.params));
  calls_must(ckks_evaluator_build(&w.ev, w.params, w.keys));
  calls_must(ckks_plaintext_build(&w.plain, w.params));
  calls_must(ckks_plaintext_build(&w.plain_out, w.params));
  ckks_ciphertext **all[] = {&w.a, &w.b, &w.out, &w.out2, &w.out3};
  for (int i = 0; i < 5; i++)
    calls_must(ckks_ciphertext_build(all[i], w.params));
  calls_must(ckks_encode_real(w.plain, calls_numbers, 8, 11, 0, w.params));
  calls_must(ckks_encrypt(w.a, w.plain, w.secret, w.params));
  calls_must(ckks_encrypt(w.b, w.plain, w.secret, w.params));
  calls_must(ckks_params_write(&w.params_bytes, &w.n_params, w.params));
  calls_must(ckks_ciphertext_write(&w.ciphertext_bytes, &w.n_ciphertext, w.a, w.params));
  calls_must(ckks_public_key_write(&w.public_bytes, &w.n_public, w.public_key, w.params));
  calls_must(ckks_evaluation_keys_write(&w.keys_bytes, &w.n_keys, w.keys, w.params));
  uint64_t state = 1;
  for (int i = 0; i < 1024; i++)
    calls_coefficients[i] = (double)(int64_t)test_random(&state) * 0x1p-73;
}

/* Values of 8 slots at the lowest level that bootstrapping takes. */
static inline void calls_open_deep(void) {
  static ckks_key_spec specs[256];
  ckks_plaintext *plain;
  w.deep_literal = (ckks_bootstrap_literal){.log2_n = 10,
                                            .log2_slots = 3,
                                            .base_bits = 48,
                                            .n_levels = 4,
                                            .level_bits = 37,
                                            .inner_bits = 49,
                                            .n_stc = 2,
                                            .n_cts = 2,
                                            .n_p = 4,
                                            .p_bits = 49,
                                            .security = CKKS_SECURITY_NONE};
  calls_must(ckks_params_build_bootstrap(&w.deep_params, &w.deep_literal));
  calls_must(ckks_bootstrapper_build(&w.bootstrapper, &w.deep_literal, w.deep_params));
  size_t n = ckks_bootstrapper_keys(w.bootstrapper, specs, 256);
  calls_must(ckks_secret_key_generate(&w.deep_secret, w.deep_params));
  calls_must(ckks_evaluation_keys_generate(&w.deep_keys, specs, n, w.deep_secret, w.deep_params));
  calls_must(ckks_evaluator_build(&w.deep_ev, w.deep_params, w.deep_keys));
  calls_must(ckks_ciphertext_build(&w.low, w.deep_params));
  calls_must(ckks_ciphertext_build(&w.refreshed, w.deep_params));
  calls_must(ckks_plaintext_build(&plain, w.deep_params));
  calls_must(ckks_encode_repeat(plain, calls_numbers, 8, ckks_bootstrapper_level_in(w.bootstrapper),
                                0, w.deep_params));
  calls_must(ckks_encrypt(w.low, plain, w.deep_secret, w.deep_params));
  ckks_plaintext_free(plain);
}

static inline void calls_close_deep(void) {
  ckks_ciphertext_free(w.low);
  ckks_ciphertext_free(w.refreshed);
  ckks_evaluator_free(w.deep_ev);
  ckks_evaluation_keys_free(w.deep_keys);
  ckks_secret_key_free(w.deep_secret);
  ckks_bootstrapper_free(w.bootstrapper);
  ckks_params_free(w.deep_params);
}

static inline void calls_close(void) {
  uint8_t *bytes[] = {w.params_bytes, w.ciphertext_bytes, w.public_bytes, w.keys_bytes};
  for (int i = 0; i < 4; i++)
    ckks_bytes_free(bytes[i]);
  ckks_ciphertext *all[] = {w.a, w.b, w.out, w.out2, w.out3};
  for (int i = 0; i < 5; i++)
    ckks_ciphertext_free(all[i]);
  ckks_plaintext_free(w.plain);
  ckks_plaintext_free(w.plain_out);
  ckks_linear_map_free(w.map);
  ckks_evaluator_free(w.ev);
  ckks_evaluation_keys_free(w.keys);
  ckks_public_key_free(w.public_key);
  ckks_secret_key_free(w.secret);
  ckks_params_free(w.params);
  remove(w.path);
}
#endif
