/* SPDX-License-Identifier: Apache-2.0 */
/* Digits of a key switch: decompose, extend, multiply by the key. */
#include "eval/digits.h"

#include "eval/workers.h"

/* The basis of digit d as it is cut at the level. */
static const eval_basis *digits_basis(const eval_digits *digits, int d, const ckks_evaluator *ev) {
  int last = (d + 1) * digits->n_special - 1;
  return eval_basis_digit(ev, digits->n_special, last < digits->level ? last : digits->level);
}

/* Where digit d begins. */
static int digits_first(const eval_digits *digits, int d, const ckks_evaluator *ev) {
  return ckks_params_limbs(ev->params, d * digits->n_special - 1);
}

/* The digit that limb i of the input belongs to, -1 for special limbs. */
static int digits_of(const eval_digits *digits, int i, const ckks_evaluator *ev) {
  return i < digits->n_limbs ? ev->params->level_of[i] / digits->n_special : -1;
}

/* The run of `coefficient` that holds digit d. */
static ring_poly digits_run(const eval_digits *digits, int d, int n_limbs,
                            const ckks_evaluator *ev) {
  ring_poly run = digits->coefficient;
  run.data = ring_poly_limb(&digits->coefficient, digits_first(digits, d, ev));
  run.n_limbs = n_limbs;
  return run;
}

/* The digits over limb i to n_digits limbs; the own one is where it was. */
static void digits_compute(const eval_digits *digits, int i, const ring_poly *room,
                           ckks_evaluator *ev) {
  int own = digits_of(digits, i, ev);
  int limb = ckks_params_limb(ev->params, digits->level, i);
  for (int d = 0; d < digits->n_digits; d++) {
    if (d == own) /* modulo its own primes a digit is what it was cut from */
      continue;
    const eval_basis *basis = digits_basis(digits, d, ev);
    ring_poly run = digits_run(digits, d, basis->n_terms, ev);
    eval_basis_raise(ring_poly_limb(room, d), &run, NULL, basis, limb, ev);
  }
}

/* Where the kept digits over limb i stand. */
static ring_poly digits_room(const eval_digits *digits, int i) {
  ring_poly room = digits->extended;
  room.data = ring_poly_limb(&digits->extended, i * digits->n_digits);
  room.n_limbs = digits->n_digits;
  return room;
}

static void digits_lower_task(void *context, int i, ckks_evaluator *ev) {
  const eval_digits *digits = context;
  int d = digits_of(digits, i, ev);
  eval_basis_lower(ring_poly_limb(&digits->coefficient, i), ring_poly_limb(digits->input, i),
                   digits_basis(digits, d, ev), i - digits_first(digits, d, ev), ev);
}

static void digits_keep_task(void *context, int i, ckks_evaluator *ev) {
  const eval_digits *digits = context;
  ring_poly room = digits_room(digits, i);
  digits_compute(digits, i, &room, ev);
}

void eval_digits_begin(eval_digits *digits, const ring_poly *input, int level, int n_special,
                       bool keeps, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  int n_limbs = ckks_params_limbs_over(ev->params, level, n_special);
  *digits = (eval_digits){.input = input, .level = level, .n_special = n_special, .keeps = keeps};
  digits->n_limbs = ckks_params_limbs(ev->params, level);
  digits->n_digits = (level + n_special) / n_special;
  digits->coefficient = ring_poly_take(&ev->arena, digits->n_limbs, ring);
  if (keeps)
    digits->extended = ring_poly_take(&ev->arena, digits->n_digits * n_limbs, ring);
  eval_workers_run(ev, digits->n_limbs, digits_lower_task, digits);
  if (keeps)
    eval_workers_run(ev, n_limbs, digits_keep_task, digits);
}

/* A key for a higher level has more chain limbs in front of its special ones. */
static const ring_word *digits_key_limb(const eval_digits *digits, const ckks_switch_key *key,
                                        int i, const ckks_evaluator *ev) {
  int further = ckks_params_limbs(ev->params, key->level) - digits->n_limbs;
  int limb = i < digits->n_limbs ? i : i + further;
  return key->data + (size_t)limb * key->limb_words;
}

/* Half of a second-level cache as they are today: more would drive out the digits. */
#define DIGITS_MAX_AHEAD_BYTES ((size_t)512 << 10)

void eval_digits_look_ahead(const eval_digits *digits, const ckks_switch_key *key, int i,
                            int transforms, ckks_evaluator *ev) {
  /* The words of a group's digits lie together: with a cut key the last are not read. */
  size_t n_bytes = 2 * (size_t)key->n_digits * ev->params->ring.n * sizeof(ring_word);
  ev->ahead.limb = ev->ahead.next = (const char *)digits_key_limb(digits, key, i, ev);
  ev->ahead.n_bytes = n_bytes < DIGITS_MAX_AHEAD_BYTES ? n_bytes : DIGITS_MAX_AHEAD_BYTES;
  if (!digits->keeps)
    transforms += digits->n_digits - (i < digits->n_limbs);
  ev->ahead.share = transforms > 0 ? ev->ahead.n_bytes / (size_t)transforms : 0;
}

void eval_digits_extend(eval_digits_limb *limb, const eval_digits *digits,
                        const ckks_switch_key *key, int i, ckks_evaluator *ev) {
  int own = digits_of(digits, i, ev);
  ring_poly room;
  if (digits->keeps) {
    room = digits_room(digits, i);
  } else {
    if (key != NULL && ev->ahead.limb != digits_key_limb(digits, key, i, ev)) /* else on its way */
      eval_digits_look_ahead(digits, key, i, 0, ev);
    room = ring_poly_take(&ev->arena, digits->n_digits, &ev->params->ring);
    digits_compute(digits, i, &room, ev);
  }
  ev->ahead.limb = NULL;
  ev->ahead.n_bytes = 0;
  for (int d = 0; d < digits->n_digits; d++)
    limb->digit[d] = d == own ? ring_poly_limb(digits->input, i) : ring_poly_limb(&room, d);
}

void eval_digits_mac(ring_word *out0, ring_word *out1, const eval_digits *digits,
                     const eval_digits_limb *limb, const ckks_switch_key *key, int i,
                     bool accumulate, ckks_evaluator *ev) {
  const ring_ring *ring = &ev->params->ring;
  BASE_ASSERT(key->level >= digits->level && key->n_special == digits->n_special);
  const ring_word *words = digits_key_limb(digits, key, i, ev);
  const ring_modulus *m = &ring->modulus[ckks_params_limb(ev->params, digits->level, i)];
  for (int d = 0; d < digits->n_digits; d += RING_MAX_TERMS) {
    int n = digits->n_digits - d < RING_MAX_TERMS ? digits->n_digits - d : RING_MAX_TERMS;
    ring->kernel->mac_key(out0, out1, limb->digit + d, words + 8 * d, n, key->n_digits,
                          accumulate || d > 0, ring->n, m);
  }
  ev->counters.mac_words += ring->n * (size_t)digits->n_digits * 2;
  ev->counters.switches += i == 0; /* every key that is applied meets limb 0 once */
}
