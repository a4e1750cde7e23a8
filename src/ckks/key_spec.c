/* SPDX-License-Identifier: Apache-2.0 */
/* Which switching keys are wanted: checks, merging, sizes. */
#include "ckks/objects.h"
#include "ring/pack.h"
#include <math.h>
#include <stdlib.h>

bool ckks_key_spec_is_sparse(uint32_t galois) {
  return galois == CKKS_KEY_TO_SPARSE || galois == CKKS_KEY_FROM_SPARSE;
}

int ckks_key_spec_digits(const ckks_key_spec *spec) {
  /* What is switched from the sparse secret is smaller than q_0: one digit whatever the level. */
  if (spec->galois == CKKS_KEY_FROM_SPARSE)
    return 1;
  return (spec->level + spec->n_special) / spec->n_special; /* ceil((level+1)/n_special) */
}

/*
 * Room for digits is taken for the worst key (eval/switch.c), so what no set of keys over all
 * special moduli wants has no right to many.
 */
int ckks_key_spec_max_digits(const ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  int wanted = literal->n_p == 0 ? 0 : (literal->n_q + literal->n_p - 1) / literal->n_p;
  if (wanted < RING_MAX_TERMS)
    return RING_MAX_TERMS;
  return wanted < 2 * RING_MAX_TERMS ? wanted : 2 * RING_MAX_TERMS;
}

/* Leaves wrong values as they are, for the check to name. */
static void fill_defaults(ckks_key_spec *spec, const ckks_params *params) {
  bool sparse = ckks_key_spec_is_sparse(spec->galois);
  if (spec->level == -1)
    spec->level = spec->galois == CKKS_KEY_TO_SPARSE ? 0 : params->literal.n_q - 1;
  if (spec->n_special == 0)
    spec->n_special = sparse ? 1 : params->literal.n_p;
}

/* The sparse secret may not be met at any larger modulus than q_0 p_0, and there it is weighed. */
static ckks_status check_to_sparse(const ckks_key_spec *spec, const ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  if (spec->level != 0 || spec->n_special != 1)
    return base_fail(CKKS_ERROR_SECURITY,
                     "key spec: the key to the sparse secret is of level 0 with one special prime, "
                     "not of level %d with %d",
                     spec->level, spec->n_special);
  double bits = log2((double)literal->q[0]) + log2((double)literal->p[0]);
  double limit = ckks_security_sparse_limit(literal->log2_n, literal->security);
  if (bits <= limit)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_SECURITY,
                   "key spec: q[0] p[0] has %.1f bits; under the sparse secret %.0f are allowed at "
                   "N = 2^%d for %d-bit security",
                   bits, limit, literal->log2_n, (int)literal->security);
}

/* On a copy: a refused spec stays as it was written. */
ckks_status ckks_key_spec_check(ckks_key_spec *spec, const ckks_params *params) {
  const ckks_params_literal *literal = &params->literal;
  ckks_key_spec full = *spec;
  fill_defaults(&full, params);
  if (literal->n_p == 0)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "key spec: these parameters have no special primes (n_p = 0), so no keys");
  if (full.galois != 0 && !ckks_key_spec_is_sparse(full.galois) &&
      (full.galois % 2 == 0 || full.galois == 1 || full.galois >= 2 * params->ring.n))
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "key spec: galois = %u, must be 0 or odd, above 1 and below 2N = %zu",
                     full.galois, 2 * params->ring.n);
  if (full.level < 0 || full.level >= literal->n_q)
    return base_fail(CKKS_ERROR_ARGUMENT, "key spec: level = %d, must be -1 to %d", full.level,
                     literal->n_q - 1);
  if (full.n_special < 1 || full.n_special > literal->n_p)
    return base_fail(CKKS_ERROR_ARGUMENT, "key spec: n_special = %d, must be 0 to %d",
                     full.n_special, literal->n_p);
  if (ckks_key_spec_digits(&full) > ckks_key_spec_max_digits(params))
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "key spec: level %d over %d special primes has %d digits, limit %d; "
                     "use more special primes",
                     full.level, full.n_special, ckks_key_spec_digits(&full),
                     ckks_key_spec_max_digits(params));
  ckks_status status = ckks_params_check_special(params, full.level, full.n_special);
  if (status != CKKS_OK)
    return base_fail_in(status, "key spec");
  if (full.galois == CKKS_KEY_TO_SPARSE)
    BASE_TRY(check_to_sparse(&full, params));
  *spec = full;
  return CKKS_OK;
}

/* Galois elements upwards; of equal ones the highest level first (-1 is the top: see the cast). */
static int compare_specs(const void *a, const void *b) {
  const ckks_key_spec *x = a, *y = b;
  unsigned level_x = (unsigned)x->level, level_y = (unsigned)y->level;
  if (x->galois != y->galois)
    return x->galois < y->galois ? -1 : 1;
  if (level_x != level_y)
    return level_x > level_y ? -1 : 1;
  return (y->n_special > x->n_special) - (y->n_special < x->n_special);
}

/* One key at the highest level serves every level below it: its digits are just cut. */
size_t ckks_key_spec_merge(ckks_key_spec *specs, size_t n) {
  if (n == 0)
    return 0;
  qsort(specs, n, sizeof *specs, compare_specs);
  size_t kept = 1;
  for (size_t i = 1; i < n; i++) {
    if (specs[i].galois != specs[kept - 1].galois)
      specs[kept++] = specs[i];
  }
  return kept;
}

size_t ckks_key_spec_bytes(const ckks_key_spec *spec, const ckks_params *params) {
  ckks_key_spec full = *spec;
  fill_defaults(&full, params);
  /*@ split full.level; */ /* for tools/prove: limbs and level belong together */
  size_t digit_bytes = 0;
  for (int i = 0; i < ckks_params_limbs_over(params, full.level, full.n_special); i++) {
    int limb = ckks_params_limb(params, full.level, i);
    digit_bytes += ring_pack_bytes(params->ring.n, params->ring.modulus[limb].bits);
  }
  /* u32 galois, u8 level, u8 n_special, u16 zero, seed; then b, digit by digit. */
  return 8 + RAND_SEED_BYTES + (size_t)ckks_key_spec_digits(&full) * digit_bytes;
}
