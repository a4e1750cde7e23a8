/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory of a job: sized once, taken and given back as a stack. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/status.h"

typedef struct base_arena {
  unsigned char *memory;
  size_t capacity_bytes, used_bytes, peak_bytes;
} base_arena;

ckks_status base_arena_init(base_arena *arena, size_t capacity_bytes);
void base_arena_clear(base_arena *arena);
/** 64-byte aligned, contents undefined. Asserts that it fits: sizes are known beforehand. */
void *base_arena_take(base_arena *arena, size_t n_bytes);
/** What base_arena_take(n) uses up: n rounded up to a multiple of 64. */
size_t base_arena_size(size_t n_bytes);
static inline size_t base_arena_mark(const base_arena *arena) {
  return arena->used_bytes;
}
static inline void base_arena_reset(base_arena *arena, size_t mark) {
  arena->used_bytes = mark;
}
#endif
