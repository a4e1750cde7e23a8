/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Key switching by the clock: one rotation, eight hoisted ones, a product, a
 * sum of rotations, for the parameter sets that the targets are written for.
 * Each line: median and least of the samples after a warm-up. The table of
 * kernels is named (CKKS_KERNEL chooses it); a set that a table does not carry, stops.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "eval/eval.h"

#define MAX_SAMPLES 200
#define HOISTED 8

typedef struct bench_set {
  const char *name;
  ckks_params_literal literal;
  double target_ms; /* for one rotation */
} bench_set;

static const bench_set sets[] = {
    {"N=2^13, 4+1 limbs, 4 digits",
     {.log2_n = 13,
      .n_q = 4,
      .n_p = 1,
      .q_bits = {48, 38, 38, 38},
      .p_bits = {48},
      .log2_scale = 38,
      .security = CKKS_SECURITY_128},
     0.8},
    {"N=2^14, 5+3 limbs, 2 digits",
     {.log2_n = 14,
      .n_q = 5,
      .n_p = 3,
      .q_bits = {49, 48, 48, 48, 48},
      .p_bits = {49, 49, 49},
      .log2_scale = 48,
      .security = CKKS_SECURITY_128},
     2.2},
    {"N=2^15, 12+4 limbs, 3 digits",
     {.log2_n = 15,
      .n_q = 12,
      .n_p = 4,
      .q_bits = {49, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48},
      .p_bits = {49, 49, 49, 49},
      .log2_scale = 48,
      .security = CKKS_SECURITY_128},
     13},
};

typedef struct bench_state {
  ckks_params *params;
  ckks_evaluator *ev;
  ckks_ciphertext *a, *out[HOISTED];
} bench_state;

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "bench_switch: %s\n", ckks_last_error());
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* ----------------------------------------------------------- what is timed */

static const int hoisted_steps[HOISTED] = {1, 2, 4, 8, 16, 32, 64, 128};

static void one_rotation(bench_state *s) {
  check(eval_rotate(s->out[0], s->a, 1, s->ev));
}

/* As a program meets them: each key comes from memory. Eight of them, to compare. */
static void cold_rotations(bench_state *s) {
  for (int i = 0; i < HOISTED; i++)
    check(eval_rotate(s->out[i], s->a, hoisted_steps[i], s->ev));
}

static void many_rotations(bench_state *s) {
  uint32_t galois[HOISTED];
  for (int i = 0; i < HOISTED; i++)
    galois[i] = ckks_galois_rotation(s->params, hoisted_steps[i]);
  check(eval_automorphism_many(s->out, s->a, galois, HOISTED, s->ev));
}

static void rotation_sum(bench_state *s) {
  check(eval_rotate_sum(s->out[0], s->a, hoisted_steps, HOISTED, s->ev));
}

static void product(bench_state *s) {
  check(eval_mul(s->out[0], s->a, s->a, s->ev));
}

/* Median of at least 20 samples and half a second; returns it and prints. */
static double measure(const char *name, void (*run)(bench_state *), bench_state *s) {
  double sample[MAX_SAMPLES], start = now_ms();
  int n = 0;
  for (int i = 0; i < 3; i++)
    run(s);
  while (n < MAX_SAMPLES && (n < 20 || now_ms() - start < 500)) {
    double from = now_ms();
    run(s);
    sample[n++] = now_ms() - from;
  }
  qsort(sample, (size_t)n, sizeof *sample, by_size);
  s->ev->counters = (eval_counters){0};
  run(s);
  printf("  %-24s median %8.3f ms  least %8.3f ms  upper quartile %8.3f ms  %3d transforms\n", name,
         sample[n / 2], sample[0], sample[3 * n / 4], (int)s->ev->counters.ntt);
  return sample[n / 2];
}

/* ---------------------------------------------------------------------- sets */

/* Keys of random words: the time is the same, and no secret key is needed here. */
static ckks_evaluation_keys *random_keys(const ckks_params *params) {
  ckks_evaluation_keys *keys = NULL;
  uint64_t x = 1, *words = calloc(params->ring.n, sizeof *words);
  check(words == NULL ? CKKS_ERROR_MEMORY : CKKS_OK);
  ckks_key_spec specs[HOISTED + 1] = {{0, -1, 0}};
  for (int i = 0; i < HOISTED; i++)
    specs[i + 1] = (ckks_key_spec){ckks_galois_rotation(params, hoisted_steps[i]), -1, 0};
  size_t n_keys = ckks_key_spec_merge(specs, HOISTED + 1);
  for (size_t k = 0; k < n_keys; k++)
    check(ckks_key_spec_check(&specs[k], params));
  check(ckks_evaluation_keys_build_at(&keys, specs, n_keys, params));
  for (size_t k = 0; k < n_keys; k++) {
    ckks_switch_key *key = &keys->key[k];
    for (int i = 0; i < key->level + 1 + key->n_special; i++) {
      const ring_modulus *m = &params->ring.modulus[ckks_params_limb(params, key->level, i)];
      for (int d = 0; d < 2 * key->n_digits; d++) {
        for (size_t j = 0; j < params->ring.n; j++) {
          x = x * 6364136223846793005U + 1442695040888963407U;
          words[j] = (x >> 8) % m->p;
        }
        params->ring.kernel->from_uint64(key->data + (size_t)i * key->limb_words +
                                             (size_t)d * params->ring.n,
                                         words, params->ring.n, m);
      }
    }
  }
  free(words);
  return keys;
}

static void run_set(const bench_set *set) {
  bench_state s = {0};
  check(ckks_params_build(&s.params, &set->literal));
  const char *wanted = getenv("CKKS_KERNEL");
  if (wanted != NULL && strcmp(wanted, s.params->ring.kernel->name) != 0) {
    fprintf(stderr, "bench_switch: CKKS_KERNEL is %s, but %s would run\n", wanted,
            s.params->ring.kernel->name);
    exit(1);
  }
  ckks_evaluation_keys *keys = random_keys(s.params);
  check(ckks_evaluator_build(&s.ev, s.params, keys));
  check(ckks_ciphertext_build(&s.a, s.params));
  for (int i = 0; i < HOISTED; i++)
    check(ckks_ciphertext_build(&s.out[i], s.params));
  printf("%s, log2 QP = %.1f, table %s\n", set->name, ckks_params_log2_qp(s.params),
         s.params->ring.kernel->name);
  measure("rotation, key in cache", one_rotation, &s);
  double one = measure("8 rotations, 8 keys", cold_rotations, &s) / HOISTED;
  double many = measure("8 hoisted rotations", many_rotations, &s);
  measure("sum of 8 rotations", rotation_sum, &s);
  measure("multiply, relin., rescale", product, &s);
  printf("  one of 8 rotations %.3f ms, target %.1f; 8 hoisted = %.2f of them\n", one,
         set->target_ms, many / one);
  for (int i = 0; i < HOISTED; i++)
    ckks_ciphertext_free(s.out[i]);
  ckks_ciphertext_free(s.a);
  ckks_evaluator_free(s.ev);
  ckks_evaluation_keys_free(keys);
  ckks_params_free(s.params);
}

int main(void) {
  printf("%s; libckks %s; %s\n", base_cpu_get()->name, ckks_version(), "compiler " __VERSION__);
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    run_set(&sets[i]);
  return 0;
}
