/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parameters are chosen, not guessed. The search walks ring degrees upward; for
 * each it tries layouts and chains of moduli, keeps what meets the error at the
 * security asked for, and takes the cheapest. docs/math.md, "Choosing".
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/box.h"
#include "compile/finish.h"
#include "compile/foretell.h"
#include "compile/placing.h"
#include "compile/progress.h"
#include "compile/refusal.h"

#define USUAL_ERROR 1e-5
#define LARGEST_USUAL_ERROR 1e-3
#define PART_OF_FIT 0.1
#define COARSEST_BOOTSTRAPPED 0.05 /* of outputs, where nothing finer can be had at that depth */
#define LEAST_ERROR 1e-9
#define MOST_FINER 3      /* times */
#define PART_OF_FINER 0.8 /* of what would do if errors were proportional to what is asked for */
#define MOST_UNLIKE 0.1   /* rows unlike calibration's are foretold to be off by, if that can be */
#define NO_NUMBER 1.0     /* polynomials far beyond their ranges: no modulus makes that precise */
#define MOST_COARSER 3    /* times, by two */

/* A tenth of what the polynomials already miss of their functions: where they stand for other
 * activations, what is exact to five digits is not worth its bits. */
static double usual_error(const network_model *model) {
  return fmin(fmax(PART_OF_FIT * model->fitted_error, USUAL_ERROR), LARGEST_USUAL_ERROR);
}

static ckks_status check_options(const compile_options *options) {
  if (!(options->error >= LEAST_ERROR && options->error <= 1.0))
    return base_fail(CKKS_ERROR_ARGUMENT, "error %g: must be 1e-9 to 1, or 0 for the default",
                     options->error);
  if (!(options->guard_bits >= 0.0 && options->guard_bits <= RING_F64_BITS))
    return base_fail(CKKS_ERROR_ARGUMENT, "guard bits %g: must be 0 to %d", options->guard_bits,
                     RING_F64_BITS);
  if (!(options->headroom >= 1.0 && options->headroom <= 1e6))
    return base_fail(CKKS_ERROR_ARGUMENT, "headroom %g: must be 1 to 1e6", options->headroom);
  if (options->log2_n != 0 &&
      (options->log2_n < CKKS_MIN_LOG2_N || options->log2_n > CKKS_MAX_LOG2_N))
    return base_fail(CKKS_ERROR_ARGUMENT, "log2_n %d: must be %d to %d, or 0 to choose",
                     options->log2_n, CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N);
  if (options->bootstrap == COMPILE_BOOTSTRAP_ALWAYS && !options->latency)
    return base_fail(CKKS_ERROR_ARGUMENT, "bootstrapping is for latency packing");
  if (options->bootstrap == COMPILE_BOOTSTRAP_ALWAYS && options->security > CKKS_SECURITY_128)
    return base_fail(CKKS_ERROR_SECURITY,
                     "security %d: bootstrapping has parameters for 128 bits alone",
                     (int)options->security);
  if (!options->latency && !options->throughput)
    return base_fail(CKKS_ERROR_ARGUMENT, "no packing asked for");
  return CKKS_OK;
}

static ckks_status copy_names(plan_interface *interface, const network_model *model) {
  interface->name = base_strdup(model->name ? model->name : "model");
  interface->feature = base_alloc_array(model->n_features, sizeof(char *));
  interface->label = base_alloc_array(model->n_classes, sizeof(char *));
  interface->mean = base_alloc_array(model->n_features, sizeof(double));
  interface->deviation = base_alloc_array(model->n_features, sizeof(double));
  interface->low = base_alloc_array(model->n_features, sizeof(double));
  interface->high = base_alloc_array(model->n_features, sizeof(double));
  interface->padding = base_alloc_array(model->n_features, sizeof(double));
  if (!interface->name || !interface->feature || !interface->label || !interface->mean ||
      !interface->deviation || !interface->low || !interface->high || !interface->padding)
    return base_fail_memory(model->n_features * sizeof(double));
  interface->n_features = model->n_features;
  interface->n_outputs = model->n_classes;
  interface->meaning = model->meaning;
  memcpy(interface->mean, model->mean, model->n_features * sizeof(double));
  if (model->input.feature != NULL)
    BASE_TRY(encoding_input_copy(&interface->input, &model->input));
  memcpy(interface->deviation, model->deviation, model->n_features * sizeof(double));
  for (size_t i = 0; i < model->n_features; i++)
    if (!(interface->feature[i] = base_strdup(model->feature[i])))
      return base_fail_memory(strlen(model->feature[i]) + 1);
  for (size_t i = 0; i < model->n_classes; i++)
    if (!(interface->label[i] = base_strdup(model->label[i])))
      return base_fail_memory(strlen(model->label[i]) + 1);
  return CKKS_OK;
}

