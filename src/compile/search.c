/* SPDX-License-Identifier: Apache-2.0 */
/* Ring degrees, layouts and ways to sum: for each, sizes.c looks for the fewest bits. */
#include "compile/search.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/bootstrapped.h"
#include "compile/choice.h"
#include "compile/room.h"
#include "compile/sizes.h"

#define MAX_LOG2_FOLD 3
#define MAX_RADIX 3
#define LEAST_RIVAL_LOG2_N 15 /* a leveled plan of a smaller ring is faster than any bootstrap */

typedef compile_sizes_search searching;

static ckks_status try_lowered(searching *s, bool all_sizes) {
  memset(&s->plan, 0, sizeof s->plan);
  s->plan.interface.last = s->stages->last;
  ckks_status status = compile_choice_programs(&s->plan, s->stages, &s->choice, s->throughput);
  if (status == CKKS_ERROR_ARGUMENT) { /* a layout that makes too much of it: the next one */
    s->too_large = true;
    plan_clear(&s->plan);
    return CKKS_OK;
  }
  if (status == CKKS_OK && !(s->size = compile_error_vector_sizes(&s->plan)))
    status = base_fail_memory((size_t)s->plan.n_vectors * sizeof *s->size);
  if (status == CKKS_OK)
    compile_sizes_try(s, all_sizes);
  if (status == CKKS_OK && s->no_memory) /* a choice passed over for that is no choice */
    status = base_fail_memory((size_t)s->plan.n_vectors * sizeof *s->size);
  base_free(s->size);
  s->size = NULL;
  plan_clear(&s->plan);
  return status;
}

static ckks_status show(const searching *s, int part, int parts) {
  return compile_progress_tried(&s->progress, part, parts, s->choice.log2_n, &s->contract,
                                s->options);
}

/* A layout with every part of the upload and every radix of its rotation sums. */
static ckks_status try_layout(searching *s, const compile_choice *layout) {
  s->choice = *layout;
  if (!compile_sizes_fit(s, layout))
    return CKKS_OK;
  BASE_TRY(show(s, 0, 1));
  if (!layout->latency)
    return try_lowered(s, true);
  const compile_affine *affine = &layout->affine[0];
  size_t used = affine->stride * affine->inputs;
  if (affine->rows > used) /* what is summed must be the same in every part */
    used = affine->rows;
  size_t replicas = ((size_t)1 << (layout->log2_n - 1)) / used;
  /* A deep plan's programs take seconds each to write, and its sums are little of its work. */
  bool deep = compile_layouts_depth(s->stages, layout) >= COMPILE_DEEP_LEVELS;
  int folds = deep ? 1 : MAX_LOG2_FOLD + 1, radices = deep ? 1 : MAX_RADIX + 1;
  for (int log2_fold = 0; log2_fold < folds; log2_fold++)
    for (int radix = 1; radix <= radices; radix++) {
      s->choice.fold = (size_t)1 << log2_fold;
      s->choice.horner = radix > MAX_RADIX;
      s->choice.log2_radix = s->choice.horner ? 2 : radix;
      if (s->choice.fold > replicas)
        continue;
      BASE_TRY(show(s, log2_fold * radices + radix - 1, folds * radices));
      BASE_TRY(try_lowered(s, radix == 1));
    }
  return CKKS_OK;
}

/* What throughput packing has, and no layout of latency packing is less deep than. */
static void shallowest(compile_choice *choice, const searching *s, int log2_n) {
  *choice = (compile_choice){.log2_n = log2_n,
                             .fold = 1,
                             .log2_radix = 1,
                             .guarded = s->contract == COMPILE_CONTRACT_GUARDED};
  for (size_t i = 1; i < s->stages->n_stages; i++)
    choice->affine[i].fused = s->stages->stage[i - 1].kind == COMPILE_STAGE_CUBIC;
}

/* With `latency`, layouts that fit the slots; without, throughput packing alone. */
static ckks_status list_layouts(compile_choice *layouts, size_t *n, searching *s, int log2_n,
                                bool latency) {
  size_t blocked;
  if (latency) {
    BASE_TRY(compile_layouts_list(layouts, n, s->stages, log2_n,
                                  s->contract == COMPILE_CONTRACT_GUARDED, &blocked));
    s->placed = s->placed || *n > 0;
    s->blocked = *n > 0 ? 0 : blocked + 1;
    return CKKS_OK;
  }
  s->placed = true;
  *n = 1;
  shallowest(&layouts[0], s, log2_n);
  return CKKS_OK;
}

