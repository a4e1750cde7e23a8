/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters from what a program needs: its depth and its precision. */
#include "ckks/params.h"
#include <math.h>

/* Scales at which noise leaves some digits, and all primes stay small enough for doubles. */
#define MIN_DEPTH_SCALE 25
#define MAX_DEPTH_SCALE 45
#define VALUE_BITS 16           /* level 0 holds values up to 2^16 and their error */
#define MARGIN 0x1p-9           /* ... for which there is this much more room */
#define LIMBS_PER_DIGIT_RATIO 3 /* about three digits: fewest products for the bits spent */
#define MAX_MODULUS_BITS 60

/*
 * What the chain ends in. The base prime must be 2^(VALUE_BITS+1) times the scale of level 0. A
 * prime of most_bits does that for scales up to 2^(most_bits - 17); from a larger scale the last
 * `steps` levels come down, since S_{l-1} = S_l^2 / q_l: each prime of most_bits doubles the
 * distance, and q_1 lands on what is wanted.
 */
typedef struct bottom {
  int most_bits, steps;
  double q0, q1; /* about; 0 = the largest of most_bits, the usual one */
} bottom;

static bool bottom_plan(bottom *end, int depth, int log2_scale, int most_bits) {
  double scale = log2_scale; /* of the level that is reached, log2 */
  *end = (bottom){.most_bits = most_bits};
  if (log2_scale + VALUE_BITS + 1 < most_bits) {
    end->most_bits = log2_scale + VALUE_BITS + 1;
    end->q0 = exp2(end->most_bits) * (1 + MARGIN);
    return true;
  }
  double wanted = most_bits - VALUE_BITS - 1;
  while (end->steps < depth && scale >= wanted) {
    end->steps++;
    if (2 * scale - wanted < most_bits) {
      end->q1 = exp2(2 * scale - wanted) * (1 + MARGIN);
      return true;
    }
    scale = 2 * scale - most_bits;
  }
  return false;
}

/* Special modulus i; pairs take primes other than those of the base and of each other. */
static uint64_t special_near(const ckks_params_literal *literal, int i, double target) {
  uint64_t used[2 * (CKKS_MAX_P + 1)];
  int n = ckks_primes_split(used, literal->q[0], literal->log2_n);
  for (int j = 0; j < i; j++)
    n += ckks_primes_split(used + n, literal->p[j], literal->log2_n);
  return ckks_primes_near(target, literal->log2_n, used, n);
}

static void depth_literal(ckks_params_literal *literal, int log2_n, int depth, int log2_scale,
                          int n_p, const bottom *end) {
  *literal = (ckks_params_literal){.log2_n = log2_n,
                                   .n_q = depth + 1,
                                   .n_p = n_p,
                                   .log2_scale = log2_scale,
                                   .security = CKKS_SECURITY_128};
  for (int i = 0; i <= depth; i++)
    literal->q_bits[i] = i == 0 || i <= end->steps ? end->most_bits : log2_scale;
  if (end->q0 != 0)
    literal->q[0] = ckks_primes_near(end->q0, log2_n, literal->q, 0);
  if (end->q1 != 0)
    literal->q[1] = ckks_primes_near(end->q1, log2_n, literal->q, 0);
  /* As large as the largest limb of a digit, so that P covers every digit; what the base prime has
   * above 2^most_bits they have below, so that a modulus on the edge of the table stays there. */
  for (int i = 0; i < n_p; i++) {
    literal->p_bits[i] = end->most_bits;
    if (end->q0 != 0)
      literal->p[i] = special_near(literal, i, exp2(end->most_bits) * (1 - MARGIN));
  }
}

/* Before the primes of the chain are looked for: they meet their sizes to a thousandth of a bit. */
static double depth_bits(const ckks_params_literal *literal) {
  double bits = 0;
  for (int i = 0; i < literal->n_q; i++)
    bits += literal->q[i] != 0 ? log2((double)literal->q[i]) : literal->q_bits[i];
  for (int i = 0; i < literal->n_p; i++)
    bits += literal->p[i] != 0 ? log2((double)literal->p[i]) : literal->p_bits[i];
  return bits;
}

static ckks_status check_range(const char *field, int value, int low, int high) {
  if (value < low || value > high)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s = %d: must be %d to %d", field, value, low, high);
  return CKKS_OK;
}

/*
 * The smallest N comes first; then as many special primes as it still allows, up
 * to a third of the chain: each one more merges digits and speeds key switching
 * up (few digits win above about six limbs). Fewer than least_p would need more
 * digits than a key may have.
 */
ckks_status ckks_params_build_depth(ckks_params **out, int depth, int log2_scale) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_TRY(check_range("depth", depth, 0, CKKS_MAX_Q - 1));
  BASE_TRY(check_range("log2_scale", log2_scale, MIN_DEPTH_SCALE, MAX_DEPTH_SCALE));
  bottom end; /* where primes below 2^49 do not suffice, pairs of them */
  if (!bottom_plan(&end, depth, log2_scale, RING_F64_BITS) &&
      !bottom_plan(&end, depth, log2_scale, MAX_MODULUS_BITS))
    return base_fail(
        CKKS_ERROR_ARGUMENT,
        "log2_scale = %d: at depth %d no base modulus has room for values up to 2^%d: choose "
        "log2_scale up to %d or a larger depth",
        log2_scale, depth, VALUE_BITS, MAX_MODULUS_BITS - VALUE_BITS - 2);
  int most_p = (depth + LIMBS_PER_DIGIT_RATIO) / LIMBS_PER_DIGIT_RATIO;
  if (most_p > CKKS_MAX_P)
    most_p = CKKS_MAX_P;
  int least_p = (depth + RING_MAX_TERMS) / RING_MAX_TERMS;
  ckks_params_literal literal;
  for (int log2_n = CKKS_MIN_LOG2_N; log2_n <= CKKS_MAX_LOG2_N; log2_n++) {
    for (int n_p = most_p; n_p >= least_p; n_p--) {
      depth_literal(&literal, log2_n, depth, log2_scale, n_p, &end);
      if (ckks_security_allows(log2_n, depth_bits(&literal), CKKS_SECURITY_128))
        return ckks_params_build(out, &literal);
    }
  }
  return base_fail(CKKS_ERROR_SECURITY,
                   "depth %d at 2^%d needs %.0f bits; 128-bit security allows %.0f at N = 2^%d",
                   depth, log2_scale, depth_bits(&literal),
                   ckks_security_limit(CKKS_MAX_LOG2_N, CKKS_SECURITY_128), CKKS_MAX_LOG2_N);
}
