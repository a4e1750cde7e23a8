/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that others hold: the public key, and switching keys for evaluation. */
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"
#include "secret/secret.h"

/* Work space of one generation: everything in it is secret, and wiped at the end. */
typedef struct keygen {
  const ckks_params *params;
  const ckks_secret_key *secret;
  rand_stream errors;
  int64_t *error;  /* N sampled coefficients */
  int64_t *sparse; /* the sparse secret while its two keys are made; else NULL */
  uint32_t *index; /* automorphism that takes s to the target secret */
  ring_poly work;  /* four limbs, named below */
} keygen;

enum { WORK_A, WORK_B, WORK_E, WORK_T, N_WORK };

static void keygen_clear(keygen *gen) {
  if (gen->error != NULL)
    base_wipe(gen->error, gen->params->ring.n * sizeof *gen->error);
  base_free(gen->error);
  if (gen->sparse != NULL)
    base_wipe(gen->sparse, gen->params->ring.n * sizeof *gen->sparse);
  base_free(gen->sparse);
  base_free(gen->index);
  ring_poly_clear(&gen->work); /* wipes */
  rand_stream_clear(&gen->errors);
}

/* Checks, then takes the memory and the entropy for errors, for all keys of one call. */
static ckks_status keygen_init(keygen *gen, const ckks_secret_key *secret,
                               const ckks_params *params) {
  ckks_status status;
  size_t n = params->ring.n;
  *gen = (keygen){.params = params, .secret = secret};
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, secret->params_hash, "secret key"));
  BASE_GOTO(status, rand_stream_init_entropy(&gen->errors), fail);
  BASE_GOTO(status, ring_poly_init(&gen->work, N_WORK, &params->ring), fail);
  gen->error = base_alloc_array(n, sizeof *gen->error);
  gen->index = base_alloc_array(n, sizeof *gen->index);
  if (gen->error != NULL && gen->index != NULL)
    return CKKS_OK;
  status = base_fail_memory(n * (sizeof *gen->error + sizeof *gen->index));
fail:
  keygen_clear(gen);
  return status;
}

/* b = -a t + e over one ring limb; e is the integers in gen->error. b and a may not be equal. */
static void mask_error(ring_word *b, const ring_word *a, const ring_word *t, int limb,
                       keygen *gen) {
  const ring_ring *ring = &gen->params->ring;
  ring_word *e = ring_poly_limb(&gen->work, WORK_E);
  ckks_encode_int64(e, gen->error, limb, gen->params);
  ring->kernel->mul(b, a, t, ring->n, &ring->modulus[limb]);
  ring->kernel->sub(b, e, b, ring->n, &ring->modulus[limb]);
}

/* ------------------------------------------------------------ public key */

ckks_status ckks_public_key_generate(ckks_public_key **out, const ckks_secret_key *secret,
                                     const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(secret);
  BASE_NOT_NULL(params);
  keygen gen;
  ckks_public_key *key = NULL;
  BASE_TRY(keygen_init(&gen, secret, params));
  ckks_status status;
  BASE_GOTO(status, ckks_public_key_build(&key, params), done);
  BASE_GOTO(status, rand_entropy(key->seed, sizeof key->seed), done);
  ckks_seed_expand(&key->a, params->ring.n_moduli, key->seed, params);
  ring_sample_error(gen.error, params->ring.n, &gen.errors);
  for (int limb = 0; limb < params->ring.n_moduli; limb++)
    mask_error(ring_poly_limb(&key->b, limb), ring_poly_limb(&key->a, limb),
               ring_poly_limb(&secret->s, limb), limb, &gen);
  *out = key;
  key = NULL;
done:
  ckks_public_key_free(key);
  keygen_clear(&gen);
  return status;
}

/* --------------------------------------------------------- switching keys */

/* g^-1 modulo 2N: each step doubles the bits that are right, starting from three (g^2 = 1 mod 8).
 */
