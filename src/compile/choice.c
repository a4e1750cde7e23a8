/* SPDX-License-Identifier: Apache-2.0 */
/* What the search chose, written into a plan: layouts, programs, keys and costs. */
#include "compile/choice.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/account.h"
#include "compile/error.h"
#include "compile/fits.h"
#include "compile/lower_guard.h"
#include "compile/probe.h"
#include "compile/room.h"

/* Slots of a guarded batch that hold no row: a bit of guard in each makes 2^-20 and more. */
#define CANARIES 32
/* What may be in a slot without an output: some times what errors are expected to be. */
#define CANARY_ERRORS 4.0

/* What becomes of a slot that no map writes to, at the end. */
static double empty_value(const compile_stage *last) {
  bool bent = last->kind == COMPILE_STAGE_GENERAL && last->n_activations == 1;
  return bent ? encoding_polynomial_value(&last->polynomial[0], 0.0) : 0.0;
}

/* Throughput packing computes the plain stages: without the copies in front that latency packing
 * may need, which are a level of their own. */
static compile_choice plain_choice(const compile_stages *stages, const compile_choice *choice) {
  compile_choice plain = *choice;
  size_t n_copies = stages->n_stages - stages->plain->n_stages;
  for (size_t i = 0; i < stages->plain->n_stages; i++)
    plain.affine[i] = choice->affine[i + n_copies];
  return plain;
}

void compile_choice_layouts(plan_layout layout[PLAN_N_PACKINGS], const compile_stages *stages,
                            const compile_choice *choice, const compile_chain *chain,
                            bool throughput) {
  size_t n_outputs = stages->stage[stages->n_stages - 1].n_out;
  plan_layout common = {.available = true,
                        .stride = 1,
                        .padded = 1,
                        .fold = 1,
                        .input_level = compile_layouts_level(stages, choice, 0),
                        .input_scale = exp2(chain->log2_value),
                        .period = 1,
                        .output_bits = chain->params->literal.q_bits[0]};
  const compile_choice plain = plain_choice(stages, choice);
  layout[PLAN_THROUGHPUT] = layout[PLAN_LATENCY] = common;
  layout[PLAN_THROUGHPUT].input_level = compile_layouts_depth(stages->plain, &plain);
  layout[PLAN_LATENCY].available = choice->latency;
  layout[PLAN_THROUGHPUT].available = throughput;
  layout[PLAN_LATENCY].stride = choice->affine[0].stride;
  layout[PLAN_LATENCY].padded = compile_layouts_inputs(stages, choice, 0);
  layout[PLAN_LATENCY].fold = choice->fold;
  layout[PLAN_LATENCY].period = compile_padded(n_outputs + choice->guarded);
  layout[PLAN_LATENCY].empty = empty_value(&stages->stage[stages->n_stages - 1]);
  layout[PLAN_THROUGHPUT].canaries = choice->guarded ? CANARIES : 0;
}

static ckks_status set_gather(plan_interface *interface, const compile_gather *gather) {
  interface->gather = base_alloc_array(gather->n, sizeof *interface->gather);
  if (!interface->gather)
    return base_fail_memory(gather->n * sizeof *interface->gather);
  memcpy(interface->gather, gather->feature, gather->n * sizeof *interface->gather);
  interface->n_gather = gather->n;
  return CKKS_OK;
}

ckks_status compile_choice_programs(plan_plan *plan, const compile_stages *stages,
                                    const compile_choice *choice, bool throughput) {
  if (choice->latency)
    BASE_TRY(compile_lower_latency(plan, stages, choice));
  const compile_choice plain = plain_choice(stages, choice);
  return throughput ? compile_lower_throughput(plan, stages->plain, &plain) : CKKS_OK;
}

static ckks_status fill_keys(plan_plan *plan, const compile_chain *chain) {
  plan_interface *interface = &plan->interface;
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    BASE_TRY(compile_cost_keys(&interface->key, &interface->n_keys, plan, &plan->program[packing],
                               chain));
  interface->n_keys = ckks_key_spec_merge(interface->key, interface->n_keys);
  compile_cost_level_keys(interface->key, interface->n_keys, &plan->program[PLAN_LATENCY],
                          interface->literal.log2_n);
  interface->key_bytes = plan_key_bytes(interface->key, interface->n_keys, chain->params);
  return CKKS_OK;
}

