/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The split that pandas.DataFrame.sample makes, number for number, so that
 * results can be compared with runs in Python.
 */
#include "base/alloc.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

/* MT19937 (Matsumoto, Nishimura, ACM TOMACS 8 (1998) 3), seeded as init_genrand does. */
#define MT_WORDS 624
#define MT_SHIFT 397

typedef struct mt19937 {
  uint32_t word[MT_WORDS];
  size_t at;
} mt19937;

static void mt_init(mt19937 *mt, uint32_t seed) {
  mt->word[0] = seed;
  for (uint32_t i = 1; i < MT_WORDS; i++) {
    uint32_t before = mt->word[i - 1];
    mt->word[i] = 1812433253u * (before ^ before >> 30) + i;
  }
  mt->at = MT_WORDS;
}

static void mt_refill(mt19937 *mt) {
  for (size_t i = 0; i < MT_WORDS; i++) {
    uint32_t mixed = (mt->word[i] & 0x80000000u) | (mt->word[(i + 1) % MT_WORDS] & 0x7fffffffu);
    uint32_t twist = mixed & 1 ? 0x9908b0dfu : 0;
    mt->word[i] = mt->word[(i + MT_SHIFT) % MT_WORDS] ^ mixed >> 1 ^ twist;
  }
  mt->at = 0;
}

/* Tempering, as in the paper's table II. */
static uint32_t mt_next(mt19937 *mt) {
  if (mt->at == MT_WORDS)
    mt_refill(mt);
  uint32_t y = mt->word[mt->at++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

/* Uniform in [0, most]: the low bits that `most` has, drawn again while too large. */
static size_t mt_interval(mt19937 *mt, size_t most) {
  uint32_t mask = (uint32_t)most, value;
  for (int shift = 1; shift < 32; shift *= 2)
    mask |= mask >> shift;
  do
    value = mt_next(mt) & mask;
  while (value > most);
  return value;
}

/* Fisher-Yates from the back, as RandomState.shuffle runs it; the first indices are the sample. */
static void permute(size_t *index, size_t n, uint32_t seed) {
  mt19937 mt;
  mt_init(&mt, seed);
  for (size_t i = 0; i < n; i++)
    index[i] = i;
  for (size_t i = n - 1; i > 0; i--) {
    size_t j = mt_interval(&mt, i), moved = index[i];
    index[i] = index[j];
    index[j] = moved;
  }
}

static int compare_indices(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

ckks_status train_split(size_t **train, size_t *n_train, size_t **validation, size_t *n_validation,
                        size_t n, double frac, uint32_t seed) {
  *train = *validation = NULL;
  *n_train = *n_validation = 0;
  if (!(frac > 0.0 && frac < 1.0))
    return base_fail(CKKS_ERROR_ARGUMENT, "frac: %g where a number between 0 and 1 is needed",
                     frac);
  if (n < 2 || n > UINT32_MAX)
    return base_fail(CKKS_ERROR_ARGUMENT, "rows: %zu where 2 to 2^32-1 are needed", n);
  /* rint rounds half to even as Python's round does, in the default rounding mode. */
  size_t taken = (size_t)rint(frac * (double)n);
  if (taken == 0 || taken == n)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "frac: %g of %zu rows leaves no row for training or none for validation", frac,
                     n);
  *train = base_alloc_array(n, sizeof(size_t));
  *validation = base_alloc_array(n - taken, sizeof(size_t));
  if (*train == NULL || *validation == NULL) {
    base_free(*train);
    base_free(*validation);
    *train = *validation = NULL;
    return base_fail_memory(n * sizeof(size_t));
  }
  permute(*train, n, seed);
  *n_train = taken;
  *n_validation = n - taken;
  for (size_t i = 0; i < n - taken; i++)
    (*validation)[i] = (*train)[taken + i];
  qsort(*validation, n - taken, sizeof(size_t), compare_indices);
  return CKKS_OK;
}
