/* SPDX-License-Identifier: Apache-2.0 */
/* A seed that its reader refuses at the door shows a fuzzer nothing but the door. So targets say
 * what they accept, and the replay (replay.c) demands it of every whole seed. */
#ifndef FUZZ_ACCEPTED_H
#define FUZZ_ACCEPTED_H

/** One counter a program, whoever includes this. */
extern unsigned long fuzz_n_accepted;
__attribute__((weak)) unsigned long fuzz_n_accepted;

static inline void fuzz_accept(void) {
  fuzz_n_accepted++;
}
#endif
