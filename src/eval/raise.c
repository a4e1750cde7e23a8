/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/raise.h"

#include "eval/switch.h"

/* What the limbs of the raised ciphertext are made of. */
typedef struct raise_job {
  ckks_ciphertext *out;
  ring_poly integers; /* c_0 and c_1 under the sparse secret: centred modulo q_0 */
  const eval_basis *basis;
  const ckks_switch_key *key;
  int level;
} raise_job;

static ring_poly raise_part(const raise_job *job, int part) {
  ring_poly view = job->integers;
  view.data = ring_poly_limb(&job->integers, part);
  view.n_limbs = 1;
  return view;
}

/*
 * c_1 times the key over limb i. The integers of c_1 are below q_0, so they are one digit, the same
 * over every limb, and one special prime as large as q_0 keeps the key's errors small.
 */
static void raise_sum(ring_word *const sum[2], int i, const void *context, ckks_evaluator *ev) {
  const raise_job *job = context;
  const ring_ring *ring = &ev->params->ring;
  const ckks_switch_key *key = job->key;
  int limb = ckks_params_limb(ev->params, job->level, i);
  int n_limbs = ckks_params_limbs(ev->params, job->level);
  int key_limb = i < n_limbs ? i : i + ckks_params_limbs(ev->params, key->level) - n_limbs;
  ring_poly c1 = raise_part(job, 1);
  ring_word *digit = ring_poly_take(&ev->arena, 1, ring).data;
  eval_basis_raise(digit, &c1, NULL, job->basis, limb, ev);
  const ring_word *digits[1] = {digit};
  ring->kernel->mac_key(sum[0], sum[1], digits, key->data + (size_t)key_limb * key->limb_words, 1,
                        1, false, ring->n, &ring->modulus[limb]);
  ev->counters.mac_words += 2 * ring->n;
  ev->counters.switches += i == 0;
}

/* The sum over p_0, and c_0 itself. */
static void raise_finish(ring_word *sum, int part, int i, const eval_division *division,
                         const void *context, ckks_evaluator *ev) {
  const raise_job *job = context;
  ring_word *out = ring_poly_limb(&job->out->part[part], i), *c0 = NULL;
  if (part == 0) {
    ring_poly integers = raise_part(job, 0);
    c0 = ring_poly_take(&ev->arena, 1, &ev->params->ring).data;
    eval_basis_raise(c0, &integers, NULL, job->basis, i, ev);
  }
  eval_division_limb(out, sum, division, i, c0, ev);
}

/* Under the sparse secret, still modulo q_0, as integers. */
static void raise_lower(const raise_job *job, const ckks_ciphertext *a, const ckks_switch_key *key,
                        ckks_evaluator *ev) {
  size_t mark = base_arena_mark(&ev->arena);
  eval_digits digits;
  ckks_ciphertext sparse = {0};
  for (int part = 0; part < 2; part++)
    sparse.part[part] = ring_poly_take(&ev->arena, 1, &ev->params->ring);
  eval_digits_begin(&digits, &a->part[1], 0, key->n_special, false, ev);
  const eval_switch what = {.digits = &digits, .key = key, .add = {&a->part[0], NULL}};
  eval_switch_run(&sparse, &what, ev);
  for (int part = 0; part < 2; part++)
    eval_basis_lower(ring_poly_limb(&job->integers, part), ring_poly_limb(&sparse.part[part], 0),
                     job->basis, 0, ev);
  base_arena_reset(&ev->arena, mark);
}

ckks_status eval_raise(ckks_ciphertext *out, const ckks_ciphertext *a, int level,
                       ckks_evaluator *ev) {
  const ckks_switch_key *to, *from;
  BASE_ASSERT(a->level == 0 && a->n_parts == 2 && level <= ckks_ciphertext_capacity(out));
  BASE_TRY(eval_key_find(&to, CKKS_KEY_TO_SPARSE, 0, ev));
  BASE_TRY(eval_key_find(&from, CKKS_KEY_FROM_SPARSE, level, ev));
  size_t mark = base_arena_mark(&ev->arena);
  raise_job job = {.out = out,
                   .integers = ring_poly_take(&ev->arena, 2, &ev->params->ring),
                   .basis = eval_basis_digit(ev, 1, 0),
                   .key = from,
                   .level = level};
  raise_lower(&job, a, to, ev);
  const eval_sums sums = {.basis = eval_basis_special(ev, from->n_special),
                          .level = level,
                          .n_quotients = ckks_params_limbs(ev->params, level),
                          .sum = raise_sum,
                          .finish = raise_finish,
                          .context = &job};
  eval_sums_divide(&sums, ev);
  base_arena_reset(&ev->arena, mark);
  out->n_parts = 2;
  out->level = level;
  out->scale = a->scale;
  out->seeded = false;
  return CKKS_OK;
}
