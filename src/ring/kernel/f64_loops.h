/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything but the transform, on doubles, for any vector width; and the table.
 * Sums, differences and basis conversions leave centred words; single products
 * leave loose ones (f64_arith.h has the bounds).
 */
#ifndef RING_KERNEL_F64_LOOPS_H
#define RING_KERNEL_F64_LOOPS_H
#include "ring/kernel/f64_arith.h"

#define FOR_VECTORS(i) for (size_t i = 0; i < n; i += LANES)

INLINE field field_of(const ring_modulus *m) {
  return field_set(m->f, m->inverse);
}

/* [0, p) as the double of the centred residue. */
static double centred_scalar(uint64_t w, const ring_modulus *m) {
  return (double)ring_modulus_centre(w, m);
}

/* ---- pointwise ---- */

static void add(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) v_store(&out[i].f, centred(v_add(v_load(&a[i].f), v_load(&b[i].f)), f));
}

static void sub(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) v_store(&out[i].f, centred(v_sub(v_load(&a[i].f), v_load(&b[i].f)), f));
}

static void negate(ring_word *out, const ring_word *a, size_t n, const ring_modulus *m) {
  const vec zero = v_set(0);
  (void)m;
  FOR_VECTORS(i) v_store(&out[i].f, v_sub(zero, v_load(&a[i].f)));
}

static void mul(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) v_store(&out[i].f, times_plain(v_load(&a[i].f), v_load(&b[i].f), f));
}

static void mul_add(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                    const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i)
  v_store(&out[i].f, times_plus(v_load(&a[i].f), v_load(&b[i].f), v_load(&out[i].f), f));
}

static void mul_scalar(ring_word *out, const ring_word *a, uint64_t w, size_t n,
                       const ring_modulus *m) {
  const field f = field_of(m);
  const double factor = centred_scalar(w, m);
  const vec v = v_set(factor), vp = v_set(factor / m->f);
  FOR_VECTORS(i) v_store(&out[i].f, times(v_load(&a[i].f), v, vp, f));
}

/*
 * |a - b| < 2^50 + 3/4 p < 1.375*2^50 whatever the size of p, and the quotient
 * is at most half of that: off by 2^-53 of it, so the product is within
 * (0.5 + 0.086)p, and what c is added to it centres exactly.
 */
static void sub_mul_scalar(ring_word *out, const ring_word *a, const ring_word *b, uint64_t w,
                           const ring_word *c, size_t n, const ring_modulus *m) {
  const field f = field_of(m);
  const double factor = centred_scalar(w, m);
  const vec v = v_set(factor), vp = v_set(factor / m->f);
  if (c == NULL)
    FOR_VECTORS(i) {
      vec difference = v_sub(v_load(&a[i].f), v_load(&b[i].f));
      v_store(&out[i].f, times(difference, v, vp, f));
    }
  else
    FOR_VECTORS(i) {
      vec difference = v_sub(v_load(&a[i].f), v_load(&b[i].f));
      v_store(&out[i].f, centred(v_add(times(difference, v, vp, f), v_load(&c[i].f)), f));
    }
}

static void tensor(ring_word *d0, ring_word *d1, ring_word *d2, const ring_word *a0,
                   const ring_word *a1, const ring_word *b0, const ring_word *b1, bool accumulate,
                   size_t n, const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) {
    vec x0 = v_load(&a0[i].f), x1 = v_load(&a1[i].f), y0 = v_load(&b0[i].f), y1 = v_load(&b1[i].f);
    vec s0, s1, s2;
    if (accumulate) {
      s0 = times_plus(x0, y0, v_load(&d0[i].f), f);
      s1 = times_plus(x1, y0, v_load(&d1[i].f), f);
      s2 = times_plus(x1, y1, v_load(&d2[i].f), f);
    } else {
      s0 = times_plain(x0, y0, f);
      s1 = times_plain(x1, y0, f);
      s2 = times_plain(x1, y1, f);
    }
    v_store(&d0[i].f, s0);
    v_store(&d1[i].f, times_plus(x0, y1, s1, f));
    v_store(&d2[i].f, s2);
  }
}

/* ---- sums of products ---- */

/* Vectors in flight: hides the latency of the chain through sum.high. */
#define WIDE 4

/*
 * out = sum_j in[j]*w[j], FACTOR_GROUP terms at a time, `low` carrying what was
 * summed before. Largest sums: a loose word (3/4 p) or one of another modulus
 * (2^48) by a centred factor (p/2): 10*(3/8)p^2 < 0.94*2^100 and 10*2^47*p
 * < 2^100, their quotients by p below 2^51; what `low` gathers, 10*2^48, stays
 * with all the rest of sum_end below 2^52.
 */
