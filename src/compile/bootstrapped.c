/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/bootstrapped.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/choice.h"
#include "compile/error.h"
#include "compile/probe.h"
#include "compile/progress.h"
#include "compile/room.h"
#include "compile/schedule.h"

#define MAX_LOG2_FOLD 3
#define MAX_RADIX 3
#define LEAST_LOG2_SLOTS 4 /* as many as a transform has stages */
#define MAX_OUTPUT_BITS 40

typedef struct searching {
  const compile_stages *stages;
  const compile_options *options;
  compile_search_result *best;
  ckks_bootstrap_literal literal;
  ckks_params *params;
  ckks_bootstrapper *outline;
  compile_choice choice;
  plan_plan plan;
  bool probed; /* the layout at hand */
  compile_probe probe;
  compile_progress progress;
} searching;

/* --- sets */

/* Small rings, which hide nothing: for tests. */
static const ckks_bootstrap_literal insecure = {.log2_slots = LEAST_LOG2_SLOTS,
                                                .base_bits = 48,
                                                .n_levels = 9,
                                                .level_bits = 37,
                                                .inner_bits = 49,
                                                .n_stc = 3,
                                                .n_cts = 2,
                                                .n_p = 4,
                                                .p_bits = 49,
                                                .security = CKKS_SECURITY_NONE};

/* Set number i for these options; false when there are no more. */
static bool take_set(ckks_bootstrap_literal *out, int i, const compile_options *options) {
  static const ckks_bootstrap_set sets[] = {CKKS_BOOTSTRAP_N15, CKKS_BOOTSTRAP_N16};
  if (options->security == CKKS_SECURITY_NONE) {
    *out = insecure;
    out->log2_n = options->log2_n;
    return i == 0 && options->log2_n != 0;
  }
  return i < 2 && ckks_bootstrap_literal_choose(out, sets[i]) == CKKS_OK;
}

static bool suits(const ckks_bootstrap_literal *literal, const compile_options *options) {
  return literal->security == options->security &&
         (options->log2_n == 0 || options->log2_n == literal->log2_n);
}

ckks_status compile_bootstrapped_params(ckks_params **params, ckks_bootstrapper **outline,
                                        const ckks_bootstrap_literal *literal) {
  *outline = NULL;
  BASE_TRY(ckks_params_build_bootstrap(params, literal));
  return eval_bootstrap_outline(outline, literal, *params);
}

/* --- one layout */

/* Values behind any map repeat with this period, which bootstrapping keeps. */
static int log2_slots_of(const compile_stages *stages, const compile_choice *choice) {
  int bits = LEAST_LOG2_SLOTS;
  for (size_t i = 0; i < stages->n_stages; i++)
    while ((size_t)1 << bits < choice->affine[i].rows)
      bits++;
  return bits;
}

/* The outline for as many slots as the layout needs. */
static ckks_status set_slots(searching *s) {
  int log2_slots = log2_slots_of(s->stages, &s->choice);
  s->choice.level_in = s->literal.n_stc;
  s->choice.level_out = s->literal.n_levels;
  s->choice.ratio = (double)s->params->literal.q[0] / s->params->scale[0];
  s->choice.log2_slots = log2_slots;
  if (s->outline != NULL && s->literal.log2_slots == log2_slots)
    return CKKS_OK;
  ckks_bootstrapper_free(s->outline);
  s->outline = NULL;
  s->literal.log2_slots = log2_slots;
  return eval_bootstrap_outline(&s->outline, &s->literal, s->params);
}

/* The largest scale at which the base prime still holds what it must. */
static double output_bits(const searching *s) {
  double room = compile_room_held(s->stages, s->options, COMPILE_CONTRACT_GUARDED);
  double held = PLAN_BOX_GROWTH * fmax(room, 1.0);
  double bits = floor(log2((double)s->params->literal.q[0]) - 1.0 - log2(held));
  return fmin(bits, MAX_OUTPUT_BITS);
}

/* That of the outputs before the guard is added to them. */
static double scale_of_outputs(const plan_program *program) {
  int i = program->n_ops - 2;
  while (i > 0 && program->op[i].out != program->output[0])
    i--;
  return program->op[i].scale;
}

