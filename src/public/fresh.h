/* SPDX-License-Identifier: Apache-2.0 */
/* What encryptions under a public key share: their checks and their randomness. */
#ifndef PUBLIC_FRESH_H
#define PUBLIC_FRESH_H
#include "ckks/objects.h"

/* The randomness of one encryption, and a limb for each part of it. All that can fail is here. */
typedef struct public_fresh {
  int64_t *v, *e[2]; /* N integers each, in one block */
  ring_poly work;    /* v, then a product; what a division takes */
} public_fresh;

/**
 * Draws v, e0 and e1 from the system. The stream is unrepeatable: two encryptions never share v,
 * which would cancel between them. n_work: limbs of scratch, 1 for public_fresh_add,
 * public_fresh_divided_limbs for public_fresh_add_divided. Clear it whatever became of the
 * encryption.
 */
ckks_status public_fresh_init(public_fresh *noise, int n_work, const ckks_params *params);
/** Wipes. */
void public_fresh_clear(public_fresh *noise, size_t n);
/** out += (v b + e0, v a + e1), limb by limb, at out's level. */
void public_fresh_add(ckks_ciphertext *out, const public_fresh *noise, const ckks_public_key *key,
                      const ckks_params *params);
int public_fresh_divided_limbs(const ckks_params *params);
/**
 * out += (v b + e0, v a + e1) / P at out's level, made modulo Q P for all special moduli, of which
 * there are some: what the errors leave is the rounding of the division. The key is whole.
 */
void public_fresh_add_divided(ckks_ciphertext *out, const public_fresh *noise,
                              const ckks_public_key *key, const ckks_params *params);
/** Whether all is of one set of parameters, and the rounding mode to nearest. */
ckks_status public_fresh_check(const ckks_ciphertext *out, const ckks_public_key *key,
                               const ckks_params *params);
#endif
