/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bootstrapping at its real sizes, one thread: seconds, bits, levels, bytes. Up to 10 GB of memory
 * and some minutes, so it is run by `make bench-deep` alone. BENCH_DEEP_ROUNDS (8) ciphertexts of
 * each set: uniform, constant and sparse values in turn, uniform ones first and last.
 */
#include "bench.h"
#include "ckks.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

typedef struct deep_set {
  const char *name;
  ckks_bootstrap_set set;
  int log2_slots; /* 0: the set's own */
} deep_set;

/* The largest first: the peak of memory is that of the process so far. */
static const deep_set sets[] = {{"n16", CKKS_BOOTSTRAP_N16, 0},
                                {"n16_sparse", CKKS_BOOTSTRAP_N16, 14},
                                {"n16_precise", CKKS_BOOTSTRAP_N16_PRECISE, 0},
                                {"n15", CKKS_BOOTSTRAP_N15, 0}};

typedef struct deep_state {
  const char *name;
  ckks_bootstrap_literal literal;
  ckks_params *params;
  ckks_bootstrapper *bootstrapper;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  ckks_evaluator *evaluator;
  ckks_plaintext *plaintext;
  ckks_ciphertext *in, *out;
  double *values, *results;
  size_t n; /* slots that hold values of their own */
  int round, rounds;
  double sum[3], worst[3]; /* of |error|, of each kind of values */
  long counts[3];
  double cpu_seconds; /* the fastest bootstrap's: what others on the machine take does not count */
} deep_state;

enum { UNIFORM, CONSTANT, SPARSE };
static const char *const kinds[] = {"", "_constant", "_sparse_values"};

/* ---------------------------------------------------------------- measured */

static double random_unit(void) {
  static uint64_t state = 88172645463325252U; /* xorshift64, Marsaglia 2003 */
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (double)(int64_t)state * 0x1p-63;
}

static void fill(double *values, size_t n, int kind) {
  for (size_t i = 0; i < n; i++)
    values[i] = kind == CONSTANT ? 1 : kind == UNIFORM || i % 97 == 0 ? random_unit() : 0;
}

static void add_errors(deep_state *s, int kind) {
  bench_check(ckks_decrypt(s->plaintext, s->out, s->secret, s->params));
  bench_check(ckks_decode_real(s->results, s->n, s->plaintext, s->params));
  for (size_t i = 0; i < s->n; i++) {
    double error = fabs(s->results[i] - s->values[i]);
    s->sum[kind] += error;
    s->worst[kind] = fmax(s->worst[kind], error);
  }
  s->counts[kind] += (long)s->n;
}

/* One bootstrap of fresh values at the lowest level that it takes: its seconds. */
static double bootstrap(void *context) {
  deep_state *s = context;
  int kind = s->round == s->rounds ? UNIFORM : s->round % 3;
  s->round++;
  fill(s->values, s->n, kind);
  bench_check(ckks_encode_repeat(s->plaintext, s->values, s->n,
                                 ckks_bootstrapper_level_in(s->bootstrapper), 0, s->params));
  bench_check(ckks_encrypt(s->in, s->plaintext, s->secret, s->params));
  double start = bench_now();
  clock_t ticks = clock();
  bench_check(ckks_bootstrap(s->out, s->in, s->bootstrapper, s->evaluator));
  double seconds = bench_now() - start, cpu = (double)(clock() - ticks) / CLOCKS_PER_SEC;
  s->cpu_seconds = s->cpu_seconds == 0 ? cpu : fmin(s->cpu_seconds, cpu);
  add_errors(s, kind);
  return seconds;
}

/* ------------------------------------------------------------------ figures */

static void figure(const deep_state *s, const char *what, double value, const char *unit) {
  char name[64];
  snprintf(name, sizeof name, "bootstrap_%s_%s", s->name, what);
  bench_figure(name, value, unit);
}

