/* SPDX-License-Identifier: Apache-2.0 */
/* What a program costs: transforms, words touched, time, bytes, keys. */
#include "model/cost.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "ring/pack.h"

const model_units model_units_default = {
    .ntt_butterfly_ns = 0.30, .mac_word_ns = 0.30, .convert_word_ns = 0.30, .point_word_ns = 0.30};

int model_key_special(int level, int n_p) {
  return level + 1 < n_p ? level + 1 : n_p;
}

typedef struct counting {
  model_cost *cost;
  uint64_t n;
  int n_p;
} counting;

/* Decomposition of one polynomial at level l into digits over k special primes (docs/math.md). */
static void count_decompose(counting *c, int l, int k) {
  int digits = (l + k) / k, targets = l + 1 + k;
  c->cost->ntt += (uint64_t)(l + 1) + (uint64_t)(digits * targets - (l + 1));
  c->cost->convert_words += (uint64_t)((l + 1) * (targets - k)) * c->n;
}

static void count_inner(counting *c, int l, int k) {
  int digits = (l + k) / k;
  c->cost->mac_words += (uint64_t)(2 * digits * (l + 1 + k)) * c->n;
  c->cost->n_switches++;
}

/* Division of two polynomials by the special primes and, with `rescale`, q_l. */
static void count_divide(counting *c, int l, int k, bool rescale) {
  int from = k + (rescale ? 1 : 0), to = l + 1 - (rescale ? 1 : 0);
  c->cost->ntt += (uint64_t)(2 * (from + to));
  c->cost->convert_words += (uint64_t)(2 * (from + 1) * to) * c->n;
  c->cost->point_words += (uint64_t)(2 * to) * c->n;
}

static void count_rescale(counting *c, int l) {
  c->cost->ntt += (uint64_t)(2 * (1 + l));
  c->cost->convert_words += (uint64_t)(2 * l) * c->n;
  c->cost->point_words += (uint64_t)(2 * l) * c->n;
}

static void count_rotations(counting *c, int l, int k, int n, bool one_division) {
  if (n == 0)
    return;
  count_decompose(c, l, k);
  for (int i = 0; i < n; i++) {
    count_inner(c, l, k);
    c->cost->point_words += (uint64_t)(2 * (l + 1) + k) * c->n;
    if (!one_division || i == 0)
      count_divide(c, l, k, false);
  }
}

/* Distinct nonzero babies (second = 0) or giants (second = 1) of a diagonal op. */
static int count_steps(const model_op *op, int second) {
  int n = 0;
  for (int i = 0; i < op->n_terms; i++) {
    bool seen = op->term[2 * i + second] == 0;
    for (int j = 0; j < i && !seen; j++)
      seen = op->term[2 * j + second] == op->term[2 * i + second];
    n += !seen;
  }
  return n;
}

static void count_products(counting *c, int l, int tensors) {
  int k = model_key_special(l, c->n_p);
  c->cost->point_words += (uint64_t)(5 * tensors * (l + 1)) * c->n;
  count_decompose(c, l, k);
  count_inner(c, l, k);
  count_divide(c, l, k, true);
}

static void count_op(counting *c, const model_op *op, int degree) {
  int l = op->level + 1; /* where a rescaling op works */
  switch (op->kind) {
  case MODEL_OP_ADD_VECTOR:
    c->cost->point_words += (uint64_t)(op->level + 1) * c->n;
    break;
  case MODEL_OP_ROTATE_SUM:
    count_rotations(c, op->level, model_key_special(op->level, c->n_p), op->n_terms, true);
    break;
  case MODEL_OP_MUL_SUM:
    count_products(c, l, op->n_terms);
    break;
  case MODEL_OP_POLYNOMIAL:
    for (int product = 1; product < degree; product *= 2)
      count_products(c, l, 1), count_rescale(c, l);
    break;
  case MODEL_OP_DIAGONALS:
    count_rotations(c, l, model_key_special(l, c->n_p), count_steps(op, 0), false);
    for (int i = count_steps(op, 1); i > 0; i--)
      count_rotations(c, l, model_key_special(l, c->n_p), 1, true);
    c->cost->point_words += (uint64_t)(2 * op->n_terms * (l + 1)) * c->n;
    count_rescale(c, l);
    break;
  case MODEL_OP_MUL_VECTOR:
  case MODEL_OP_DENSE:
    c->cost->point_words += (uint64_t)(2 * (op->n_terms > 0 ? op->n_terms : 1) * (l + 1)) * c->n;
    count_rescale(c, l);
    break;
  }
}

