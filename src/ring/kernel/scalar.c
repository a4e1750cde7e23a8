/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable tables: what every other table is compared with. All arithmetic
 * is on 64-bit residues in [0, p), p < 2^61; the f64 table turns its doubles
 * into residues and back, and shares the rest. No branch and no index depends
 * on a value.
 *
 * Each entry is written once, as NAME_words with the kind of word as its first
 * argument; BOTH makes the two entries of it, with that argument constant.
 */
#include "ring/kernel/bits.h"
#include "ring/kernel/scalar_transform.h"
#include "ring/kernel/scalar_words.h"

/* The wrappers copy the modulus so that stores through `out` cannot change it. */
#define BOTH(name, parameters, ...)                                                                \
  static void u64_##name parameters {                                                              \
    const ring_modulus modulus = *m;                                                               \
    name##_words(RING_U64, &modulus, __VA_ARGS__);                                                 \
  }                                                                                                \
  static void f64_##name parameters {                                                              \
    const ring_modulus modulus = *m;                                                               \
    name##_words(RING_F64, &modulus, __VA_ARGS__);                                                 \
  }

/* ---- pointwise ---- */

INLINE void add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(load(kind, a[i], m) + load(kind, b[i], m), m->p), m);
}
BOTH(add,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void sub_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(load(kind, a[i], m) + m->p - load(kind, b[i], m), m->p), m);
}
BOTH(sub,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void negate_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *a, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, below(m->p - load(kind, a[i], m), m->p), m);
}
BOTH(negate, (ring_word * out, const ring_word *a, size_t n, const ring_modulus *m), out, a, n)

INLINE void mul_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                      const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, product(load(kind, a[i], m), load(kind, b[i], m), m), m);
}
BOTH(mul,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void mul_add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                          const ring_word *a, const ring_word *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = times(load(kind, a[i], m), load(kind, b[i], m)) + load(kind, out[i], m);
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(mul_add,
     (ring_word * out, const ring_word *a, const ring_word *b, size_t n, const ring_modulus *m),
     out, a, b, n)

INLINE void mul_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const ring_word *a, uint64_t w, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, product(load(kind, a[i], m), w, m), m);
}
BOTH(mul_scalar, (ring_word * out, const ring_word *a, uint64_t w, size_t n, const ring_modulus *m),
     out, a, w, n)

INLINE void sub_mul_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                                 const ring_word *a, const ring_word *b, uint64_t w,
                                 const ring_word *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t difference = load(kind, a[i], m) + m->p - load(kind, b[i], m); /* < 2p < 2^62 */
    wide plus = c == NULL ? 0 : load(kind, c[i], m);
    out[i] = store(kind, residue_wide(times(difference, w) + plus, m), m);
  }
}
BOTH(sub_mul_scalar,
     (ring_word * out, const ring_word *a, const ring_word *b, uint64_t w, const ring_word *c,
      size_t n, const ring_modulus *m),
     out, a, b, w, c, n)

/* ---- sums: 64 products of residues below 2^61 stay below 2^128 ---- */

INLINE void sum_scalar_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const ring_word *const *in, const uint64_t *w, int n_terms, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += (wide)load(kind, in[j][i], m) * w[j];
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(sum_scalar,
     (ring_word * out, const ring_word *const *in, const uint64_t *w, int n_terms, size_t n,
      const ring_modulus *m),
     out, in, w, n_terms, n)

INLINE void tensor_words(ring_word_kind kind, const ring_modulus *m, ring_word *d0, ring_word *d1,
                         ring_word *d2, const ring_word *a0, const ring_word *a1,
                         const ring_word *b0, const ring_word *b1, bool accumulate, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t x0 = load(kind, a0[i], m), x1 = load(kind, a1[i], m);
    uint64_t y0 = load(kind, b0[i], m), y1 = load(kind, b1[i], m);
    wide s0 = accumulate ? load(kind, d0[i], m) : 0;
    wide s1 = accumulate ? load(kind, d1[i], m) : 0;
    wide s2 = accumulate ? load(kind, d2[i], m) : 0;
    d0[i] = store(kind, residue_wide((wide)x0 * y0 + s0, m), m);
    d1[i] = store(kind, residue_wide((wide)x0 * y1 + (wide)x1 * y0 + s1, m), m);
    d2[i] = store(kind, residue_wide((wide)x1 * y1 + s2, m), m);
  }
}
BOTH(tensor,
     (ring_word * d0, ring_word *d1, ring_word *d2, const ring_word *a0, const ring_word *a1,
      const ring_word *b0, const ring_word *b1, bool accumulate, size_t n, const ring_modulus *m),
     d0, d1, d2, a0, a1, b0, b1, accumulate, n)