/* A product that ends at level 0 has the scale that it has: the outputs' then, if that fits. */
static compile_assignment assign(searching *s, compile_chain *chain) {
  plan_program *program = &s->plan.program[PLAN_LATENCY];
  double most = output_bits(s);
  chain->log2_output = most;
  if (most < COMPILE_SEARCH_MIN_OUTPUT_BITS)
    return COMPILE_ASSIGN_UNUSABLE;
  compile_assignment assigned = compile_assign(program, chain);
  if (assigned != COMPILE_ASSIGN_GOOD ||
      ckks_scale_equal(scale_of_outputs(program), exp2(chain->log2_output)))
    return assigned;
  chain->log2_output = log2(scale_of_outputs(program));
  return chain->log2_output <= most ? compile_assign(program, chain) : COMPILE_ASSIGN_UNUSABLE;
}

/* What it takes, the smaller the better, and what that is made of. */
typedef struct priced {
  double score, ms, key_bytes;
} priced;

static ckks_status find_price(priced *out, const searching *s, const plan_layout *layout,
                              const compile_chain *chain) {
  const plan_program *program = &s->plan.program[PLAN_LATENCY];
  plan_cost cost = {0};
  ckks_key_spec *keys = NULL;
  size_t n_keys = 0;
  ckks_status status = compile_cost_keys(&keys, &n_keys, &s->plan, program, chain);
  if (status == CKKS_OK) {
    compile_cost_level_keys(keys, n_keys, program, s->literal.log2_n);
    compile_cost_count(&cost, &s->plan, PLAN_LATENCY, layout, chain, keys, n_keys,
                       &s->options->units, s->options->weights_bytes);
    size_t key_bytes = plan_key_bytes(keys, n_keys, s->params);
    out->score = compile_cost_score(&cost, key_bytes, s->options->minimise);
    out->ms = cost.predicted_ms;
    out->key_bytes = (double)key_bytes;
  }
  base_free(keys);
  return status;
}

/* The error asked for, or a round one above what it is: 1, 2 or 5 times a power of ten. */
static double allowed_for(const compile_options *options, double error) {
  static const double steps[] = {2.0, 2.5, 2.0};
  double allowed = pow(10.0, floor(log10(error)));
  if (error <= options->error)
    return options->error;
  for (int i = 0; allowed < error; i++)
    allowed *= steps[i % 3];
  return fmin(allowed, options->coarsest);
}

/* A smaller error first, if none has the one asked for; then a better score. */
static void keep(searching *s, const compile_chain *chain, const priced *price, double error) {
  double allowed = allowed_for(s->options, error);
  bool worse = allowed > s->best->allowed || price->score >= s->best->score;
  if (s->best->found && worse && allowed >= s->best->allowed)
    return;
  double closest = s->best->closest;
  *s->best = (compile_search_result){.found = true,
                                     .closest = closest,
                                     .choice = s->choice,
                                     .contract = COMPILE_CONTRACT_GUARDED,
                                     .literal = s->params->literal,
                                     .bootstrap = s->literal,
                                     .log2_value = chain->log2_value,
                                     .log2_output = chain->log2_output,
                                     .score = price->score,
                                     .ms = price->ms,
                                     .key_bytes = price->key_bytes,
                                     .error = error,
                                     .allowed = allowed};
}

/* A bound where that will do; else what trying says, once for each layout: how sums are made and
 * which part is sent hardly moves it. */
static ckks_status find_error(double *error, searching *s, const plan_layout *layout,
                              const compile_chain *chain) {
  compile_vector_size *size = compile_error_vector_sizes(&s->plan);
  if (size == NULL)
    return base_fail_memory((size_t)s->plan.n_vectors * sizeof *size);
  compile_error bound = compile_error_part(&s->plan, PLAN_LATENCY, layout, chain, size,
                                           s->stages->max_abs_input, NULL);
  base_free(size);
  *error = bound.whole;
  if (isnan(bound.whole))
    return base_fail_memory((size_t)s->plan.n_vectors * sizeof *size);
  if (bound.whole <= s->options->error)
    return CKKS_OK;
  if (!s->probed)
    BASE_TRY(compile_probe_run(&s->probe, &s->plan, layout, s->stages, s->choice.gathered, chain));
  s->probed = true;
  *error = compile_probe_error(&s->probe, &bound, layout, chain).whole;
  return CKKS_OK;
}

