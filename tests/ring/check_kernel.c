/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds every entry of every kernel table against a reference: the scalar tables
 * against their definition, the others against the scalar table of their kind. Says SKIP for
 * tables this CPU cannot run, and ends with "N passed, N failed".
 *
 *   check_kernel                 checks
 *   check_kernel --bench[=TEXT]  times the entries whose name contains TEXT
 */
#define _POSIX_C_SOURCE 200809L
#include "base/cpu.h"
#include "kernel_definition.h"
#include "kernel_jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static long n_passed, n_failed;

/* ---- outputs between guard words ---- */

static ring_word *guarded(size_t n) {
  ring_word *memory = words(n + 2 * GUARD);
  for (size_t i = 0; i < n + 2 * GUARD; i++)
    memory[i].u = GUARD_BITS;
  return memory + GUARD;
}

static void guarded_free(ring_word *out) {
  base_free(out - GUARD);
}

static bool guards_stand(const ring_word *out, size_t n) {
  for (size_t i = 0; i < GUARD; i++) {
    if (out[-1 - (ptrdiff_t)i].u != GUARD_BITS || out[n + i].u != GUARD_BITS)
      return false;
  }
  return true;
}

/* ---- comparing ---- */

static int64_t residue_f64(double x, const ring_modulus *m) {
  int64_t p = (int64_t)m->p, residue = (int64_t)x % p;
  return residue < 0 ? residue + p : residue;
}

/* Index of the first word that is wrong, n if there is none. */
static size_t first_difference(const ring_word *got, const ring_word *expected, output rule,
                               const inputs *in) {
  for (size_t i = 0; i < in->n; i++) {
    if (got[i].u == expected[i].u)
      continue;
    if (rule == SAME_BITS || in->kind == RING_U64)
      return i;
    double x = got[i].f;
    if (!(fabs(x) <= 0.75 * in->m.f) || x != rint(x) ||
        residue_f64(x, &in->m) != residue_f64(expected[i].f, &in->m))
      return i;
  }
  return in->n;
}

static void report(const entry *e, const job *j, filling how, const char *what, size_t at) {
  n_failed++;
  if (n_failed <= 20)
    printf("FAIL %s %s: %s at %zu (n %zu, p %" PRIu64 ", %s inputs, %d terms)\n", j->kernel->name,
           e->name, what, at, j->in->n, j->in->m.p, filling_names[how], j->terms);
}

/* Outputs that are added to start as loose words. */
static void prefill(job *j, const entry *e) {
  for (int k = 0; k < e->n_outputs; k++)
    memcpy(j->out[k], j->in->loose[4 + k], j->in->n * sizeof(ring_word));
}

static void compare(const entry *e, const job *got, const job *expected, filling how,
                    const char *what) {
  for (int k = 0; k < e->n_outputs; k++) {
    size_t at = first_difference(got->out[k], expected->out[k], e->output, got->in);
    if (at < got->in->n) {
      report(e, got, how, what, at);
      return;
    }
    if (!guards_stand(got->out[k], got->in->n)) {
      report(e, got, how, "guard words changed", 0);
      return;
    }
  }
  n_passed++;
}

/* The entry on both tables, apart and then with the first output where the first input was. */
static void check_entry(const entry *e, job *tested, job *reference, filling how) {
  tested->first = reference->first = first_input(e, tested->in);
  prefill(tested, e);
  prefill(reference, e);
  e->run(reference);
  e->run(tested);
  compare(e, tested, reference, how, "differs");
  if (e->first == NONE)
    return;
  size_t bytes = tested->in->n * sizeof(ring_word);
  prefill(tested, e);
  prefill(reference, e);
  memcpy(tested->out[0], tested->first, bytes);
  memcpy(reference->out[0], tested->first, bytes);
  tested->first = tested->out[0];
  reference->first = reference->out[0];
  e->run(reference);
  e->run(tested);
  compare(e, tested, reference, how, "differs in place");
}

static void check_entries(job *tested, job *reference, filling how) {
  static const int counts[] = {1, 2, 3, 7, 8, 15, 16, 63, 64};
  for (size_t i = 0; i < N_ENTRIES; i++) {
    const entry *e = &entries[i];
    tested->terms = reference->terms = 0;
    if (is_transform(e) && reference->ntt == NULL)
      continue;
    if (e->most_terms == 0) {
      check_entry(e, tested, reference, how);
      continue;
    }
    for (size_t c = 0; c < sizeof counts / sizeof counts[0] && counts[c] <= e->most_terms; c++) {
      tested->terms = reference->terms = counts[c];
      if (tested->in->n == 1024 || counts[c] == 8) /* larger rings: one count is enough */
        check_entry(e, tested, reference, how);
    }
  }
}

/* One modulus, one size, every filling. */
static void check_modulus(const ring_kernel *kernel, const ring_kernel *reference, int log2_n,
                          uint64_t p) {
  inputs in;
  inputs_init(&in, kernel->kind, log2_n, p);
  job tested = {.kernel = kernel, .in = &in}, known = {.kernel = reference, .in = &in};
  tested.ntt = kernel->ntt_build(&in.m, log2_n, in.psi);
  if (reference->ntt_build != NULL)
    known.ntt = reference->ntt_build(&in.m, log2_n, in.psi);
  for (int k = 0; k < 3; k++) {
    tested.out[k] = guarded(in.n);
    known.out[k] = guarded(in.n);
  }
  for (filling how = RANDOM; how < N_FILLINGS; how++) {
    inputs_fill(&in, how, p + (uint64_t)how);
    check_entries(&tested, &known, how);
  }
  for (int k = 0; k < 3; k++) {
    guarded_free(tested.out[k]);
    guarded_free(known.out[k]);
  }
  kernel->ntt_free(tested.ntt);
  if (known.ntt != NULL)
    reference->ntt_free(known.ntt);
  inputs_clear(&in);
}

