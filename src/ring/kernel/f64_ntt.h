/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The negacyclic transform on doubles, for any vector width. Layers follow Longa
 * and Naehrig (eprint 2016/504), merged two or three at a time, lazily reduced
 * by the plan of f64_bounds.h. Large transforms are cut depth first into blocks
 * that stay in the first-level cache.
 *
 * The last four layers (the tail) work on LANES blocks of 16 at a time, one lane
 * a block, after an in-register transposition; their output order is the one
 * that needs no transposition back.
 */
#ifndef RING_KERNEL_F64_NTT_H
#define RING_KERNEL_F64_NTT_H
#include "ring/kernel/f64_arith.h"
#include "ring/kernel/f64_factors.h"

/* Values of a block that is transformed as a whole: 32 KiB. */
#define BLOCK ((size_t)4096)

/* ---- forward ---- */

/* Cooley-Tukey: (a, b) -> (a + b*w, a - b*w) */
INLINE void split(vec *a, vec *b, vec w, vec wp, field f) {
  vec t = times(*b, w, wp, f);
  *b = v_sub(*a, t);
  *a = v_add(*a, t);
}

INLINE void split_plain(vec *a, vec *b, vec w, field f) {
  vec t = times_plain(*b, w, f);
  *b = v_sub(*a, t);
  *a = v_add(*a, t);
}

INLINE void load_quad(vec x[4], const double *in, size_t q, field f, bool reduce) {
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++)
    x[k] = v_load(in + k * q);
  if (reduce)
    x[0] = centred(x[0], f);
}

INLINE void store_quad(double *out, const vec x[4], size_t q) {
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++)
    v_store(out + k * q, x[k]);
}

/*
 * Two layers on one group of `span` values; w: 3 factors and their quotients.
 * The second layer of one column (x) is interleaved with the first of the next
 * (y), so that a product's latency is spent on the other.
 */
INLINE void forward_quad(double *out, const double *in, size_t span, const double *w, field f,
                         bool reduce) {
  size_t q = span / 4;
  vec w1 = v_set(w[0]), w2 = v_set(w[1]), w3 = v_set(w[2]);
  vec w1p = v_set(w[3]), w2p = v_set(w[4]), w3p = v_set(w[5]);
  vec x[4], y[4];
  load_quad(x, in, q, f, reduce);
  split(&x[0], &x[2], w1, w1p, f);
  split(&x[1], &x[3], w1, w1p, f);
  for (size_t j = LANES; j < q; j += LANES) {
    load_quad(y, in + j, q, f, reduce);
    split(&y[0], &y[2], w1, w1p, f);
    split(&x[0], &x[1], w2, w2p, f);
    split(&y[1], &y[3], w1, w1p, f);
    split(&x[2], &x[3], w3, w3p, f);
    store_quad(out + j - LANES, x, q);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      x[k] = y[k];
  }
  split(&x[0], &x[1], w2, w2p, f);
  split(&x[2], &x[3], w3, w3p, f);
  store_quad(out + q - LANES, x, q);
}

/* Three layers; w: 7 factors and their quotients. */
INLINE void forward_octet(double *out, const double *in, size_t span, const double *w, field f,
                          bool reduce) {
  size_t q = span / 8;
  for (size_t j = 0; j < q; j += LANES) {
    vec x[8];
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
      x[k] = v_load(in + j + k * q);
    if (reduce)
      x[0] = centred(x[0], f);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      split(&x[k], &x[k + 4], v_set(w[0]), v_set(w[7]), f);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      split(&x[k / 2 * 4 + k % 2], &x[k / 2 * 4 + k % 2 + 2], v_set(w[1 + k / 2]),
            v_set(w[8 + k / 2]), f);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      split(&x[2 * k], &x[2 * k + 1], v_set(w[3 + k]), v_set(w[10 + k]), f);
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
      v_store(out + j + k * q, x[k]);
  }
}

