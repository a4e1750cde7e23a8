/* SPDX-License-Identifier: Apache-2.0 */
/* What a program costs: transforms, words touched, time, bytes, keys. */
#include "compile/cost.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "ring/pack.h"

int compile_cost_key_special(int level, int n_p) {
  return level + 1 < n_p ? level + 1 : n_p;
}

static size_t packed_bytes(const ckks_params *params, int level, size_t n) {
  size_t bytes = 0;
  for (int i = 0; i <= level; i++)
    bytes += ring_pack_bytes(n, (int)ceil(log2((double)params->literal.q[i])));
  return bytes;
}

/* Headers aside: wire/sample.h has the exact layout. */
static void count_bytes(plan_cost *cost, const plan_program *program, const plan_layout *layout,
                        plan_packing packing, const ckks_params *params) {
  size_t n = params->ring.n, per_input = packed_bytes(params, layout->input_level, n);
  if (packing == PLAN_LATENCY) {
    cost->input_bytes = per_input / layout->fold + BASE_FRAME_OVERHEAD_BYTES;
    cost->output_bytes = ring_pack_bytes(n, layout->output_bits) +
                         ring_pack_bytes(layout->period, layout->output_bits) +
                         BASE_FRAME_OVERHEAD_BYTES;
  } else {
    cost->input_bytes = (size_t)program->n_inputs * per_input + BASE_FRAME_OVERHEAD_BYTES;
    size_t per_output =
        ring_pack_bytes(n, layout->output_bits) + ring_pack_bytes(n / 2, layout->output_bits);
    cost->output_bytes = (size_t)program->n_outputs * per_output + BASE_FRAME_OVERHEAD_BYTES;
  }
}

/* The larger the set that is gone through, the less of it is in the cache when it is wanted. */
static double word_ns(uint64_t set_words, double near_ns, double far_ns) {
  double bytes = (double)set_words * sizeof(ring_word);
  double far = (bytes - COMPILE_NEAR_BYTES) / (COMPILE_FAR_BYTES - COMPILE_NEAR_BYTES);
  return near_ns + fmin(fmax(far, 0.0), 1.0) * (far_ns - near_ns);
}

/* What a word that is gone through once costs more where limbs do not stay near. */
static double point_further_ns(int log2_n, const compile_units *units) {
  double more = units->point_far_word_ns - units->point_word_ns;
  return log2_n >= COMPILE_FAR_LOG2_N ? fmax(more, 0.0) : 0.0;
}

double compile_cost_ms(const compile_work *counts, int log2_n, const compile_units *units) {
  double butterflies =
      (double)counts->ntt * ldexp(0.5, log2_n) * log2_n + (double)counts->short_butterflies;
  return 1e-6 *
         (butterflies * units->ntt_butterfly_ns +
          (double)counts->mac_words *
              word_ns(counts->key_words, units->mac_word_ns, units->mac_far_word_ns) +
          (double)counts->convert_words * units->convert_word_ns +
          (double)counts->permute_words * units->permute_word_ns +
          (double)counts->point_words * units->point_word_ns +
          (double)counts->sum_words *
              word_ns(counts->set_words, units->sum_word_ns, units->sum_far_word_ns) +
          (double)counts->row_words * units->sum_word_ns +
          (double)(counts->point_words + counts->permute_words) * point_further_ns(log2_n, units));
}

void compile_cost_count(plan_cost *cost, const plan_plan *plan, plan_packing packing,
                        const plan_layout *layout, const compile_chain *chain,
                        const ckks_key_spec *keys, size_t n_keys, const compile_units *units,
                        size_t weights_bytes) {
  const plan_program *program = &plan->program[packing];
  const ckks_params *params = chain->params;
  compile_work counts;
  compile_work_program(&counts, plan, program, &params->literal, keys, n_keys, weights_bytes,
                       chain->bootstrap);
  cost->ntt = counts.ntt;
  cost->mac_words = counts.mac_words;
  cost->convert_words = counts.convert_words;
  cost->point_words =
      counts.point_words + counts.permute_words + counts.sum_words + counts.row_words;
  cost->n_switches = (int)counts.switches;
  cost->predicted_ms = compile_cost_ms(&counts, params->literal.log2_n, units);
  count_bytes(cost, program, layout, packing, params);
}

/* One key serves all levels below its own; of two for one element the wider one, and the higher. */
static ckks_status add_spec(ckks_key_spec **keys, size_t *n_keys, const ckks_key_spec *spec) {
  for (size_t i = 0; i < *n_keys; i++)
    if ((*keys)[i].galois == spec->galois) {
      ckks_key_spec *key = &(*keys)[i];
      key->level = spec->level > key->level ? spec->level : key->level;
      key->n_special = spec->n_special > key->n_special ? spec->n_special : key->n_special;
      return CKKS_OK;
    }
  if (*n_keys >= PLAN_MAX_KEYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "the model needs more than %d evaluation keys",
                     PLAN_MAX_KEYS);
  if (!*keys)
    *keys = base_alloc_array(PLAN_MAX_KEYS, sizeof **keys);
  if (!*keys)
    return base_fail_memory(PLAN_MAX_KEYS * sizeof **keys);
  (*keys)[(*n_keys)++] = *spec;
  return CKKS_OK;
}

