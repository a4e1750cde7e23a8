/* SPDX-License-Identifier: Apache-2.0 */
/* Life and well-formedness of plans. */
#include "plan/plan.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "base/wipe.h"
#include "ring/pack.h"

ckks_status plan_interface_build(plan_interface *interface) {
  return ckks_params_build(&interface->params, &interface->literal);
}

void plan_interface_clear(plan_interface *interface) {
  encoding_input_clear(&interface->input);
  ckks_params_free(interface->params);
  encoding_names_free(interface->feature, interface->n_features);
  encoding_names_free(interface->label, interface->n_outputs);
  base_free(interface->name);
  base_free(interface->mean);
  base_free(interface->deviation);
  base_free(interface->low);
  base_free(interface->high);
  base_free(interface->padding);
  base_free(interface->key);
  base_free(interface->gather);
  memset(interface, 0, sizeof *interface);
}

static void program_clear(plan_program *program) {
  for (int i = 0; i < program->n_ops; i++)
    base_free(program->op[i].term);
  base_free(program->op);
  base_free(program->output);
}

void plan_clear(plan_plan *plan) {
  for (int i = 0; i < plan->n_vectors; i++) {
    if (plan->vector[i].value)
      base_wipe(plan->vector[i].value, plan->vector[i].period * sizeof(double));
    base_free(plan->vector[i].value);
  }
  base_free(plan->vector);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    program_clear(&plan->program[packing]);
    base_free(plan->account[packing].part);
  }
  plan_interface_clear(&plan->interface);
  memset(plan, 0, sizeof *plan);
}

size_t plan_key_bytes(const ckks_key_spec *keys, size_t n_keys, const ckks_params *params) {
  /* The frame, the number of keys, whose they are, and the public key that hides results. */
  size_t bytes = BASE_FRAME_OVERHEAD_BYTES + 4 + CKKS_OWNER_BYTES + RAND_SEED_BYTES +
                 ring_pack_bytes(params->ring.n, params->ring.modulus[0].bits);
  for (size_t i = 0; i < n_keys; i++)
    bytes += ckks_key_spec_bytes(&keys[i], params);
  return bytes;
}

int plan_polynomial_depth(int degree) {
  int depth = 0;
  while ((1 << depth) < degree + 1)
    depth++;
  return depth;
}

bool plan_is_polynomial(const plan_op *op) {
  return op->kind == PLAN_OP_POLYNOMIAL || op->kind == PLAN_OP_CHEBYSHEV || plan_is_slots(op);
}

bool plan_is_slots(const plan_op *op) {
  return op->kind == PLAN_OP_SLOT_POLYNOMIALS || op->kind == PLAN_OP_SLOT_CHEBYSHEV;
}

bool plan_is_chebyshev(const plan_op *op) {
  return op->kind == PLAN_OP_CHEBYSHEV || op->kind == PLAN_OP_SLOT_CHEBYSHEV;
}

int plan_power(int i) {
  int power = 1;
  while (2 * power < i)
    power *= 2;
  return power;
}

/* --- checking: what exec and clear rely on */

typedef struct register_state {
  bool set;
  int level;
  double scale;
} register_state;

typedef struct checking {
  const plan_plan *plan;
  const plan_program *program;
  register_state *reg;
  int at;
} checking;

static ckks_status wrong(const checking *c, const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "operation %d of the plan: %s", c->at, what);
}

static const register_state *operand(const checking *c, int reg) {
  if (reg < 0 || reg >= c->program->n_registers || !c->reg[reg].set)
    return NULL;
  return &c->reg[reg];
}

static double prime(const checking *c, int level) {
  return (double)c->plan->interface.literal.q[level];
}

static ckks_status check_vectors(const checking *c, int first, int n) {
  if (first < 0 || n < 1 || first > c->plan->n_vectors - n)
    return wrong(c, "a vector that is not there");
  return CKKS_OK;
}

