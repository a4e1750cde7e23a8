/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The kernels one by one, each table that this CPU can run: transforms of all sizes in ns
 * a butterfly, the rest in ns a word at N = 2^13, and how much faster than scalar. Operands
 * lie in the nearest cache that holds them; what memory adds, bench_switch shows.
 */
#include "bench.h"
#include "ring/kernel_jobs.h"
#include "ring/pack.h"
#include "ring/sample.h"

#include <stdio.h>

#define LEAST_LOG2_N 12
#define MOST_LOG2_N 16
#define WORDS_LOG2_N 13
#define REFERENCE "avx2"
#define MAX_TABLES 4

static const ring_kernel *usable[MAX_TABLES]; /* slowest first: the first is scalar */
static int n_tables;
static bench_time scalar[N_ENTRIES]; /* at WORDS_LOG2_N */

typedef struct timed {
  const entry *entry;
  job job;
} timed;

static void run_entry(void *context) {
  timed *t = context;
  t->entry->run(&t->job);
}

static const char *suffix(const ring_kernel *kernel) {
  return strncmp(kernel->name, "scalar", 6) == 0 ? "scalar" : kernel->name;
}

/* Under the name of its table, and without one if the targets are written for that table. */
static void report(const char *name, const ring_kernel *kernel, bench_time time, double scale,
                   const char *unit) {
  char whole[96];
  snprintf(whole, sizeof whole, "%s_%s", name, suffix(kernel));
  bench_report(whole, time, scale, unit);
  if (strcmp(kernel->name, REFERENCE) == 0)
    bench_report(name, time, scale, unit);
}

static void report_ratio(const char *name, const ring_kernel *kernel, double ratio) {
  char whole[96];
  snprintf(whole, sizeof whole, "%s_x_scalar_%s", name, suffix(kernel));
  bench_figure(whole, ratio, "times");
}

static void time_entry(size_t i, job *j) {
  timed t = {&entries[i], *j};
  char name[64];
  double n = (double)j->in->n;
  t.job.terms = entries[i].most_terms > 0 ? 4 : 0;
  t.job.first = first_input(&entries[i], j->in);
  for (int k = 0; k < entries[i].n_outputs; k++) /* outputs that are added to stay loose */
    memcpy(t.job.out[k], j->in->loose[4 + k], j->in->n * sizeof(ring_word));
  bench_time time = bench_run(run_entry, &t);
  if (is_transform(&entries[i])) {
    snprintf(name, sizeof name, "%s_n%d_ns_per_butterfly", entries[i].name, j->in->log2_n);
    report(name, j->kernel, time, 2e9 / (n * j->in->log2_n), "ns/butterfly");
  } else {
    double words = entries[i].most_terms > 0 ? 4 * n : n;
    snprintf(name, sizeof name, "%s_ns_per_word", entries[i].name);
    report(name, j->kernel, time, 1e9 / words,
           entries[i].most_terms > 0 ? "ns/product" : "ns/word");
  }
  if (j->in->log2_n != WORDS_LOG2_N)
    return;
  if (j->kernel == usable[0])
    scalar[i] = time;
  else
    report_ratio(entries[i].name, j->kernel, scalar[i].median / time.median);
}

static void time_size(const ring_kernel *kernel, int log2_n) {
  inputs in;
  inputs_init(&in, kernel->kind, log2_n,
              ring_prime_below((UINT64_C(1) << RING_F64_BITS) - 1, log2_n));
  inputs_fill(&in, RANDOM, 1);
  job j = {.kernel = kernel, .in = &in, .ntt = kernel->ntt_build(&in.m, log2_n, in.psi)};
  for (int k = 0; k < 3; k++)
    j.out[k] = words(in.n);
  for (size_t i = 0; i < N_ENTRIES; i++)
    if (is_transform(&entries[i]) || log2_n == WORDS_LOG2_N)
      time_entry(i, &j);
  for (int k = 0; k < 3; k++)
    base_free(j.out[k]);
  kernel->ntt_free(j.ntt);
  inputs_clear(&in);
}