/* The stages in places, and the cheapest plan for them. */
typedef struct placing {
  compile_stages stages;
  compile_search_result best;
} placing;

static ckks_status try_placing(placing *p, const compile_stages *stages, const network_model *model,
                               bool windows, const compile_options *options) {
  BASE_TRY(compile_placing_build(&p->stages, stages, model, windows));
  return compile_search_run(&p->best, &p->stages, options);
}

/*
 * A client that repeats pixels saves diagonals, where all the repeated ones have room. Which is
 * cheaper, that or the image as it is, only the plans can say.
 */
static ckks_status choose_placing(placing *chosen, const compile_stages *stages,
                                  const network_model *model, const compile_options *options) {
  BASE_TRY(try_placing(chosen, stages, model, true, options));
  if (chosen->stages.gather.groups <= 1)
    return CKKS_OK;
  placing *other = base_alloc(sizeof *other); /* too large for a stack */
  if (other == NULL)
    return base_fail_memory(sizeof *other);
  ckks_status status = try_placing(other, stages, model, false, options);
  if (status == CKKS_OK && other->best.found &&
      (!chosen->best.found || other->best.score < chosen->best.score)) {
    compile_stages_clear(&chosen->stages);
    *chosen = *other;
  } else {
    compile_stages_clear(&other->stages);
  }
  base_free(other);
  return status;
}

/* All that stands between a model and its plan. */
typedef struct work {
  compile_stages stages;
  placing placed;
} work;

/* Bits and milliseconds over a plan that would just assume its ranges. */
static ckks_status compare_price(plan_plan *plan, const placing *placed,
                                 const compile_search_result *best,
                                 const compile_options *options) {
  plan_plan assumed = {.interface = {.last = placed->stages.last}};
  ckks_status status = compile_finish(&assumed, &placed->stages, best, options);
  for (int i = 0; i < PLAN_N_PACKINGS && status == CKKS_OK; i++) {
    plan_cost *cost = &plan->interface.cost[i];
    double bits = compile_finish_bits(&plan->interface.literal) -
                  compile_finish_bits(&assumed.interface.literal);
    cost->contract_bits = fmax(bits, 0.0);
    cost->contract_ms = fmax(cost->predicted_ms - assumed.interface.cost[i].predicted_ms, 0.0);
  }
  plan_clear(&assumed);
  return status;
}

/* The operations that hold bootstraps against what they were given (lower_guard.c). */
static ckks_status price_guard(plan_plan *plan, const compile_options *options) {
  const plan_program *program = &plan->program[PLAN_LATENCY];
  const plan_interface *interface = &plan->interface;
  compile_work counts;
  plan_program guard = {.n_inputs = 1,
                        .op = base_alloc_array((size_t)program->n_ops, sizeof *guard.op)};
  if (guard.op == NULL)
    return base_fail_memory((size_t)program->n_ops * sizeof *guard.op);
  for (int i = 0; i < program->n_ops; i++)
    if (program->op[i].out >= program->guard || program->op[i].a >= program->guard)
      guard.op[guard.n_ops++] = program->op[i];
  compile_work_program(&counts, plan, &guard, &interface->literal, interface->key,
                       interface->n_keys, options->weights_bytes, NULL);
  plan->interface.cost[PLAN_LATENCY].contract_ms =
      compile_cost_ms(&counts, interface->literal.log2_n, &options->units);
  base_free(guard.op);
  return CKKS_OK;
}