/* The factor must bring the operand exactly to the result's scale. */
static ckks_status check_factor(const checking *c, const plan_op *op, const register_state *in) {
  if (!in || in->level < op->level + 1)
    return wrong(c, "an operand that is missing or too low");
  if (!(op->factor >= 1.0 && op->factor <= 0x1p60) ||
      !ckks_scale_equal(in->scale * op->factor / prime(c, op->level + 1), op->scale))
    return wrong(c, "scales that do not meet");
  return CKKS_OK;
}

static ckks_status check_steps(const checking *c, const plan_op *op, int words) {
  int32_t slots = (int32_t)1 << (c->plan->interface.literal.log2_n - 1);
  for (int i = 0; i < words * op->n_terms; i++)
    if (op->term[i] < 0 || op->term[i] >= slots)
      return wrong(c, "a rotation out of range");
  return CKKS_OK;
}

static ckks_status check_mul_sum(const checking *c, const plan_op *op) {
  for (int t = 0; t < op->n_terms; t++) {
    const register_state *x = operand(c, op->term[2 * t]), *y = operand(c, op->term[2 * t + 1]);
    if (!x || !y || x->level < op->level + 1 || y->level < op->level + 1)
      return wrong(c, "an operand that is missing or too low");
    if (!ckks_scale_equal(x->scale * y->scale / prime(c, op->level + 1), op->scale))
      return wrong(c, "scales that do not meet");
  }
  return op->n_terms < 1 ? wrong(c, "an empty sum") : CKKS_OK;
}

static ckks_status check_dense(const checking *c, const plan_op *op) {
  BASE_TRY(check_vectors(c, op->index, 1));
  if (op->n_terms < 1 || (size_t)op->n_terms > c->plan->vector[op->index].period)
    return wrong(c, "more terms than weights");
  for (int t = 0; t < op->n_terms; t++) {
    const register_state *in = operand(c, op->term[t]);
    if (in && in->level != op->level + 1) /* sums are not cut: they would not fit their register */
      return wrong(c, "an operand of a sum at another level; compile the model again");
    BASE_TRY(check_factor(c, op, in));
  }
  return CKKS_OK;
}

static ckks_status check_kept(const checking *c, const plan_op *op) {
  const register_state *in = operand(c, op->a);
  if (!in || in->level != op->level || !ckks_scale_equal(in->scale, op->scale))
    return wrong(c, "an operand that is missing or at another level or scale");
  return CKKS_OK;
}

static ckks_status check_rotate_sum(const checking *c, const plan_op *op) {
  const register_state *addend = operand(c, op->index);
  if (op->n_terms < 1 || (op->n_terms > 1 && op->index != op->a))
    return wrong(c, "an empty sum, or several rotations of one register added to another");
  if (!addend || addend->level != op->level || !ckks_scale_equal(addend->scale, op->scale))
    return wrong(c, "an addend that is missing or at another level or scale");
  return check_kept(c, op);
}

int plan_degree(const plan_plan *plan, const plan_op *op) {
  if (plan_is_slots(op))
    return op->term[op->n_terms - 1];
  const plan_vector *vector = &plan->vector[op->index];
  int degree = (int)vector->period - 1;
  while (degree > 1 && vector->value[degree] == 0.0)
    degree--;
  return degree;
}

int plan_top(const plan_plan *plan, const plan_op *op) {
  int degree = plan_degree(plan, op), depth = 0;
  while ((1 << depth) < degree + 1)
    depth++;
  return op->level + depth;
}

static ckks_status check_top(const checking *c, const plan_op *op) {
  const register_state *in = operand(c, op->a);
  if (!in || in->level < plan_top(c->plan, op))
    return wrong(c, "an operand that is missing or not as high as its polynomial is deep");
  return CKKS_OK;
}

static ckks_status check_polynomial(const checking *c, const plan_op *op) {
  BASE_TRY(check_vectors(c, op->index, 1));
  if (c->plan->vector[op->index].period > ENCODING_MAX_DEGREE + 1)
    return wrong(c, "a polynomial of too high a degree");
  return check_top(c, op);
}

