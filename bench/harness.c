/* SPDX-License-Identifier: Apache-2.0 */
/* Timing, statistics, table and JSON of all benchmarks. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "ckks.h"

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "unknown"
#endif

#define SAMPLE_SECONDS 2e-4
#define TOTAL_SECONDS 0.5
#define LEAST_SAMPLES 15
#define MOST_SAMPLES 2001
/* The table that the targets are written for: its results carry no suffix. */
#define REFERENCE "avx2"

static const char *program;
static const ring_kernel *table; /* of this turn */
static json_t *results;

void bench_begin(const char *name) {
  program = name;
  results = json_array();
  if (results == NULL)
    bench_fail("out of memory");
}

void bench_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", program);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

void bench_check(ckks_status status) {
  if (status != CKKS_OK)
    bench_fail("%s", ckks_last_error());
}

/* ---------------------------------------------------------------- tables */

static const ring_kernel *named(const char *name) {
  for (int i = 0; ring_kernel_at(i) != NULL; i++)
    if (ring_kernel_at(i)->kind == RING_F64 && strcmp(ring_kernel_at(i)->name, name) == 0)
      return ring_kernel_at(i);
  return NULL;
}

/* The table of turn 0, 1, ...; NULL when there are no more. */
static const ring_kernel *turn_table(int turn) {
  const char *only = getenv("CKKS_KERNEL");
  if (only != NULL && *only != '\0') {
    const ring_kernel *kernel = ring_kernel_get(RING_F64);
    if (strncmp(kernel->name, only, strlen(only)) != 0)
      bench_fail("CKKS_KERNEL is %s, but %s would run", only, kernel->name);
    return turn == 0 ? kernel : NULL;
  }
  const ring_kernel *reference = named(REFERENCE), *fastest = ring_kernel_get(RING_F64);
  if (base_cpu_get()->avx2_fma && reference == NULL)
    bench_fail("this CPU has AVX2, but the program was built without its kernels");
  bool has_reference = reference != NULL && ring_kernel_usable(reference);
  if (!has_reference)
    return turn == 0 ? fastest : NULL;
  if (turn == 0)
    return reference;
  return turn == 1 && fastest != reference ? fastest : NULL;
}

const ring_kernel *bench_next_table(void) {
  static const ring_kernel *turns[3];
  static int turn;
  if (turn == 0) /* asked before anything is forced */
    for (int i = 0; i < 2; i++)
      turns[i] = turn_table(i);
  table = turns[turn++];
  if (table != NULL)
    setenv("CKKS_KERNEL", table->name, 1);
  return table;
}

void bench_check_table(const ring_kernel *kernel) {
  if (kernel != table)
    bench_fail("the %s kernels were asked for, but %s would run", table->name, kernel->name);
}

/* ---------------------------------------------------------------- timing */

double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static bench_time summary(double *samples, int n) {
  qsort(samples, (size_t)n, sizeof *samples, by_size);
  return (bench_time){samples[n / 2], samples[0], samples[n - 1]};
}

static double repeated(void (*run)(void *), void *context, long rounds) {
  double start = bench_now();
  for (long r = 0; r < rounds; r++)
    run(context);
  return bench_now() - start;
}

bench_time bench_run(void (*run)(void *), void *context) {
  static double samples[MOST_SAMPLES];
  long rounds = 1;
  while (repeated(run, context, rounds) < SAMPLE_SECONDS) /* which is the warm-up */
    rounds *= 2;
  repeated(run, context, rounds);
  int n = 0;
  for (double start = bench_now();
       n < MOST_SAMPLES && (n < LEAST_SAMPLES || bench_now() - start < TOTAL_SECONDS); n++)
    samples[n] = repeated(run, context, rounds) / (double)rounds;
  return summary(samples, n);
}

bench_time bench_samples(double (*run)(void *), void *context, int n_samples) {
  static double samples[MOST_SAMPLES];
  if (n_samples > MOST_SAMPLES)
    n_samples = MOST_SAMPLES;
  run(context);
  for (int i = 0; i < n_samples; i++)
    samples[i] = run(context);
  return summary(samples, n_samples);
}

/* --------------------------------------------------------------- reports */

static void add(const char *name, const char *const cells[3], const double values[3],
                const char *unit) {
  char whole[96];
  bool plain = table == NULL || strcmp(table->name, REFERENCE) == 0;
  snprintf(whole, sizeof whole, "%s%s%s", name, plain ? "" : "_", plain ? "" : table->name);
  for (char *c = whole; *c != '\0'; c++)
    *c = *c == '-' ? '_' : *c;
  printf("%-48s %12s %12s %12s  %s\n", whole, cells[0], cells[1], cells[2], unit);
  fflush(stdout);
  json_array_append_new(results,
                        json_pack("{s:s, s:f, s:f, s:f, s:s}", "name", whole, "median", values[0],
                                  "min", values[1], "max", values[2], "unit", unit));
}

void bench_report(const char *name, bench_time time, double scale, const char *unit) {
  const double values[3] = {time.median * scale, time.min * scale, time.max * scale};
  char cell[3][24];
  for (int i = 0; i < 3; i++)
    snprintf(cell[i], sizeof cell[i], "%.4g", values[i]);
  add(name, (const char *const[3]){cell[0], cell[1], cell[2]}, values, unit);
}

void bench_figure(const char *name, double value, const char *unit) {
  char cell[24];
  snprintf(cell, sizeof cell, "%.*g", value >= 1e4 ? 10 : 4, value);
  add(name, (const char *const[3]){cell, "", ""}, (const double[3]){value, value, value}, unit);
}

/* Results of the programs that ran before, under the same heading. */
static json_t *read_file(const char *path) {
  json_t *file = json_load_file(path, 0, NULL);
  if (file != NULL && json_is_array(json_object_get(file, "results")))
    return file;
  json_decref(file);
  const char *commit = getenv("BENCH_COMMIT");
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[]}", "cpu", base_cpu_get()->name, "kernel",
                   REFERENCE, "flags", BENCH_FLAGS, "commit", commit != NULL ? commit : "unknown",
                   "version", ckks_version(), "results");
}

int bench_end(void) {
  const char *path = getenv("BENCH_RESULTS");
  if (path == NULL || *path == '\0') {
    json_decref(results);
    return 0;
  }
  json_t *file = read_file(path);
  if (file == NULL || json_array_extend(json_object_get(file, "results"), results) != 0 ||
      json_dump_file(file, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0)
    bench_fail("%s cannot be written", path);
  json_decref(file);
  json_decref(results);
  return 0;
}