/*
 * What the contract adds: held against the plan that would just assume its ranges. Where a smaller
 * ring would do for that, it is the one; else the same layouts with as many special primes, for
 * another choice has other virtues, and some of them would look like a contract that costs less
 * than nothing. (Primes of the same sizes differ, by less than a bit.) The modulus of a plan that
 * bootstraps is what it is; its guard takes time.
 */
static ckks_status fill_price(plan_plan *plan, const placing *placed,
                              const compile_options *options) {
  compile_options without = *options;
  if (plan_bootstraps(&plan->interface))
    return price_guard(plan, options);
  compile_search_result *best = base_alloc(sizeof *best); /* too large for a stack */
  if (best == NULL)
    return base_fail_memory(sizeof *best);
  without.contract = COMPILE_CONTRACT_ASSUMED;
  ckks_status status = compile_search_without(best, &placed->stages, &without, &placed->best);
  if (status == CKKS_OK && best->found)
    status = compare_price(plan, placed, best, &without);
  base_free(best);
  return status;
}

/* Whether a guarded plan sees what it must; what it lacks is told in bits for each value. */
static double guard_lacking(const plan_interface *interface) {
  double most = 0.0;
  if (interface->contract == PLAN_CERTIFIED)
    return 0.0;
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    const plan_layout *layout = &interface->layout[i];
    double values = i == PLAN_LATENCY ? (double)layout->period : (double)layout->canaries + 1.0;
    if (layout->available)
      most = fmax(most, (PLAN_MISS_BITS + plan_box_miss(interface, (plan_packing)i)) / values);
  }
  return most;
}

/* All that follows from the model and the headroom alone. */
static ckks_status describe(plan_interface *interface, compile_stages *stages,
                            const network_model *model, const compile_options *options) {
  interface->last = stages->last;
  BASE_TRY(copy_names(interface, model));
  compile_box_fill(interface, model, options->headroom);
  return compile_box_reach(&stages->reach, stages, interface);
}

/* The search goes by the error asked for; where the guard turns out too small, with more. */
static ckks_status guard_more(plan_plan *plan, placing *placed, compile_stages *stages,
                              const network_model *model, const compile_options *options) {
  compile_options guarded = *options;
  for (int again = 0; again < 3 && guard_lacking(&plan->interface) > 0.0; again++) {
    guarded.contract = COMPILE_CONTRACT_GUARDED;
    plan_packing packing =
        plan->interface.layout[PLAN_LATENCY].available ? PLAN_LATENCY : PLAN_THROUGHPUT;
    guarded.guard_bits =
        plan_box_guard(&plan->interface, packing) + ceil(guard_lacking(&plan->interface)) + 1.0;
    BASE_TRY(compile_search_run(&placed->best, &placed->stages, &guarded));
    if (!placed->best.found)
      return compile_refusal(&placed->stages, &guarded, &placed->best);
    plan_clear(plan);
    BASE_TRY(describe(&plan->interface, stages, model, options));
    BASE_TRY(compile_finish(plan, &placed->stages, &placed->best, &guarded));
  }
  return CKKS_OK;
}

/* The same with what skips layers carried through them: no bootstrap stands in its way then. */
static ckks_status search_carried(plan_plan *plan, work *w, const network_model *model,
                                  const compile_options *options) {
  compile_options always = *options;
  always.bootstrap = COMPILE_BOOTSTRAP_ALWAYS;
  BASE_TRY(compile_stages_build(&w->stages, model, options->last_on_server, false));
  BASE_TRY(describe(&plan->interface, &w->stages, model, options));
  return choose_placing(&w->placed, &w->stages, model, &always);
}

/*
 * What skips layers saves a leveled plan a level for each of them, but cannot be taken past a
 * bootstrap. Where that leaves no plan, one that bootstraps and carries it takes its place.
 */
