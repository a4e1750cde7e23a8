/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: constants, scratch, spare ciphertexts, and the keys by name. */
#include "eval/eval.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "eval/basis.h"
#include "eval/linear.h"
#include "eval/switch.h"
#include "eval/workers.h"

/* ---------------------------------------------------------------- scratch */

/*
 * The largest of what the functions with scratch of their own take, each with at most one
 * other inside, in limbs of N + 88 words, for L+1 chain primes and k = n_p:
 *   eval_mul                3 (L+1) + a switch
 *   eval_automorphism_many  a switch whose digits are kept
 *   eval_rotate_sum         less than that
 *   eval_diagonals          eval_linear_scratch_limbs
 *   eval_sum_scalar         2 (L+1) + L+1         (16 * 64 residues for each limb fit one limb)
 *   eval_adjust             3 (L+1) + 4
 * one limb more for a row of slots that ckks_matmul holds meanwhile, and 64 bytes of
 * rounding for each of at most 512 takes.
 */
size_t eval_scratch_bytes(const ckks_params *params) {
  size_t n_q = (size_t)params->literal.n_q, limbs = 0;
  const size_t each[] = {3 * n_q + eval_switch_scratch_limbs(params, false),
                         eval_switch_scratch_limbs(params, true),
                         eval_linear_scratch_limbs(params)};
  for (size_t i = 0; i < sizeof each / sizeof *each; i++)
    limbs = each[i] > limbs ? each[i] : limbs;
  return (limbs + 1) * ring_poly_bytes(1, &params->ring) + (size_t)512 * 64;
}

/* Exchanges a spare for one with room for level and n_parts, and no less than it had. */
static ckks_status spare_grow(ckks_ciphertext **spare, int level, int n_parts,
                              const ckks_params *params) {
  ckks_ciphertext *old = *spare, *grown = NULL;
  if (old != NULL) {
    if (ckks_ciphertext_capacity(old) > level)
      level = ckks_ciphertext_capacity(old);
    if (old->part[2].data != NULL)
      n_parts = 3;
  }
  BASE_TRY(ckks_ciphertext_build_at(&grown, params, level, n_parts));
  ckks_ciphertext_free(old);
  *spare = grown;
  return CKKS_OK;
}

ckks_status eval_spare_take(ckks_ciphertext **out, int level, int n_parts, ckks_evaluator *ev) {
  if (ev->n_spares_used >= EVAL_MAX_SPARES)
    return base_fail(CKKS_ERROR_MEMORY, "an operation needs more than %d intermediate ciphertexts",
                     EVAL_MAX_SPARES);
  ckks_ciphertext **spare = &ev->spare[ev->n_spares_used];
  if (*spare == NULL || ckks_ciphertext_capacity(*spare) < level ||
      (n_parts == 3 && (*spare)->part[2].data == NULL))
    BASE_TRY(spare_grow(spare, level, n_parts, ev->params));
  ev->n_spares_used++;
  *out = *spare;
  return CKKS_OK;
}

/* ------------------------------------------------------------------- keys */

