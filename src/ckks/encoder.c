/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The transform between slots and coefficients, a fast Fourier transform over the
 * powers of five ("special FFT", Cheon-Kim-Kim-Song 2017, section 3; the order
 * zeta^(5^j) makes the automorphism X -> X^5 a rotation of slots).
 *
 * For n slots and xi = exp(2 pi i / 4n), slot j of c_0 + c_1 Y + ... is
 *   z_j = sum_k c_k xi^(5^j k),   c_k = a_k + i a_(k+n),
 * because xi^(5^j n) = i for every j. Splitting k by parity gives two transforms
 * of n/2 slots (5^j has period n/2 modulo 2n, and 5^(n/2) = 1 + 2n modulo 4n):
 *   z_j = even_j + xi^(5^j) odd_j,   z_(j+n/2) = even_j - xi^(5^j) odd_j.
 */
#include "base/alloc.h"
#include "ckks/encode.h"
#include <math.h>

/*
 * root[h + j] = exp(2 pi i 5^j / 8h) for j < h, h = 1, 2, 4, ..., N/4: the
 * twiddles of the layer that makes 2h slots out of h and h. The same table
 * serves every number of slots.
 */
struct ckks_encoder {
  size_t n_slots;
  ckks_complex *root;
};

/* exp(2 pi i k / m), m a power of two >= 8, by octants: arguments stay below pi/4, where sine and
 * cosine are accurate to the last bit or so. */
static ckks_complex unit_root(size_t k, size_t m) {
  size_t octant = k / (m / 8), rest = k % (m / 8);
  if (octant % 2 != 0) /* mirrored at the octant's upper edge */
    rest = m / 8 - rest;
  double angle = 2 * 3.14159265358979323846 * ((double)rest / (double)m);
  double c = cos(angle), s = sin(angle);
  switch (octant) {
  case 0:
    return (ckks_complex){c, s};
  case 1:
    return (ckks_complex){s, c};
  case 2:
    return (ckks_complex){-s, c};
  case 3:
    return (ckks_complex){-c, s};
  case 4:
    return (ckks_complex){-c, -s};
  case 5:
    return (ckks_complex){-s, -c};
  case 6:
    return (ckks_complex){s, -c};
  default:
    return (ckks_complex){c, -s};
  }
}

ckks_status ckks_encoder_build(ckks_encoder **out, int log2_n) {
  size_t n_slots = (size_t)1 << (log2_n - 1);
  ckks_encoder *encoder = base_alloc(sizeof *encoder);
  if (encoder == NULL)
    return base_fail_memory(sizeof *encoder);
  encoder->n_slots = n_slots;
  encoder->root = base_alloc_array(n_slots, sizeof *encoder->root);
  if (encoder->root == NULL) {
    base_free(encoder);
    return base_fail_memory(n_slots * sizeof *encoder->root);
  }
  for (size_t h = 1; h < n_slots; h *= 2) {
    size_t power = 1; /* 5^j modulo 8h */
    for (size_t j = 0; j < h; j++) {
      encoder->root[h + j] = unit_root(power, 8 * h);
      power = 5 * power % (8 * h);
    }
  }
  *out = encoder;
  return CKKS_OK;
}

void ckks_encoder_free(ckks_encoder *encoder) {
  if (encoder == NULL)
    return;
  base_free(encoder->root);
  base_free(encoder);
}

ckks_complex ckks_encoder_root(const ckks_encoder *encoder, size_t h, size_t j) {
  BASE_ASSERT(h < encoder->n_slots && j < h);
  return encoder->root[h + j];
}

/* Bit-reversed order, counting i up as usual and r from the top bit down. */
static void bit_reverse(ckks_complex *values, size_t n) {
  for (size_t i = 1, r = 0; i < n; i++) {
    size_t bit = n / 2;
    for (; r & bit; bit /= 2)
      r ^= bit;
    r ^= bit;
    if (i < r) {
      ckks_complex swap = values[i];
      values[i] = values[r];
      values[r] = swap;
    }
  }
}

void ckks_encoder_forward(ckks_complex *values, size_t n_slots, const ckks_encoder *encoder) {
  BASE_ASSERT(n_slots >= 1 && n_slots <= encoder->n_slots && (n_slots & (n_slots - 1)) == 0);
  bit_reverse(values, n_slots);
  for (size_t h = 1; h < n_slots; h *= 2) {
    const ckks_complex *root = encoder->root + h;
    for (ckks_complex *low = values; low < values + n_slots; low += 2 * h) {
      ckks_complex *high = low + h;
      for (size_t j = 0; j < h; j++) {
        ckks_complex u = low[j], v = high[j], w = root[j];
        ckks_complex t = {v.re * w.re - v.im * w.im, v.re * w.im + v.im * w.re};
        low[j] = (ckks_complex){u.re + t.re, u.im + t.im};
        high[j] = (ckks_complex){u.re - t.re, u.im - t.im};
      }
    }
  }
}

/* The forward layers undone one by one, last first; 1/n at the end is exact. */
void ckks_encoder_inverse(ckks_complex *values, size_t n_slots, const ckks_encoder *encoder) {
  BASE_ASSERT(n_slots >= 1 && n_slots <= encoder->n_slots && (n_slots & (n_slots - 1)) == 0);
  for (size_t h = n_slots / 2; h >= 1; h /= 2) {
    const ckks_complex *root = encoder->root + h;
    for (ckks_complex *low = values; low < values + n_slots; low += 2 * h) {
      ckks_complex *high = low + h;
      for (size_t j = 0; j < h; j++) {
        ckks_complex u = low[j], v = high[j], w = root[j];
        ckks_complex t = {u.re - v.re, u.im - v.im};
        low[j] = (ckks_complex){u.re + v.re, u.im + v.im};
        high[j] = (ckks_complex){t.re * w.re + t.im * w.im, t.im * w.re - t.re * w.im};
      }
    }
  }
  bit_reverse(values, n_slots);
  double scale = 1 / (double)n_slots;
  for (size_t k = 0; k < n_slots; k++) {
    values[k].re *= scale;
    values[k].im *= scale;
  }
}