/*
 * The tail of the forward transform in halves. First layers of distance 8 and 4:
 * columns j, j + 4, j + 8, j + 12 of a chunk, and their right neighbours.
 */
INLINE void forward_columns(double *buffer, const columns *in, size_t j, const double *w, field f,
                            bool reduce) {
  vec x[4], y[4];
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++)
    v_take_columns(&x[k], &y[k], in, j + 4 * k);
  if (reduce) {
    x[0] = centred(x[0], f);
    y[0] = centred(y[0], f);
  }
  split(&x[0], &x[2], v_load(w), v_load(w + 3 * LANES), f);
  split(&x[1], &x[3], v_load(w), v_load(w + 3 * LANES), f);
  split(&y[0], &y[2], v_load(w), v_load(w + 3 * LANES), f);
  split(&y[1], &y[3], v_load(w), v_load(w + 3 * LANES), f);
  split(&x[0], &x[1], v_load(w + LANES), v_load(w + 4 * LANES), f);
  split(&x[2], &x[3], v_load(w + 2 * LANES), v_load(w + 5 * LANES), f);
  split(&y[0], &y[1], v_load(w + LANES), v_load(w + 4 * LANES), f);
  split(&y[2], &y[3], v_load(w + 2 * LANES), v_load(w + 5 * LANES), f);
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++) {
    v_store(buffer + (j + 4 * k) * LANES, x[k]);
    v_store(buffer + (j + 4 * k + 1) * LANES, y[k]);
  }
}

/* Then distance 2 and 1 in columns 4g to 4g + 3; the results are centred. */
INLINE void forward_positions(double *out, const double *buffer, size_t g, const double *w, field f,
                              bool reduce) {
  const double *v = w + (6 + 3 * g) * LANES;
  vec z[4];
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++)
    z[k] = v_load(buffer + (4 * g + k) * LANES);
  if (reduce)
    z[0] = centred(z[0], f);
  split_plain(&z[0], &z[2], v_load(v), f);
  split_plain(&z[1], &z[3], v_load(v), f);
  split_plain(&z[0], &z[1], v_load(v + LANES), f);
  split_plain(&z[2], &z[3], v_load(v + 2 * LANES), f);
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; k++)
    z[k] = centred(z[k], f);
  v_store_positions(out + 16 * g, z);
}

/* What to ask from memory beside the work on each chunk: `step` bytes, a multiple of a line. */
typedef struct fetch {
  const char *next;
  size_t step;
} fetch;

#define CACHE_LINE 64

INLINE void fetch_chunk(fetch *ahead) {
  for (size_t i = 0; i < ahead->step; i += CACHE_LINE)
    __builtin_prefetch(ahead->next + i, 0, 2); /* into the second level */
  ahead->next += ahead->step;
}

/*
 * The second half of one chunk is interleaved with the first half of the next:
 * either alone is a chain of products too long for the processor's window.
 */
INLINE void forward_chunks(double *a, size_t n_chunks, const double *w, field f, bool reduce8,
                           bool reduce2, fetch ahead) {
  _Alignas(64) double buffers[2][CHUNK];
  columns in;
  v_open_columns(&in, a);
  forward_columns(buffers[0], &in, 0, w, f, reduce8);
  forward_columns(buffers[0], &in, 2, w, f, reduce8);
  for (size_t c = 0; c + 1 < n_chunks; c++, a += CHUNK, w += TAIL_FACTORS) {
    const double *here = buffers[c & 1];
    double *next = buffers[~c & 1];
    v_open_columns(&in, a + CHUNK);
    fetch_chunk(&ahead);
#pragma GCC unroll 2
    for (size_t j = 0; j < 4; j += 2) {
      forward_positions(a, here, j, w, f, reduce2);
      forward_columns(next, &in, j, w + TAIL_FACTORS, f, reduce8);
      forward_positions(a, here, j + 1, w, f, reduce2);
    }
  }
  fetch_chunk(&ahead);
#pragma GCC unroll 4
  for (size_t g = 0; g < 4; g++)
    forward_positions(a, buffers[~n_chunks & 1], g, w, f, reduce2);
}

