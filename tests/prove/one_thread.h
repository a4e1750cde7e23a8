/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins of readers that verify a frame beside their work: any digest, one thread. */
#ifndef TESTS_PROVE_ONE_THREAD_H
#define TESTS_PROVE_ONE_THREAD_H
#include "base/frame.h"
#include "base/threads.h"
#include "prove/stand_in.h"

ckks_status base_frame_verify(const base_frame *frame, const char *name) {
  (void)name;
  /*@ assert \valid_read(frame); */
  return Frama_C_interval(0, 1) ? CKKS_OK : CKKS_ERROR_FORMAT;
}

int base_threads_count(const base_threads *threads) {
  (void)threads;
  return 1;
}

void base_threads_run(base_threads *threads, size_t n, base_task task, void *context) {
  (void)threads;
  for (size_t i = 0; i < n; i++)
    task(context, i, 0);
}
#endif
