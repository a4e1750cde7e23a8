/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Key switching and its neighbours by the clock, for the parameter sets that the targets are
 * written for. A rotation is timed with one key over and over, as the targets have it, and
 * with eight keys in turn ("_8_keys"): then the keys come from further away, as
 * they do for the eight hoisted rotations, which are given as a multiple of both (fastest samples).
 */
#include "bench.h"
#include "eval/eval.h"
#include "random_keys.h"

#include <stdio.h>

#define HOISTED 8

typedef struct bench_set {
  const char *name;
  ckks_params_literal literal;
} bench_set;

static const bench_set sets[] = {
    {"n13",
     {.log2_n = 13,
      .n_q = 4,
      .n_p = 1,
      .q_bits = {48, 38, 38, 38},
      .p_bits = {48},
      .log2_scale = 38,
      .security = CKKS_SECURITY_128}},
    {"n14",
     {.log2_n = 14,
      .n_q = 5,
      .n_p = 3,
      .q_bits = {49, 48, 48, 48, 48},
      .p_bits = {49, 49, 49},
      .log2_scale = 48,
      .security = CKKS_SECURITY_128}},
    {"n15",
     {.log2_n = 15,
      .n_q = 12,
      .n_p = 4,
      .q_bits = {49, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48},
      .p_bits = {49, 49, 49, 49},
      .log2_scale = 48,
      .security = CKKS_SECURITY_128}},
    /* The chains that other libraries' examples have: sizes as they are typed there. */
    {"n13_60_40x2_60",
     {.log2_n = 13,
      .n_q = 3,
      .n_p = 1,
      .q_bits = {60, 40, 40},
      .p_bits = {60},
      .log2_scale = 40,
      .security = CKKS_SECURITY_128}},
    {"n14_60_40x7_60",
     {.log2_n = 14,
      .n_q = 8,
      .n_p = 1,
      .q_bits = {60, 40, 40, 40, 40, 40, 40, 40},
      .p_bits = {60},
      .log2_scale = 40,
      .security = CKKS_SECURITY_128}},
    {"n15_60_40x17_60",
     {.log2_n = 15,
      .n_q = 18,
      .n_p = 1,
      .q_bits = {60, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40},
      .p_bits = {60},
      .log2_scale = 40,
      .security = CKKS_SECURITY_128}},
};

typedef struct bench_state {
  ckks_params *params;
  ckks_evaluator *ev;
  ckks_ciphertext *a, *out[HOISTED];
  ckks_plaintext *plaintext;
  double *values;
  int turn;
  ckks_secret_key *secret;
  ckks_public_key *public_key;
  ckks_ciphertext *last;
} bench_state;

static const int steps[HOISTED] = {1, 2, 4, 8, 16, 32, 64, 128};

/* ----------------------------------------------------------- what is timed */

static void rotate(void *context) {
  bench_state *s = context;
  bench_check(eval_rotate(s->out[0], s->a, 1, s->ev));
}

static void rotate_in_turn(void *context) {
  bench_state *s = context;
  s->turn = (s->turn + 1) % HOISTED;
  bench_check(eval_rotate(s->out[s->turn], s->a, steps[s->turn], s->ev));
}

static void rotate_many(void *context) {
  bench_state *s = context;
  uint32_t galois[HOISTED];
  for (int i = 0; i < HOISTED; i++)
    galois[i] = ckks_galois_rotation(s->params, steps[i]);
  bench_check(eval_automorphism_many(s->out, s->a, galois, HOISTED, s->ev));
}

static void rotate_sum(void *context) {
  bench_state *s = context;
  bench_check(eval_rotate_sum(s->out[0], s->a, steps, HOISTED, s->ev));
}

static void multiply(void *context) {
  bench_state *s = context;
  bench_check(eval_mul(s->out[0], s->a, s->a, s->ev));
}

static void rescale(void *context) {
  bench_state *s = context;
  eval_rescale(s->out[0], s->a, s->ev);
}

static void encrypt(void *context) {
  bench_state *s = context;
  bench_check(ckks_encrypt(s->out[0], s->plaintext, s->secret, s->params));
}

static void encrypt_public(void *context) {
  bench_state *s = context;
  bench_check(ckks_encrypt_public(s->out[0], s->plaintext, s->public_key, s->params));
}

