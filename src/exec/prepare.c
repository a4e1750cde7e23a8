/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/prepare.h"

#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "eval/arith.h"

/* --- vectors */

/* What is done for every operation. */
typedef struct preparing {
  const plan_plan *plan;
  const ckks_params *params;
  exec_words *words;
  ring_sparse *sparse; /* of the program */
} preparing;

static ckks_status take_words(ring_word **out, exec_words *words, size_t n_words) {
  if (n_words > words->n_left)
    return base_fail(CKKS_ERROR_FORMAT, "%zu words of weights where %zu are needed", words->n_left,
                     n_words);
  *out = words->next;
  words->next += n_words;
  words->n_left -= n_words;
  return CKKS_OK;
}

/* A plaintext that was encoded before. */
static ckks_status take_plaintext(ckks_plaintext **out, int level, int n_special, double scale,
                                  const preparing *by) {
  ring_word *words = NULL;
  size_t n_limbs = (size_t)ckks_params_limbs_over(by->params, level, n_special);
  BASE_TRY(take_words(&words, by->words, n_limbs * by->params->ring.stride));
  return ckks_plaintext_view(out, words, level, n_special, scale, by->params);
}

static ckks_status encode_vector(ckks_plaintext **out, const plan_vector *vector, int level,
                                 double scale, const preparing *by) {
  if (by->words != NULL)
    return take_plaintext(out, level, 0, scale, by);
  BASE_TRY(ckks_plaintext_build_at(out, by->params, level));
  return ckks_encode_repeat(*out, vector->value, vector->period, level, scale, by->params);
}

/* Room for a map's integers, or where they stand. */
static ckks_status prepare_coefficients(exec_encoded *encoded, size_t n_words,
                                        const preparing *by) {
  if (by->words != NULL) {
    ring_word *words = NULL;
    BASE_TRY(take_words(&words, by->words, n_words));
    encoded->coefficients = (int64_t *)(void *)words;
    return CKKS_OK;
  }
  encoded->coefficients = base_alloc_array(n_words, sizeof *encoded->coefficients);
  return encoded->coefficients != NULL ? CKKS_OK : base_fail_memory(n_words * sizeof(int64_t));
}

static ckks_status encode_diagonal(exec_encoded *encoded, const plan_op *op, int t, double *slots,
                                   const preparing *by) {
  const plan_vector *vector = &by->plan->vector[op->index + t];
  size_t n = by->params->ring.n, n_slots = encoded->compact ? n / (2 * encoded->gap) : n / 2;
  for (size_t j = 0; j < n_slots; j++)
    slots[j] = vector->value[j % vector->period];
  if (encoded->compact)
    return eval_diagonal_round(encoded->coefficients + (size_t)t * (n / encoded->gap), slots,
                               n_slots, op->factor, by->params);
  return eval_diagonal_encode(&encoded->plaintext[t], slots, n / 2, op->level + 1, op->factor,
                              by->params->literal.n_p, by->params);
}

static ckks_status prepare_diagonal(exec_encoded *encoded, const plan_op *op, int t, double *slots,
                                    const preparing *by) {
  bool windows = op->kind == PLAN_OP_WINDOWS;
  eval_diagonal *diagonal = &encoded->diagonal[t];
  int words = windows ? 3 : 2;
  *diagonal =
      (eval_diagonal){.baby = op->term[words * t], .giant = op->term[words * t + words - 1]};
  if (by->words == NULL)
    BASE_TRY(encode_diagonal(encoded, op, t, slots, by));
  else if (!encoded->compact)
    BASE_TRY(take_plaintext(&encoded->plaintext[t], op->level + 1, by->params->literal.n_p,
                            op->factor, by));
  diagonal->plaintext = encoded->plaintext[t];
  if (encoded->compact) {
    diagonal->coefficients =
        encoded->coefficients + (size_t)t * (by->params->ring.n / encoded->gap);
    diagonal->sparse = encoded->sparse;
    diagonal->scale = op->factor;
  }
  return CKKS_OK;
}

