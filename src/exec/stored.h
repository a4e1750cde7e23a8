/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a server makes ready before it can compute, its weights encoded and one client's keys
 * expanded, in a file as it stands in memory. Opening is mapping: a process that computes once
 * starts in the time in which it reads all that once. Such a file is no message: words are the
 * machine's own, any other version makes its own, and whoever may write it may as well replace the
 * model; it is as private as the server file. Its checksum finds what is damaged, not who did it.
 */
#ifndef EXEC_STORED_H
#define EXEC_STORED_H
#include "base/map.h"
#include "exec/exec.h"
#include "exec/prepare.h"

typedef struct exec_stored {
  base_map map;
  exec_engine *engine;
  ckks_evaluation_keys *keys;
} exec_stored;

/** Mode 0600. The keys must be exactly those of the engine's plan (else CKKS_ERROR_KEY). */
ckks_status exec_stored_write(const char *path, const exec_engine *engine,
                              const ckks_evaluation_keys *keys);
/**
 * *out holds engine and keys until exec_stored_close; the plan must outlive it.
 * CKKS_ERROR_MISMATCH for another plan, library or kind of machine: make it anew.
 * CKKS_ERROR_FORMAT for what is damaged, CKKS_ERROR_IO for what others may read.
 */
ckks_status exec_stored_open(exec_stored *out, const char *path, const plan_plan *plan);
/** Also of what is zero. */
void exec_stored_close(exec_stored *stored);

/** An engine over words that were encoded before (NULL: encode), which must outlive it. */
ckks_status exec_engine_view(exec_engine **out, const plan_plan *plan, size_t weights_bytes,
                             exec_words *words);
/** Shows these words in order, and returns the ceiling that the engine was built with. */
size_t exec_engine_words(const exec_engine *engine,
                         void (*visit)(void *, const void *words, size_t n_words), void *context);
#endif