INLINE void mac_key_words(ring_word_kind kind, const ring_modulus *m, ring_word *out0,
                          ring_word *out1, const ring_word *const *x, const ring_word *key,
                          int n_digits, int key_digits, bool accumulate, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const ring_word *group = key + i / 4 * (size_t)key_digits * 8 + i % 4;
    wide sum0 = accumulate ? load(kind, out0[i], m) : 0;
    wide sum1 = accumulate ? load(kind, out1[i], m) : 0;
    for (int d = 0; d < n_digits; d++, group += 8) {
      uint64_t digit = load(kind, x[d][i], m);
      sum0 += (wide)digit * load(kind, group[0], m);
      sum1 += (wide)digit * load(kind, group[4], m);
    }
    out0[i] = store(kind, residue_wide(sum0, m), m);
    out1[i] = store(kind, residue_wide(sum1, m), m);
  }
}
BOTH(mac_key,
     (ring_word * out0, ring_word *out1, const ring_word *const *x, const ring_word *key,
      int n_digits, int key_digits, bool accumulate, size_t n, const ring_modulus *m),
     out0, out1, x, key, n_digits, key_digits, accumulate, n)

/* ---- between moduli ---- */

INLINE void convert_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                          const ring_word *const *in, const ring_modulus *const *from,
                          const uint64_t *w, int n_terms, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wide sum = 0;
    for (int j = 0; j < n_terms; j++) {
      const ring_modulus *source = kind == RING_U64 ? from[j] : NULL;
      sum += (wide)residue_i64(integer(kind, in[j][i], source), m) * w[j];
    }
    out[i] = store(kind, residue_wide(sum, m), m);
  }
}
BOTH(convert,
     (ring_word * out, const ring_word *const *in, const ring_modulus *const *from,
      const uint64_t *w, int n_terms, size_t n, const ring_modulus *m),
     out, in, from, w, n_terms, n)

INLINE void reduce_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *in, const ring_modulus *from, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, residue_i64(integer(kind, in[i], from), m), m);
}
BOTH(reduce,
     (ring_word * out, const ring_word *in, const ring_modulus *from, size_t n,
      const ring_modulus *m),
     out, in, from, n)

/*
 * The order of additions and the absence of fused ones are part of the contract.
 * Adding and subtracting 1.5*2^52 is rint for |sum| < 2^51 (a sum of 16
 * fractions is at most 8); the difference of equal doubles is +0.0.
 */
INLINE void quotient_words(ring_word_kind kind, ring_word *out, const ring_word *const *in,
                           const ring_modulus *const *from, int n_terms, size_t n) {
  const double magic = 0x1.8p52;
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n_terms; j++)
      sum += (double)integer(kind, in[j][i], from[j]) * from[j]->inverse;
    double rounded = (sum + magic) - magic;
    out[i] =
        kind == RING_U64 ? (ring_word){.u = (uint64_t)(int64_t)rounded} : (ring_word){.f = rounded};
  }
}

static void u64_quotient(ring_word *out, const ring_word *const *in,
                         const ring_modulus *const *from, int n_terms, size_t n) {
  quotient_words(RING_U64, out, in, from, n_terms, n);
}

static void f64_quotient(ring_word *out, const ring_word *const *in,
                         const ring_modulus *const *from, int n_terms, size_t n) {
  quotient_words(RING_F64, out, in, from, n_terms, n);
}

/* ---- forms of words ---- */

INLINE void centre_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                         const ring_word *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, load(kind, in[i], m), m);
}
BOTH(centre, (ring_word * out, const ring_word *in, size_t n, const ring_modulus *m), out, in, n)

