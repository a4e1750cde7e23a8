/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The table of kernels. Everything that touches all N coefficients of a limb
 * goes through one of these; one file per instruction set fills a table.
 *
 * Words. A table works on f64 words (every prime of the ring below 2^49) or on
 * u64 words (primes below 2^61). For f64 words three ranges are named:
 *   centred : the integer in [-(p-1)/2, (p-1)/2], never -0.0   (canonical)
 *   loose   : an integer |x| <= 0.75 p in the right residue class
 *   small   : an integer |x| < 2^50 in the right residue class, any multiple of p away
 * For u64 words all three mean [0, p), except that *small* inputs of `convert`
 * and `reduce` come from another modulus (see there).
 *
 * Form. "coefficient": index i is the coefficient of X^i. "NTT": the value at
 * position ring_ntt_position(i) is a(psi^(2*brv(i)+1)), brv the log2_n-bit
 * reversal, psi from ring_prime_root. The position is the same for every table:
 *   ring_ntt_position(i) = (i & ~63) | (i & 15) << 2 | (i >> 4 & 3).
 *
 * Rules for all: n = 2^log2_n >= 1024, arrays 64-byte aligned; `out` may equal
 * an input exactly, never overlap it partly; no allocation, no failure; timing
 * independent of the values. Given the same input residues, coefficient outputs
 * are equal bit for bit on every table; NTT outputs are equal after `centre`.
 * Files of this folder are compiled with -ffp-contract=off and expect
 * round-to-nearest.
 */
#ifndef RING_KERNEL_KERNEL_H
#define RING_KERNEL_KERNEL_H
#include "ring/modulus.h"

typedef enum ring_word_kind { RING_F64, RING_U64 } ring_word_kind;

/** Digits a single mac or convert call may sum. */
#define RING_MAX_TERMS 16

typedef struct ring_ntt ring_ntt; /* twiddles of one modulus, each table's own */