static ckks_status bootstrap_instead(plan_plan *plan, compile_stages *stages, placing *placed,
                                     const network_model *model, const compile_options *options) {
  plan_plan carried = {0};
  work *w = base_alloc(sizeof *w); /* too large for a stack */
  if (w == NULL)
    return base_fail_memory(sizeof *w);
  ckks_status status = search_carried(&carried, w, model, options);
  if (status == CKKS_OK && w->placed.best.found) {
    w->placed.best.other = (plan_other){.sought = true, .error = placed->best.closest};
    plan_clear(plan);
    compile_stages_clear(stages);
    compile_stages_clear(&placed->stages);
    *plan = carried;
    *stages = w->stages;
    *placed = w->placed;
  } else {
    plan_clear(&carried);
    compile_stages_clear(&w->stages);
    compile_stages_clear(&w->placed.stages);
  }
  base_free(w);
  return status;
}

static double worst_error(const plan_plan *plan) {
  double worst = 0.0;
  for (int i = 0; i < PLAN_N_PACKINGS; i++)
    if (plan->interface.layout[i].available)
      worst = fmax(worst, plan->interface.cost[i].predicted_error);
  return worst;
}

/* How many times more than it should be an error is, of rows like calibration's, or, in a plan that
 * is quickly made again, of others; at most 1: none. */
static double excess(const plan_plan *plan, double allowed) {
  double unlike = 0.0;
  for (int i = 0; i < PLAN_N_PACKINGS && plan->interface.depth < COMPILE_DEEP_LEVELS; i++)
    if (plan->interface.layout[i].available)
      unlike = fmax(unlike, plan->unlike_error[i]); /* NaN: not known */
  if (unlike > NO_NUMBER)
    unlike = 0.0;
  return fmax(worst_error(plan) / allowed, unlike / MOST_UNLIKE);
}

/* The plan for a finer error, if there is one: else everything is left as it is. */
static ckks_status make_finer(bool *found, plan_plan *plan, placing *placed, compile_stages *stages,
                              const network_model *model, const compile_options *finer) {
  compile_search_result *best = base_alloc(sizeof *best); /* too large for a stack */
  if (best == NULL)
    return base_fail_memory(sizeof *best);
  ckks_status status = compile_search_run(best, &placed->stages, finer);
  *found = status == CKKS_OK && best->found;
  if (*found)
    placed->best = *best;
  base_free(best);
  if (!*found)
    return status;
  plan_clear(plan);
  BASE_TRY(describe(&plan->interface, stages, model, finer));
  BASE_TRY(compile_finish(plan, &placed->stages, &placed->best, finer));
  BASE_TRY(guard_more(plan, placed, stages, model, finer));
  return compile_foretell_run(plan, stages, model);
}

/*
 * Rows may show more than the bound that the search goes by: then it is asked for less. Where that
 * cannot be had, the error is what they show if nobody asked for another. (That others are off by
 * much is said, and no reason to refuse.)
 */
static ckks_status hold_error(plan_plan *plan, placing *placed, compile_stages *stages,
                              const network_model *model, const compile_options *options) {
  compile_options finer = *options;
  double allowed = plan->error, usual = plan->usual_error;
  bool found = true;
  BASE_TRY(compile_foretell_run(plan, stages, model));
  for (int i = 0; i < MOST_FINER && found && excess(plan, allowed) > 1.0; i++) {
    finer.error = fmax(finer.error * PART_OF_FINER / excess(plan, allowed), LEAST_ERROR);
    BASE_TRY(make_finer(&found, plan, placed, stages, model, &finer));
  }
  plan->error = allowed;
  plan->usual_error = usual;
  double worst = worst_error(plan);
  if (worst <= allowed)
    return CKKS_OK;
  if (options->coarsest == 0.0) {
    placed->best.closest = worst;
    return compile_refusal(&placed->stages, options, &placed->best);
  }
  plan->error = worst;
  plan->usual_error = options->error;
  return CKKS_OK;
}