/* `groups` neighbouring groups of pass i, the first of them number `group`. */
static void forward_pass(double *out, const double *in, int i, size_t span, size_t group,
                         size_t groups, const ring_ntt *ntt) {
  const field f = field_set(ntt->p, ntt->inverse_p);
  bool quad = ntt->bounds.log2_radix[i] == 2, reduce = ntt->bounds.reduce >> i & 1;
  size_t width = quad ? 6 : 14;
  const double *w = ntt->forward[i] + group * width;
  BASE_ASSERT(within(in, span * groups, ntt->bounds.forward[i], ntt->p));
  for (; groups > 0; groups--, w += width, in += span, out += span) {
    if (quad && reduce)
      forward_quad(out, in, span, w, f, true);
    else if (quad)
      forward_quad(out, in, span, w, f, false);
    else if (reduce)
      forward_octet(out, in, span, w, f, true);
    else
      forward_octet(out, in, span, w, f, false);
  }
}

static void forward_tail(double *a, size_t at, size_t n, const ring_ntt *ntt, fetch ahead) {
  const field f = field_set(ntt->p, ntt->inverse_p);
  bool reduce8 = ntt->bounds.reduce >> ntt->n_broadcast & 1;
  bool reduce2 = ntt->bounds.reduce >> (ntt->n_broadcast + 1) & 1;
  const double *w = ntt->forward_tail + at / CHUNK * TAIL_FACTORS;
  ahead.next += at / CHUNK * ahead.step;
  BASE_ASSERT(within(a, n, ntt->bounds.forward[ntt->n_broadcast], ntt->p));
  BASE_ASSERT(!reduce8 || !reduce2); /* one resets the growth of both */
  if (reduce8)
    forward_chunks(a, n / CHUNK, w, f, true, false, ahead);
  else if (reduce2)
    forward_chunks(a, n / CHUNK, w, f, false, true, ahead);
  else
    forward_chunks(a, n / CHUNK, w, f, false, false, ahead);
}

/* Everything from pass i on for the group-th block of `span` values at out. */
static void forward_block(double *out, const double *in, int i, size_t span, size_t group,
                          const ring_ntt *ntt, fetch ahead) {
  if (span > BLOCK) {
    size_t parts = (size_t)1 << ntt->bounds.log2_radix[i];
    forward_pass(out, in, i, span, group, 1, ntt);
    for (size_t k = 0; k < parts; k++)
      forward_block(out + k * (span / parts), out + k * (span / parts), i + 1, span / parts,
                    group * parts + k, ntt, ahead);
    return;
  }
  size_t at = group * span, groups = 1, part = span;
  for (; i < ntt->n_broadcast; i++, in = out) {
    forward_pass(out, in, i, part, group, groups, ntt);
    part >>= ntt->bounds.log2_radix[i];
    group <<= ntt->bounds.log2_radix[i];
    groups <<= ntt->bounds.log2_radix[i];
  }
  forward_tail(out, at, span, ntt, ahead);
}

static void ntt_forward(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  forward_block(&out->f, &in->f, 0, ntt->n, 0, ntt, (fetch){(const char *)in, 0});
}

static void ntt_forward_fetching(ring_word *out, const ring_word *in, const ring_ntt *ntt,
                                 const void *next, size_t n_bytes) {
  size_t step = n_bytes / (ntt->n / CHUNK) / CACHE_LINE * CACHE_LINE;
  forward_block(&out->f, &in->f, 0, ntt->n, 0, ntt, (fetch){next, step});
}

/* ---- inverse ---- */

/* Gentleman-Sande: (a, b) -> (a + b, (a - b)*w) */
INLINE void merge(vec *a, vec *b, vec w, vec wp, field f) {
  vec d = v_sub(*a, *b);
  *a = v_add(*a, *b);
  *b = times(d, w, wp, f);
}

