/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/sparse.h"

#include <string.h>

#include "base/alloc.h"

#define BLOCK 64 /* words whose places ring_ntt_position changes among themselves */
#define MIN_LOG2 10

static int log2_of(size_t power) {
  int log2 = 0;
  while ((size_t)1 << log2 < power)
    log2++;
  return log2;
}

static int transform_log2(int log2_n, size_t gap) {
  int log2 = log2_n - log2_of(gap);
  return log2 > MIN_LOG2 ? log2 : MIN_LOG2;
}

uint64_t ring_sparse_butterflies(int log2_n, size_t gap) {
  int log2 = transform_log2(log2_n, gap);
  return ((uint64_t)1 << log2) / 2 * (uint64_t)log2;
}

/* ------------------------------------------------------------------ twiddles */

static bool build_twiddles(ring_sparse *sparse) {
  const ring_ring *ring = sparse->ring;
  for (int i = 0; i < ring->n_moduli; i++) {
    uint64_t root = ring->psi[i];
    for (int k = sparse->log2_n; k < ring->log2_n; k++)
      root = ring_modulus_mul(root, root, &ring->modulus[i]);
    sparse->ntt[i] = ring->kernel->ntt_build(&ring->modulus[i], sparse->log2_n, root);
    if (sparse->ntt[i] == NULL)
      return false;
  }
  return true;
}

ckks_status ring_sparse_init(ring_sparse *sparse, size_t gap, const ring_ring *ring) {
  BASE_ASSERT(gap >= 1 && (gap & (gap - 1)) == 0 && ring->n / gap >= 16);
  size_t n = (size_t)ring->n_moduli;
  *sparse = (ring_sparse){.ring = ring, .gap = gap, .log2_n = transform_log2(ring->log2_n, gap)};
  if (sparse->log2_n == ring->log2_n)
    return CKKS_OK;
  sparse->ntt = base_alloc_array(n, sizeof *sparse->ntt);
  if (sparse->ntt != NULL && build_twiddles(sparse))
    return CKKS_OK;
  ring_sparse_clear(sparse);
  return base_fail(CKKS_ERROR_MEMORY, "ring: out of memory for the twiddles of %zu primes", n);
}

void ring_sparse_clear(ring_sparse *sparse) {
  for (int i = 0; sparse->ntt != NULL && i < sparse->ring->n_moduli; i++)
    if (sparse->ntt[i] != NULL)
      sparse->ring->kernel->ntt_free(sparse->ntt[i]);
  base_free(sparse->ntt);
  *sparse = (ring_sparse){0};
}

/* ----------------------------------------------------------------- transform */

/* Coefficients so many words apart. From the end: nothing is read after it is gone. */
static void spread(ring_word *out, size_t n, size_t apart) {
  for (size_t i = n; apart > 1 && i-- > 0;) {
    ring_word x = out[i];
    memset(out + i * apart, 0, apart * sizeof *out);
    out[i * apart] = x;
  }
}

/*
 * out[i] = in[i >> log2] for a block, in natural order on the right and in that of NTT form on the
 * left: of four neighbours there the second is the 16th after the first, and so on.
 */
static void repeat_block(ring_word *out, const ring_word in[BLOCK], int log2) {
  size_t times = log2 < 4 ? (size_t)1 << log2 : BLOCK / 4;
  for (size_t low = 0; low < BLOCK / 4; low += times) {
    ring_word four[4];
    for (size_t high = 0; high < 4; high++)
      four[high] = in[(16 * high + low) >> log2];
    for (size_t k = low; k < low + times; k++)
      memcpy(out + 4 * k, four, sizeof four);
  }
}

void ring_sparse_repeat(ring_word *out, const ring_word *values, size_t first, size_t n,
                        const ring_sparse *sparse) {
  int log2 = sparse->ring->log2_n - sparse->log2_n;
  ring_word in[BLOCK] = {0};
  for (size_t at = first; at < first + n; at += BLOCK) {
    for (size_t i = 0; i <= (size_t)(BLOCK - 1) >> log2; i++)
      in[i] = values[ring_ntt_position((at >> log2) + i)];
    repeat_block(out + (at - first), in, log2);
  }
}

void ring_sparse_forward(ring_word *out, int limb, const ring_sparse *sparse) {
  const ring_ring *ring = sparse->ring;
  size_t n = ring->n / sparse->gap, n_transform = (size_t)1 << sparse->log2_n;
  spread(out, n, n_transform / n);
  ring->kernel->ntt_forward(out, out, sparse->ntt != NULL ? sparse->ntt[limb] : ring->ntt[limb]);
}
