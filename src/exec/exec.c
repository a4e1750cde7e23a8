/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/exec.h"

#include <string.h>

#include "base/alloc.h"
#include "eval/arith.h"
#include "eval/bootstrap.h"
#include "eval/workers.h"
#include "exec/stored.h"

struct exec_engine {
  const plan_plan *plan;
  const ckks_params *params; /* the plan's */
  size_t weights_bytes;
  ckks_bootstrapper *bootstrapper; /* NULL where nothing is bootstrapped */
  exec_prepared program[PLAN_N_PACKINGS];
};

struct exec_session {
  const exec_engine *engine;
  ckks_evaluator *evaluator;
  size_t n_keys; /* of the set it was built with */
  ckks_ciphertext **reg[PLAN_N_PACKINGS];
  bool *written[PLAN_N_PACKINGS];                 /* registers that no longer stand for an input */
  ckks_ciphertext *product;                       /* three parts */
  const ckks_ciphertext *operand[PLAN_MAX_TERMS]; /* of the sum that is being made */
};

ckks_status exec_engine_view(exec_engine **out, const plan_plan *plan, size_t weights_bytes,
                             exec_words *words) {
  exec_engine *engine = base_alloc(sizeof *engine);
  *out = NULL;
  if (!engine)
    return base_fail_memory(sizeof *engine);
  engine->plan = plan;
  engine->params = plan->interface.params;
  engine->weights_bytes = weights_bytes;
  BASE_ASSERT(engine->params != NULL);
  ckks_status status = CKKS_OK;
  if (plan_bootstraps(&plan->interface))
    status =
        ckks_bootstrapper_build(&engine->bootstrapper, &plan->interface.bootstrap, engine->params);
  for (int i = 0; i < PLAN_N_PACKINGS && status == CKKS_OK; i++)
    status = exec_prepare(&engine->program[i], plan, (plan_packing)i, engine->params, weights_bytes,
                          words);
  if (status != CKKS_OK) {
    exec_engine_free(engine);
    return status;
  }
  *out = engine;
  return CKKS_OK;
}

ckks_status exec_engine_build(exec_engine **out, const plan_plan *plan, size_t weights_bytes) {
  return exec_engine_view(out, plan, weights_bytes, NULL);
}

size_t exec_engine_words(const exec_engine *engine,
                         void (*visit)(void *, const void *words, size_t n_words), void *context) {
  for (int i = 0; i < PLAN_N_PACKINGS; i++)
    exec_prepare_words(&engine->program[i], &engine->plan->program[i], engine->params, visit,
                       context);
  return engine->weights_bytes;
}

void exec_engine_free(exec_engine *engine) {
  if (!engine)
    return;
  ckks_bootstrapper_free(engine->bootstrapper);
  for (int i = 0; i < PLAN_N_PACKINGS; i++)
    exec_prepare_clear(&engine->program[i], engine->plan->program[i].n_ops);
  base_free(engine);
}

const ckks_params *exec_engine_params(const exec_engine *engine) {
  return engine->params;
}

const plan_plan *exec_engine_plan(const exec_engine *engine) {
  return engine->plan;
}

/* --- sessions */

static ckks_status check_keys(const exec_engine *engine, const ckks_evaluation_keys *keys) {
  const plan_interface *interface = &engine->plan->interface;
  for (size_t i = 0; i < interface->n_keys; i++)
    if (!ckks_evaluation_keys_find(keys, interface->key[i].galois, interface->key[i].level))
      return base_fail(CKKS_ERROR_KEY,
                       "the evaluation keys lack %s %u at level %d, which model '%s' needs",
                       interface->key[i].galois ? "the Galois key" : "relinearisation key",
                       interface->key[i].galois, interface->key[i].level, interface->name);
  return CKKS_OK;
}