/* Moves words, whatever they hold: one entry for both tables. */
static void permute(ring_word *out, const ring_word *in, const uint32_t *index, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = in[index[i]];
}

INLINE void permute_add_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                              const ring_word *a, const ring_word *in, const uint32_t *index,
                              size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t sum = load(kind, a[i], m) + load(kind, in[index[i]], m);
    out[i] = store(kind, below(sum, m->p), m);
  }
}
BOTH(permute_add,
     (ring_word * out, const ring_word *a, const ring_word *in, const uint32_t *index, size_t n,
      const ring_modulus *m),
     out, a, in, index, n)

INLINE void from_int64_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                             const int64_t *values, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, residue_i64(values[i], m), m);
}
BOTH(from_int64, (ring_word * out, const int64_t *values, size_t n, const ring_modulus *m), out,
     values, n)

INLINE void to_uint64_words(ring_word_kind kind, const ring_modulus *m, uint64_t *out,
                            const ring_word *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = load(kind, in[i], m);
}
BOTH(to_uint64, (uint64_t * out, const ring_word *in, size_t n, const ring_modulus *m), out, in, n)

INLINE void from_uint64_words(ring_word_kind kind, const ring_modulus *m, ring_word *out,
                              const uint64_t *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    out[i] = store(kind, in[i], m);
}
BOTH(from_uint64, (ring_word * out, const uint64_t *in, size_t n, const ring_modulus *m), out, in,
     n)

/* ---- integers and bytes ---- */

static size_t keep_below(uint64_t *kept, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  return bits_keep_below(kept, bytes, n, m);
}

static bool unpack(uint64_t *out, const uint8_t *bytes, size_t n, const ring_modulus *m) {
  return bits_unpack(out, bytes, n, m);
}

static void pack(uint8_t *out, const uint64_t *values, size_t n, const ring_modulus *m) {
  bits_pack(out, values, n, m);
}

/* ---- the tables ---- */

#define NTT(prefix)                                                                                \
  .ntt_build = ntt_build, .ntt_free = ntt_free, .ntt_forward = prefix##_ntt_forward,               \
  .ntt_forward_fetching = prefix##_ntt_forward_fetching, .ntt_inverse = prefix##_ntt_inverse

#define TABLE(title, word_kind, prefix, ...)                                                       \
  {                                                                                                \
    .name = (title), .kind = (word_kind), __VA_ARGS__, .add = prefix##_add, .sub = prefix##_sub,   \
    .negate = prefix##_negate, .mul = prefix##_mul, .mul_add = prefix##_mul_add,                   \
    .mul_scalar = prefix##_mul_scalar, .sub_mul_scalar = prefix##_sub_mul_scalar,                  \
    .sum_scalar = prefix##_sum_scalar, .tensor = prefix##_tensor, .mac_key = prefix##_mac_key,     \
    .convert = prefix##_convert, .reduce = prefix##_reduce, .quotient = prefix##_quotient,         \
    .centre = prefix##_centre, .permute = permute, .permute_add = prefix##_permute_add,            \
    .from_int64 = prefix##_from_int64, .to_uint64 = prefix##_to_uint64,                            \
    .from_uint64 = prefix##_from_uint64, .keep_below = keep_below, .unpack = unpack, .pack = pack  \
  }

const ring_kernel ring_kernel_scalar_u64 = TABLE("scalar-u64", RING_U64, u64, NTT(u64));
const ring_kernel ring_kernel_scalar_f64 = TABLE("scalar-f64", RING_F64, f64, NTT(f64));
#if RING_KERNEL_X86
/* Transforms with vectors (u64_avx512.c), and the rest as it is here. */
const ring_kernel ring_kernel_avx512_u64 =
    TABLE("avx512-u64", RING_U64, u64, .ntt_build = ring_kernel_u64_avx512_build,
          .ntt_free = ring_kernel_u64_avx512_free, .ntt_forward = ring_kernel_u64_avx512_forward,
          .ntt_forward_fetching = ring_kernel_u64_avx512_forward_fetching,
          .ntt_inverse = ring_kernel_u64_avx512_inverse);
#endif
