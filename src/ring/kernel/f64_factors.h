/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The factors of the transform on doubles, laid out in the order in which it
 * reads them. Included by f64_ntt.h after LANES is defined.
 */
#ifndef RING_KERNEL_F64_FACTORS_H
#define RING_KERNEL_F64_FACTORS_H
#include "base/alloc.h"
#include "ring/kernel/f64_bounds.h"

/* Values of one step of the tail, and the doubles its factors take. */
#define CHUNK ((size_t)(16 * LANES))
#define TAIL_FACTORS ((size_t)(18 * LANES))

struct ring_ntt {
  double p, inverse_p;
  size_t n;
  ring_f64_bounds bounds;
  int n_broadcast; /* passes before the tail */
  /* Pass i, group g: 2^radix - 1 factors w in order of layers, then their w/p. */
  double *forward[RING_F64_BOUNDS_MAX_PASSES], *inverse[RING_F64_BOUNDS_MAX_PASSES];
  double *forward_tail, *inverse_tail;
  /* The first pass's inverse factors times 1/n, in the same form; then 1/n and (1/n)/p. */
  double last[8];
};

/* Whether all |x| <= k*p: for assertions. */
__attribute__((unused)) static bool within(const double *x, size_t n, double k, double p) {
  for (size_t i = 0; i < n; i++) {
    if (!(x[i] >= -k * p && x[i] <= k * p))
      return false;
  }
  return true;
}

/* The order of factors and of results within a transform. */
static size_t reversed_bits(size_t value, int bits) {
  size_t reversed = 0;
  for (int i = 0; i < bits; i++)
    reversed |= (value >> i & 1) << (bits - 1 - i);
  return reversed;
}

/* powers[i] = root^brv(i), as in the layers' order of use. */
static void fill_powers(uint64_t *powers, uint64_t root, int log2_n, const ring_modulus *m) {
  uint64_t power = 1;
  for (size_t i = 0; i < (size_t)1 << log2_n; i++) {
    powers[reversed_bits(i, log2_n)] = power;
    power = ring_modulus_mul(power, root, m);
  }
}

/* The factor, centred, and at the given distance its quotient by p. */
static void put_factor(double *at, size_t distance, uint64_t w, const ring_modulus *m) {
  double value = (double)ring_modulus_centre(w, m);
  at[0] = value;
  at[distance] = value / m->f;
}

/* One group of a pass: layer s has 2^s factors, at blocks (blocks + group)*2^s + g. */
static void fill_group(double *at, const uint64_t *powers, size_t first, int radix, uint64_t scale,
                       const ring_modulus *m) {
  size_t count = ((size_t)1 << radix) - 1, k = 0;
  for (int s = 0; s < radix; s++) {
    for (size_t g = 0; g < (size_t)1 << s; g++, k++)
      put_factor(at + k, count, ring_modulus_mul(powers[(first << s) + g], scale, m), m);
  }
}

/* LANES blocks of 16: per lane 3 factors with quotients, then 4 groups of 3 without. */
static void fill_tail(double *at, const uint64_t *powers, size_t n, const ring_modulus *m) {
  for (size_t block = 0; block < n / 16; block++) {
    double *chunk = at + block / LANES * TAIL_FACTORS + block % LANES;
    double group[6];
    fill_group(group, powers, n / 16 + block, 2, 1, m);
    for (size_t k = 0; k < 6; k++)
      chunk[k * LANES] = group[k];
    for (size_t g = 0; g < 4; g++) {
      fill_group(group, powers, n / 4 + 4 * block + g, 2, 1, m);
      for (size_t k = 0; k < 3; k++)
        chunk[(6 + 3 * g + k) * LANES] = group[k];
    }
  }
}

/* All factors of one direction, in passes and tail. */
static void fill_direction(double **passes, double *tail, const ring_ntt *ntt,
                           const uint64_t *powers, const ring_modulus *m) {
  size_t blocks = 1;
  for (int i = 0; i < ntt->n_broadcast; i++) {
    int radix = ntt->bounds.log2_radix[i];
    size_t width = 2 * (((size_t)1 << radix) - 1);
    for (size_t g = 0; g < blocks; g++)
      fill_group(passes[i] + g * width, powers, blocks + g, radix, 1, m);
    blocks <<= radix;
  }
  fill_tail(tail, powers, ntt->n, m);
}

/* Lays both directions' tables out behind the header; returns the doubles they take. */
static size_t place_tables(ring_ntt *ntt, double *storage) {
  size_t at = 0, blocks = 1;
  for (int i = 0; i < ntt->n_broadcast; i++) {
    size_t width = 2 * (((size_t)1 << ntt->bounds.log2_radix[i]) - 1) * blocks;
    width = (width + 7) & ~(size_t)7;
    ntt->forward[i] = storage + at;
    ntt->inverse[i] = storage + at + width;
    at += 2 * width;
    blocks <<= ntt->bounds.log2_radix[i];
  }
  size_t tail = ntt->n / CHUNK * TAIL_FACTORS;
  ntt->forward_tail = storage + at;
  ntt->inverse_tail = storage + at + tail;
  return at + 2 * tail;
}

/*
 * At most: a pass of m groups takes 6m doubles (radix 4) or 14m (radix 8); m grows
 * fourfold from 1 to n/64, or ends with n/128 groups of radix 8. Either way the
 * passes of one direction take less than n/8, and 8 each for alignment.
 */
static size_t table_doubles(size_t n) {
  return 2 * (n / CHUNK * TAIL_FACTORS + n / 8 + 8 * RING_F64_BOUNDS_MAX_PASSES);
}

/* One block of memory: the header, then the tables of both directions. */
static ring_ntt *ntt_build(const ring_modulus *modulus, int log2_n, uint64_t psi) {
  size_t n = (size_t)1 << log2_n, header = (sizeof(ring_ntt) + 63) & ~(size_t)63;
  uint64_t *powers = base_alloc_array(n, sizeof *powers);
  ring_ntt *ntt = base_alloc(header + table_doubles(n) * sizeof(double));
  if (powers == NULL || ntt == NULL) {
    base_free(powers);
    base_free(ntt);
    return NULL;
  }
  ntt->p = modulus->f;
  ntt->inverse_p = modulus->inverse;
  ntt->n = n;
  ring_f64_bounds_init(&ntt->bounds, modulus->p, log2_n);
  ntt->n_broadcast = ntt->bounds.n_passes - 2;
  size_t used = place_tables(ntt, (double *)(void *)((char *)ntt + header));
  BASE_ASSERT(used <= table_doubles(n));
  (void)used;
  fill_powers(powers, psi, log2_n, modulus);
  fill_direction(ntt->forward, ntt->forward_tail, ntt, powers, modulus);
  fill_powers(powers, ring_modulus_inverse(psi, modulus), log2_n, modulus);
  fill_direction(ntt->inverse, ntt->inverse_tail, ntt, powers, modulus);
  uint64_t n_inverse = ring_modulus_inverse(n % modulus->p, modulus);
  fill_group(ntt->last, powers, 1, 2, n_inverse, modulus);
  put_factor(ntt->last + 6, 1, n_inverse, modulus);
  base_free(powers);
  return ntt;
}

static void ntt_free(ring_ntt *ntt) {
  base_free(ntt);
}

#endif