/* Rotations as so many steps. */
static void prepare_steps(exec_encoded *encoded, const plan_op *op, const preparing *by) {
  int32_t slots = (int32_t)(by->params->ring.n / 2);
  plan_window_steps steps;
  plan_windows(&steps, op, by->params->literal.log2_n);
  encoded->steps = (eval_windows_steps){.up = steps.up,
                                        .down = steps.down > 0 ? slots - steps.down : 0,
                                        .giant = steps.giant,
                                        .n_up = steps.n_up,
                                        .n_down = steps.n_down,
                                        .n_giants = steps.n_giants};
  for (int t = 0; t < op->n_terms; t++) {
    int32_t row = op->term[3 * t + 1];
    encoded->diagonal[t].row = row > slots / 2 ? -(slots - row) / steps.down : 0;
    if (row > 0 && row <= slots / 2)
      encoded->diagonal[t].row = row / steps.up;
    if (steps.giant > 0)
      encoded->diagonal[t].giant /= steps.giant;
  }
}

/* The transforms for a gap, made when it is met first. */
static ckks_status find_sparse(const ring_sparse **out, size_t gap, const preparing *by) {
  int log2_gap = 0;
  while ((size_t)1 << log2_gap < gap)
    log2_gap++;
  BASE_ASSERT(log2_gap < EXEC_PREPARE_GAPS);
  *out = &by->sparse[log2_gap];
  if (by->sparse[log2_gap].ring != NULL)
    return CKKS_OK;
  return ring_sparse_init(&by->sparse[log2_gap], gap, &by->params->ring);
}

static ckks_status prepare_diagonals(exec_encoded *encoded, const plan_op *op,
                                     const preparing *by) {
  size_t n = (size_t)op->n_terms, n_slots = by->params->ring.n / 2;
  encoded->diagonal = base_alloc_array(n, sizeof *encoded->diagonal);
  if (encoded->diagonal == NULL)
    return base_fail_memory(n * sizeof *encoded->diagonal);
  encoded->gap = plan_compact_gap(by->plan, op, by->params->ring.n);
  if (encoded->compact)
    BASE_TRY(find_sparse(&encoded->sparse, encoded->gap, by));
  if (encoded->compact)
    BASE_TRY(prepare_coefficients(encoded, n * (by->params->ring.n / encoded->gap), by));
  double *slots = base_alloc_array(n_slots, sizeof *slots);
  ckks_status status = slots != NULL ? CKKS_OK : base_fail_memory(n_slots * sizeof *slots);
  for (int t = 0; t < op->n_terms && status == CKKS_OK; t++)
    status = prepare_diagonal(encoded, op, t, slots, by);
  if (status == CKKS_OK && op->kind == PLAN_OP_WINDOWS)
    prepare_steps(encoded, op, by);
  base_free(slots);
  return status;
}

static ckks_status choose_compact(exec_prepared *p, const plan_program *program,
                                  const ckks_params *params, size_t weights_bytes) {
  bool *compact = base_alloc_array((size_t)program->n_ops + 1, sizeof *compact);
  if (compact == NULL)
    return base_fail_memory((size_t)program->n_ops * sizeof *compact);
  plan_compact_choose(compact, program, params->ring.n, params->literal.n_p, weights_bytes);
  for (int i = 0; i < program->n_ops; i++)
    p->op[i].compact = compact[i];
  base_free(compact);
  return CKKS_OK;
}

/* Vectors may have different periods: all of them are brought to the longest. */
static ckks_status prepare_slots(exec_encoded *encoded, const plan_op *op, double in_scale,
                                 const preparing *by) {
  const plan_plan *plan = by->plan;
  const plan_vector *vector = &plan->vector[op->index];
  size_t degree = (size_t)plan_degree(plan, op), period = 1;
  for (int t = 0; t < op->n_terms; t++)
    if (vector[t].period > period)
      period = vector[t].period;
  double *rows = base_alloc_array((degree + 1) * period, sizeof *rows);
  if (!rows)
    return base_fail_memory((degree + 1) * period * sizeof *rows);
  for (int t = 0; t < op->n_terms; t++)
    for (size_t j = 0; j < period; j++)
      rows[(size_t)op->term[t] * period + j] = vector[t].value[j % vector[t].period];
  ckks_basis basis = plan_is_chebyshev(op) ? CKKS_CHEBYSHEV : CKKS_MONOMIAL;
  ckks_status status =
      eval_polynomial_slots_build(&encoded->slots, rows, period, (int)degree, basis,
                                  plan_top(plan, op), in_scale, op->scale, by->params);
  base_wipe(rows, (degree + 1) * period * sizeof *rows);
  base_free(rows);
  return status;
}