static size_t packed_bytes(const ckks_params *params, int level, size_t n) {
  size_t bytes = 0;
  for (int i = 0; i <= level; i++)
    bytes += ring_pack_bytes(n, (int)ceil(log2((double)params->literal.q[i])));
  return bytes;
}

/* Headers aside: wire/sample.h has the exact layout. */
static void count_bytes(model_cost *cost, const model_program *program, const model_layout *layout,
                        model_packing packing, const ckks_params *params) {
  size_t n = params->ring.n, per_input = packed_bytes(params, layout->input_level, n);
  if (packing == MODEL_LATENCY) {
    cost->input_bytes = per_input / layout->fold + BASE_FRAME_OVERHEAD_BYTES;
    cost->output_bytes = packed_bytes(params, 0, n) + packed_bytes(params, 0, 2 * layout->period) +
                         BASE_FRAME_OVERHEAD_BYTES;
  } else {
    cost->input_bytes = (size_t)program->n_inputs * per_input + BASE_FRAME_OVERHEAD_BYTES;
    cost->output_bytes =
        (size_t)program->n_outputs * 2 * packed_bytes(params, 0, n) + BASE_FRAME_OVERHEAD_BYTES;
  }
}

void model_cost_count(model_cost *cost, const model_program *program, const model_layout *layout,
                      model_packing packing, const model_chain *chain, const model_units *units) {
  const ckks_params *params = chain->params;
  counting c = {.cost = cost, .n = params->ring.n, .n_p = params->literal.n_p};
  double error = cost->predicted_error;
  memset(cost, 0, sizeof *cost);
  cost->predicted_error = error;
  for (int i = 0; i < program->n_ops; i++)
    count_op(&c, &program->op[i],
             1 << (i > 0 ? program->op[i - 1].level - program->op[i].level : 1));
  count_bytes(cost, program, layout, packing, params);
  double butterflies = (double)cost->ntt * (double)c.n / 2 * params->ring.log2_n;
  cost->predicted_ms =
      1e-6 * (butterflies * units->ntt_butterfly_ns + (double)cost->mac_words * units->mac_word_ns +
              (double)cost->convert_words * units->convert_word_ns +
              (double)cost->point_words * units->point_word_ns);
}

static ckks_status add_key(ckks_key_spec **keys, size_t *n_keys, uint32_t galois, int level,
                           int n_p) {
  for (size_t i = 0; i < *n_keys; i++)
    if ((*keys)[i].galois == galois) {
      if ((*keys)[i].level < level)
        (*keys)[i] = (ckks_key_spec){galois, level, model_key_special(level, n_p)};
      return CKKS_OK;
    }
  if (*n_keys >= MODEL_MAX_KEYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "the model needs more than %d evaluation keys",
                     MODEL_MAX_KEYS);
  if (!*keys)
    *keys = base_alloc_array(MODEL_MAX_KEYS, sizeof **keys);
  if (!*keys)
    return base_fail_memory(MODEL_MAX_KEYS * sizeof **keys);
  (*keys)[(*n_keys)++] = (ckks_key_spec){galois, level, model_key_special(level, n_p)};
  return CKKS_OK;
}

ckks_status model_cost_keys(ckks_key_spec **keys, size_t *n_keys, const model_program *program,
                            const model_chain *chain) {
  int n_p = chain->params->literal.n_p, log2_n = chain->params->literal.log2_n, level = 0;
  for (int i = 0; i < program->n_ops; i++) {
    const model_op *op = &program->op[i];
    if (op->kind == MODEL_OP_MUL_SUM)
      BASE_TRY(add_key(keys, n_keys, 0, op->level + 1, n_p));
    if (op->kind == MODEL_OP_POLYNOMIAL)
      BASE_TRY(add_key(keys, n_keys, 0, level, n_p));
    int words = op->kind == MODEL_OP_DIAGONALS ? 2 : op->kind == MODEL_OP_ROTATE_SUM ? 1 : 0;
    for (int t = 0; t < words * op->n_terms; t++)
      if (op->term[t] != 0)
        BASE_TRY(add_key(keys, n_keys, ring_automorphism_rotation(op->term[t], log2_n),
                         op->level + words - 1, n_p));
    level = op->level;
  }
  return CKKS_OK;
}
