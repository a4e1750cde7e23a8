/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made by hand that bootstraps once: ((x / 2 bootstrapped)^2) times a vector. */
#ifndef TESTS_GOLDEN_BOOTSTRAPPED_H
#define TESTS_GOLDEN_BOOTSTRAPPED_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/alloc.h"
#include "eval/bootstrap.h"
#include "plan/files.h"
#include "plan/plan.h"

#define N 8       /* values, and outputs */
#define RANGE 2.0 /* what bootstrapping is made for here */

static inline void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

static const double weight[N] = {1, -1, 0.5, 0.25, -0.5, 2, 0.125, 1};

/* Everything but the program: a client's view with plain features. */
static inline void make_interface(plan_interface *interface,
                                  const ckks_bootstrap_literal *literal) {
  *interface = (plan_interface){.bootstrap = *literal, .n_bootstraps = 1, .depth = 300};
  assert_ok(ckks_params_build_bootstrap(&interface->params, literal));
  interface->literal = *ckks_params_get_literal(interface->params);
  interface->layout[PLAN_LATENCY] = (plan_layout){.available = true,
                                                  .stride = 1,
                                                  .padded = N,
                                                  .fold = 1,
                                                  .input_level = literal->n_stc + 1,
                                                  .input_scale = 0x1p37,
                                                  .period = N,
                                                  .output_scale = 0x1p30,
                                                  .output_bits = literal->base_bits};
  interface->name = base_strdup("by hand");
  interface->n_features = interface->n_outputs = N;
  interface->feature = base_alloc_array(N, sizeof(char *));
  interface->label = base_alloc_array(N, sizeof(char *));
  double **const numbers[] = {&interface->mean, &interface->deviation, &interface->low,
                              &interface->high, &interface->padding};
  for (size_t i = 0; i < 5; i++)
    *numbers[i] = base_alloc_array(N, sizeof(double));
  for (size_t i = 0; i < N; i++) {
    const char name[] = {(char)('a' + i), 0};
    interface->feature[i] = base_strdup(name);
    interface->label[i] = base_strdup(name);
    interface->deviation[i] = 1.0;
    interface->low[i] = -4.0;
    interface->high[i] = 4.0;
  }
  interface->max_abs_output = 100.0;
  interface->last = (encoding_polynomial){.degree = 1, .coefficient = {0.0, 1.0}};
  interface->meaning = encoding_meaning_default(N);
}

static inline void make_keys(plan_interface *interface) {
  ckks_bootstrapper *outline;
  assert_ok(eval_bootstrap_outline(&outline, &interface->bootstrap, interface->params));
  interface->n_keys = outline->n_keys;
  interface->key = base_alloc_array(outline->n_keys, sizeof *interface->key);
  memcpy(interface->key, outline->key, outline->n_keys * sizeof *interface->key);
  interface->key_bytes = plan_key_bytes(interface->key, interface->n_keys, interface->params);
  ckks_bootstrapper_free(outline);
}

static inline void make_vector(plan_vector *vector, const double *values, size_t period) {
  vector->period = period;
  vector->value = base_alloc_array(period, sizeof(double));
  memcpy(vector->value, values, period * sizeof(double));
}

/* ((x / 2 bootstrapped)^2) * weight */
static inline void make_program(plan_plan *plan) {
  static const double half = 0.5;
  const plan_interface *interface = &plan->interface;
  const uint64_t *q = interface->literal.q;
  int level = interface->bootstrap.n_stc, fresh = interface->bootstrap.n_levels;
  double in = plan_bootstrap_scale(interface, level) / RANGE;
  double out = plan_bootstrap_scale(interface, fresh) / RANGE;
  double squared = out * out / (double)q[fresh];
  plan_program *program = &plan->program[PLAN_LATENCY];
  plan->vector = base_alloc_array(2, sizeof *plan->vector);
  plan->n_vectors = 2;
  make_vector(&plan->vector[0], &half, 1);
  make_vector(&plan->vector[1], weight, N);
  *program = (plan_program){.n_registers = 4, .n_inputs = 1, .n_outputs = 1, .n_ops = 4};
  program->output = base_alloc_array(1, sizeof(int));
  program->output[0] = 3;
  program->op = base_alloc_array(4, sizeof *program->op);
  program->op[0] = (plan_op){.kind = PLAN_OP_MUL_VECTOR,
                             .out = 1,
                             .index = 0,
                             .level = level,
                             .scale = in,
                             .factor = in * (double)q[level + 1] / 0x1p37};
  program->op[1] = (plan_op){.kind = PLAN_OP_BOOTSTRAP,
                             .out = 2,
                             .a = 1,
                             .index = interface->bootstrap.log2_slots,
                             .level = fresh,
                             .scale = out,
                             .factor = plan_bootstrap_fold(interface, RANGE)};
  program->op[2] = (plan_op){.kind = PLAN_OP_MUL_SUM,
                             .out = 2,
                             .a = -1,
                             .index = -1,
                             .n_terms = 1,
                             .level = fresh - 1,
                             .scale = squared};
  program->op[2].term = base_alloc_array(2, sizeof(int32_t));
  program->op[2].term[0] = program->op[2].term[1] = 2;
  program->op[3] = (plan_op){.kind = PLAN_OP_MUL_VECTOR,
                             .out = 3,
                             .a = 2,
                             .index = 1,
                             .level = 0, /* from far above: what is not needed is cut */
                             .scale = 0x1p30,
                             .factor = 0x1p30 * (double)q[1] / squared};
}

static inline void make_plan(plan_plan *plan, const ckks_bootstrap_literal *literal) {
  memset(plan, 0, sizeof *plan);
  make_interface(&plan->interface, literal);
  make_keys(&plan->interface);
  make_program(plan);
  assert_ok(plan_bytes_identify(plan));
  assert_ok(plan_check(plan));
}
#endif
