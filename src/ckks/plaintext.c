/* SPDX-License-Identifier: Apache-2.0 */
/* Plaintext objects. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include <string.h>

ckks_status ckks_plaintext_build_at(ckks_plaintext **out, const ckks_params *params,
                                    int max_level) {
  BASE_TRY(ckks_params_check_level(params, max_level, max_level, "plaintext"));
  ckks_plaintext *plaintext = base_alloc(sizeof *plaintext);
  if (plaintext == NULL)
    return base_fail_memory(sizeof *plaintext);
  ckks_status status =
      ring_poly_init(&plaintext->poly, ckks_params_limbs(params, max_level), &params->ring);
  if (status != CKKS_OK) {
    base_free(plaintext);
    return status;
  }
  plaintext->level = plaintext->max_level = max_level;
  plaintext->scale = params->scale[max_level];
  memcpy(plaintext->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = plaintext;
  return CKKS_OK;
}

ckks_status ckks_plaintext_view(ckks_plaintext **out, ring_word *words, int level, int n_special,
                                double scale, const ckks_params *params) {
  ckks_plaintext *plaintext = *out = base_alloc(sizeof *plaintext);
  if (plaintext == NULL)
    return base_fail_memory(sizeof *plaintext);
  plaintext->poly =
      (ring_poly){words, params->ring.stride, ckks_params_limbs_over(params, level, n_special)};
  plaintext->level = plaintext->max_level = level;
  plaintext->n_special = n_special;
  plaintext->scale = scale;
  plaintext->borrowed = true;
  memcpy(plaintext->params_hash, params->hash, CKKS_HASH_BYTES);
  return CKKS_OK;
}

/* What a user makes can hold any level. */
ckks_status ckks_plaintext_build(ckks_plaintext **out, const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(params);
  return ckks_plaintext_build_at(out, params, ckks_params_max_level(params));
}

/* A plaintext may be a decrypted one: ring_poly_clear wipes. */
void ckks_plaintext_free(ckks_plaintext *plaintext) {
  if (plaintext == NULL)
    return;
  if (!plaintext->borrowed)
    ring_poly_clear(&plaintext->poly);
  base_free(plaintext);
}

int ckks_plaintext_level(const ckks_plaintext *plaintext) {
  return plaintext != NULL ? plaintext->level : -1;
}

double ckks_plaintext_scale(const ckks_plaintext *plaintext) {
  return plaintext != NULL ? plaintext->scale : 0;
}