ckks_status exec_session_build(exec_session **out, const exec_engine *engine,
                               const ckks_evaluation_keys *keys) {
  *out = NULL;
  BASE_TRY(ckks_params_check(engine->params, keys->params_hash, "evaluation keys"));
  BASE_TRY(check_keys(engine, keys));
  exec_session *session = base_alloc(sizeof *session);
  if (!session)
    return base_fail_memory(sizeof *session);
  session->engine = engine;
  session->n_keys = keys->n_keys;
  ckks_status status = ckks_evaluator_build(&session->evaluator, engine->params, keys);
  for (int i = 0; i < PLAN_N_PACKINGS && status == CKKS_OK; i++) {
    size_t n = (size_t)engine->plan->program[i].n_registers;
    session->reg[i] = base_alloc_array(n + 1, sizeof *session->reg[i]);
    session->written[i] = base_alloc_array(n + 1, sizeof *session->written[i]);
    if (!session->reg[i] || !session->written[i])
      status = base_fail_memory(n * sizeof(void *));
  }
  if (status == CKKS_OK)
    status = ckks_ciphertext_build_at(&session->product, engine->params,
                                      engine->params->literal.n_q - 1, 3);
  if (status != CKKS_OK) {
    exec_session_free(session);
    return status;
  }
  *out = session;
  return CKKS_OK;
}

void exec_session_free(exec_session *session) {
  if (!session)
    return;
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    for (int reg = 0; session->reg[i] && reg < session->engine->plan->program[i].n_registers; reg++)
      ckks_ciphertext_free(session->reg[i][reg]);
    base_free(session->reg[i]);
    base_free(session->written[i]);
  }
  ckks_ciphertext_free(session->product);
  ckks_evaluator_free(session->evaluator);
  base_free(session);
}

ckks_status exec_keys_check(const ckks_evaluation_keys *keys, const exec_engine *engine) {
  const plan_interface *interface = &engine->plan->interface;
  BASE_TRY(ckks_params_check(engine->params, keys->params_hash, "evaluation keys"));
  BASE_TRY(check_keys(engine, keys));
  /* Each needed key was found and no element stands twice: equal numbers are equal sets. */
  if (keys->n_keys != interface->n_keys)
    return base_fail(CKKS_ERROR_KEY, "%zu evaluation keys where model '%s' needs %zu", keys->n_keys,
                     interface->name, interface->n_keys);
  /* Without it results would leave as they were computed. */
  if (keys->zero == NULL)
    return base_fail(CKKS_ERROR_KEY, "there is no public key with the evaluation keys");
  return CKKS_OK;
}

/* The evaluator's table of steps is by position in the sorted set: the same for equal sets. */
ckks_status exec_session_use(exec_session *session, const ckks_evaluation_keys *keys) {
  BASE_TRY(exec_keys_check(keys, session->engine));
  if (session->n_keys != keys->n_keys)
    return base_fail(CKKS_ERROR_KEY, "the session was built with another set of keys");
  session->evaluator->keys = keys;
  return CKKS_OK;
}

ckks_evaluator *exec_session_evaluator(exec_session *session) {
  return session->evaluator;
}

ckks_status exec_session_set_threads(exec_session *session, base_threads *threads) {
  return eval_workers_set(session->evaluator, threads);
}

const plan_plan *exec_session_plan(const exec_session *session) {
  return session->engine->plan;
}

/* --- running */

typedef struct running {
  exec_session *session;
  const exec_prepared *prepared;
  const plan_program *program;
  ckks_ciphertext *const *inputs;
  plan_packing packing;
  ckks_ciphertext **reg;
  bool *written;
} running;

/* The value of a register: the input itself until something is written there. */
static const ckks_ciphertext *value_of(const running *r, int reg) {
  return r->written[reg] || reg >= r->program->n_inputs ? r->reg[reg] : r->inputs[reg];
}

/* A ciphertext without its limbs above `level`; it shares the others. */
static ckks_ciphertext cut_view(const ckks_ciphertext *a, int level) {
  ckks_ciphertext view = *a;
  view.level = level;
  return view;
}

static ckks_status run_mul_sum(running *r, ckks_ciphertext *out, const plan_op *op) {
  ckks_evaluator *ev = r->session->evaluator;
  ckks_ciphertext *sum = r->session->product;
  for (int t = 0; t < op->n_terms; t++) {
    ckks_ciphertext x = cut_view(value_of(r, op->term[2 * t]), op->level + 1);
    ckks_ciphertext y = cut_view(value_of(r, op->term[2 * t + 1]), op->level + 1);
    if (t == 0)
      eval_tensor(sum, &x, &y, ev);
    else
      eval_arith_tensor_add(sum, &x, &y, ev);
  }
  return eval_relinearize(out, sum, true, ev);
}