static ckks_status judge(searching *s) {
  plan_layout layout[PLAN_N_PACKINGS];
  compile_chain chain = {
      .params = s->params, .log2_value = s->literal.level_bits, .bootstrap = s->outline};
  priced price;
  double error = 0.0;
  compile_assignment assigned = assign(s, &chain);
  if (assigned == COMPILE_ASSIGN_UNUSABLE)
    return CKKS_OK;
  if (assigned == COMPILE_ASSIGN_NO_MEMORY)
    return base_fail_memory((size_t)s->plan.n_vectors * sizeof(plan_vector));
  compile_choice_layouts(layout, s->stages, &s->choice, &chain, false);
  BASE_TRY(find_error(&error, s, &layout[PLAN_LATENCY], &chain));
  s->best->closest = fmin(s->best->closest, error);
  if (error > fmax(s->options->error, s->options->coarsest))
    return CKKS_OK;
  BASE_TRY(find_price(&price, s, &layout[PLAN_LATENCY], &chain));
  keep(s, &chain, &price, error);
  return CKKS_OK;
}

static ckks_status try_lowered(searching *s) {
  memset(&s->plan, 0, sizeof s->plan);
  s->plan.interface.last = s->stages->last;
  s->plan.interface.literal = s->params->literal;
  s->plan.interface.bootstrap = s->literal;
  ckks_status status = compile_choice_programs(&s->plan, s->stages, &s->choice, false);
  if (status == CKKS_OK)
    status = judge(s);
  plan_clear(&s->plan);
  return status == CKKS_ERROR_ARGUMENT ? CKKS_OK : status; /* too much of it: the next one */
}

/* Replicas that what the client sends may be a part of. */
static size_t replicas_of(const compile_choice *choice) {
  const compile_affine *affine = &choice->affine[0];
  size_t used = affine->stride * affine->inputs;
  if (affine->rows > used)
    used = affine->rows;
  return ((size_t)1 << (choice->log2_n - 1)) / used;
}

/* Where bootstraps are placed depends on how sums are made, and hardly on the part that is sent. */
static ckks_status try_layout(searching *s, const compile_choice *layout) {
  bool found = false;
  s->choice = *layout;
  s->probed = false;
  BASE_TRY(set_slots(s));
  compile_chain chain = {
      .params = s->params, .log2_value = s->literal.level_bits, .bootstrap = s->outline};
  for (int radix = 1; radix <= MAX_RADIX + 1; radix++) {
    BASE_TRY(compile_progress_tried(&s->progress, radix - 1, MAX_RADIX + 1, layout->log2_n, NULL,
                                    s->options));
    s->choice.fold = 1;
    s->choice.horner = radix > MAX_RADIX;
    s->choice.log2_radix = s->choice.horner ? 2 : radix;
    ckks_status status = compile_schedule_choose(&s->choice, &found, s->stages, &chain, s->options);
    if (status == CKKS_ERROR_ARGUMENT || (status == CKKS_OK && !found))
      return CKKS_OK;
    BASE_TRY(status);
    for (int i = 0; i <= MAX_LOG2_FOLD && s->choice.fold <= replicas_of(layout); i++) {
      BASE_TRY(try_lowered(s));
      s->choice.fold *= 2;
    }
  }
  return CKKS_OK;
}

/* --- all of them */

static ckks_status try_set(searching *s) {
  size_t n = 0, blocked;
  compile_choice *layouts = base_alloc_array(COMPILE_SEARCH_LAYOUTS, sizeof *layouts);
  if (layouts == NULL)
    return base_fail_memory(COMPILE_SEARCH_LAYOUTS * sizeof *layouts);
  ckks_status status =
      compile_layouts_list(layouts, &n, s->stages, s->literal.log2_n, true, &blocked);
  if (status == CKKS_OK && n > 0)
    status = ckks_params_build_bootstrap(&s->params, &s->literal);
  for (size_t i = 0; i < n && status == CKKS_OK; i++) {
    s->progress = (compile_progress){i, n};
    status = try_layout(s, &layouts[i]);
  }
  ckks_bootstrapper_free(s->outline);
  ckks_params_free(s->params);
  s->outline = NULL;
  s->params = NULL;
  base_free(layouts);
  return status;
}

ckks_status compile_bootstrapped_search(compile_search_result *best, const compile_stages *stages,
                                        const compile_options *options) {
  ckks_status status = CKKS_OK;
  searching *s = base_alloc(sizeof *s); /* too large for a stack */
  if (s == NULL)
    return base_fail_memory(sizeof *s);
  *best = (compile_search_result){.closest = (double)INFINITY};
  s->stages = stages;
  s->options = options;
  s->best = best;
  for (int i = 0; status == CKKS_OK && take_set(&s->literal, i, options); i++)
    if (suits(&s->literal, options))
      status = try_set(s);
  base_free(s);
  return status;
}