static void report_bits(const deep_state *s) {
  char what[48];
  for (int kind = UNIFORM; kind <= SPARSE; kind++) {
    snprintf(what, sizeof what, "bits%s", kinds[kind]);
    figure(s, what, -log2(s->sum[kind] / (double)s->counts[kind]), "bits");
    snprintf(what, sizeof what, "worst_bits%s", kinds[kind]);
    figure(s, what, -log2(s->worst[kind]), "bits");
  }
  figure(s, "deviation_bits_said", -log2(ckks_bootstrapper_error(s->bootstrapper, 0)), "bits");
}

static void report(deep_state *s, bench_time time, double keygen_seconds) {
  struct rusage usage;
  char name[64];
  snprintf(name, sizeof name, "bootstrap_%s_s", s->name);
  bench_report(name, time, 1, "s");
  figure(s, "cpu_s", s->cpu_seconds, "s");
  report_bits(s);
  figure(s, "levels",
         ckks_bootstrapper_level_out(s->bootstrapper) - ckks_bootstrapper_level_in(s->bootstrapper),
         "levels");
  figure(s, "key_bytes", (double)ckks_bootstrapper_key_bytes(s->bootstrapper), "bytes");
  figure(s, "memory_bytes_said", (double)ckks_bootstrapper_memory_bytes(s->bootstrapper), "bytes");
  figure(s, "keygen_s", keygen_seconds, "s");
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    figure(s, "peak_rss_bytes", 1024.0 * (double)usage.ru_maxrss, "bytes");
}

/* --------------------------------------------------------------------- sets */

static void make_keys(deep_state *s) {
  size_t n = ckks_bootstrapper_keys(s->bootstrapper, NULL, 0);
  ckks_key_spec *specs = calloc(n, sizeof *specs);
  if (specs == NULL)
    bench_fail("out of memory");
  ckks_bootstrapper_keys(s->bootstrapper, specs, n);
  bench_check(ckks_evaluation_keys_generate(&s->keys, specs, n, s->secret, s->params));
  free(specs);
}

static void clear(deep_state *s) {
  free(s->values);
  free(s->results);
  ckks_ciphertext_free(s->in);
  ckks_ciphertext_free(s->out);
  ckks_plaintext_free(s->plaintext);
  ckks_evaluator_free(s->evaluator);
  ckks_evaluation_keys_free(s->keys);
  ckks_secret_key_free(s->secret);
  ckks_bootstrapper_free(s->bootstrapper);
  ckks_params_free(s->params);
}

static void run_set(const deep_set *set, int rounds) {
  deep_state s = {.name = set->name, .rounds = rounds};
  bench_check(ckks_bootstrap_literal_choose(&s.literal, set->set));
  if (set->log2_slots > 0)
    s.literal.log2_slots = set->log2_slots;
  s.n = (size_t)1 << s.literal.log2_slots;
  s.values = calloc(s.n, sizeof *s.values);
  s.results = calloc(s.n, sizeof *s.results);
  if (s.values == NULL || s.results == NULL)
    bench_fail("out of memory");
  bench_check(ckks_params_build_bootstrap(&s.params, &s.literal));
  bench_check(ckks_secret_key_generate(&s.secret, s.params));
  double start = bench_now();
  bench_check(ckks_bootstrapper_build(&s.bootstrapper, &s.literal, s.params));
  make_keys(&s);
  double keygen_seconds = bench_now() - start;
  bench_check(ckks_plaintext_build(&s.plaintext, s.params));
  bench_check(ckks_ciphertext_build(&s.in, s.params));
  bench_check(ckks_ciphertext_build(&s.out, s.params));
  bench_check(ckks_evaluator_build(&s.evaluator, s.params, s.keys));
  report(&s, bench_samples(bootstrap, &s, rounds), keygen_seconds);
  clear(&s);
}

int main(void) {
  const char *text = getenv("BENCH_DEEP_ROUNDS");
  int rounds = text != NULL ? atoi(text) : 8;
  bench_begin("bench_deep");
  if (rounds < 3)
    bench_fail("BENCH_DEEP_ROUNDS is %d: must be 3 or more, so that each kind of values occurs",
               rounds);
  while (bench_next_table() != NULL)
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
      run_set(&sets[i], rounds);
  return bench_end();
}