static ckks_status try_degree(searching *s, int log2_n, bool latency) {
  size_t n = 0;
  compile_choice *layouts = base_alloc_array(COMPILE_SEARCH_LAYOUTS, sizeof *layouts);
  if (layouts == NULL)
    return base_fail_memory(COMPILE_SEARCH_LAYOUTS * sizeof *layouts);
  compile_sizes_begin(s, log2_n, s->options->security);
  shallowest(&layouts[0], s, log2_n);
  if (!compile_sizes_fit(s, &layouts[0])) {
    base_free(layouts);
    return CKKS_OK;
  }
  ckks_status status = list_layouts(layouts, &n, s, log2_n, latency);
  for (size_t i = 0; i < n && status == CKKS_OK; i++) {
    s->progress = (compile_progress){i, n};
    status = try_layout(s, &layouts[i]);
  }
  base_free(layouts);
  return status;
}

/* A proof before a guard, whatever it costs at this ring degree. */
static ckks_status try_contracts(searching *s, int log2_n, bool latency) {
  static const compile_contract contracts[] = {COMPILE_CONTRACT_CERTIFIED, COMPILE_CONTRACT_GUARDED,
                                               COMPILE_CONTRACT_ASSUMED};
  compile_contract asked = s->options->contract;
  for (size_t i = 0; i < 3 && !s->best->found; i++) {
    bool wanted = asked == COMPILE_CONTRACT_AUTO ? i < 2 : asked == contracts[i];
    s->contract = contracts[i];
    if (wanted && compile_sizes_can_hold(compile_room_held(s->stages, s->options, s->contract)))
      BASE_TRY(try_degree(s, log2_n, latency));
  }
  return CKKS_OK;
}

/* The smallest ring degrees first; throughput packing alone only where latency packing has no
 * place. */
static ckks_status try_degrees(searching *s, int first, int last) {
  for (int latency = 1; latency >= 0; latency--)
    for (int log2_n = first; log2_n <= last && !s->best->found; log2_n++)
      if (latency ? s->options->latency : s->throughput)
        BASE_TRY(try_contracts(s, log2_n, latency));
  return CKKS_OK;
}

/* One ciphertext for each value of a wide layer is only made where there is no other way. */
static bool wanted_throughput(const compile_stages *stages, const compile_options *options) {
  bool wide = compile_stages_width(stages->plain) > COMPILE_MAX_BATCH_WIDTH;
  return options->throughput && !(wide && options->latency) && !compile_skip_any(stages);
}

/* Too large for the stack. */
static ckks_status begin_search(searching **s, compile_search_result *best,
                                const compile_stages *stages, const compile_options *options) {
  *best = (compile_search_result){0};
  *s = base_alloc(sizeof **s);
  if (*s == NULL)
    return base_fail_memory(sizeof **s);
  (*s)->stages = stages;
  (*s)->options = options;
  (*s)->best = best;
  (*s)->closest = (double)INFINITY;
  (*s)->throughput = wanted_throughput(stages, options);
  return CKKS_OK;
}

static ckks_status end_search(searching *s, ckks_status status) {
  s->best->closest = s->closest;
  s->best->blocked = s->placed ? 0 : s->blocked;
  base_free(s);
  return status;
}

static ckks_status run_leveled(compile_search_result *best, const compile_stages *stages,
                               const compile_options *options) {
  searching *s;
  int first = options->log2_n ? options->log2_n : CKKS_MIN_LOG2_N;
  int last = options->log2_n ? options->log2_n : COMPILE_SEARCH_MAX_LOG2_N;
  BASE_TRY(begin_search(&s, best, stages, options));
  ckks_status status = try_degrees(s, first, last);
  if (status == CKKS_OK && !best->found && s->too_large && s->throughput && options->latency) {
    s->throughput = false; /* one ciphertext for each value is too many of them */
    status = try_degrees(s, first, last);
  }
  return end_search(s, status);
}

/* One choice and one number of special primes. */
static ckks_status search_choice(searching *s, const compile_search_result *with) {
  compile_sizes_begin(s, with->choice.log2_n, s->options->security);
  s->contract = s->options->contract;
  s->choice = with->choice;
  s->choice.guarded = s->contract == COMPILE_CONTRACT_GUARDED;
  s->throughput = with->throughput;
  s->n_special = with->literal.n_p;
  return try_lowered(s, true);
}