/* ------------------------------------------------------ bytes and random words */

typedef struct packing {
  const ring_kernel *kernel;
  ring_modulus m;
  size_t n;
  ring_word *limb;
  uint8_t *bytes;
} packing;

static void pack(void *context) {
  packing *p = context;
  ring_pack_write(p->bytes, p->limb, p->n, &p->m, p->kernel);
}

static void unpack(void *context) {
  packing *p = context;
  bench_check(ring_pack_read(p->limb, p->bytes, p->n, &p->m, p->kernel));
}

static void expand(void *context) {
  static const uint8_t seed[RAND_SEED_BYTES] = {1};
  packing *p = context;
  ring_sample_uniform(p->limb, seed, 1, p->n, &p->m, p->kernel);
}

static void time_bytes(const ring_kernel *kernel) {
  packing p = {.kernel = kernel, .n = (size_t)1 << WORDS_LOG2_N};
  ring_modulus_init(&p.m, ring_prime_below((UINT64_C(1) << 40) - 1, WORDS_LOG2_N));
  p.limb = words(p.n);
  p.bytes = base_alloc(ring_pack_bytes(p.n, p.m.bits));
  double per_word = 1e9 / (double)p.n;
  report("uniform_40bit_ns_per_word", kernel, bench_run(expand, &p), per_word, "ns/word");
  report("pack_40bit_ns_per_word", kernel, bench_run(pack, &p), per_word, "ns/word");
  report("unpack_40bit_ns_per_word", kernel, bench_run(unpack, &p), per_word, "ns/word");
  base_free(p.limb);
  base_free(p.bytes);
}

/* Transforms on 64-bit words, modulo a prime of 60 bits: "wide_..." */
static void time_wide(const ring_kernel *kernel, int log2_n) {
  inputs in;
  inputs_init(&in, RING_U64, log2_n, ring_prime_below((UINT64_C(1) << 60) - 1, log2_n));
  inputs_fill(&in, RANDOM, 1);
  timed t = {.job = {.kernel = kernel,
                     .in = &in,
                     .ntt = kernel->ntt_build(&in.m, log2_n, in.psi),
                     .out = {words(in.n)}}};
  for (size_t i = 0; i < N_ENTRIES; i++) {
    char name[64];
    if (!is_transform(&entries[i]))
      continue;
    t.entry = &entries[i];
    t.job.first = first_input(&entries[i], &in);
    snprintf(name, sizeof name, "wide_%s_n%d_ns_per_butterfly", entries[i].name, log2_n);
    report(name, kernel, bench_run(run_entry, &t), 2e9 / ((double)in.n * log2_n), "ns/butterfly");
  }
  base_free(t.job.out[0]);
  kernel->ntt_free(t.job.ntt);
  inputs_clear(&in);
}

int main(void) {
  bench_begin("bench_kernels");
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    if (ring_kernel_at(i)->kind != RING_F64)
      continue;
    if (ring_kernel_usable(ring_kernel_at(i)))
      usable[n_tables++] = ring_kernel_at(i);
    else
      printf("SKIP %s: this CPU lacks it\n", ring_kernel_at(i)->name);
  }
  for (int i = 0; i < n_tables; i++) {
    for (int log2_n = LEAST_LOG2_N; log2_n <= MOST_LOG2_N; log2_n++)
      time_size(usable[i], log2_n);
    time_bytes(usable[i]);
  }
  for (int i = 0; ring_kernel_at(i) != NULL; i++)
    for (int log2_n = WORDS_LOG2_N; log2_n <= MOST_LOG2_N; log2_n += 3)
      if (ring_kernel_at(i)->kind == RING_U64 && ring_kernel_usable(ring_kernel_at(i)))
        time_wide(ring_kernel_at(i), log2_n);
  return bench_end();
}