INLINE void merge_plain(vec *a, vec *b, vec w, field f) {
  vec d = v_sub(*a, *b);
  *a = v_add(*a, *b);
  *b = times_plain(d, w, f);
}

/*
 * Bounds of a radix-4 pass on values of at most k = 1.5 (e at most 1/32, 1/16
 * without w/p): sums 2k = 3, products 1/2 + 2k*e = 0.69. Then x0 = 4k = 6, below
 * the limit of 8, is centred; x1, a sum of products, at most 1.38; x2 and x3 are
 * products of at most 6: 1/2 + 6/16 = 0.88. All are again at most 1.5.
 */
INLINE void inverse_quad(double *a, size_t span, const double *w, field f) {
  size_t q = span / 4;
  vec w1 = v_set(w[0]), w2 = v_set(w[1]), w3 = v_set(w[2]);
  vec w1p = v_set(w[3]), w2p = v_set(w[4]), w3p = v_set(w[5]);
  for (size_t j = 0; j < q; j += LANES) {
    vec x0 = v_load(a + j), x1 = v_load(a + j + q);
    vec x2 = v_load(a + j + 2 * q), x3 = v_load(a + j + 3 * q);
    merge(&x0, &x1, w2, w2p, f);
    merge(&x2, &x3, w3, w3p, f);
    merge(&x0, &x2, w1, w1p, f);
    merge(&x1, &x3, w1, w1p, f);
    v_store(a + j, centred(x0, f));
    v_store(a + j + q, x1);
    v_store(a + j + 2 * q, x2);
    v_store(a + j + 3 * q, x3);
  }
}

/*
 * The very last pass, with 1/n folded in: differences of the first layer take
 * factors times 1/n (v2, v3), those of unscaled sums v1, of scaled ones w1, and
 * the one all-sum value 1/n itself. Bounds as above; the results are centred.
 */
INLINE void inverse_last(double *a, size_t span, const double *w, const double *v, field f) {
  size_t q = span / 4;
  vec w1 = v_set(w[0]), w1p = v_set(w[3]), v1 = v_set(v[0]), v1p = v_set(v[3]);
  vec v2 = v_set(v[1]), v2p = v_set(v[4]), v3 = v_set(v[2]), v3p = v_set(v[5]);
  vec s = v_set(v[6]), sp = v_set(v[7]);
  for (size_t j = 0; j < q; j += LANES) {
    vec x0 = v_load(a + j), x1 = v_load(a + j + q);
    vec x2 = v_load(a + j + 2 * q), x3 = v_load(a + j + 3 * q);
    merge(&x0, &x1, v2, v2p, f);
    merge(&x2, &x3, v3, v3p, f);
    merge(&x0, &x2, v1, v1p, f);
    merge(&x1, &x3, w1, w1p, f);
    v_store(a + j, centred(times(x0, s, sp, f), f));
    v_store(a + j + q, centred(x1, f));
    v_store(a + j + 2 * q, centred(x2, f));
    v_store(a + j + 3 * q, centred(x3, f));
  }
}

/*
 * Radix 8 on values of at most 1.5: after two layers x0 and x4 are at most 6,
 * centred; x1 and x5 at most 1.2, x2 and x6 products of at most 6, 0.69, x3 and
 * x7 products of 1.2, 0.54. The third layer doubles them: x1 is centred, the
 * others stay below 1.4.
 */
INLINE void inverse_octet(double *a, size_t span, const double *w, field f) {
  size_t q = span / 8;
  for (size_t j = 0; j < q; j += LANES) {
    vec x[8];
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
      x[k] = v_load(a + j + k * q);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      merge(&x[2 * k], &x[2 * k + 1], v_set(w[3 + k]), v_set(w[10 + k]), f);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      merge(&x[k / 2 * 4 + k % 2], &x[k / 2 * 4 + k % 2 + 2], v_set(w[1 + k / 2]),
            v_set(w[8 + k / 2]), f);
    x[0] = centred(x[0], f);
    x[4] = centred(x[4], f);
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
      merge(&x[k], &x[k + 4], v_set(w[0]), v_set(w[7]), f);
    x[1] = centred(x[1], f);
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
      v_store(a + j + k * q, x[k]);
  }
}