static ckks_status compile_to_plan(plan_plan *plan, compile_stages *stages, placing *placed,
                                   const network_model *model, const compile_options *options) {
  BASE_TRY(describe(&plan->interface, stages, model, options));
  BASE_TRY(choose_placing(placed, stages, model, options));
  if (!placed->best.found && compile_skip_any(stages) &&
      compile_search_may_bootstrap(&placed->best, options))
    BASE_TRY(bootstrap_instead(plan, stages, placed, model, options));
  if (!placed->best.found)
    return compile_refusal(&placed->stages, options, &placed->best);
  BASE_TRY(compile_finish(plan, &placed->stages, &placed->best, options));
  BASE_TRY(guard_more(plan, placed, stages, model, options));
  BASE_TRY(compile_progress_begin("trying rows", options));
  BASE_TRY(hold_error(plan, placed, stages, model, options));
  BASE_TRY(fill_price(plan, placed, options));
  BASE_TRY(plan_bytes_identify(plan));
  return plan_check(plan);
}

/* Only latency packing knows skips; where it is the only one, or the only one that is wanted of a
 * wide network (search.c), they save a level each. */
static bool takes_skips(const network_model *model, const compile_options *options) {
  bool wide = network_n_inputs(model) > COMPILE_MAX_BATCH_WIDTH;
  for (size_t i = 0; i < model->n_layers; i++)
    wide = wide || model->layer[i].n_out > COMPILE_MAX_BATCH_WIDTH;
  return options->latency && (wide || !options->throughput) &&
         options->bootstrap != COMPILE_BOOTSTRAP_ALWAYS;
}

static ckks_status compile_once(plan_plan *plan, const network_model *model,
                                const compile_options *options) {
  work *w = base_alloc(sizeof *w); /* too large for a stack */
  if (w == NULL)
    return base_fail_memory(sizeof *w);
  ckks_status status =
      compile_stages_build(&w->stages, model, options->last_on_server, takes_skips(model, options));
  if (status == CKKS_OK) {
    status = compile_to_plan(plan, &w->stages, &w->placed, model, options);
    compile_stages_clear(&w->placed.stages);
    compile_stages_clear(&w->stages);
  }
  base_free(w);
  if (status != CKKS_OK)
    plan_clear(plan);
  return status;
}

/* Nobody asked for that error: where it leaves no room for latency packing (the guard takes bits,
 * and so do thousands of bins), a little less is worth more than no answer to a single row. What
 * was compiled is kept otherwise. */
static ckks_status try_coarser(plan_plan *plan, const network_model *model,
                               const compile_options *options) {
  compile_options coarser = *options;
  for (int i = 0; i < MOST_COARSER && !plan->interface.layout[PLAN_LATENCY].available; i++) {
    plan_plan other = {0};
    coarser.error *= 2.0;
    ckks_status status = compile_once(&other, model, &coarser);
    if (status == CKKS_ERROR_CANCELLED)
      return status;
    if (status == CKKS_OK && other.interface.layout[PLAN_LATENCY].available) {
      plan_clear(plan);
      *plan = other;
      plan->usual_error = options->error;
      other = (plan_plan){0};
    }
    plan_clear(&other);
  }
  return CKKS_OK;
}

ckks_status compile_model(plan_plan *plan, const network_model *model,
                          const compile_options *options) {
  compile_options asked = *options;
  bool usual = asked.error == 0.0;
  memset(plan, 0, sizeof *plan);
  if (usual) {
    asked.error = usual_error(model);
    asked.coarsest = COARSEST_BOOTSTRAPPED;
  }
  BASE_TRY(check_options(&asked));
  BASE_TRY(network_check(model));
  ckks_status status = compile_once(plan, model, &asked);
  if (status != CKKS_OK)
    return status;
  if (usual && asked.latency)
    status = try_coarser(plan, model, &asked);
  if (status != CKKS_OK)
    plan_clear(plan);
  for (int i = 0; i < PLAN_N_PACKINGS; i++) {
    bool wanted = i == PLAN_LATENCY ? asked.latency : asked.throughput;
    plan->left_out[i] = wanted && !plan->interface.layout[i].available;
  }
  return status;
}