static ckks_status add_key(ckks_key_spec **keys, size_t *n_keys, uint32_t galois, int level,
                           int n_p) {
  return add_spec(keys, n_keys,
                  &(ckks_key_spec){galois, level, compile_cost_key_special(level, n_p)});
}

static ckks_status add_bootstrap_keys(ckks_key_spec **keys, size_t *n_keys,
                                      const ckks_bootstrapper *bootstrap) {
  for (size_t i = 0; i < bootstrap->n_keys; i++)
    BASE_TRY(add_spec(keys, n_keys, &bootstrap->key[i]));
  return CKKS_OK;
}

static ckks_status add_op_keys(ckks_key_spec **keys, size_t *n_keys, const plan_plan *plan,
                               const plan_op *op, int n_p, int log2_n, int32_t *rotations) {
  bool rescales = op->kind != PLAN_OP_ROTATE_SUM;
  if (op->kind == PLAN_OP_MUL_SUM)
    BASE_TRY(add_key(keys, n_keys, 0, op->level + 1, n_p));
  if (plan_is_polynomial(op) && plan_degree(plan, op) > 1)
    BASE_TRY(add_key(keys, n_keys, 0, plan_top(plan, op), n_p));
  size_t n = plan_windows_rotations(rotations, op, log2_n);
  for (size_t t = 0; t < n; t++)
    BASE_TRY(add_key(keys, n_keys, ring_automorphism_rotation(rotations[t], log2_n),
                     op->level + rescales, n_p));
  return CKKS_OK;
}

ckks_status compile_cost_keys(ckks_key_spec **keys, size_t *n_keys, const plan_plan *plan,
                              const plan_program *program, const compile_chain *chain) {
  int n_p = chain->params->literal.n_p, log2_n = chain->params->literal.log2_n;
  ckks_status status = CKKS_OK;
  int32_t *rotations = base_alloc_array(PLAN_MAX_ROTATIONS, sizeof *rotations);
  if (rotations == NULL)
    return base_fail_memory(PLAN_MAX_ROTATIONS * sizeof *rotations);
  for (int i = 0; i < program->n_ops && status == CKKS_OK; i++)
    status = add_op_keys(keys, n_keys, plan, &program->op[i], n_p, log2_n, rotations);
  base_free(rotations);
  if (status == CKKS_OK && chain->bootstrap != NULL)
    status = add_bootstrap_keys(keys, n_keys, chain->bootstrap);
  return status;
}

double compile_cost_score(const plan_cost *cost, size_t key_bytes, blindsight_minimise minimise) {
  double key_mb = 1e-6 * (double)key_bytes, upload_mb = 1e-6 * (double)cost->input_bytes;
  switch (minimise) {
  case BLINDSIGHT_MINIMISE_BALANCED:
    return cost->predicted_ms + key_mb + 12.0 * upload_mb;
  case BLINDSIGHT_MINIMISE_LATENCY:
    return cost->predicted_ms + 1e-3 * key_mb;
  case BLINDSIGHT_MINIMISE_UPLOAD:
    return upload_mb + 1e-3 * cost->predicted_ms;
  case BLINDSIGHT_MINIMISE_KEYS:
    return key_mb + 1e-3 * cost->predicted_ms;
  }
  return cost->predicted_ms;
}

static ckks_key_spec *find_key(ckks_key_spec *keys, size_t n_keys, int32_t steps, int log2_n) {
  uint32_t galois = ring_automorphism_rotation(steps, log2_n);
  for (size_t i = 0; i < n_keys; i++)
    if (keys[i].galois == galois)
      return &keys[i];
  return NULL;
}

/* Gives the keys of one op the most special primes that any of them has; whether one was raised. */
static bool level_specials(ckks_key_spec *keys, size_t n_keys, const plan_op *op, int log2_n) {
  int32_t rotations[PLAN_MAX_KEYS + 1]; /* all of these have keys */
  size_t n = plan_windows_rotations(rotations, op, log2_n);
  int most = 0;
  bool raised = false;
  for (int pass = 0; pass < 2; pass++)
    for (size_t t = 0; t < n; t++) {
      ckks_key_spec *key = find_key(keys, n_keys, rotations[t], log2_n);
      if (!key)
        continue;
      if (pass == 0 && key->n_special > most)
        most = key->n_special;
      if (pass == 1 && key->n_special < most) {
        key->n_special = most;
        raised = true;
      }
    }
  return raised;
}

void compile_cost_level_keys(ckks_key_spec *keys, size_t n_keys, const plan_program *program,
                             int log2_n) {
  for (bool raised = true; raised;) {
    raised = false;
    for (int i = 0; i < program->n_ops; i++)
      raised = level_specials(keys, n_keys, &program->op[i], log2_n) || raised;
  }
}