/* Layers of distance 1 and 2, then 4 and 8; bounds as for inverse_quad. */
INLINE void inverse_chunk(double *out, const double *in, const double *w, field f) {
  vec x[16];
#pragma GCC unroll 4
  for (size_t g = 0; g < 4; g++) {
    const double *v = w + (6 + 3 * g) * LANES;
    vec *z = x + 4 * g;
    v_load_positions(z, in + 16 * g);
    merge_plain(&z[0], &z[1], v_load(v + LANES), f);
    merge_plain(&z[2], &z[3], v_load(v + 2 * LANES), f);
    merge_plain(&z[0], &z[2], v_load(v), f);
    merge_plain(&z[1], &z[3], v_load(v), f);
    z[0] = centred(z[0], f);
  }
#pragma GCC unroll 4
  for (size_t j = 0; j < 4; j++) {
    merge(&x[j], &x[j + 4], v_load(w + LANES), v_load(w + 4 * LANES), f);
    merge(&x[j + 8], &x[j + 12], v_load(w + 2 * LANES), v_load(w + 5 * LANES), f);
    merge(&x[j], &x[j + 8], v_load(w), v_load(w + 3 * LANES), f);
    merge(&x[j + 4], &x[j + 12], v_load(w), v_load(w + 3 * LANES), f);
    x[j] = centred(x[j], f);
  }
  v_store_columns(out, x);
}

static void inverse_tail(double *out, const double *in, size_t at, size_t n, const ring_ntt *ntt) {
  const field f = field_set(ntt->p, ntt->inverse_p);
  const double *w = ntt->inverse_tail + at / CHUNK * TAIL_FACTORS;
  BASE_ASSERT(within(in, n, RING_F64_BOUNDS_INVERSE, ntt->p));
  for (; n > 0; n -= CHUNK, in += CHUNK, out += CHUNK, w += TAIL_FACTORS)
    inverse_chunk(out, in, w, f);
}

static void inverse_pass(double *a, int i, size_t span, size_t group, size_t groups,
                         const ring_ntt *ntt) {
  const field f = field_set(ntt->p, ntt->inverse_p);
  bool quad = ntt->bounds.log2_radix[i] == 2;
  size_t width = quad ? 6 : 14;
  const double *w = ntt->inverse[i] + group * width;
  BASE_ASSERT(within(a, span * groups, RING_F64_BOUNDS_INVERSE, ntt->p));
  if (i == 0) {
    inverse_last(a, span, w, ntt->last, f);
    return;
  }
  for (; groups > 0; groups--, w += width, a += span) {
    if (quad)
      inverse_quad(a, span, w, f);
    else
      inverse_octet(a, span, w, f);
  }
}

/* Everything down to pass i for the group-th block of `span` values. */
static void inverse_block(double *out, const double *in, int i, size_t span, size_t group,
                          const ring_ntt *ntt) {
  if (span > BLOCK) {
    size_t parts = (size_t)1 << ntt->bounds.log2_radix[i];
    for (size_t k = 0; k < parts; k++)
      inverse_block(out + k * (span / parts), in + k * (span / parts), i + 1, span / parts,
                    group * parts + k, ntt);
    inverse_pass(out, i, span, group, 1, ntt);
    return;
  }
  inverse_tail(out, in, group * span, span, ntt);
  size_t part = 16;
  for (int level = ntt->n_broadcast - 1; level >= i; level--) {
    part <<= ntt->bounds.log2_radix[level];
    inverse_pass(out, level, part, group * (span / part), span / part, ntt);
  }
}

static void ntt_inverse(ring_word *out, const ring_word *in, const ring_ntt *ntt) {
  inverse_block(&out->f, &in->f, 0, ntt->n, 0, ntt);
}

#endif
