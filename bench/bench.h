/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What every benchmark shares: the clock, samples and their statistics, the table on
 * standard output, and build/bench/results.json. A program calls bench_begin, for each
 * table of kernels its measurements, and bench_end.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
#include "base/status.h"
#include "ring/kernel/kernel.h"

/** Seconds of one run: over all samples. */
typedef struct bench_time {
  double median, min, max;
} bench_time;

/** The program's name, for messages. */
void bench_begin(const char *program);
/** Adds what was measured to the file that BENCH_RESULTS names; returns the exit code. */
int bench_end(void);

/** Ends the program with the last error's text when a status is not CKKS_OK. */
void bench_check(ckks_status status);
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * The tables that are measured, one after the other: "avx2", for which the targets are
 * written and whose names have no suffix, then the fastest if that is another one. NULL
 * at the end. A table is forced for its turn; CKKS_KERNEL=NAME leaves that one alone,
 * and stops where it would silently be another.
 */
const ring_kernel *bench_next_table(void);
/** Stops unless `kernel`, which an object was built with, is the table of this turn. */
void bench_check_table(const ring_kernel *kernel);

/**
 * Times run(context): samples of at least 0.2 ms (several runs where one is shorter), at
 * least 15 of them and for about half a second, after a warm-up.
 */
bench_time bench_run(void (*run)(void *context), void *context);
/** A sample is what `run` says it is: for what must be set up anew each time. Seconds. */
bench_time bench_samples(double (*run)(void *context), void *context, int n_samples);
double bench_now(void); /**< seconds */

/** One line of the table and one result: times * scale. The table's suffix is appended. */
void bench_report(const char *name, bench_time time, double scale, const char *unit);
/** A figure without spread. */
void bench_figure(const char *name, double value, const char *unit);
#endif