/* A result as it comes back: nothing left but the base. */
static void decrypt_decode(void *context) {
  bench_state *s = context;
  bench_check(ckks_decrypt(s->plaintext, s->last, s->secret, s->params));
  bench_check(ckks_decode_real(s->values, s->params->ring.n / 2, s->plaintext, s->params));
}

static void encode(void *context) {
  bench_state *s = context;
  bench_check(ckks_encode_real(s->plaintext, s->values, s->params->ring.n / 2,
                               s->params->literal.n_q - 1, 0, s->params));
}

static void decode(void *context) {
  bench_state *s = context;
  bench_check(ckks_decode_real(s->values, s->params->ring.n / 2, s->plaintext, s->params));
}

/* ---------------------------------------------------------------------- sets */

static bench_time report(const char *what, const bench_set *set, void (*run)(void *),
                         bench_state *s) {
  char name[64];
  bench_time time = bench_run(run, s);
  snprintf(name, sizeof name, "%s_%s_ms", what, set->name);
  bench_report(name, time, 1e3, "ms");
  return time;
}

static void report_ratio(const char *what, const bench_set *set, double ratio) {
  char name[64];
  snprintf(name, sizeof name, "%s_%s", what, set->name);
  bench_figure(name, ratio, "times");
}

static void time_set(const bench_set *set, bench_state *s) {
  bench_time one = report("rotate", set, rotate, s);
  bench_time in_turn = report("rotate_8_keys", set, rotate_in_turn, s);
  bench_time many = report("hoisted_8_rotations", set, rotate_many, s);
  report_ratio("hoisted_8_x_rotate", set, many.min / one.min);
  report_ratio("hoisted_8_x_rotate_8_keys", set, many.min / in_turn.min);
  report("rotate_sum_8", set, rotate_sum, s);
  report("multiply_relinearize_rescale", set, multiply, s);
  report("rescale", set, rescale, s);
  report("encode", set, encode, s);
  report("decode", set, decode, s);
  encode(s);
  report("encrypt", set, encrypt, s);
  report("encrypt_public", set, encrypt_public, s);
  bench_check(ckks_encode_real(s->plaintext, s->values, s->params->ring.n / 2, 0, 0, s->params));
  bench_check(ckks_encrypt(s->last, s->plaintext, s->secret, s->params));
  report("decrypt_decode_level_0", set, decrypt_decode, s);
}

static void run_set(const bench_set *set) {
  bench_state s = {0};
  ckks_evaluation_keys *keys;
  bench_check(ckks_params_build(&s.params, &set->literal));
  bench_check_table(s.params->ring.kernel);
  ckks_key_spec specs[HOISTED + 1] = {{0, -1, 0}};
  for (int i = 0; i < HOISTED; i++)
    specs[i + 1] = (ckks_key_spec){ckks_galois_rotation(s.params, steps[i]), -1, 0};
  bench_random_keys(&keys, specs, HOISTED + 1, s.params);
  bench_check(ckks_evaluator_build(&s.ev, s.params, keys));
  bench_check(ckks_ciphertext_build(&s.a, s.params));
  for (int i = 0; i < HOISTED; i++)
    bench_check(ckks_ciphertext_build(&s.out[i], s.params));
  bench_check(ckks_plaintext_build(&s.plaintext, s.params));
  bench_check(ckks_ciphertext_build(&s.last, s.params));
  bench_check(ckks_secret_key_generate(&s.secret, s.params));
  bench_check(ckks_public_key_generate(&s.public_key, s.secret, s.params));
  s.values = base_alloc_array(s.params->ring.n / 2, sizeof *s.values);
  for (size_t i = 0; s.values != NULL && i < s.params->ring.n / 2; i++)
    s.values[i] = (double)(i % 100) / 100;
  time_set(set, &s);
  for (int i = 0; i < HOISTED; i++)
    ckks_ciphertext_free(s.out[i]);
  ckks_ciphertext_free(s.a);
  ckks_plaintext_free(s.plaintext);
  ckks_ciphertext_free(s.last);
  ckks_public_key_free(s.public_key);
  ckks_secret_key_free(s.secret);
  base_free(s.values);
  ckks_evaluator_free(s.ev);
  ckks_evaluation_keys_free(keys);
  ckks_params_free(s.params);
}

int main(void) {
  bench_begin("bench_switch");
  while (bench_next_table() != NULL)
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
      run_set(&sets[i]);
  return bench_end();
}