static ckks_status prepare_op(exec_encoded *encoded, const plan_op *op, double in_scale,
                              const preparing *by) {
  if (plan_is_slots(op))
    return prepare_slots(encoded, op, in_scale, by);
  bool diagonals = op->kind == PLAN_OP_DIAGONALS || op->kind == PLAN_OP_WINDOWS;
  bool adds = op->kind == PLAN_OP_ADD_VECTOR;
  if (!diagonals && !adds && op->kind != PLAN_OP_MUL_VECTOR)
    return CKKS_OK;
  const plan_vector *vector = &by->plan->vector[op->index];
  if (!diagonals && vector->period == 1)
    return CKKS_OK;
  encoded->borrowed = by->words != NULL;
  encoded->n_plaintexts = diagonals ? op->n_terms : 1;
  encoded->plaintext = base_alloc_array((size_t)encoded->n_plaintexts, sizeof *encoded->plaintext);
  if (!encoded->plaintext)
    return base_fail_memory((size_t)encoded->n_plaintexts * sizeof(void *));
  if (diagonals)
    return prepare_diagonals(encoded, op, by);
  return encode_vector(&encoded->plaintext[0], vector, adds ? op->level : op->level + 1,
                       adds ? op->scale : op->factor, by);
}

/* --- registers */

void exec_prepare_operands(const plan_op *op, void (*visit)(void *, int, int), void *context,
                           int i) {
  int words = op->kind == PLAN_OP_MUL_SUM ? 2 : op->kind == PLAN_OP_DENSE ? 1 : 0;
  for (int t = 0; t < words * op->n_terms; t++)
    visit(context, op->term[t], i);
  if (words == 0)
    visit(context, op->a, i);
  if (op->kind == PLAN_OP_ROTATE_SUM)
    visit(context, op->index, i);
}

static void note_use(void *context, int reg, int i) {
  ((int *)context)[reg] = i;
}

/* --- rows of a matrix: sums over the same registers, each perhaps followed by its bias */

static bool same_operands(const plan_op *a, const plan_op *b) {
  return a->kind == b->kind && a->n_terms == b->n_terms && a->level == b->level &&
         a->factor == b->factor &&
         memcmp(a->term, b->term, (size_t)a->n_terms * sizeof *a->term) == 0;
}

static bool writes_operand(const plan_op *op) {
  for (int t = 0; t < op->n_terms; t++)
    if (op->term[t] == op->out)
      return true;
  return false;
}

/* Whether op writes where one of the rows `first` to `last` is kept. */
static bool writes_row(const plan_op *op, const exec_prepared *p, const plan_program *program,
                       int first, int last) {
  for (int row = first; program->op[row].out != op->out; row = p->op[row].next_row)
    if (row == last)
      return false;
  return true;
}

/* The rows that may be summed when op number `first` is due. */
static void find_rows(exec_prepared *p, const plan_program *program, int first) {
  int last = first;
  p->op[first].n_rows = 1;
  if (writes_operand(&program->op[first])) /* which the others would still read */
    return;
  for (int i = first + 1; i < program->n_ops && p->op[first].n_rows < EVAL_ARITH_MAX_ROWS; i++) {
    const plan_op *op = &program->op[i];
    bool bias =
        op->kind == PLAN_OP_ADD_VECTOR && op->a == op->out && op->out == program->op[last].out;
    if (bias)
      continue;
    if (op->kind != PLAN_OP_DENSE || !same_operands(op, &program->op[first]) ||
        writes_operand(op) || writes_row(op, p, program, first, last))
      return;
    p->op[last].next_row = i;
    last = i;
    p->op[first].n_rows++;
  }
}