ckks_status compile_search_without(compile_search_result *best, const compile_stages *stages,
                                   const compile_options *options,
                                   const compile_search_result *with) {
  searching *s;
  BASE_TRY(begin_search(&s, best, stages, options));
  s->throughput = with->throughput;
  ckks_status status = CKKS_OK;
  for (int log2_n = CKKS_MIN_LOG2_N;
       log2_n < with->choice.log2_n && options->log2_n == 0 && status == CKKS_OK && !best->found;
       log2_n++)
    status = try_contracts(s, log2_n, with->choice.latency);
  if (status == CKKS_OK && !best->found)
    status = search_choice(s, with);
  return end_search(s, status);
}

/*
 * A bootstrap alone takes longer than most leveled plans in all, and what is proved is better than
 * what is guarded: bootstrapping comes into question where there is nothing else, or something
 * about as slow.
 */
bool compile_search_may_bootstrap(const compile_search_result *leveled,
                                  const compile_options *options) {
  bool possible =
      options->latency && options->bootstrap != COMPILE_BOOTSTRAP_NEVER &&
      (options->contract == COMPILE_CONTRACT_AUTO || options->contract == COMPILE_CONTRACT_GUARDED);
  bool rival = leveled->found && leveled->contract == COMPILE_CONTRACT_GUARDED &&
               !leveled->throughput && leveled->literal.log2_n >= LEAST_RIVAL_LOG2_N;
  return possible && (!leveled->found || rival);
}

static void note_other(plan_other *other, const compile_search_result *result) {
  *other = (plan_other){.sought = true,
                        .found = result->found,
                        .ms = result->ms,
                        .key_bytes = result->key_bytes,
                        .error = result->closest};
}

/* The better of the two, which knows of the other. */
static void choose(compile_search_result *best, const compile_search_result *other, bool leveled) {
  plan_other beside;
  double closest = fmin(best->closest, other->closest);
  if (other->found && (!best->found || other->score < best->score)) {
    note_other(&beside, best);
    beside.sought = leveled;
    *best = *other;
  } else {
    note_other(&beside, other);
  }
  best->other = beside;
  best->closest = closest;
}

ckks_status compile_search_run(compile_search_result *best, const compile_stages *stages,
                               const compile_options *options) {
  bool leveled = options->bootstrap != COMPILE_BOOTSTRAP_ALWAYS;
  *best = (compile_search_result){.closest = (double)INFINITY};
  if (leveled)
    BASE_TRY(run_leveled(best, stages, options));
  /* What is taken past a bootstrap would stand below the level at which it is wanted. */
  if (!compile_search_may_bootstrap(best, options) || compile_skip_any(stages))
    return CKKS_OK;
  compile_search_result *other = base_alloc(sizeof *other); /* too large for a stack */
  if (other == NULL)
    return base_fail_memory(sizeof *other);
  compile_options within = *options;
  if (best->found)
    within.coarsest = 0.0;
  ckks_status status = compile_bootstrapped_search(other, stages, &within);
  if (status == CKKS_OK)
    choose(best, other, leveled);
  base_free(other);
  return status;
}

ckks_status compile_search_insecure(compile_search_result *best, const compile_stages *stages,
                                    const compile_options *options, int log2_n) {
  searching *s;
  size_t n = 0;
  BASE_TRY(begin_search(&s, best, stages, options));
  s->contract =
      options->contract == COMPILE_CONTRACT_AUTO ? COMPILE_CONTRACT_GUARDED : options->contract;
  compile_choice *layouts = base_alloc_array(COMPILE_SEARCH_LAYOUTS, sizeof *layouts);
  if (layouts == NULL)
    return end_search(s, base_fail_memory(COMPILE_SEARCH_LAYOUTS * sizeof *layouts));
  compile_sizes_begin(s, log2_n, CKKS_SECURITY_NONE);
  ckks_status status = list_layouts(layouts, &n, s, log2_n, options->latency);
  if (status == CKKS_OK && n > 0) {
    s->choice = layouts[0];
    status = try_lowered(s, true);
  }
  base_free(layouts);
  return end_search(s, status);
}