/* The register that op i writes, made at first use. */
static ckks_status take_register(ckks_ciphertext **out, running *r, int i) {
  int reg = r->program->op[i].out;
  if (!r->reg[reg])
    BASE_TRY(ckks_ciphertext_build_at(&r->reg[reg], r->session->engine->params,
                                      r->prepared->top_level[reg], 2));
  *out = r->reg[reg];
  return CKKS_OK;
}

/* With the first row of a matrix all are summed; each is rescaled when it is due. */
static ckks_status run_dense(running *r, ckks_ciphertext *out, int i) {
  ckks_evaluator *ev = r->session->evaluator;
  const exec_encoded *encoded = r->prepared->op;
  const plan_op *op = &r->program->op[i];
  size_t n_rows = (size_t)encoded[i].n_rows;
  ckks_ciphertext *rows[EVAL_ARITH_MAX_ROWS] = {out};
  const double *values[EVAL_ARITH_MAX_ROWS];
  for (size_t row = 0; row < n_rows; row++, i = encoded[i].next_row) {
    values[row] = r->session->engine->plan->vector[r->program->op[i].index].value;
    BASE_TRY(take_register(&rows[row], r, i));
  }
  for (int t = 0; t < op->n_terms && n_rows > 0; t++)
    r->session->operand[t] = value_of(r, op->term[t]);
  if (n_rows == 1)
    BASE_TRY(
        eval_sum_scalar(out, r->session->operand, values[0], (size_t)op->n_terms, op->factor, ev));
  if (n_rows > 1)
    BASE_TRY(eval_sum_scalar_rows(rows, r->session->operand, values, n_rows, (size_t)op->n_terms,
                                  op->factor, ev));
  eval_rescale(out, out, ev);
  return CKKS_OK;
}

static ckks_status run_mul_vector(running *r, ckks_ciphertext *out, const plan_op *op,
                                  const exec_encoded *encoded) {
  ckks_evaluator *ev = r->session->evaluator;
  const ckks_ciphertext a = cut_view(value_of(r, op->a), op->level + 1);
  if (encoded->n_plaintexts == 0)
    BASE_TRY(eval_mul_scalar(out, &a, r->session->engine->plan->vector[op->index].value[0],
                             op->factor, ev));
  else
    eval_mul_plain(out, &a, encoded->plaintext[0], ev);
  eval_rescale(out, out, ev);
  return CKKS_OK;
}

static ckks_status run_add_vector(running *r, ckks_ciphertext *out, const plan_op *op,
                                  const exec_encoded *encoded) {
  ckks_evaluator *ev = r->session->evaluator;
  if (encoded->n_plaintexts == 0)
    return eval_add_scalar(out, value_of(r, op->a),
                           r->session->engine->plan->vector[op->index].value[0], ev);
  eval_add_plain(out, value_of(r, op->a), encoded->plaintext[0], ev);
  return CKKS_OK;
}

static ckks_status run_rotate_sum(running *r, ckks_ciphertext *out, const plan_op *op) {
  ckks_evaluator *ev = r->session->evaluator;
  if (op->index == op->a)
    return eval_rotate_sum(out, value_of(r, op->a), op->term, (size_t)op->n_terms, ev);
  return eval_rotate_add(out, value_of(r, op->a), op->term[0], value_of(r, op->index), ev);
}

static ckks_status run_polynomial(running *r, ckks_ciphertext *out, const plan_op *op) {
  const plan_plan *plan = r->session->engine->plan;
  ckks_ciphertext a = cut_view(value_of(r, op->a), plan_top(plan, op));
  return eval_polynomial(out, &a, plan->vector[op->index].value, plan_degree(plan, op),
                         plan_is_chebyshev(op) ? CKKS_CHEBYSHEV : CKKS_MONOMIAL, op->scale,
                         r->session->evaluator);
}