#define FACTOR_GROUP 10

static void sum_products(ring_word *out, const ring_word *const *in, const double *w, int n_terms,
                         size_t n, field f) {
  for (size_t i = 0; i < n; i += WIDE * LANES) {
    vec carried[WIDE];
#pragma GCC unroll 4
    for (int k = 0; k < WIDE; k++)
      carried[k] = v_set(0);
    for (int first = 0; first < n_terms; first += FACTOR_GROUP) {
      int last = n_terms - first > FACTOR_GROUP ? first + FACTOR_GROUP : n_terms;
      sum s[WIDE];
#pragma GCC unroll 4
      for (int k = 0; k < WIDE; k++)
        s[k] = sum_start(carried[k]);
      for (int j = first; j < last; j++) {
        const double *x = &in[j][i].f;
        vec factor = v_set(w[j]);
#pragma GCC unroll 4
        for (int k = 0; k < WIDE; k++)
          s[k] = sum_add(s[k], v_load(x + k * LANES), factor);
      }
#pragma GCC unroll 4
      for (int k = 0; k < WIDE; k++)
        carried[k] = sum_end(s[k], f);
    }
#pragma GCC unroll 4
    for (int k = 0; k < WIDE; k++)
      v_store(&out[i + (size_t)k * LANES].f, carried[k]);
  }
}

static void sum_scalar(ring_word *out, const ring_word *const *in, const uint64_t *w, int n_terms,
                       size_t n, const ring_modulus *m) {
  double factors[64];
  for (int j = 0; j < n_terms; j++)
    factors[j] = centred_scalar(w[j], m);
  sum_products(out, in, factors, n_terms, n, field_of(m));
}

static void convert(ring_word *out, const ring_word *const *in, const ring_modulus *const *from,
                    const uint64_t *w, int n_terms, size_t n, const ring_modulus *m) {
  (void)from; /* f64 words are signed integers already */
  sum_scalar(out, in, w, n_terms, n, m);
}

static void reduce(ring_word *out, const ring_word *in, const ring_modulus *from, size_t n,
                   const ring_modulus *m) {
  const field f = field_of(m);
  (void)from;
  FOR_VECTORS(i) v_store(&out[i].f, centred(v_load(&in[i].f), f));
}

/*
 * The key's groups of 8 words (4 of b, 4 of a) are KEY_VECTORS vectors: two of
 * four lanes, or one whose halves sum out0 and out1 side by side.
 */
#define KEY_VECTORS (8 / LANES)
#define KEY_GROUPS (4 / KEY_VECTORS)

INLINE void mac_key_groups(ring_word *out0, ring_word *out1, const ring_word *const *x,
                           const double *key, int n_digits, size_t group_words, bool accumulate,
                           size_t at, field f) {
  vec carried[KEY_GROUPS][KEY_VECTORS];
#pragma GCC unroll 4
  for (size_t g = 0; g < KEY_GROUPS; g++) {
    if (accumulate)
      v_load_key(carried[g], &out0[at + 4 * g].f, &out1[at + 4 * g].f);
    else
      for (int v = 0; v < KEY_VECTORS; v++)
        carried[g][v] = v_set(0);
  }
  for (int first = 0; first < n_digits; first += SUM_GROUP) {
    int last = n_digits - first > SUM_GROUP ? first + SUM_GROUP : n_digits;
    sum s[KEY_GROUPS][KEY_VECTORS];
#pragma GCC unroll 4
    for (size_t g = 0; g < KEY_GROUPS; g++)
      for (int v = 0; v < KEY_VECTORS; v++)
        s[g][v] = sum_start(carried[g][v]);
    for (int d = first; d < last; d++) {
#pragma GCC unroll 4
      for (size_t g = 0; g < KEY_GROUPS; g++) {
        const double *words = key + g * group_words + (size_t)d * 8;
        vec digit = v_load_four(&x[d][at + 4 * g].f);
        for (int v = 0; v < KEY_VECTORS; v++)
          s[g][v] = sum_add(s[g][v], digit, v_load(words + v * LANES));
      }
    }
#pragma GCC unroll 4
    for (size_t g = 0; g < KEY_GROUPS; g++)
      for (int v = 0; v < KEY_VECTORS; v++)
        carried[g][v] = sum_end(s[g][v], f);
  }
#pragma GCC unroll 4
  for (size_t g = 0; g < KEY_GROUPS; g++)
    v_store_key(&out0[at + 4 * g].f, &out1[at + 4 * g].f, carried[g]);
}