/* One packing of a plan, its scales and costs under way. */
typedef struct filling {
  plan_plan *plan;
  plan_packing packing;
  plan_layout *layout;
  const compile_stages *stages;
  const compile_chain *chain;
  const compile_vector_size *size;
  compile_probe probe; /* where values are bootstrapped */
} filling;

static compile_error error_of(const filling *f, const plan_layout *layout) {
  compile_error bound = compile_error_part(f->plan, f->packing, layout, f->chain, f->size,
                                           f->stages->max_abs_input, NULL);
  if (f->chain->bootstrap == NULL || isnan(bound.whole))
    return bound;
  return compile_probe_error(&f->probe, &bound, layout, f->chain);
}

/* Rounds the result to as few bits as the error asked for allows; what error it has then. */
static compile_error fit_output_bits(const filling *f, double allowed) {
  compile_error error = error_of(f, f->layout);
  /* Not a number: no memory, and the caller looks. */
  while (f->layout->output_bits > 8 && !isnan(error.whole)) {
    plan_layout shorter = *f->layout;
    shorter.output_bits--;
    compile_error worse = error_of(f, &shorter);
    if (worse.whole > allowed)
      break;
    error = worse;
    *f->layout = shorter;
  }
  return error;
}

/* What decides whether a value wrapped: the band, and how much a slot without an output may hold.
 */
static void fill_contract(plan_interface *interface, const compile_stages *stages,
                          const compile_search_result *best, const compile_options *options) {
  bool certified = best->contract == COMPILE_CONTRACT_CERTIFIED;
  interface->contract = certified ? PLAN_CERTIFIED : PLAN_GUARDED;
  interface->max_abs_output = certified ? compile_room_held(stages, options, best->contract)
                                        : compile_room_band(stages, options);
}

static double canary_of(const filling *f, double absolute_error) {
  const plan_interface *interface = &f->plan->interface;
  if (interface->contract == PLAN_CERTIFIED)
    return 0.0;
  return f->packing == PLAN_THROUGHPUT ? interface->max_abs_output : CANARY_ERRORS * absolute_error;
}

/* Bootstraps are off by what they are expected to be off by, and never by so many times that: those
 * of many slots add up to their mean, and few may be far from it. */
#define GUARD_MARGIN 16.0
#define GUARD_MARGIN_FEW 512.0

/* Rows may go beyond what calibration saw; so far nobody complains of what the sine lacks. */
#define GUARD_REACH 2.0

/* The largest value that calibration saw of what operation i bootstraps, over the range. */
static double seen_part(const filling *f, int i) {
  const plan_op *op = f->plan->program[f->packing].op, *bias = &op[i];
  do
    bias--;
  while (bias->out != op[i].a);
  return bias->max_abs / plan_bootstrap_range(&f->plan->interface, op[i].factor);
}

/* What the sum of all slots and bootstraps is expected to be: noise, and what the sine lacks. */
static double expected_guard(const filling *f, double n_slots) {
  const plan_program *program = &f->plan->program[f->packing];
  const ckks_bootstrapper *bootstrap = f->chain->bootstrap;
  double sum = 0.0;
  for (int i = 0; i < program->n_ops; i++)
    if (program->op[i].kind == PLAN_OP_BOOTSTRAP)
      sum += pow(bootstrap->error, 2.0) +
             pow(bootstrap->distortion * pow(GUARD_REACH * seen_part(f, i), 3.0), 2.0);
  return ldexp(n_slots * sum, 2 * COMPILE_LOWER_GUARD_BITS);
}