/* An operand that was kept for later stands above its map. */
static ckks_status run_map(running *r, ckks_ciphertext *out, const plan_op *op,
                           const exec_encoded *encoded) {
  ckks_evaluator *ev = r->session->evaluator;
  ckks_ciphertext a = cut_view(value_of(r, op->a), op->level + 1);
  size_t n = (size_t)op->n_terms;
  if (op->kind == PLAN_OP_WINDOWS)
    BASE_TRY(eval_windows(out, &a, encoded->diagonal, n, &encoded->steps, ev));
  else
    BASE_TRY(eval_diagonals(out, &a, encoded->diagonal, n, ev));
  eval_rescale(out, out, ev);
  return CKKS_OK;
}

/* Values over their range stand at the scale that bootstrapping takes and gives. */
static ckks_status run_bootstrap(running *r, ckks_ciphertext *out, const plan_op *op) {
  const exec_engine *engine = r->session->engine;
  ckks_ciphertext a = cut_view(value_of(r, op->a), engine->bootstrapper->level_in);
  a.scale = engine->params->scale[a.level];
  BASE_TRY(eval_bootstrap_apply(out, &a, engine->bootstrapper, r->session->evaluator));
  out->scale = op->scale;
  return CKKS_OK;
}

static ckks_status run_slot_polynomials(running *r, ckks_ciphertext *out, const plan_op *op,
                                        const exec_encoded *encoded) {
  const plan_plan *plan = r->session->engine->plan;
  const ckks_ciphertext a = cut_view(value_of(r, op->a), plan_top(plan, op));
  return eval_polynomial_slots_run(out, &a, encoded->slots, r->session->evaluator);
}

static ckks_status run_op(running *r, ckks_ciphertext *out, int i) {
  const plan_op *op = &r->program->op[i];
  const exec_encoded *encoded = &r->prepared->op[i];
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    return run_mul_vector(r, out, op, encoded);
  case PLAN_OP_ADD_VECTOR:
    return run_add_vector(r, out, op, encoded);
  case PLAN_OP_ROTATE_SUM:
    return run_rotate_sum(r, out, op);
  case PLAN_OP_MUL_SUM:
    return run_mul_sum(r, out, op);
  case PLAN_OP_DIAGONALS:
  case PLAN_OP_WINDOWS:
    return run_map(r, out, op, encoded);
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
    return run_polynomial(r, out, op);
  case PLAN_OP_DENSE:
    return run_dense(r, out, i);
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    return run_slot_polynomials(r, out, op, encoded);
  case PLAN_OP_BOOTSTRAP:
    return run_bootstrap(r, out, op);
  }
  return CKKS_OK;
}

static void release_operand(void *context, int reg, int i) {
  running *r = context;
  if (r->prepared->last_use[reg] <= i && r->written[reg]) {
    ckks_ciphertext_free(r->reg[reg]);
    r->reg[reg] = NULL;
    r->written[reg] = false;
  }
}

static ckks_status step(running *r, int i) {
  const plan_op *op = &r->program->op[i];
  ckks_ciphertext *out;
  BASE_TRY(take_register(&out, r, i));
  BASE_TRY(run_op(r, out, i));
  r->written[op->out] = true;
  /* Scales are exact by construction; what is kept is the plan's own figure, bit for bit. */
  BASE_ASSERT(ckks_scale_equal(r->reg[op->out]->scale, op->scale));
  r->reg[op->out]->scale = op->scale;
  if (r->packing == PLAN_THROUGHPUT)
    exec_prepare_operands(op, release_operand, r, i);
  return CKKS_OK;
}

ckks_status exec_session_run(const ckks_ciphertext **outputs, ckks_ciphertext *const *inputs,
                             plan_packing packing, exec_session *session) {
  running r = {.session = session,
               .prepared = &session->engine->program[packing],
               .program = &session->engine->plan->program[packing],
               .inputs = inputs,
               .packing = packing,
               .reg = session->reg[packing],
               .written = session->written[packing]};
  BASE_TRY(ckks_params_check_rounding());
  memset(r.written, 0, (size_t)r.program->n_registers * sizeof *r.written);
  ckks_status status = CKKS_OK;
  for (int i = 0; i < r.program->n_ops && status == CKKS_OK; i++)
    status = step(&r, i);
  for (int i = 0; i < r.program->n_outputs && status == CKKS_OK; i++)
    outputs[i] = value_of(&r, r.program->output[i]);
  return status;
}
