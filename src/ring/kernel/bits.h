/* SPDX-License-Identifier: Apache-2.0 */
/* Integers and bytes without vectors: for the tables that have nothing faster. */
#ifndef RING_KERNEL_BITS_H
#define RING_KERNEL_BITS_H
#include "base/bytes.h"
#include "ring/kernel/kernel.h"

/* Stored always, counted only when kept, so that there is no branch to mispredict. */
static inline size_t bits_keep_below(uint64_t *kept, const uint8_t *bytes, size_t n,
                                     const ring_modulus *m) {
  uint64_t p = m->p, mask = ((uint64_t)1 << m->bits) - 1;
  size_t n_kept = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t value = base_load_u64(bytes + 8 * i) & mask;
    kept[n_kept] = value;
    n_kept += value < p;
  }
  return n_kept;
}

/* No branch asks before all are taken. */
static inline bool bits_unpack(uint64_t *out, const uint8_t *bytes, size_t n,
                               const ring_modulus *m) {
  const unsigned bits = (unsigned)m->bits;
  const uint64_t mask = ((uint64_t)1 << bits) - 1;
  const bool wide = bits > 57; /* may reach into a ninth byte */
  uint64_t too_large = 0;
  for (size_t i = 0; i < n; i++) {
    size_t at = i * bits;
    unsigned shift = at & 7;
    const uint8_t *place = bytes + (at >> 3);
    uint64_t value = base_load_u64(place) >> shift;
    if (wide) /* two shifts, since one by 64 is not defined */
      value |= (uint64_t)place[8] << 1 << (63 - shift);
    value &= mask;
    out[i] = value;
    too_large |= m->p - 1 - value; /* both below 2^61: the top bit tells whether it wrapped */
  }
  return too_large >> 63 == 0;
}

/* Every word stored always, stepped on only when full. */
static inline void bits_pack(uint8_t *out, const uint64_t *values, size_t n,
                             const ring_modulus *m) {
  const unsigned bits = (unsigned)m->bits;
  uint64_t word = 0;
  unsigned fill = 0; /* bits of `word` in use, below 64 */
  for (size_t i = 0; i < n; i++) {
    uint64_t value = values[i];
    word |= value << fill;
    fill += bits;
    base_store_u64(out, word);
    bool full = fill >= 64;
    fill &= 63;
    /* The part of the value that did not fit: its top `fill` bits. */
    word = full ? value >> (bits - fill) : word;
    out += full ? 8 : 0;
  }
}
#endif
