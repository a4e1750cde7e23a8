/* SPDX-License-Identifier: Apache-2.0 */
/* The randomness of an encryption under a public key, and what becomes of it. */
#include "public/fresh.h"
#include "base/alloc.h"
#include "base/wipe.h"
#include "ckks/encode.h"
#include "ring/sample.h"

void public_fresh_clear(public_fresh *noise, size_t n) {
  if (noise->v != NULL)
    base_wipe(noise->v, 3 * n * sizeof *noise->v);
  base_free(noise->v);
  ring_poly_clear(&noise->work); /* wipes */
}

ckks_status public_fresh_init(public_fresh *noise, int n_work, const ckks_params *params) {
  size_t n = params->ring.n;
  rand_stream stream;
  *noise = (public_fresh){.v = NULL};
  BASE_TRY(rand_stream_init_entropy(&stream));
  ckks_status status = ring_poly_init(&noise->work, n_work, &params->ring);
  if (status == CKKS_OK) {
    noise->v = base_alloc_array(3 * n, sizeof *noise->v);
    if (noise->v == NULL)
      status = base_fail_memory(3 * n * sizeof *noise->v);
  }
  if (status == CKKS_OK) {
    noise->e[0] = noise->v + n;
    noise->e[1] = noise->e[0] + n;
    ring_sample_ternary(noise->v, n, &stream);
    ring_sample_error(noise->e[0], 2 * n, &stream);
  } else {
    public_fresh_clear(noise, n);
  }
  rand_stream_clear(&stream);
  return status;
}

void public_fresh_add(ckks_ciphertext *out, const public_fresh *noise, const ckks_public_key *key,
                      const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_poly *key_part[2] = {&key->b, &key->a};
  ring_word *work = ring_poly_limb(&noise->work, 0);
  for (int limb = 0; limb < ckks_params_limbs(params, out->level); limb++) {
    const ring_modulus *modulus = &ring->modulus[limb];
    for (int part = 0; part < 2; part++) {
      ring_word *c = ring_poly_limb(&out->part[part], limb);
      ckks_encode_int64(work, noise->e[part], limb, params);
      ring->kernel->add(c, c, work, ring->n, modulus);
    }
    ckks_encode_int64(work, noise->v, limb, params);
    for (int part = 0; part < 2; part++)
      ring->kernel->mul_add(ring_poly_limb(&out->part[part], limb), work,
                            ring_poly_limb(key_part[part], limb), ring->n, modulus);
  }
  out->seeded = false; /* part 1 is no longer what the seed says */
}

/* ------------------------------------------------------ divided by P */

/* Room for v, a sum, a remainder; of each part the residues modulo P, and how often P is in them.
 */
enum { WORK_V, WORK_SUM, WORK_REMAINDER, WORK_PARTS };

static int special_limbs(const ckks_params *params) {
  return params->special_limbs[params->literal.n_p];
}

int public_fresh_divided_limbs(const ckks_params *params) {
  return WORK_PARTS + 2 * (special_limbs(params) + 1);
}

/* P, all of it but prime `skip` (-1: none), modulo one ring limb. */
static uint64_t special_product(const ckks_params *params, int skip, int limb) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *m = &ring->modulus[limb];
  uint64_t product = 1;
  for (int j = 0; j < special_limbs(params); j++)
    if (j != skip)
      product = ring_modulus_mul(product, ring->modulus[params->n_limbs + j].p % m->p, m);
  return product;
}

/* out = v key + e over one limb; v is in NTT form. */
static void masked(ring_word *out, const ring_word *v, const ring_poly *key, const int64_t *e,
                   int limb, const ckks_params *params) {
  ckks_encode_int64(out, e, limb, params);
  params->ring.kernel->mul_add(out, v, ring_poly_limb(key, limb), params->ring.n,
                               &params->ring.modulus[limb]);
}

