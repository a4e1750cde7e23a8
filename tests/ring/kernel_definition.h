/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every pointwise entry of a kernel table once more, word by word with 128-bit
 * integers and remainders, as the contract in ring/kernel/kernel.h words it: what the
 * scalar tables are held against. Speed is no concern here.
 */
#ifndef TESTS_RING_KERNEL_DEFINITION_H
#define TESTS_RING_KERNEL_DEFINITION_H
#include "ring/kernel/kernel.h"

#include <math.h>

static ring_word_kind defined_kind;

/* The integer that a word stands for; a u64 word is centred modulo `from` where there is one. */
static __int128 defined_integer(ring_word word, const ring_modulus *from) {
  if (defined_kind == RING_F64)
    return (__int128)word.f;
  if (from == NULL)
    return (int64_t)word.u;
  return word.u > from->p / 2 ? (__int128)word.u - from->p : (__int128)word.u;
}

static ring_word defined_word(__int128 value, const ring_modulus *m) {
  __int128 p = m->p, residue = value % p;
  if (residue < 0)
    residue += p;
  if (defined_kind == RING_U64)
    return (ring_word){.u = (uint64_t)residue};
  return (ring_word){.f = (double)(residue > p / 2 ? residue - p : residue)};
}

static __int128 residue_of(ring_word word, const ring_modulus *m) {
  return defined_integer(defined_word(defined_integer(word, m), m), m);
}

static void defined_add(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                        const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(a[i], m) + residue_of(b[i], m), m);
}

static void defined_sub(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                        const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(a[i], m) - residue_of(b[i], m), m);
}

static void defined_negate(ring_word *out, const ring_word *a, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(-residue_of(a[i], m), m);
}

static void defined_mul(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                        const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(a[i], m) * residue_of(b[i], m), m);
}

static void defined_mul_add(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                            const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(out[i], m) + residue_of(a[i], m) * residue_of(b[i], m), m);
}

static void defined_mul_scalar(ring_word *out, const ring_word *a, uint64_t w, size_t n,
                               const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(a[i], m) * w, m);
}

static void defined_sub_mul_scalar(ring_word *out, const ring_word *a, const ring_word *b,
                                   uint64_t w, const ring_word *c, size_t n,
                                   const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 plus = c == NULL ? 0 : residue_of(c[i], m);
    out[i] = defined_word((residue_of(a[i], m) - residue_of(b[i], m)) * w + plus, m);
  }
}

static void defined_sum_scalar(ring_word *out, const ring_word *const *in, const uint64_t *w,
                               int n_terms, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += residue_of(in[j][i], m) * w[j] % m->p;
    out[i] = defined_word(sum, m);
  }
}

static void defined_tensor(ring_word *d0, ring_word *d1, ring_word *d2, const ring_word *a0,
                           const ring_word *a1, const ring_word *b0, const ring_word *b1,
                           bool accumulate, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 x0 = residue_of(a0[i], m), x1 = residue_of(a1[i], m);
    __int128 y0 = residue_of(b0[i], m), y1 = residue_of(b1[i], m);
    d0[i] = defined_word(x0 * y0 + (accumulate ? residue_of(d0[i], m) : 0), m);
    d1[i] = defined_word(x0 * y1 + x1 * y0 + (accumulate ? residue_of(d1[i], m) : 0), m);
    d2[i] = defined_word(x1 * y1 + (accumulate ? residue_of(d2[i], m) : 0), m);
  }
}

static void defined_mac_key(ring_word *out0, ring_word *out1, const ring_word *const *x,
                            const ring_word *key, int n_digits, int key_digits, bool accumulate,
                            size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 sum0 = accumulate ? residue_of(out0[i], m) : 0;
    __int128 sum1 = accumulate ? residue_of(out1[i], m) : 0;
    for (int d = 0; d < n_digits; d++) {
      size_t at = (i / 4 * (size_t)key_digits + (size_t)d) * 8 + i % 4;
      sum0 += residue_of(x[d][i], m) * residue_of(key[at], m) % m->p;
      sum1 += residue_of(x[d][i], m) * residue_of(key[at + 4], m) % m->p;
    }
    out0[i] = defined_word(sum0, m);
    out1[i] = defined_word(sum1, m);
  }
}

static void defined_convert(ring_word *out, const ring_word *const *in,
                            const ring_modulus *const *from, const uint64_t *w, int n_terms,
                            size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += defined_integer(in[j][i], from[j]) * w[j] % m->p;
    out[i] = defined_word(sum, m);
  }
}

static void defined_reduce(ring_word *out, const ring_word *in, const ring_modulus *from, size_t n,
                           const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(defined_integer(in[i], from), m);
}

static void defined_quotient(ring_word *out, const ring_word *const *in,
                             const ring_modulus *const *from, int n_terms, size_t n) {
  for (size_t i = 0; i < n; i++) {
    volatile double sum = 0; /* volatile: neither fused nor kept wider */
    for (int j = 0; j < n_terms; j++) {
      volatile double fraction = (double)defined_integer(in[j][i], from[j]) * from[j]->inverse;
      sum = sum + fraction;
    }
    double rounded = rint(sum);
    out[i] = defined_kind == RING_U64 ? (ring_word){.u = (uint64_t)(int64_t)rounded}
                                      : (ring_word){.f = rounded == 0 ? 0.0 : rounded};
  }
}

static void defined_centre(ring_word *out, const ring_word *in, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(defined_integer(in[i], m), m);
}

static void defined_permute(ring_word *out, const ring_word *in, const uint32_t *index, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = in[index[i]];
}

static void defined_permute_add(ring_word *out, const ring_word *a, const ring_word *in,
                                const uint32_t *index, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(residue_of(a[i], m) + residue_of(in[index[i]], m), m);
}

static void defined_from_int64(ring_word *out, const int64_t *values, size_t n,
                               const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word(values[i], m);
}

static void defined_to_uint64(uint64_t *out, const ring_word *in, size_t n, const ring_modulus *m) {
  for (size_t i = 0; i < n; i++) {
    __int128 residue = residue_of(in[i], m);
    out[i] = (uint64_t)(residue < 0 ? residue + m->p : residue);
  }
}

static void defined_from_uint64(ring_word *out, const uint64_t *in, size_t n,
                                const ring_modulus *m) {
  for (size_t i = 0; i < n; i++)
    out[i] = defined_word((__int128)in[i], m);
}

/* No transform: test_ntt.c holds those of the scalar tables against evaluation. */
static ring_kernel definition(ring_word_kind kind) {
  defined_kind = kind;
  return (ring_kernel){.name = "definition",
                       .kind = kind,
                       .add = defined_add,
                       .sub = defined_sub,
                       .negate = defined_negate,
                       .mul = defined_mul,
                       .mul_add = defined_mul_add,
                       .mul_scalar = defined_mul_scalar,
                       .sub_mul_scalar = defined_sub_mul_scalar,
                       .sum_scalar = defined_sum_scalar,
                       .tensor = defined_tensor,
                       .mac_key = defined_mac_key,
                       .convert = defined_convert,
                       .reduce = defined_reduce,
                       .quotient = defined_quotient,
                       .centre = defined_centre,
                       .permute = defined_permute,
                       .permute_add = defined_permute_add,
                       .from_int64 = defined_from_int64,
                       .to_uint64 = defined_to_uint64,
                       .from_uint64 = defined_from_uint64};
}
#endif
