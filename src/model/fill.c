/* SPDX-License-Identifier: Apache-2.0 */
/* What the search chose, written into a plan: layouts, programs, keys and costs. */
#include "model/fill.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/frame.h"
#include "model/account.h"
#include "ring/pack.h"

/* The layout that the client sees, from the choice. */
void model_fill_layout(model_layout layout[MODEL_N_PACKINGS], const model_stages *stages,
                       const model_choice *choice, const model_chain *chain, int depth,
                       bool throughput) {
  size_t n_outputs = stages->stage[stages->n_stages - 1].n_out;
  model_layout common = {.available = true,
                         .stride = 1,
                         .padded = 1,
                         .fold = 1,
                         .input_level = depth,
                         .input_scale = exp2(chain->log2_value),
                         .period = 1,
                         .output_bits = chain->params->literal.q_bits[0]};
  layout[MODEL_THROUGHPUT] = layout[MODEL_LATENCY] = common;
  layout[MODEL_LATENCY].available = choice->latency;
  layout[MODEL_THROUGHPUT].available = throughput;
  layout[MODEL_LATENCY].stride = choice->affine[0].stride;
  layout[MODEL_LATENCY].padded = model_lower_inputs(stages, choice, 0);
  layout[MODEL_LATENCY].fold = choice->fold;
  layout[MODEL_LATENCY].period = model_padded(n_outputs);
}

static ckks_status set_gather(model_interface *interface, const model_gather *gather) {
  interface->gather = base_alloc_array(gather->n, sizeof *interface->gather);
  if (!interface->gather)
    return base_fail_memory(gather->n * sizeof *interface->gather);
  memcpy(interface->gather, gather->feature, gather->n * sizeof *interface->gather);
  interface->n_gather = gather->n;
  return CKKS_OK;
}

ckks_status model_fill_programs(model_plan *plan, const model_stages *stages,
                                const model_choice *choice, bool throughput) {
  if (choice->latency)
    BASE_TRY(model_lower_latency(plan, stages, choice));
  return throughput ? model_lower_throughput(plan, stages->plain, choice) : CKKS_OK;
}

size_t model_fill_key_bytes(const ckks_key_spec *keys, size_t n_keys, const ckks_params *params) {
  /* The frame, the number of keys, whose they are, and the public key that hides results. */
  size_t bytes = BASE_FRAME_OVERHEAD_BYTES + 4 + CKKS_OWNER_BYTES + RAND_SEED_BYTES +
                 ring_pack_bytes(params->ring.n, params->ring.modulus[0].bits);
  for (size_t i = 0; i < n_keys; i++)
    bytes += ckks_key_spec_bytes(&keys[i], params);
  return bytes;
}

static ckks_status fill_keys(model_plan *plan, const model_chain *chain) {
  model_interface *interface = &plan->interface;
  for (int packing = 0; packing < MODEL_N_PACKINGS; packing++)
    BASE_TRY(
        model_cost_keys(&interface->key, &interface->n_keys, plan, &plan->program[packing], chain));
  interface->n_keys = ckks_key_spec_merge(interface->key, interface->n_keys);
  model_cost_level_keys(interface->key, interface->n_keys, &plan->program[MODEL_LATENCY],
                        interface->params.log2_n);
  interface->key_bytes = model_fill_key_bytes(interface->key, interface->n_keys, chain->params);
  return CKKS_OK;
}

/* Rounds the result to as few bits as the error asked for allows, and says what error it has. */
static void fit_output_bits(model_cost *cost, model_layout *layout, const model_plan *plan,
                            model_packing packing, const model_chain *chain,
                            const model_vector_size *size, const model_stages *stages,
                            double error) {
  const model_program *program = &plan->program[packing];
  cost->predicted_error =
      model_cost_error(plan, program, layout, packing, chain, size, stages->max_abs_input);
  /* Not a number: no memory, and the caller looks. */
  while (layout->output_bits > 8 && !isnan(cost->predicted_error)) {
    model_layout shorter = *layout;
    shorter.output_bits--;
    double worse =
        model_cost_error(plan, program, &shorter, packing, chain, size, stages->max_abs_input);
    if (worse > error)
      return;
    cost->predicted_error = worse;
    *layout = shorter;
  }
}

ckks_status model_fill_plan(model_plan *plan, const model_stages *stages,
                            const model_search_result *best, const model_chain *chain,
                            const model_compile_options *options) {
  model_interface *interface = &plan->interface;
  model_vector_size *size = NULL;
  BASE_TRY(model_fill_programs(plan, stages, &best->choice, best->throughput));
  BASE_TRY(fill_keys(plan, chain));
  interface->depth = model_depth(stages, &best->choice);
  interface->max_abs_output = stages->max_abs_output * options->headroom;
  model_fill_layout(interface->layout, stages, &best->choice, chain, interface->depth,
                    best->throughput);
  if (best->choice.latency && best->choice.gathered)
    BASE_TRY(set_gather(interface, &stages->gather));
  if (!(size = model_cost_vector_sizes(plan)))
    return base_fail_memory((size_t)plan->n_vectors * sizeof *size);
  ckks_status status = CKKS_OK;
  for (int packing = 0; packing < MODEL_N_PACKINGS && status == CKKS_OK; packing++) {
    model_program *program = &plan->program[packing];
    model_layout *layout = &interface->layout[packing];
    model_cost *cost = &interface->cost[packing];
    if (!layout->available)
      continue;
    model_assignment assigned = model_assign(program, chain);
    if (assigned != MODEL_ASSIGN_GOOD) {
      status = assigned == MODEL_ASSIGN_NO_MEMORY
                   ? base_fail_memory((size_t)program->n_registers * sizeof(double))
                   : base_fail(CKKS_ERROR_RANGE, "the scales of the chosen chain do not work out");
      break;
    }
    layout->output_scale = program->n_ops ? program->op[program->n_ops - 1].scale : 0.0;
    fit_output_bits(cost, layout, plan, (model_packing)packing, chain, size, stages,
                    options->error);
    /* The chain was chosen because its error is small: only a lack of memory hides it here. */
    if (!isfinite(cost->predicted_error))
      status = base_fail_memory((size_t)program->n_registers * sizeof(double));
    model_cost_count(cost, plan, (model_packing)packing, layout, chain, interface->key,
                     interface->n_keys, &options->units);
    if (status == CKKS_OK)
      status = model_account_fill(plan, (model_packing)packing, stages, &best->choice, chain, size,
                                  &options->units);
  }
  base_free(size);
  return status;
}
