/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/alloc.h"
#include "base/wipe.h"

/* So that every piece starts on a cache line and suits every kernel. */
#define ALIGNMENT 64

ckks_status base_arena_init(base_arena *arena, size_t capacity_bytes) {
  *arena = (base_arena){0};
  size_t rounded = base_arena_size(capacity_bytes);
  unsigned char *memory = rounded >= capacity_bytes ? base_alloc(rounded) : NULL;
  if (memory == NULL)
    return base_fail_memory(capacity_bytes);
  arena->memory = memory;
  arena->capacity_bytes = rounded;
  return CKKS_OK;
}

void base_arena_clear(base_arena *arena) {
  /* Jobs of the secret bank leave keys and noise behind here. */
  if (arena->memory != NULL)
    base_wipe(arena->memory, arena->peak_bytes);
  base_free(arena->memory);
  *arena = (base_arena){0};
}

void *base_arena_take(base_arena *arena, size_t n_bytes) {
  size_t rounded = base_arena_size(n_bytes);
  BASE_ASSERT(rounded >= n_bytes);
  BASE_ASSERT(rounded <= arena->capacity_bytes - arena->used_bytes);
  void *piece = arena->memory + arena->used_bytes;
  arena->used_bytes += rounded;
  if (arena->used_bytes > arena->peak_bytes)
    arena->peak_bytes = arena->used_bytes;
  return piece;
}

size_t base_arena_size(size_t n_bytes) {
  return (n_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}
