/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Key switching: relinearisation and single automorphisms.
 *
 * With digits x_d of the input and key (b_d, a_d) the inner product
 * (sum x_d b_d, sum x_d a_d) is P times the wanted pair plus noise, and is divided
 * by P. Before a rescale what is to be added comes in times P, and one division by
 * P * q_level rounds all; else it is added to the quotient.
 */
#include "eval/switch.h"

/* Coefficients L+1; digits over one prime or all; of a sum of rotations P*c0 and a product. */
size_t eval_switch_scratch_limbs(const ckks_params *params, bool keeps) {
  int n_q = params->literal.n_q, n_p = params->literal.n_p, most = 0;
  for (int k = 1; k <= n_p; k++) {
    int n_digits = (n_q + k - 1) / k;
    if (n_digits > RING_MAX_TERMS) /* keys with more digits exist for lower levels only */
      n_digits = RING_MAX_TERMS;
    int kept = n_digits * (keeps ? n_q + k : 1);
    most = kept > most ? kept : most;
  }
  int inner = n_q + most + 3 + 1;
  return eval_sums_scratch_limbs(params, (size_t)inner);
}

/* One switch, as its limbs see it. */
typedef struct switch_job {
  ckks_ciphertext *out;
  const eval_switch *what;
} switch_job;

/* Inner product with the key; before a rescale, plus what is added, times P. */
static void switch_sum(ring_word *const sum[2], int i, const void *context, ckks_evaluator *ev) {
  const eval_switch *what = ((const switch_job *)context)->what;
  const ring_ring *ring = &ev->params->ring;
  const eval_digits *digits = what->digits;
  bool adds = what->rescale && i <= digits->level; /* P is zero modulo the special primes */
  eval_digits_limb limb;
  eval_digits_extend(&limb, digits, what->key, i, ev);
  for (int part = 0; adds && part < 2; part++)
    ring->kernel->mul_scalar(sum[part], ring_poly_limb(what->add[part], i),
                             eval_basis_special_product(ev, digits->n_special, i), ring->n,
                             &ring->modulus[i]);
  eval_digits_mac(sum[0], sum[1], digits, &limb, what->key, i, adds, ev);
}

/* The transforms of the division leave room to read the next limb: of this key, or of the next. */
static void switch_look_ahead(int i, const void *context, ckks_evaluator *ev) {
  const eval_switch *what = ((const switch_job *)context)->what;
  const eval_digits *digits = what->digits;
  if (i < digits->level - what->rescale)
    eval_digits_look_ahead(digits, what->key, i + 1, 2, ev);
  else if (what->next_key != NULL)
    eval_digits_look_ahead(digits, what->next_key, digits->level + 1, 2, ev);
}

/* sum / divisor, permuted, to where it belongs. */
static void switch_finish(ring_word *sum, int part, int i, const eval_division *division,
                          const void *context, ckks_evaluator *ev) {
  const switch_job *job = context;
  const eval_switch *what = job->what;
  const ring_ring *ring = &ev->params->ring;
  const uint32_t *index = what->key->index;
  ring_word *out = ring_poly_limb(&job->out->part[part], i);
  bool adds = !what->rescale && what->add[part] != NULL;
  const ring_word *add = adds ? ring_poly_limb(what->add[part], i) : NULL;
  eval_division_limb(index == NULL ? out : sum, sum, division, i, add, ev);
  if (index == NULL)
    return;
  if (what->addend != NULL)
    ring->kernel->permute_add(out, ring_poly_limb(&what->addend->part[part], i), sum, index,
                              ring->n, &ring->modulus[i]);
  else
    ring->kernel->permute(out, sum, index, ring->n);
  ev->counters.permute_words += ring->n;
}

void eval_switch_run(ckks_ciphertext *out, const eval_switch *what, ckks_evaluator *ev) {
  int level = what->digits->level, n_special = what->key->n_special;
  const switch_job job = {out, what};
  const eval_sums sums = {.basis = what->rescale ? eval_basis_rescale(ev, n_special, level)
                                                 : eval_basis_special(ev, n_special),
                          .level = level,
                          .last = level - what->rescale,
                          .sum = switch_sum,
                          .finish = switch_finish,
                          .look_ahead = switch_look_ahead,
                          .context = &job};
  BASE_ASSERT(!what->rescale || (what->add[0] != NULL && what->add[1] != NULL));
  BASE_ASSERT(what->addend == NULL || what->key->index != NULL);
  eval_sums_divide(&sums, ev);
}

/* -------------------------------------------------------- relinearisation */

void eval_tensor(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                 ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(a->level == b->level && a->n_parts == 2 && b->n_parts == 2);
  BASE_ASSERT(out != a && out != b);
  for (int i = 0; i <= a->level; i++)
    ring->kernel->tensor(ring_poly_limb(&out->part[0], i), ring_poly_limb(&out->part[1], i),
                         ring_poly_limb(&out->part[2], i), ring_poly_limb(&a->part[0], i),
                         ring_poly_limb(&a->part[1], i), ring_poly_limb(&b->part[0], i),
                         ring_poly_limb(&b->part[1], i), false, ring->n, &ring->modulus[i]);
  out->n_parts = 3;
  out->level = a->level;
  out->scale = a->scale * b->scale;
  out->seeded = false;
}

ckks_status eval_relinearize(ckks_ciphertext *out, const ckks_ciphertext *a, bool rescale,
                             ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 3 && a->level >= (rescale ? 1 : 0));
  int level = a->level;
  double scale = a->scale;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, 0, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[2], level, key->n_special, false, ev);
  const eval_switch what = {
      .digits = &digits, .key = key, .add = {&a->part[0], &a->part[1]}, .rescale = rescale};
  eval_switch_run(out, &what, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = rescale ? level - 1 : level;
  out->scale = rescale ? scale / ev->params->ring.modulus[level].f : scale;
  out->seeded = false;
  return CKKS_OK;
}

ckks_status eval_mul(ckks_ciphertext *out, const ckks_ciphertext *a, const ckks_ciphertext *b,
                     ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  ckks_ciphertext product = {0};
  for (int part = 0; part < 3; part++)
    product.part[part] = ring_poly_take(&ev->arena, a->level + 1, &ev->params->ring);
  eval_tensor(&product, a, b, ev);
  ckks_status status = eval_relinearize(out, &product, true, ev);
  base_arena_reset(&ev->arena, mark);
  return status;
}

/* ------------------------------------------------------------ automorphism */

ckks_status eval_automorphism(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                              ckks_evaluator *ev) {
  if (galois == 1) {
    eval_copy(out, a, ev);
    return CKKS_OK;
  }
  return eval_automorphism_add(out, a, galois, NULL, ev);
}

ckks_status eval_automorphism_add(ckks_ciphertext *out, const ckks_ciphertext *a, uint32_t galois,
                                  const ckks_ciphertext *addend, ckks_evaluator *ev) {
  BASE_ASSERT(a->n_parts == 2 && galois != 1);
  BASE_ASSERT(addend == NULL || (addend->n_parts == 2 && addend->level == a->level &&
                                 ckks_scale_equal(addend->scale, a->scale)));
  int level = a->level;
  const ckks_switch_key *key;
  BASE_TRY(eval_key_find(&key, galois, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  eval_digits_begin(&digits, &a->part[1], level, key->n_special, false, ev);
  const eval_switch what = {
      .digits = &digits, .key = key, .add = {&a->part[0], NULL}, .addend = addend};
  eval_switch_run(out, &what, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = level;
  out->scale = a->scale;
  out->seeded = false;
  return CKKS_OK;
}