/* Ascending powers are at most one vector each, and the last of them is the degree. */
static ckks_status check_slot_polynomials(const checking *c, const plan_op *op) {
  BASE_TRY(check_vectors(c, op->index, op->n_terms));
  for (int t = 0; t < op->n_terms; t++)
    if (op->term[t] < 0 || op->term[t] > ENCODING_MAX_DEGREE ||
        (t > 0 && op->term[t] <= op->term[t - 1]))
      return wrong(c, "powers out of range or out of order");
  if (op->term[op->n_terms - 1] < 2)
    return wrong(c, "polynomials of too low a degree");
  return check_top(c, op);
}

/* From the scale that bootstrapping wants to the one it gives, both over the range of the values.
 */
static ckks_status check_bootstrap(const checking *c, const plan_op *op) {
  const plan_interface *interface = &c->plan->interface;
  const ckks_bootstrap_literal *literal = &interface->bootstrap;
  const register_state *in = operand(c, op->a);
  if (!plan_bootstraps(interface))
    return wrong(c, "bootstrapping with parameters that were not made for it");
  if (!in || in->level < literal->n_stc)
    return wrong(c, "an operand that is missing or too low");
  if (op->level != literal->n_levels || op->index != literal->log2_slots)
    return wrong(c, "bootstrapping to another level, or of other slots, than the parameters have");
  double range = plan_bootstrap_range(interface, op->factor);
  if (!(range >= 1e-30 && range <= 1e30) ||
      !ckks_scale_equal(in->scale * range, plan_bootstrap_scale(interface, literal->n_stc)) ||
      !ckks_scale_equal(op->scale * range, plan_bootstrap_scale(interface, literal->n_levels)))
    return wrong(c, "scales that do not meet");
  return CKKS_OK;
}

static ckks_status check_windows(const checking *c, const plan_op *op) {
  plan_window_steps steps;
  BASE_TRY(check_vectors(c, op->index, op->n_terms));
  BASE_TRY(check_steps(c, op, 3));
  bool rotates = false;
  for (int t = 0; t < 3 * op->n_terms; t++)
    rotates = rotates || op->term[t] != 0;
  if (!rotates || !plan_windows(&steps, op, c->plan->interface.literal.log2_n))
    return wrong(c, "windows without steps that lead to them");
  return op->out == op->a ? wrong(c, "a result over its operand")
                          : check_factor(c, op, operand(c, op->a));
}

static ckks_status check_op(const checking *c, const plan_op *op) {
  int top = c->plan->interface.literal.n_q - 1;
  bool rescales = op->kind != PLAN_OP_ADD_VECTOR && op->kind != PLAN_OP_ROTATE_SUM;
  if (op->out < 0 || op->out >= c->program->n_registers)
    return wrong(c, "a register out of range");
  if (op->level < 0 || op->level > top - (rescales ? 1 : 0))
    return wrong(c, "a level out of range");
  if (!(op->scale >= 1.0 && op->scale <= 0x1p100))
    return wrong(c, "a scale out of range");
  switch (op->kind) {
  case PLAN_OP_MUL_VECTOR:
    BASE_TRY(check_vectors(c, op->index, 1));
    return check_factor(c, op, operand(c, op->a));
  case PLAN_OP_ADD_VECTOR:
    BASE_TRY(check_vectors(c, op->index, 1));
    return check_kept(c, op);
  case PLAN_OP_ROTATE_SUM:
    BASE_TRY(check_steps(c, op, 1));
    return check_rotate_sum(c, op);
  case PLAN_OP_MUL_SUM:
    return check_mul_sum(c, op);
  case PLAN_OP_DIAGONALS:
    BASE_TRY(check_vectors(c, op->index, op->n_terms));
    BASE_TRY(check_steps(c, op, 2));
    return op->out == op->a ? wrong(c, "a result over its operand")
                            : check_factor(c, op, operand(c, op->a));
  case PLAN_OP_WINDOWS:
    return check_windows(c, op);
  case PLAN_OP_POLYNOMIAL:
  case PLAN_OP_CHEBYSHEV:
    return check_polynomial(c, op);
  case PLAN_OP_DENSE:
    return check_dense(c, op);
  case PLAN_OP_SLOT_POLYNOMIALS:
  case PLAN_OP_SLOT_CHEBYSHEV:
    return check_slot_polynomials(c, op);
  case PLAN_OP_BOOTSTRAP:
    return check_bootstrap(c, op);
  }
  return wrong(c, "an unknown kind");
}