static uint32_t galois_inverse(uint32_t galois, const ckks_params *params) {
  uint32_t inverse = galois;
  for (int bits = 3; bits < 32; bits *= 2)
    inverse *= 2 - galois * inverse;
  return inverse & (uint32_t)(2 * params->ring.n - 1);
}

/*
 * The target secret: s itself, or sigma_(g^-1)(s) so that sigma_g after the product brings s back,
 * or the sparse one.
 */
static const ring_word *target_limb(const ckks_switch_key *key, int limb, keygen *gen) {
  const ring_ring *ring = &gen->params->ring;
  const ring_word *s = ring_poly_limb(&gen->secret->s, limb);
  if (key->galois == 0 || key->galois == CKKS_KEY_FROM_SPARSE)
    return s;
  ring_word *t = ring_poly_limb(&gen->work, WORK_T);
  if (key->galois == CKKS_KEY_TO_SPARSE)
    ckks_encode_int64(t, gen->sparse, limb, gen->params);
  else
    ring->kernel->permute(t, s, gen->index, ring->n);
  return t;
}

/* b += P s', s' = s^2 for relinearisation, the sparse secret on the way back from it, else s. */
static void add_source(ring_word *b, const ckks_switch_key *key, int limb, keygen *gen) {
  const ring_ring *ring = &gen->params->ring;
  const ring_modulus *modulus = &ring->modulus[limb];
  const ring_word *s = ring_poly_limb(&gen->secret->s, limb);
  ring_word *product = ring_poly_limb(&gen->work, WORK_E);
  uint64_t p = ckks_params_special_product(gen->params, key->n_special, limb);
  if (key->galois == CKKS_KEY_FROM_SPARSE) {
    ckks_encode_int64(product, gen->sparse, limb, gen->params);
    ring->kernel->mul_scalar(product, product, p, ring->n, modulus);
  } else {
    ring->kernel->mul_scalar(product, s, p, ring->n, modulus);
  }
  if (key->galois == 0)
    ring->kernel->mul(product, product, s, ring->n, modulus);
  ring->kernel->add(b, b, product, ring->n, modulus);
}

/* Whether limb i belongs to the digit: there the factor g_d of the source is 1. */
static bool holds_digit(const ckks_switch_key *key, int digit, int i, const ckks_params *params) {
  return i < ckks_params_limbs(params, key->level) &&
         (key->n_digits == 1 || params->level_of[i] / key->n_special == digit);
}

/* One digit over all limbs; its error is the same integers modulo each of them. */
static void make_digit(ckks_switch_key *key, int digit, keygen *gen) {
  const ckks_params *params = gen->params;
  ring_word *a = ring_poly_limb(&gen->work, WORK_A), *b = ring_poly_limb(&gen->work, WORK_B);
  ring_sample_error(gen->error, params->ring.n, &gen->errors);
  for (int i = 0; i < key->n_limbs; i++) {
    int limb = ckks_params_limb(params, key->level, i);
    ckks_switch_key_expand(a, key, digit, i, params);
    mask_error(b, a, target_limb(key, limb, gen), limb, gen);
    if (holds_digit(key, digit, i, params))
      add_source(b, key, limb, gen);
    ckks_switch_key_put(key, digit, i, b, a, params);
  }
}

/* Each key has a public seed of its own, for its a_d; errors go on from the one secret stream. */
static ckks_status make_key(ckks_switch_key *key, keygen *gen) {
  BASE_TRY(rand_entropy(key->seed, sizeof key->seed));
  if (key->galois % 2 != 0)
    ring_automorphism_index(gen->index, galois_inverse(key->galois, gen->params),
                            gen->params->literal.log2_n);
  for (int digit = 0; digit < key->n_digits; digit++)
    make_digit(key, digit, gen);
  return CKKS_OK;
}