static void mac_key(ring_word *out0, ring_word *out1, const ring_word *const *x,
                    const ring_word *key, int n_digits, int key_digits, bool accumulate, size_t n,
                    const ring_modulus *m) {
  const field f = field_of(m);
  size_t group_words = (size_t)key_digits * 8;
  const double *words = &key->f;
  for (size_t i = 0; i < n; i += 4 * KEY_GROUPS, words += KEY_GROUPS * group_words) {
    if (accumulate)
      mac_key_groups(out0, out1, x, words, n_digits, group_words, true, i, f);
    else
      mac_key_groups(out0, out1, x, words, n_digits, group_words, false, i, f);
  }
}

/* Products and additions one by one, as the contract says; rint by the magic constant. */
static void quotient(ring_word *out, const ring_word *const *in, const ring_modulus *const *from,
                     int n_terms, size_t n) {
  const vec magic = v_set(MAGIC);
  for (size_t i = 0; i < n; i += WIDE * LANES) {
    vec total[WIDE];
#pragma GCC unroll 4
    for (int k = 0; k < WIDE; k++)
      total[k] = v_set(0);
    for (int j = 0; j < n_terms; j++) {
      const double *x = &in[j][i].f;
      vec inverse = v_set(from[j]->inverse);
#pragma GCC unroll 4
      for (int k = 0; k < WIDE; k++)
        total[k] = v_add(total[k], v_mul(v_load(x + k * LANES), inverse));
    }
#pragma GCC unroll 4
    for (int k = 0; k < WIDE; k++)
      v_store(&out[i + (size_t)k * LANES].f, v_sub(v_add(total[k], magic), magic));
  }
}

/* ---- forms of words ---- */

static void centre(ring_word *out, const ring_word *in, size_t n, const ring_modulus *m) {
  reduce(out, in, NULL, n, m);
}

/* Gathered word by word: the gather instructions are slower. */
static void permute(ring_word *out, const ring_word *in, const uint32_t *index, size_t n) {
  FOR_VECTORS(i) v_store(&out[i].f, v_collect(&in->f, index + i));
}

static void permute_add(ring_word *out, const ring_word *a, const ring_word *in,
                        const uint32_t *index, size_t n, const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) {
    vec total = v_add(v_load(&a[i].f), v_collect(&in->f, index + i));
    v_store(&out[i].f, centred(total, f));
  }
}

/*
 * v = high*2^32 + low, |high| <= 2^30, low in [0, 2^32): the product of high and
 * 2^32 mod p is loose, and with low far below 2^52.
 */
static void from_int64(ring_word *out, const int64_t *values, size_t n, const ring_modulus *m) {
  const field f = field_of(m);
  const double factor = centred_scalar((UINT64_C(1) << 32) % m->p, m);
  const vec w = v_set(factor), wp = v_set(factor / m->f);
  FOR_VECTORS(i) {
    vec high, low;
    v_halves(&high, &low, values + i);
    v_store(&out[i].f, centred(v_add(times(high, w, wp, f), low), f));
  }
}

static void to_uint64(uint64_t *out, const ring_word *in, size_t n, const ring_modulus *m) {
  const vec p = v_set(m->f);
  FOR_VECTORS(i) v_store_unsigned(out + i, v_add_if_negative(v_load(&in[i].f), p));
}

static void from_uint64(ring_word *out, const uint64_t *in, size_t n, const ring_modulus *m) {
  const field f = field_of(m);
  FOR_VECTORS(i) v_store(&out[i].f, centred(v_load_unsigned(in + i), f));
}

/* ---- the table ---- */

#define F64_TABLE(title)                                                                           \
  {                                                                                                \
    .name = (title), .kind = RING_F64, .ntt_build = ntt_build, .ntt_free = ntt_free,               \
    .ntt_forward = ntt_forward, .ntt_forward_fetching = ntt_forward_fetching,                      \
    .ntt_inverse = ntt_inverse, .add = add, .sub = sub, .negate = negate, .mul = mul,              \
    .mul_add = mul_add, .mul_scalar = mul_scalar, .sub_mul_scalar = sub_mul_scalar,                \
    .sum_scalar = sum_scalar, .tensor = tensor, .mac_key = mac_key, .convert = convert,            \
    .reduce = reduce, .quotient = quotient, .centre = centre, .permute = permute,                  \
    .permute_add = permute_add, .from_int64 = from_int64, .to_uint64 = to_uint64,                  \
    .from_uint64 = from_uint64, .keep_below = keep_below, .unpack = unpack, .pack = pack           \
  }

#endif
