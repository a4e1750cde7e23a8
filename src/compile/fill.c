/* SPDX-License-Identifier: Apache-2.0 */
/* What the search chose, written into a plan: layouts, programs, keys and costs. */
#include "compile/fill.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "compile/account.h"
#include "compile/room.h"
#include "ring/pack.h"

/* Slots of a guarded batch that hold no row: a bit of guard in each makes 2^-20 and more. */
#define CANARIES 32
/* What may be in a slot without an output: some times what errors are expected to be. */
#define CANARY_ERRORS 4.0

/* What becomes of a slot that no map writes to, at the end. */
static double empty_value(const compile_stage *last) {
  bool bent = last->kind == COMPILE_STAGE_GENERAL && last->n_activations == 1;
  return bent ? encoding_polynomial_value(&last->polynomial[0], 0.0) : 0.0;
}

/* The layout that the client sees, from the choice. */
void compile_fill_layout(plan_layout layout[PLAN_N_PACKINGS], const compile_stages *stages,
                         const compile_choice *choice, const compile_chain *chain, int depth,
                         bool throughput) {
  size_t n_outputs = stages->stage[stages->n_stages - 1].n_out;
  plan_layout common = {.available = true,
                        .stride = 1,
                        .padded = 1,
                        .fold = 1,
                        .input_level = depth,
                        .input_scale = exp2(chain->log2_value),
                        .period = 1,
                        .output_bits = chain->params->literal.q_bits[0]};
  layout[PLAN_THROUGHPUT] = layout[PLAN_LATENCY] = common;
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

ckks_status compile_fill_programs(plan_plan *plan, const compile_stages *stages,
                                  const compile_choice *choice, bool throughput) {
  if (choice->latency)
    BASE_TRY(compile_lower_latency(plan, stages, choice));
  return throughput ? compile_lower_throughput(plan, stages->plain, choice) : CKKS_OK;
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

/* Rounds the result to as few bits as the error asked for allows, and says what error it has. */
static void fit_output_bits(plan_cost *cost, plan_layout *layout, const plan_plan *plan,
                            plan_packing packing, const compile_chain *chain,
                            const compile_vector_size *size, const compile_stages *stages,
                            double error) {
  const plan_program *program = &plan->program[packing];
  cost->predicted_error =
      compile_error_bound(plan, program, layout, packing, chain, size, stages->max_abs_input);
  /* Not a number: no memory, and the caller looks. */
  while (layout->output_bits > 8 && !isnan(cost->predicted_error)) {
    plan_layout shorter = *layout;
    shorter.output_bits--;
    double worse =
        compile_error_bound(plan, program, &shorter, packing, chain, size, stages->max_abs_input);
    if (worse > error)
      return;
    cost->predicted_error = worse;
    *layout = shorter;
  }
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

static void fill_canary(plan_layout *layout, plan_packing packing, double absolute_error,
                        const plan_interface *interface) {
  if (interface->contract == PLAN_CERTIFIED)
    layout->canary = 0.0;
  else if (packing == PLAN_THROUGHPUT)
    layout->canary = interface->max_abs_output;
  else
    layout->canary = CANARY_ERRORS * absolute_error;
}

ckks_status compile_fill_plan(plan_plan *plan, const compile_stages *stages,
                              const compile_search_result *best, const compile_chain *chain,
                              const compile_options *options) {
  plan_interface *interface = &plan->interface;
  compile_vector_size *size = NULL;
  BASE_TRY(compile_fill_programs(plan, stages, &best->choice, best->throughput));
  BASE_TRY(fill_keys(plan, chain));
  interface->depth = compile_layouts_depth(stages, &best->choice);
  fill_contract(interface, stages, best, options);
  compile_fill_layout(interface->layout, stages, &best->choice, chain, interface->depth,
                      best->throughput);
  if (best->choice.latency && best->choice.gathered)
    BASE_TRY(set_gather(interface, &stages->gather));
  if (!(size = compile_error_vector_sizes(plan)))
    return base_fail_memory((size_t)plan->n_vectors * sizeof *size);
  ckks_status status = CKKS_OK;
  for (int packing = 0; packing < PLAN_N_PACKINGS && status == CKKS_OK; packing++) {
    plan_program *program = &plan->program[packing];
    plan_layout *layout = &interface->layout[packing];
    plan_cost *cost = &interface->cost[packing];
    if (!layout->available)
      continue;
    compile_assignment assigned = compile_assign(program, chain);
    if (assigned != COMPILE_ASSIGN_GOOD) {
      status = assigned == COMPILE_ASSIGN_NO_MEMORY
                   ? base_fail_memory((size_t)program->n_registers * sizeof(double))
                   : base_fail(CKKS_ERROR_RANGE, "the scales of the chosen chain do not work out");
      break;
    }
    layout->output_scale = program->n_ops ? program->op[program->n_ops - 1].scale : 0.0;
    fit_output_bits(cost, layout, plan, (plan_packing)packing, chain, size, stages, options->error);
    const compile_marks none = {0, 0};
    fill_canary(layout, (plan_packing)packing,
                compile_error_part(plan, program, layout, (plan_packing)packing, chain, size,
                                   stages->max_abs_input, &none)
                    .absolute,
                interface);
    /* The chain was chosen because its error is small: only a lack of memory hides it here. */
    if (!isfinite(cost->predicted_error))
      status = base_fail_memory((size_t)program->n_registers * sizeof(double));
    compile_cost_count(cost, plan, (plan_packing)packing, layout, chain, interface->key,
                       interface->n_keys, &options->units);
    if (status == CKKS_OK)
      status = compile_account_fill(plan, (plan_packing)packing, stages, &best->choice, chain, size,
                                    &options->units);
  }
  base_free(size);
  return status;
}
