/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rotations by any number of slots, composed of the keys at hand: the key
 * itself, else the non-adjacent form of the number (the fewest signed powers of
 * two), else the fewest steps that any mixture of the keys takes.
 */
#include <string.h>

#include "eval/switch.h"

/* A rotation by `step` in [0, slots) can be made at this level. */
static bool rotate_has(const ckks_evaluator *ev, int step, int level) {
  return ev->keys != NULL &&
         ckks_evaluation_keys_find(ev->keys, ckks_galois_rotation(ev->params, step), level) != NULL;
}

/* More than this many rotations are never needed with powers of two at hand. */
#define ROTATE_MAX_TERMS 40

/*
 * Signed powers of two that add up to `steps`, no two neighbours: at most one term for every
 * two bits (Reitwiesner 1960).
 */
static int rotate_naf(int terms[ROTATE_MAX_TERMS], int steps) {
  int n = 0;
  for (int power = 1; steps != 0; steps /= 2, power *= 2) {
    if (steps % 2 == 0)
      continue;
    int digit = 2 - (steps & 3); /* 1 when steps = 1 mod 4, -1 when 3: clears the next bit too */
    terms[n++] = digit * power;
    steps -= digit;
  }
  return n;
}

/* The shorter non-adjacent form of steps or steps - slots whose keys are all there; else 0. */
static int rotate_by_powers(int terms[ROTATE_MAX_TERMS], int steps, int level,
                            const ckks_evaluator *ev) {
  int slots = (int)(ev->params->ring.n / 2), best = 0;
  for (int wrap = 0; wrap < 2; wrap++) {
    int form[ROTATE_MAX_TERMS];
    int n = rotate_naf(form, steps - wrap * slots);
    bool there = best == 0 || n < best;
    for (int i = 0; i < n && there; i++)
      there = rotate_has(ev, form[i], level);
    if (there) {
      memcpy(terms, form, (size_t)n * sizeof *terms);
      best = n;
    }
  }
  return best;
}

/*
 * Breadth-first search from 0 to `steps` over the rotations in the keys. Every residue is
 * visited once, and remembers the key that led there: N/2 * (number of keys) steps at most.
 */
static int rotate_by_search(int terms[ROTATE_MAX_TERMS], int steps, int level, ckks_evaluator *ev) {
  int slots = (int)(ev->params->ring.n / 2), n = 0;
  size_t n_keys = ev->keys == NULL ? 0 : ev->keys->n_keys;
  size_t mark = base_arena_mark(&ev->arena);
  int32_t *came_by = base_arena_take(&ev->arena, (size_t)slots * sizeof *came_by);
  int32_t *queue = base_arena_take(&ev->arena, (size_t)slots * sizeof *queue);
  memset(came_by, 0, (size_t)slots * sizeof *came_by);
  size_t head = 0, tail = 0;
  for (queue[tail++] = 0; head < tail && came_by[steps] == 0; head++)
    for (size_t k = 0; k < n_keys; k++) {
      int step = ev->steps[k];
      if (step <= 0 || ev->keys->key[k].level < level)
        continue;
      int next = (queue[head] + step) % slots;
      if (next != 0 && came_by[next] == 0) {
        came_by[next] = step;
        queue[tail++] = next;
      }
    }
  if (came_by[steps] != 0)
    for (int at = steps; at != 0 && n < ROTATE_MAX_TERMS; at = (at + slots - came_by[at]) % slots)
      terms[n++] = came_by[at];
  base_arena_reset(&ev->arena, mark);
  /* A way longer than the list is no way: it would cost more than anybody wants. */
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum = (sum + terms[i]) % slots;
  return sum == steps ? n : 0;
}

/* The rotations that make up `steps` in [0, slots): *n of them, none for 0. */
static ckks_status rotate_plan(int terms[ROTATE_MAX_TERMS], int *n, int steps, int level,
                               ckks_evaluator *ev) {
  *n = steps != 0;
  terms[0] = steps;
  if (steps == 0 || rotate_has(ev, steps, level))
    return CKKS_OK;
  *n = rotate_by_powers(terms, steps, level, ev);
  if (*n == 0)
    *n = rotate_by_search(terms, steps, level, ev);
  if (*n > 0)
    return CKKS_OK;
  const ckks_switch_key *key; /* fails, naming the rotation and the keys there are */
  return eval_key_find(&key, ckks_galois_rotation(ev->params, steps), level, ev);
}

static int rotate_normal(int steps, const ckks_evaluator *ev) {
  int slots = (int)(ev->params->ring.n / 2);
  return (steps % slots + slots) % slots;
}

ckks_status eval_rotate_check(int *n_switches, int steps, int level, ckks_evaluator *ev) {
  int terms[ROTATE_MAX_TERMS];
  return rotate_plan(terms, n_switches, rotate_normal(steps, ev), level, ev);
}

ckks_status eval_rotate(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                        ckks_evaluator *ev) {
  int terms[ROTATE_MAX_TERMS], n;
  BASE_TRY(rotate_plan(terms, &n, rotate_normal(steps, ev), a->level, ev));
  if (n == 0)
    eval_copy(out, a, ev);
  for (int i = 0; i < n; i++)
    BASE_TRY(
        eval_automorphism(out, i == 0 ? a : out, ckks_galois_rotation(ev->params, terms[i]), ev));
  return CKKS_OK;
}

ckks_status eval_rotate_add(ckks_ciphertext *out, const ckks_ciphertext *a, int steps,
                            const ckks_ciphertext *addend, ckks_evaluator *ev) {
  int terms[ROTATE_MAX_TERMS], n, n_spares_used = ev->n_spares_used;
  BASE_TRY(rotate_plan(terms, &n, rotate_normal(steps, ev), a->level, ev));
  if (n == 0) {
    eval_add(out, a, addend, ev);
    return CKKS_OK;
  }
  ckks_ciphertext *rotated = out; /* the last rotation alone meets the addend */
  if (n > 1)
    BASE_TRY(eval_spare_take(&rotated, a->level, 2, ev));
  ckks_status status = CKKS_OK;
  for (int i = 0; i < n && status == CKKS_OK; i++)
    status = eval_automorphism_add(i == n - 1 ? out : rotated, i == 0 ? a : rotated,
                                   ckks_galois_rotation(ev->params, terms[i]),
                                   i == n - 1 ? addend : NULL, ev);
  ev->n_spares_used = n_spares_used;
  return status;
}