/* So that what bootstraps are off by, in all, passes a canary's limit when it is too much. */
static void weigh_guard(const filling *f) {
  const plan_interface *interface = &f->plan->interface;
  plan_vector *weights = compile_lower_guard_weights(f->plan);
  if (f->packing != PLAN_LATENCY || weights == NULL)
    return;
  double n_slots = ldexp(1.0, interface->bootstrap.log2_slots);
  double margin = GUARD_MARGIN + GUARD_MARGIN_FEW / (interface->n_bootstraps * n_slots);
  for (size_t j = interface->n_outputs; j < weights->period; j++)
    weights->value[j] = f->layout->canary / (margin * expected_guard(f, n_slots));
}

/* Shares that the bound found, of what was found by trying. */
static void scale_account(plan_account *account, double predicted) {
  double sum = 0.0;
  for (int i = 0; i < account->n_parts; i++)
    sum = hypot(sum, account->part[i].error);
  for (int i = 0; i < account->n_parts && sum > 0.0; i++)
    account->part[i].error *= predicted / sum;
}

static ckks_status fill_packing(filling *f, const compile_choice *choice,
                                const compile_options *options) {
  plan_program *program = &f->plan->program[f->packing];
  plan_interface *interface = &f->plan->interface;
  plan_cost *cost = &interface->cost[f->packing];
  compile_assignment assigned = compile_assign(program, f->chain);
  if (assigned == COMPILE_ASSIGN_UNUSABLE)
    return base_fail(CKKS_ERROR_RANGE, "the scales of the chosen chain do not work out");
  if (assigned == COMPILE_ASSIGN_NO_MEMORY)
    return base_fail_memory((size_t)program->n_registers * sizeof(double));
  f->layout->output_scale = program->n_ops ? program->op[program->n_ops - 1].scale : 0.0;
  BASE_TRY(compile_fits(f->plan, f->packing, f->layout, f->chain, f->size, 1.0));
  if (f->chain->bootstrap != NULL)
    BASE_TRY(
        compile_probe_run(&f->probe, f->plan, f->layout, f->stages, choice->gathered, f->chain));
  compile_error error = fit_output_bits(f, options->error);
  /* The chain was chosen because its error is small: only a lack of memory hides it here. */
  if (!isfinite(error.whole))
    return base_fail_memory((size_t)program->n_registers * sizeof(double));
  cost->predicted_error = error.whole;
  f->layout->canary = canary_of(f, error.absolute);
  weigh_guard(f);
  compile_cost_count(cost, f->plan, f->packing, f->layout, f->chain, interface->key,
                     interface->n_keys, &options->units, options->weights_bytes);
  BASE_TRY(compile_account_fill(f->plan, f->packing, f->stages, choice, f->chain, f->size,
                                &options->units, options->weights_bytes));
  if (f->chain->bootstrap != NULL)
    scale_account(&f->plan->account[f->packing], cost->predicted_error);
  return CKKS_OK;
}

ckks_status compile_choice_plan(plan_plan *plan, const compile_stages *stages,
                                const compile_search_result *best, const compile_chain *chain,
                                const compile_options *options) {
  plan_interface *interface = &plan->interface;
  BASE_TRY(compile_choice_programs(plan, stages, &best->choice, best->throughput));
  BASE_TRY(fill_keys(plan, chain));
  interface->depth = compile_layouts_depth(stages, &best->choice);
  for (int i = 0; i < plan->program[PLAN_LATENCY].n_ops; i++)
    interface->n_bootstraps += plan->program[PLAN_LATENCY].op[i].kind == PLAN_OP_BOOTSTRAP;
  fill_contract(interface, stages, best, options);
  compile_choice_layouts(interface->layout, stages, &best->choice, chain, best->throughput);
  if (best->choice.latency && best->choice.gathered)
    BASE_TRY(set_gather(interface, &stages->gather));
  compile_vector_size *size = compile_error_vector_sizes(plan);
  if (size == NULL)
    return base_fail_memory((size_t)plan->n_vectors * sizeof *size);
  ckks_status status = CKKS_OK;
  for (int packing = 0; packing < PLAN_N_PACKINGS && status == CKKS_OK; packing++) {
    filling f = {plan,      (plan_packing)packing, &interface->layout[packing], stages, chain, size,
                 {0.0, 0.0}};
    if (f.layout->available)
      status = fill_packing(&f, &best->choice, options);
  }
  base_free(size);
  return status;
}
