/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down for bootstrapping: the sets that there are, and whether a literal makes
 * sense. */
#include "ckks/params.h"
#include <stddef.h>

/* ------------------------------------------------------------------- sets */

/*
 * 1747 bits at N = 2^16: 48 + 19 * 37 + 12 * 49 + 8 * 49 = 1731. 868 at N = 2^15: 41 + 8 * 31 +
 * 11 * 44 + 2 * 46 = 865. The precise set stays below its limit: 24 primes are three digits of 8,
 * and 48 + 47 + 11 * 42 + 11 * 49 + 8 * 49 = 1488. Levels between two bootstraps: 19 - 3 and 8 - 3.
 */
static const ckks_bootstrap_literal sets[] = {
    [CKKS_BOOTSTRAP_N16] = {.log2_n = 16,
                            .log2_slots = 15,
                            .base_bits = 48,
                            .n_levels = 19,
                            .level_bits = 37,
                            .inner_bits = 49,
                            .n_stc = 3,
                            .n_cts = 4,
                            .n_p = 8,
                            .p_bits = 49,
                            .security = CKKS_SECURITY_128},
    [CKKS_BOOTSTRAP_N15] = {.log2_n = 15,
                            .log2_slots = 14,
                            .base_bits = 41,
                            .n_levels = 8,
                            .level_bits = 31,
                            .inner_bits = 44,
                            .n_stc = 3,
                            .n_cts = 3,
                            .n_p = 2,
                            .p_bits = 46,
                            .security = CKKS_SECURITY_128},
    [CKKS_BOOTSTRAP_N16_PRECISE] = {.log2_n = 16,
                                    .log2_slots = 15,
                                    .base_bits = 48,
                                    .n_levels = 12,
                                    .level_bits = 42,
                                    .base_scale_bits = 37,
                                    .inner_bits = 49,
                                    .n_stc = 3,
                                    .n_cts = 3,
                                    .n_refine = 1,
                                    .n_p = 8,
                                    .p_bits = 49,
                                    .security = CKKS_SECURITY_128},
};

ckks_status ckks_bootstrap_literal_choose(ckks_bootstrap_literal *out, ckks_bootstrap_set set) {
  BASE_NOT_NULL(out);
  if ((size_t)set >= sizeof sets / sizeof *sets)
    return base_fail(CKKS_ERROR_ARGUMENT, "set = %d is unknown", (int)set);
  *out = sets[set];
  return CKKS_OK;
}

/* ----------------------------------------------------------------- checks */

int ckks_bootstrap_top(const ckks_bootstrap_literal *literal) {
  return literal->n_levels + CKKS_BOOTSTRAP_SINE_LEVELS + literal->n_cts;
}

int ckks_bootstrap_base_scale_bits(const ckks_bootstrap_literal *literal) {
  return literal->base_scale_bits == 0 ? literal->level_bits : literal->base_scale_bits;
}

typedef struct field_range {
  const char *name;
  size_t offset;
  int low, high;
} field_range;

#define FIELD(name, low, high)                                                                     \
  { #name, offsetof(ckks_bootstrap_literal, name), low, high }

static const field_range ranges[] = {
    FIELD(log2_n, CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N),
    FIELD(log2_slots, 3, CKKS_MAX_LOG2_N - 1),
    FIELD(base_bits, 30, 48),
    FIELD(n_levels, 2, CKKS_MAX_Q),
    FIELD(level_bits, 25, 45),
    FIELD(base_scale_bits, 0, 45),
    FIELD(inner_bits, 40, 49),
    FIELD(n_stc, 1, 5),
    FIELD(n_cts, 1, 5),
    FIELD(n_refine, 0, 1),
    FIELD(n_p, 1, CKKS_MAX_P),
    FIELD(p_bits, 40, 49),
};

/* q_0 / scale is how far the sine is from its argument: below 2^5 hardly a digit would be left. */
#define MIN_RATIO_BITS 5
#define MIN_BASE_SCALE_BITS 20
#define MAX_LEVEL_PRIME_BITS 48 /* with the half bit by which a prime may be off, fast */

/* What the fields mean together. */
static ckks_status check_together(const ckks_bootstrap_literal *literal) {
  if (literal->log2_slots >= literal->log2_n)
    return base_fail(CKKS_ERROR_ARGUMENT, "log2_slots = %d: must be below log2_n = %d",
                     literal->log2_slots, literal->log2_n);
  if (literal->n_stc > literal->log2_slots || literal->n_cts > literal->log2_slots)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_stc = %d, n_cts = %d: at most log2_slots = %d stages",
                     literal->n_stc, literal->n_cts, literal->log2_slots);
  if (literal->n_levels <= literal->n_stc)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "n_levels = %d: SlotsToCoeffs takes n_stc = %d of them, and one must be left",
                     literal->n_levels, literal->n_stc);
  int scale_bits = ckks_bootstrap_base_scale_bits(literal);
  if (scale_bits < MIN_BASE_SCALE_BITS || scale_bits > literal->level_bits)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "base_scale_bits = %d: must be %d to level_bits = %d, or 0 for that",
                     literal->base_scale_bits, MIN_BASE_SCALE_BITS, literal->level_bits);
  if (2 * literal->level_bits - scale_bits > MAX_LEVEL_PRIME_BITS)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "base_scale_bits = %d: the prime of level 1 would have %d bits, limit %d",
                     scale_bits, 2 * literal->level_bits - scale_bits, MAX_LEVEL_PRIME_BITS);
  if (literal->base_bits < scale_bits + MIN_RATIO_BITS)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "base_bits = %d: must be %d or more, %d above the scale of level 0",
                     literal->base_bits, scale_bits + MIN_RATIO_BITS, MIN_RATIO_BITS);
  if (ckks_bootstrap_top(literal) >= CKKS_MAX_Q)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "n_levels = %d: with the %d levels of bootstrapping the chain has %d primes, "
                     "limit %d",
                     literal->n_levels, CKKS_BOOTSTRAP_SINE_LEVELS + literal->n_cts,
                     ckks_bootstrap_top(literal) + 1, CKKS_MAX_Q);
  return CKKS_OK;
}

ckks_status ckks_bootstrap_check(const ckks_bootstrap_literal *literal) {
  if (literal == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "literal is NULL");
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    int value = *(const int *)(const void *)((const char *)literal + ranges[i].offset);
    if (value < ranges[i].low || value > ranges[i].high)
      return base_fail(CKKS_ERROR_ARGUMENT, "%s = %d: must be %d to %d", ranges[i].name, value,
                       ranges[i].low, ranges[i].high);
  }
  return check_together(literal);
}