typedef struct ring_kernel {
  const char *name; /**< "scalar-u64", "scalar-f64", "avx2", "avx512" */
  ring_word_kind kind;

  /** Twiddles for (modulus, log2_n, psi); NULL without memory. */
  ring_ntt *(*ntt_build)(const ring_modulus *modulus, int log2_n, uint64_t psi);
  void (*ntt_free)(ring_ntt *ntt);
  /** coefficient, |x| <= 1.5 p -> NTT, loose. */
  void (*ntt_forward)(ring_word *out, const ring_word *in, const ring_ntt *ntt);
  /**
   * The same, while up to n_bytes (at most 2^20) from `next` on, which will be read soon, are
   * asked from memory: spread through the transform they come for nothing. A hint; the result
   * does not depend on it.
   */
  void (*ntt_forward_fetching)(ring_word *out, const ring_word *in, const ring_ntt *ntt,
                               const void *next, size_t n_bytes);
  /** NTT, loose -> coefficient, centred. */
  void (*ntt_inverse)(ring_word *out, const ring_word *in, const ring_ntt *ntt);

  /* Pointwise; inputs loose, outputs loose. */
  void (*add)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
              const ring_modulus *m);
  void (*sub)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
              const ring_modulus *m);
  void (*negate)(ring_word *out, const ring_word *a, size_t n, const ring_modulus *m);
  void (*mul)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
              const ring_modulus *m);
  /** out += a*b */
  void (*mul_add)(ring_word *out, const ring_word *a, const ring_word *b, size_t n,
                  const ring_modulus *m);
  /** out = a*w, w in [0,p) */
  void (*mul_scalar)(ring_word *out, const ring_word *a, uint64_t w, size_t n,
                     const ring_modulus *m);
  /**
   * out = (a - b)*w + c: the tail of every division by a modulus, and what its quotient is
   * added to. b small, a and c loose; c may be NULL, for nothing.
   */
  void (*sub_mul_scalar)(ring_word *out, const ring_word *a, const ring_word *b, uint64_t w,
                         const ring_word *c, size_t n, const ring_modulus *m);
  /** Sum over j < n_terms (1..64) of in[j]*w[j]; w[j] in [0,p), in loose -> out loose. */
  void (*sum_scalar)(ring_word *out, const ring_word *const *in, const uint64_t *w, int n_terms,
                     size_t n, const ring_modulus *m);
  /**
   * Tensor of (a0,a1) and (b0,b1): d0 = a0b0, d1 = a0b1 + a1b0, d2 = a1b1. d's may not alias.
   * With `accumulate`, added to the d's (loose).
   */
  void (*tensor)(ring_word *d0, ring_word *d1, ring_word *d2, const ring_word *a0,
                 const ring_word *a1, const ring_word *b0, const ring_word *b1, bool accumulate,
                 size_t n, const ring_modulus *m);
  /**
   * Inner product with a switching key, NTT form:
   *   out0 = sum_d x[d]*b_d, out1 = sum_d x[d]*a_d, d < n_digits <= 16.
   * `key` holds, for each group of 4 consecutive positions and each of
   * key_digits >= n_digits digits, 4 words of b then 4 words of a:
   *   b_d at position i = key[(i/4*key_digits + d)*8 + i%4], a_d 4 further.
   * x loose, key loose -> out loose. With `accumulate`, added to out (loose).
   */
  void (*mac_key)(ring_word *out0, ring_word *out1, const ring_word *const *x, const ring_word *key,
                  int n_digits, int key_digits, bool accumulate, size_t n, const ring_modulus *m);
  /**
   * Basis conversion into modulus m, coefficient form:
   *   out = sum_j in[j]*w[j], j < n_terms <= 16, -> |out| <= 1.5 p.
   * in[j] centred residues of other moduli (f64: |x| < 2^48; u64: words in
   * [0, from[j]->p), taken as centred), w[j] in [0, p).
   */
  void (*convert)(ring_word *out, const ring_word *const *in, const ring_modulus *const *from,
                  const uint64_t *w, int n_terms, size_t n, const ring_modulus *m);
  /** Coefficient residues centred mod `from` to the same integers mod m: |out| <= 1.5 p. */
  void (*reduce)(ring_word *out, const ring_word *in, const ring_modulus *from, size_t n,
                 const ring_modulus *m);
  /**
   * How many multiples of the product of `from` a conversion is off:
   *   out[i] = rint(sum_j fl(in[j][i] * from[j]->inverse)), summed left to
   * right in doubles, as a centred word usable as in[] of convert with a
   * modulus of its own (f64: the integer; u64: the integer mod 2^64, to be
   * passed with from[] = NULL meaning "signed").
   */
  void (*quotient)(ring_word *out, const ring_word *const *in, const ring_modulus *const *from,
                   int n_terms, size_t n);
  /** loose -> centred; the form that is compared and written. */
  void (*centre)(ring_word *out, const ring_word *in, size_t n, const ring_modulus *m);
  /** out[i] = in[index[i]]; out != in. */
  void (*permute)(ring_word *out, const ring_word *in, const uint32_t *index, size_t n);
  /** out[i] = a[i] + in[index[i]]; out != in; loose. */
  void (*permute_add)(ring_word *out, const ring_word *a, const ring_word *in,
                      const uint32_t *index, size_t n, const ring_modulus *m);

  /* Words and integers. */
  /** Signed integers |v| < 2^62 to residues: |out| <= 0.5 p + 1 (any table's input). */
  void (*from_int64)(ring_word *out, const int64_t *values, size_t n, const ring_modulus *m);
  /** loose -> integers in [0, p). */
  void (*to_uint64)(uint64_t *out, const ring_word *in, size_t n, const ring_modulus *m);
  /** Integers in [0, p) -> centred. */
  void (*from_uint64)(ring_word *out, const uint64_t *in, size_t n, const ring_modulus *m);

  /* Integers and bytes, which may stand anywhere; `bits` is the size of p. */
  /**
   * n 64-bit little-endian words, any n, cut to their low bits: those below p to `kept`, in order;
   * returns how many. Up to n words of `kept` are written. Time depends on n alone.
   */
  size_t (*keep_below)(uint64_t *kept, const uint8_t *bytes, size_t n, const ring_modulus *m);
  /**
   * n values of `bits` bits each, one behind the other -> integers; n a multiple of 64, and 64
   * bytes of anything behind the last. False when one is not below p (all are written even so).
   */
  bool (*unpack)(uint64_t *out, const uint8_t *bytes, size_t n, const ring_modulus *m);
  /** The other way, from integers in [0, p): writes up to 64 bytes of anything behind the last. */
  void (*pack)(uint8_t *out, const uint64_t *values, size_t n, const ring_modulus *m);
} ring_kernel;

/** The table in use for a kind: the fastest this CPU has, or the one CKKS_KERNEL names. */
const ring_kernel *ring_kernel_get(ring_word_kind kind);
/** Every table built into this binary, whatever the CPU; NULL past the end. */
const ring_kernel *ring_kernel_at(int index);
/** Whether this CPU can run it. */
bool ring_kernel_usable(const ring_kernel *kernel);

/** See above; the same for every table. */
static inline size_t ring_ntt_position(size_t i) {
  return (i & ~(size_t)63) | (i & 15) << 2 | (i >> 4 & 3);
}
#endif