/* Every size of prime at the smallest ring; larger rings with primes at the limits. */
static void check_table(const ring_kernel *kernel, const ring_kernel *reference) {
  static const int bits[] = {18, 20, 22, 25, 30, 36, 40, 45, 48, 49, 50, 55, 60, 61};
  int limit = kernel->kind == RING_F64 ? RING_F64_BITS : RING_MAX_BITS;
  for (size_t i = 0; i < sizeof bits / sizeof bits[0] && bits[i] <= limit; i++)
    check_modulus(kernel, reference, 10, ring_prime_below(UINT64_C(1) << bits[i], 10));
  if (reference->ntt_build == NULL)
    return;
  for (int log2_n = 11; log2_n <= 17; log2_n++)
    check_modulus(kernel, reference, log2_n, ring_prime_below(UINT64_C(1) << 49, log2_n));
  for (int log2_n = 11; log2_n <= 13; log2_n++)
    check_modulus(kernel, reference, log2_n, ring_prime_below(UINT64_C(1) << 22, log2_n));
}

static const ring_kernel *scalar_of(ring_word_kind kind) {
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    const ring_kernel *kernel = ring_kernel_at(i);
    if (kernel->kind == kind && strncmp(kernel->name, "scalar", 6) == 0)
      return kernel;
  }
  abort();
}

static void check_all(void) {
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    const ring_kernel *kernel = ring_kernel_at(i), *reference = scalar_of(kernel->kind);
    long passed = n_passed, failed = n_failed;
    if (!ring_kernel_usable(kernel)) {
      printf("SKIP %s: this CPU (%s) lacks it\n", kernel->name, base_cpu_get()->name);
      continue;
    }
    ring_kernel defined = definition(kernel->kind);
    if (kernel == reference)
      reference = &defined;
    check_table(kernel, reference);
    printf("%s against %s: %ld passed, %ld failed\n", kernel->name, reference->name,
           n_passed - passed, n_failed - failed);
  }
}

/* ---- timing ---- */

#define SAMPLES 41

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Samples of at least a fifth of a millisecond, after a warm-up; sorted. */
static void time_entry(const entry *e, job *j, double samples[SAMPLES]) {
  int rounds = 1;
  for (double spent = 0; spent < 2e5; rounds *= 2) {
    double start = now_ns();
    for (int r = 0; r < rounds; r++)
      e->run(j);
    spent = now_ns() - start;
  }
  for (int s = 0; s < SAMPLES; s++) {
    double start = now_ns();
    for (int r = 0; r < rounds; r++)
      e->run(j);
    samples[s] = (now_ns() - start) / rounds;
  }
  qsort(samples, SAMPLES, sizeof samples[0], by_value);
}

static void bench_entry(const entry *e, job *j) {
  double samples[SAMPLES], n = (double)j->in->n;
  double units = is_transform(e) ? n / 2 * j->in->log2_n : n;
  j->terms = e->most_terms > 0 ? 4 : 0;
  /* What is added to stays loose: every entry leaves its outputs as it may find them. */
  prefill(j, e);
  j->first = first_input(e, j->in);
  time_entry(e, j, samples);
  printf("%-11s %-15s n 2^%-2d  median %8.3f  min %8.3f  ns per %s%s\n", j->kernel->name, e->name,
         j->in->log2_n, samples[SAMPLES / 2] / units, samples[0] / units,
         is_transform(e) ? "butterfly" : "word", e->most_terms > 0 ? ", 4 terms" : "");
}

static void bench_table(const ring_kernel *kernel, const char *text) {
  int bits = kernel->kind == RING_F64 ? 49 : 60;
  for (int log2_n = 12; log2_n <= 16; log2_n++) {
    inputs in;
    inputs_init(&in, kernel->kind, log2_n, ring_prime_below(UINT64_C(1) << bits, log2_n));
    inputs_fill(&in, RANDOM, 1);
    job j = {.kernel = kernel, .in = &in, .ntt = kernel->ntt_build(&in.m, log2_n, in.psi)};
    for (int k = 0; k < 3; k++)
      j.out[k] = guarded(in.n);
    for (size_t i = 0; i < N_ENTRIES; i++) {
      if (strstr(entries[i].name, text) != NULL && (is_transform(&entries[i]) || log2_n == 13))
        bench_entry(&entries[i], &j);
    }
    for (int k = 0; k < 3; k++)
      guarded_free(j.out[k]);
    kernel->ntt_free(j.ntt);
    inputs_clear(&in);
  }
}

static void bench_all(const char *text) {
  printf("CPU: %s\n", base_cpu_get()->name);
  for (int i = 0; ring_kernel_at(i) != NULL; i++) {
    if (ring_kernel_usable(ring_kernel_at(i)))
      bench_table(ring_kernel_at(i), text);
    else
      printf("SKIP %s: this CPU lacks it\n", ring_kernel_at(i)->name);
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strncmp(argv[1], "--bench", 7) == 0) {
    bench_all(argv[1][7] == '=' ? argv[1] + 8 : "");
    return 0;
  }
  if (argc > 1) {
    fprintf(stderr, "usage: check_kernel [--bench[=NAME]]\n");
    return 2;
  }
  check_all();
  printf("%ld passed, %ld failed\n", n_passed, n_failed);
  return n_failed == 0 ? 0 : 1;
}