static ckks_switch_key *evaluator_key_by_galois(const ckks_evaluation_keys *keys, uint32_t galois) {
  for (size_t low = 0, high = keys->n_keys; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (keys->key[middle].galois == galois)
      return &keys->key[middle];
    if (keys->key[middle].galois < galois)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* Gives every rotation key its step: the discrete logarithm to the base 5, by walking. */
static ckks_status evaluator_find_steps(ckks_evaluator *ev) {
  const ckks_evaluation_keys *keys = ev->keys;
  ev->steps = base_alloc_array(keys->n_keys, sizeof *ev->steps);
  if (ev->steps == NULL)
    return base_fail_memory(keys->n_keys * sizeof *ev->steps);
  for (size_t i = 0; i < keys->n_keys; i++)
    ev->steps[i] = -1;
  size_t slots = ev->params->ring.n / 2;
  uint32_t mask = (uint32_t)(2 * ev->params->ring.n - 1), galois = 1;
  for (size_t step = 0; step < slots; step++) {
    const ckks_switch_key *key = evaluator_key_by_galois(keys, galois);
    if (key != NULL)
      ev->steps[key - keys->key] = (int)step;
    galois = galois * 5 & mask;
  }
  return CKKS_OK;
}

/* The shorter signed name of a rotation: -1 rather than N/2 - 1. */
static int evaluator_signed_step(const ckks_evaluator *ev, int step) {
  int slots = (int)(ev->params->ring.n / 2);
  return step > slots / 2 ? step - slots : step;
}

/* Appends to a text that may be cut. */
static void evaluator_append(char *text, size_t capacity, const char *word) {
  size_t used = strlen(text);
  snprintf(text + used, capacity - used, "%s", word);
}

/* "relinearisation, conjugation, rotations 1 2 4 -1", as much as fits. */
static void evaluator_list_keys(char *text, size_t capacity, int level, const ckks_evaluator *ev) {
  char word[32];
  bool first = true;
  text[0] = 0;
  for (size_t i = 0; ev->keys != NULL && i < ev->keys->n_keys; i++) {
    const ckks_switch_key *key = &ev->keys->key[i];
    if (key->galois == 0)
      snprintf(word, sizeof word, "relinearisation");
    else if (ev->steps[i] >= 0)
      snprintf(word, sizeof word, "rotation %d", evaluator_signed_step(ev, ev->steps[i]));
    else
      snprintf(word, sizeof word, "Galois element %u", (unsigned)key->galois);
    evaluator_append(text, capacity, first ? "" : ", ");
    evaluator_append(text, capacity, word);
    if (key->level < level) {
      snprintf(word, sizeof word, " (to level %d)", key->level);
      evaluator_append(text, capacity, word);
    }
    first = false;
  }
  if (first)
    snprintf(text, capacity, "none");
}

ckks_status eval_key_find(const ckks_switch_key **out, uint32_t galois, int level,
                          const ckks_evaluator *ev) {
  *out = ev->keys == NULL ? NULL : ckks_evaluation_keys_find(ev->keys, galois, level);
  if (*out != NULL)
    return CKKS_OK;
  char name[48], list[320];
  snprintf(name, sizeof name, "Galois element %u", (unsigned)galois);
  if (galois == 0)
    snprintf(name, sizeof name, "relinearisation");
  if (galois == ckks_galois_conjugation(ev->params))
    snprintf(name, sizeof name, "conjugation");
  int slots = (int)(ev->params->ring.n / 2);
  uint32_t mask = (uint32_t)(2 * ev->params->ring.n - 1), power = 1;
  for (int step = 0; step < slots && galois != 0; step++, power = power * 5 & mask)
    if (power == galois)
      snprintf(name, sizeof name, "rotation by %d", evaluator_signed_step(ev, step));
  evaluator_list_keys(list, sizeof list, level, ev);
  return base_fail(CKKS_ERROR_KEY, "no key for %s at level %d; keys: %s", name, level, list);
}

/* ------------------------------------------------------------------ object */

ckks_status ckks_evaluator_build(ckks_evaluator **out, const ckks_params *params,
                                 const ckks_evaluation_keys *keys) {
  if (out == NULL || params == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "params");
  if (keys != NULL)
    BASE_TRY(ckks_params_check(params, keys->params_hash, "evaluation keys"));
  ckks_evaluator *ev = base_alloc(sizeof *ev);
  if (ev == NULL)
    return base_fail_memory(sizeof *ev);
  ckks_status status;
  ev->params = params;
  ev->keys = keys;
  BASE_GOTO(status, eval_tables_build(&ev->tables, params), fail);
  BASE_GOTO(status, base_arena_init(&ev->arena, eval_scratch_bytes(params)), fail);
  BASE_GOTO(status, ckks_plaintext_build(&ev->plaintext, params), fail);
  if (keys != NULL)
    BASE_GOTO(status, evaluator_find_steps(ev), fail);
  *out = ev;
  return CKKS_OK;
fail:
  ckks_evaluator_free(ev);
  return status;
}

void ckks_evaluator_free(ckks_evaluator *evaluator) {
  if (evaluator == NULL)
    return;
  for (int i = 0; i < EVAL_MAX_SPARES; i++)
    ckks_ciphertext_free(evaluator->spare[i]);
  ckks_plaintext_free(evaluator->plaintext);
  base_free(evaluator->steps);
  eval_workers_clear(evaluator);
  base_arena_clear(&evaluator->arena);
  eval_tables_free(evaluator->tables);
  base_free(evaluator);
}