/*
 * The sparse secret lives as long as this call. Both of its keys come from the same one, so they
 * are made together; no key under it is ever made at a modulus above q_0 p_0, nor cut from one.
 */
static ckks_status keygen_sparse(keygen *gen, const ckks_key_spec *specs, size_t n_specs) {
  size_t n_sparse = 0, n = gen->params->ring.n;
  for (size_t i = 0; i < n_specs; i++)
    n_sparse += ckks_key_spec_is_sparse(specs[i].galois);
  if (n_sparse == 0)
    return CKKS_OK;
  if (n_sparse != 2)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "key specs: the keys to and from the sparse secret are made together");
  gen->sparse = base_alloc_array(n, sizeof *gen->sparse);
  if (gen->sparse == NULL)
    return base_fail_memory(n * sizeof *gen->sparse);
  rand_stream stream;
  BASE_TRY(rand_stream_init_entropy(&stream));
  ring_sample_sparse(gen->sparse, n, CKKS_SPARSE_WEIGHT, &stream);
  rand_stream_clear(&stream);
  return CKKS_OK;
}

/* From specs that are checked, sorted and distinct. */
static ckks_status make_keys(ckks_evaluation_keys **out, const ckks_key_spec *specs, size_t n_specs,
                             keygen *gen) {
  ckks_evaluation_keys *keys;
  BASE_TRY(ckks_evaluation_keys_build_at(&keys, specs, n_specs, gen->params));
  for (size_t i = 0; i < n_specs; i++) {
    ckks_status status = make_key(&keys->key[i], gen);
    if (status != CKKS_OK) {
      ckks_evaluation_keys_free(keys);
      return status;
    }
  }
  *out = keys;
  return CKKS_OK;
}

ckks_status ckks_evaluation_keys_generate(ckks_evaluation_keys **out, const ckks_key_spec *specs,
                                          size_t n_specs, const ckks_secret_key *secret,
                                          const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  if (n_specs > 0)
    BASE_NOT_NULL(specs);
  BASE_NOT_NULL(secret);
  BASE_NOT_NULL(params);
  keygen gen;
  ckks_status status;
  /* The caller's specs stay as they are; defaults are filled in and duplicates merged in a copy. */
  ckks_key_spec *merged = base_alloc_array(n_specs, sizeof *merged);
  if (merged == NULL)
    return base_fail_memory(n_specs * sizeof *merged);
  for (size_t i = 0; i < n_specs; i++) {
    merged[i] = specs[i];
    BASE_GOTO(status, ckks_key_spec_check(&merged[i], params), done);
  }
  n_specs = ckks_key_spec_merge(merged, n_specs);
  BASE_GOTO(status, keygen_init(&gen, secret, params), done);
  status = keygen_sparse(&gen, merged, n_specs);
  if (status == CKKS_OK)
    status = make_keys(out, merged, n_specs, &gen);
  keygen_clear(&gen);
done:
  base_free(merged);
  return status;
}

ckks_status ckks_evaluation_keys_generate_all(ckks_evaluation_keys **out,
                                              const ckks_secret_key *secret,
                                              const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(secret);
  BASE_NOT_NULL(params);
  ckks_key_spec specs[2 + 2 * CKKS_MAX_LOG2_N];
  size_t n_specs = 0;
  specs[n_specs++] = (ckks_key_spec){.galois = 0, .level = -1};
  specs[n_specs++] = (ckks_key_spec){.galois = ckks_galois_conjugation(params), .level = -1};
  for (int steps = 1; (size_t)steps <= params->ring.n / 4; steps *= 2) {
    /* Both ways by N/4 are the same rotation: merged. */
    specs[n_specs++] = (ckks_key_spec){.galois = ckks_galois_rotation(params, steps), .level = -1};
    specs[n_specs++] = (ckks_key_spec){.galois = ckks_galois_rotation(params, -steps), .level = -1};
  }
  return ckks_evaluation_keys_generate(out, specs, n_specs, secret, params);
}
