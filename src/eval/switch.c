/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Key switching: what relinearisation and automorphisms share.
 *
 * With digits x_d of the input and key (b_d, a_d) the inner product
 * (sum x_d b_d, sum x_d a_d) is P times the wanted pair plus noise, and is divided
 * by P. Before a rescale what is to be added comes in times P, and one division by
 * P * q_level rounds all; else it is added to the quotient.
 */
#include "eval/switch.h"

/* Coefficients of the chain; digits over one prime or all; of a sum of rotations P*c0 and a
 * product. */
size_t eval_switch_scratch_limbs(const ckks_params *params, bool keeps) {
  int n_q = params->literal.n_q, n_p = params->literal.n_p, most = 0;
  int most_digits = ckks_key_spec_max_digits(params);
  for (int k = 1; k <= n_p; k++) {
    int n_digits = (n_q + k - 1) / k;
    if (n_digits > most_digits) /* keys with more digits exist for lower levels only */
      n_digits = most_digits;
    int kept = n_digits * (keeps ? params->n_limbs + params->special_limbs[k] : 1);
    most = kept > most ? kept : most;
  }
  int inner = params->n_limbs + most + 3 + 1;
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
  bool adds = what->rescale && i < digits->n_limbs; /* P is zero modulo the special primes */
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
  if (i < ckks_params_limbs(ev->params, digits->level - what->rescale) - 1)
    eval_digits_look_ahead(digits, what->key, i + 1, 2, ev);
  else if (what->next_key != NULL)
    eval_digits_look_ahead(digits, what->next_key, digits->n_limbs, 2, ev);
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
                          .n_quotients = ckks_params_limbs(ev->params, level - what->rescale),
                          .sum = switch_sum,
                          .finish = switch_finish,
                          .look_ahead = switch_look_ahead,
                          .context = &job};
  BASE_ASSERT(!what->rescale || (what->add[0] != NULL && what->add[1] != NULL));
  BASE_ASSERT(what->addend == NULL || what->key->index != NULL);
  eval_sums_divide(&sums, ev);
}