/* y_j = residue j times (P/p_j)^-1, centred: docs/math.md, "Changing the basis". */
static void lower(ring_word *y, int j, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  int limb = params->n_limbs + j;
  const ring_modulus *m = &ring->modulus[limb];
  uint64_t factor = ring_modulus_inverse(special_product(params, j, limb), m);
  ring->kernel->mul_scalar(y, y, factor, ring->n, m);
  ring->kernel->ntt_inverse(y, y, ring->ntt[limb]);
}

/* The integer modulo P that y stands for, modulo a chain limb, in NTT form. */
static void raise(ring_word *out, const ring_word *const *y, const ring_modulus *const *from,
                  int limb, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_modulus *m = &ring->modulus[limb];
  int k = special_limbs(params);
  uint64_t weight[CKKS_MAX_P + 1];
  for (int j = 0; j < k; j++)
    weight[j] = special_product(params, j, limb);
  weight[k] = m->p - special_product(params, -1, limb);
  if (k == 1)
    ring->kernel->reduce(out, y[0], from[0], ring->n, m);
  else
    ring->kernel->convert(out, y, from, weight, k + 1, ring->n, m);
  ring->kernel->ntt_forward(out, out, ring->ntt[limb]);
}

/* The residues modulo P of both parts, lowered, and the quotients; pointers to them in y. */
static void begin_division(const ring_word *y[2][CKKS_MAX_P + 1],
                           const ring_modulus *from[CKKS_MAX_P + 1], const public_fresh *noise,
                           const ring_poly *const key[2], const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  int k = special_limbs(params);
  ring_word *v = ring_poly_limb(&noise->work, WORK_V);
  for (int j = 0; j < k; j++) {
    int limb = params->n_limbs + j;
    from[j] = &ring->modulus[limb];
    ckks_encode_int64(v, noise->v, limb, params);
    for (int part = 0; part < 2; part++) {
      ring_word *residue = ring_poly_limb(&noise->work, WORK_PARTS + part * (k + 1) + j);
      masked(residue, v, key[part], noise->e[part], limb, params);
      lower(residue, j, params);
      y[part][j] = residue;
    }
  }
  from[k] = NULL; /* the quotient is a signed integer */
  for (int part = 0; part < 2; part++) {
    ring_word *quotient = ring_poly_limb(&noise->work, WORK_PARTS + part * (k + 1) + k);
    ring->kernel->quotient(quotient, y[part], from, k, ring->n);
    y[part][k] = quotient;
  }
}

void public_fresh_add_divided(ckks_ciphertext *out, const public_fresh *noise,
                              const ckks_public_key *key, const ckks_params *params) {
  const ring_ring *ring = &params->ring;
  const ring_poly *const key_part[2] = {&key->b, &key->a};
  const ring_word *y[2][CKKS_MAX_P + 1];
  const ring_modulus *from[CKKS_MAX_P + 1];
  ring_word *v = ring_poly_limb(&noise->work, WORK_V);
  ring_word *sum = ring_poly_limb(&noise->work, WORK_SUM);
  ring_word *remainder = ring_poly_limb(&noise->work, WORK_REMAINDER);
  BASE_ASSERT(key->b.n_limbs == ring->n_moduli && params->literal.n_p > 0);
  begin_division(y, from, noise, key_part, params);
  for (int limb = 0; limb < ckks_params_limbs(params, out->level); limb++) {
    const ring_modulus *m = &ring->modulus[limb];
    uint64_t reciprocal = ring_modulus_inverse(special_product(params, -1, limb), m);
    ckks_encode_int64(v, noise->v, limb, params);
    for (int part = 0; part < 2; part++) {
      ring_word *c = ring_poly_limb(&out->part[part], limb);
      masked(sum, v, key_part[part], noise->e[part], limb, params);
      raise(remainder, y[part], from, limb, params);
      ring->kernel->sub_mul_scalar(c, sum, remainder, reciprocal, c, ring->n, m);
    }
  }
  out->seeded = false;
}

ckks_status public_fresh_check(const ckks_ciphertext *out, const ckks_public_key *key,
                               const ckks_params *params) {
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(ckks_params_check(params, out->params_hash, "ciphertext"));
  return ckks_params_check(params, key->params_hash, "public key");
}