static ckks_status check_outputs(const checking *c, const plan_layout *layout,
                                 plan_packing packing) {
  size_t expected = packing == PLAN_LATENCY ? 1 : c->plan->interface.n_outputs;
  if ((size_t)c->program->n_outputs != expected)
    return base_fail(CKKS_ERROR_FORMAT, "the plan has %d output ciphertexts where %zu are needed",
                     c->program->n_outputs, expected);
  for (int i = 0; i < c->program->n_outputs; i++) {
    const register_state *out = operand(c, c->program->output[i]);
    if (!out || out->level != 0 || !ckks_scale_equal(out->scale, layout->output_scale))
      return base_fail(CKKS_ERROR_FORMAT,
                       "output %d of the plan is not at level 0 and the "
                       "output scale",
                       i);
  }
  return CKKS_OK;
}

static ckks_status check_program(const plan_plan *plan, plan_packing packing) {
  const plan_program *program = &plan->program[packing];
  const plan_layout *layout = &plan->interface.layout[packing];
  checking c = {.plan = plan, .program = program};
  size_t expected = packing == PLAN_LATENCY ? 1 : plan_n_inputs(&plan->interface);
  if (!layout->available)
    return CKKS_OK;
  if ((size_t)program->n_inputs != expected || program->n_registers < program->n_inputs ||
      program->n_registers > PLAN_MAX_REGISTERS || program->n_ops < 1)
    return base_fail(CKKS_ERROR_FORMAT, "the plan's program has %d inputs and %d registers",
                     program->n_inputs, program->n_registers);
  c.reg = base_alloc_array((size_t)program->n_registers, sizeof *c.reg);
  if (!c.reg)
    return base_fail_memory((size_t)program->n_registers * sizeof *c.reg);
  for (int i = 0; i < program->n_inputs; i++)
    c.reg[i] = (register_state){true, layout->input_level, layout->input_scale};
  ckks_status status = CKKS_OK;
  for (c.at = 0; c.at < program->n_ops && status == CKKS_OK; c.at++) {
    const plan_op *op = &program->op[c.at];
    status = check_op(&c, op);
    if (status == CKKS_OK)
      c.reg[op->out] = (register_state){true, op->level, op->scale};
  }
  if (status == CKKS_OK)
    status = check_outputs(&c, layout, packing);
  base_free(c.reg);
  return status;
}

ckks_status plan_check(const plan_plan *plan) {
  size_t slots = (size_t)1 << (plan->interface.literal.log2_n - 1);
  BASE_TRY(plan_bootstrap_check(&plan->interface));
  for (int i = 0; i < plan->n_vectors; i++) {
    size_t period = plan->vector[i].period;
    if (period == 0 || period > slots || (period & (period - 1)))
      return base_fail(CKKS_ERROR_FORMAT, "vector %d of the plan has period %zu", i, period);
    for (size_t j = 0; j < period; j++)
      if (!(fabs(plan->vector[i].value[j]) <= 1e30))
        return base_fail(CKKS_ERROR_FORMAT, "vector %d of the plan holds %g", i,
                         plan->vector[i].value[j]);
  }
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    BASE_TRY(check_program(plan, (plan_packing)packing));
  return CKKS_OK;
}
