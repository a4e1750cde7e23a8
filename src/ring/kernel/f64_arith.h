/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic modulo p < 2^49 on vectors of doubles that hold integers. Included
 * by a file that has defined `vec`, LANES and the v_* operations of one
 * instruction set; compiled without contraction, so that every operation below
 * is rounded as written.
 *
 * Magic. For |y| <= 2^51, fma(a, b, M) with M = 1.5*2^52 lies where doubles are
 * the integers, so it is M + (the integer nearest to the exact a*b).
 *
 * Lemma (strict centring). Let x be an integer, |x| < 2^52, p odd, and q the
 * integer nearest to x*fl(1/p). Then x - q*p is the centred residue. For x/p is
 * at least 1/(2p) away from every half-integer, and x*fl(1/p) is off by at most
 * |x|/p * 2^-53 < 1/(2p): both round to the same integer.
 *
 * Lemma (products; Dekker 1971, van der Hoeven, Lecerf, Quintin 2016, section 3).
 * h = fl(x*w) and l = fma(x, w, -h) satisfy h + l = x*w exactly. With an integer
 * q near x*w/p, h - q*p is an integer below 2^53 (|x*w - q*p| < 8p and |l| <
 * 2^51), so fma(-q, p, h) is exact, and so is adding l.
 *
 * Quotients are computed negated, -q = M - fma(a, b, M): then -q is +0.0 when it
 * is zero, and x + (-q)*p is never -0.0.
 */
#ifndef RING_KERNEL_F64_ARITH_H
#define RING_KERNEL_F64_ARITH_H

#define INLINE static inline __attribute__((always_inline))
#define MAGIC 0x1.8p52

/* p, fl(1/p) and the magic constant in all lanes. */
typedef struct field {
  vec p, inverse, magic;
} field;

INLINE field field_set(double p, double inverse) {
  return (field){v_set(p), v_set(inverse), v_set(MAGIC)};
}

/* -(integer nearest to a*b), |a*b| <= 2^51 */
INLINE vec minus_nearest(vec a, vec b, field f) {
  return v_sub(f.magic, v_fmadd(a, b, f.magic));
}

/* |x| < 2^52 -> centred, never -0.0 */
INLINE vec centred(vec x, field f) {
  return v_fmadd(minus_nearest(x, f.inverse, f), f.p, x);
}

/* x*w with wp = w/p: |x| <= k*p -> |r| <= (1/2 + k*p*2^-54)*p, k <= 2^52/p */
INLINE vec times(vec x, vec w, vec wp, field f) {
  vec h = v_mul(x, w), q = minus_nearest(x, wp, f), l = v_fmsub(x, w, h);
  return v_add(v_fmadd(q, f.p, h), l);
}

/*
 * x*w for any two: the quotient h/p is off by the errors of h and of 1/p,
 * |x*w|/p * 2^-52. |x| <= k*p, |w| <= p/2 -> (1/2 + k*p*2^-53)*p;
 * both loose (3/4 each): 1/2 + 9/16*p*2^-52 <= 0.5 + 0.0704.
 */
INLINE vec times_plain(vec x, vec w, field f) {
  vec h = v_mul(x, w), q = minus_nearest(h, f.inverse, f), l = v_fmsub(x, w, h);
  return v_add(v_fmadd(q, f.p, h), l);
}

/*
 * x*w + y, all loose. The quotient of fl(h + y) has one error more:
 * 1/2 + (9/16*2 + 21/16)*p*2^-53 < 0.66; h - q*p is at most 1.5p, exact.
 */
INLINE vec times_plus(vec x, vec w, vec y, field f) {
  vec h = v_mul(x, w), q = minus_nearest(v_add(h, y), f.inverse, f), l = v_fmsub(x, w, h);
  return v_add(v_add(v_fmadd(q, f.p, h), l), y);
}

/*
 * Exact sums of products. `high` starts at 1.5*2^101 and stays in [2^101, 2^102]
 * as long as the sum of |x*w| is at most 2^100; it is then a multiple of 2^49
 * and each step's remainder x*w + high - high' is an integer of at most 2^48,
 * exact and gathered exactly in `low`.
 */
#define SUM_MAGIC 0x1.8p101
/*
 * Products per sum. The largest are loose by loose: 7*(9/16)p^2 < 2^99.98, and
 * the quotient by p of the sum is below 2^50.98, within reach of the magic.
 */
#define SUM_GROUP 7

typedef struct sum {
  vec high, low;
} sum;

INLINE sum sum_start(vec low) {
  return (sum){v_set(SUM_MAGIC), low};
}

INLINE sum sum_add(sum s, vec x, vec w) {
  vec next = v_fmadd(x, w, s.high);
  s.low = v_add(s.low, v_fmadd(x, w, v_sub(s.high, next)));
  s.high = next;
  return s;
}

/*
 * Centred, never -0.0. |high part - q*p| <= 3/4 p (the quotient, below 2^51, is
 * off by at most 1/4); together with low, 7*2^48 and a loose start, below 2^52.
 */
INLINE vec sum_end(sum s, field f) {
  vec high = v_sub(s.high, v_set(SUM_MAGIC));
  return centred(v_add(v_fmadd(minus_nearest(high, f.inverse, f), f.p, high), s.low), f);
}

#endif
