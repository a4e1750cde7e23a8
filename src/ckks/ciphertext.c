/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphertext objects. */
#include "base/alloc.h"
#include "ckks/objects.h"
#include <string.h>

ckks_status ckks_ciphertext_build_at(ckks_ciphertext **out, const ckks_params *params,
                                     int max_level, int max_parts) {
  BASE_ASSERT(max_parts == 2 || max_parts == 3);
  BASE_TRY(ckks_params_check_level(params, max_level, max_level, "ciphertext"));
  ckks_ciphertext *ciphertext = base_alloc(sizeof *ciphertext);
  if (ciphertext == NULL)
    return base_fail_memory(sizeof *ciphertext);
  for (int part = 0; part < max_parts; part++) {
    ckks_status status = ring_poly_init(&ciphertext->part[part],
                                        ckks_params_limbs(params, max_level), &params->ring);
    if (status != CKKS_OK) {
      ckks_ciphertext_free(ciphertext);
      return status;
    }
  }
  /* All zeros are a (transparent) encryption of zero: a new object is valid as it stands. */
  ciphertext->n_parts = 2;
  ciphertext->level = ciphertext->max_level = max_level;
  ciphertext->scale = params->scale[max_level];
  memcpy(ciphertext->params_hash, params->hash, CKKS_HASH_BYTES);
  *out = ciphertext;
  return CKKS_OK;
}

ckks_status ckks_ciphertext_build(ckks_ciphertext **out, const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(params);
  return ckks_ciphertext_build_at(out, params, ckks_params_max_level(params), 2);
}

void ckks_ciphertext_free(ckks_ciphertext *ciphertext) {
  if (ciphertext == NULL)
    return;
  for (int part = 0; part < 3; part++)
    ring_poly_clear(&ciphertext->part[part]); /* parts never made are empty */
  base_free(ciphertext);
}

/* The level changes as limbs are dropped; the limbs allocated at birth stay. */
int ckks_ciphertext_capacity(const ckks_ciphertext *ciphertext) {
  return ciphertext->max_level;
}

/* Where a level may be two limbs, which only parameters tell, all there is goes over. */
static int copied_limbs(const ckks_ciphertext *out, const ckks_ciphertext *in) {
  int room =
      out->part[0].n_limbs < in->part[0].n_limbs ? out->part[0].n_limbs : in->part[0].n_limbs;
  return in->part[0].n_limbs == in->max_level + 1 ? in->level + 1 : room;
}

ckks_status ckks_ciphertext_copy(ckks_ciphertext *out, const ckks_ciphertext *in) {
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(in);
  /* Parameters are compared between the two: whose they are does not matter here. */
  if (out == in)
    return CKKS_OK;
  if (memcmp(out->params_hash, in->params_hash, CKKS_HASH_BYTES) != 0)
    return base_fail(CKKS_ERROR_MISMATCH, "ciphertext: the copy was made for other parameters");
  if (in->level > ckks_ciphertext_capacity(out))
    return base_fail(CKKS_ERROR_LEVEL, "ciphertext: has room up to level %d, %d is needed",
                     ckks_ciphertext_capacity(out), in->level);
  if (in->n_parts > 2 && out->part[2].data == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "ciphertext: has room for 2 parts, %d are needed",
                     in->n_parts);
  /* One ring, one stride: the limbs lie alike, and go over as one run. */
  size_t n_words = (size_t)copied_limbs(out, in) * in->part[0].stride;
  for (int part = 0; part < in->n_parts; part++)
    memcpy(out->part[part].data, in->part[part].data, n_words * sizeof(ring_word));
  out->n_parts = in->n_parts;
  out->level = in->level;
  out->scale = in->scale;
  out->seeded = in->seeded;
  memcpy(out->seed, in->seed, RAND_SEED_BYTES);
  return CKKS_OK;
}

int ckks_ciphertext_level(const ckks_ciphertext *ciphertext) {
  return ciphertext != NULL ? ciphertext->level : -1;
}

double ckks_ciphertext_scale(const ckks_ciphertext *ciphertext) {
  return ciphertext != NULL ? ciphertext->scale : 0;
}