static void find_matrices(exec_prepared *p, const plan_program *program) {
  for (int i = 0; i < program->n_ops;) {
    if (program->op[i].kind != PLAN_OP_DENSE) {
      i++;
      continue;
    }
    find_rows(p, program, i);
    for (int n = p->op[i].n_rows - 1; n > 0; n--)
      i = p->op[i].next_row;
    i++;
  }
}

/* --- all of it */

/* Scale of the register that an operation reads. */
static double scale_before(const plan_program *program, int i, double input_scale) {
  for (int j = i - 1; j >= 0; j--)
    if (program->op[j].out == program->op[i].a)
      return program->op[j].scale;
  return input_scale;
}

ckks_status exec_prepare(exec_prepared *p, const plan_plan *plan, plan_packing packing,
                         const ckks_params *params, size_t weights_bytes, exec_words *words) {
  const preparing by = {plan, params, words, p->sparse};
  const plan_program *program = &plan->program[packing];
  double input_scale = plan->interface.layout[packing].input_scale;
  size_t n = (size_t)program->n_registers;
  p->op = base_alloc_array((size_t)program->n_ops + 1, sizeof *p->op);
  p->top_level = base_alloc_array(n + 1, sizeof *p->top_level);
  p->last_use = base_alloc_array(n + 1, sizeof *p->last_use);
  if (!p->op || !p->top_level || !p->last_use)
    return base_fail_memory(n * sizeof *p->last_use);
  BASE_TRY(choose_compact(p, program, params, weights_bytes));
  for (int i = 0; i < program->n_ops; i++) {
    const plan_op *op = &program->op[i];
    if (p->top_level[op->out] < op->level + 1)
      p->top_level[op->out] = op->level + 1; /* products are made one level up */
    exec_prepare_operands(op, note_use, p->last_use, i);
    BASE_TRY(prepare_op(&p->op[i], op, scale_before(program, i, input_scale), &by));
  }
  for (int i = 0; i < program->n_outputs; i++)
    p->last_use[program->output[i]] = program->n_ops;
  for (size_t reg = 0; reg < n; reg++)
    if (p->top_level[reg] > params->literal.n_q - 1)
      p->top_level[reg] = params->literal.n_q - 1;
  find_matrices(p, program);
  return CKKS_OK;
}

void exec_prepare_words(const exec_prepared *prepared, const plan_program *program,
                        const ckks_params *params,
                        void (*visit)(void *, const void *words, size_t n_words), void *context) {
  for (int i = 0; i < program->n_ops; i++) {
    const exec_encoded *encoded = &prepared->op[i];
    if (encoded->compact)
      visit(context, encoded->coefficients,
            (size_t)program->op[i].n_terms * (params->ring.n / encoded->gap));
    for (int t = 0; t < encoded->n_plaintexts; t++)
      if (encoded->plaintext[t] != NULL)
        visit(context, encoded->plaintext[t]->poly.data,
              (size_t)encoded->plaintext[t]->poly.n_limbs * encoded->plaintext[t]->poly.stride);
  }
}

void exec_prepare_clear(exec_prepared *p, int n_ops) {
  for (int i = 0; p->op && i < n_ops; i++) {
    for (int t = 0; p->op[i].plaintext && t < p->op[i].n_plaintexts; t++)
      ckks_plaintext_free(p->op[i].plaintext[t]);
    base_free(p->op[i].plaintext);
    base_free(p->op[i].diagonal);
    if (!p->op[i].borrowed)
      base_free(p->op[i].coefficients);
    eval_polynomial_slots_free(p->op[i].slots);
  }
  for (int i = 0; i < EXEC_PREPARE_GAPS; i++)
    ring_sparse_clear(&p->sparse[i]);
  base_free(p->op);
  base_free(p->top_level);
  base_free(p->last_use);
}
