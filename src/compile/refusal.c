/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/refusal.h"

#include "base/alloc.h"
#include "compile/room.h"
#include "compile/sizes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ring degrees that are spoken of. */
#define MOST_DEGREES 3

typedef struct refusing {
  const compile_stages *stages;
  const compile_options *options;
  const compile_search_result *search;
  char text[400];
  int n_hints;
  compile_search_result *trial; /* of the search that runs: too large for a stack's frame */
} refusing;

static void say(refusing *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(refusing *r, const char *format, ...) {
  size_t n = strlen(r->text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(r->text + n, sizeof r->text - n, format, arguments);
  va_end(arguments);
}

static void begin_hint(refusing *r) {
  say(r, "%s", r->n_hints++ == 0 ? "; try " : ", ");
}

/* --- outputs that no base prime holds */

/* A guard that will do where a proof is not asked for. */
static double least_room(const refusing *r) {
  bool certified = r->options->contract == COMPILE_CONTRACT_CERTIFIED;
  return compile_room_held(r->stages, r->options,
                           certified ? COMPILE_CONTRACT_CERTIFIED : COMPILE_CONTRACT_GUARDED);
}

static bool outputs_too_large(const refusing *r) {
  return !compile_sizes_can_hold(least_room(r));
}

static ckks_status refuse_outputs(const refusing *r) {
  return base_fail(CKKS_ERROR_RANGE,
                   "the last map's outputs can reach %.3g, with headroom %.3g and room for what "
                   "leaves it %.3g: more than the base modulus of %d bits holds; try to calibrate "
                   "the model on real data (--calibrate), or a smaller --headroom",
                   r->stages->max_abs_output, r->options->headroom, least_room(r), RING_F64_BITS);
}

/* --- inputs that are wider than the slots */

/* Hidden layers may take several ciphertexts; what a client sends is one. */
static size_t slots_wanted(const compile_stages *stages) {
  return compile_padded(stages->stage[0].n_in);
}

static ckks_status refuse_width(const refusing *r, size_t slots) {
  int log2_n = 1;
  while ((size_t)1 << log2_n < 2 * slots)
    log2_n++;
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "%zu inputs are too many: latency packing gives them %zu slots, N = 2^%d has "
                   "%zu; try --log2-n %d or --packing throughput",
                   r->stages->stage[0].n_in, slots, r->options->log2_n,
                   (size_t)1 << (r->options->log2_n - 1), log2_n);
}

static ckks_status refuse_batch(size_t width) {
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "a layer %zu wide; throughput packing holds at most %d values; try --packing "
                   "latency",
                   width, COMPILE_MAX_BATCH_WIDTH);
}

/* Layers are counted from 1, as everywhere. */
static ckks_status refuse_map(const refusing *r) {
  const compile_stage *stage = &r->stages->stage[r->search->blocked - 1];
  int log2_n = r->options->log2_n ? r->options->log2_n : COMPILE_SEARCH_MAX_LOG2_N;
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "the map of layer %zu, %zu to %zu values, has no place in latency packing up to "
                   "N = 2^%d: in every layout it takes more than %d diagonals between two "
                   "ciphertexts; try fewer channels%s",
                   r->search->blocked, stage->map.n_columns, stage->map.n_rows, log2_n,
                   PLAN_MAX_TERMS,
                   compile_stages_width(r->stages->plain) <= COMPILE_MAX_BATCH_WIDTH
                       ? ", or --packing throughput"
                       : "");
}

/* --- too many levels, too small an error */

/* Levels that fit beside a base and one special prime, when they are as wide as in this chain. */
static int levels_allowed(const ckks_params_literal *literal, int log2_n, ckks_security security) {
  double sum = 0.0, widest = literal->q_bits[0];
  int depth = literal->n_q - 1;
  for (int i = 1; i <= depth; i++) {
    sum += literal->q_bits[i];
    widest = fmax(widest, literal->q_bits[i]);
  }
  double left = ckks_security_limit(log2_n, security) - literal->q_bits[0] - widest;
  return left > 0.0 ? (int)(left * depth / sum) : 0;
}

/* Levels that no layout can save; 0 without memory. */
static int least_levels(const compile_stages *stages) {
  compile_choice *choice = base_alloc(sizeof *choice); /* too large for a stack */
  int depth = 0;
  if (choice == NULL)
    return 0;
  for (size_t i = 1; i < stages->n_stages; i++)
    choice->affine[i].fused = stages->stage[i - 1].kind == COMPILE_STAGE_CUBIC;
  depth = compile_layouts_depth(stages, choice);
  base_free(choice);
  return depth;
}

/* More than there can be primes, whatever is asked of them. */
static bool say_too_deep(refusing *r) {
  int levels = least_levels(r->stages);
  if (levels < CKKS_MAX_Q)
    return false;
  say(r, "the model needs %d levels; without bootstrapping there are %d at most", levels,
      CKKS_MAX_Q - 1);
  if (r->search->closest < INFINITY)
    say(r, ", and with it error %g is out of reach: the smallest is %.2g", r->options->error,
        r->search->closest);
  if (r->options->bootstrap == COMPILE_BOOTSTRAP_NEVER && r->options->latency) {
    begin_hint(r);
    say(r, "--bootstrap auto");
  }
  return true;
}

/* "N = 2^13 allows 3, 2^14 6, 2^15 9", and before it what the model needs. */
static ckks_status say_degrees(refusing *r) {
  char text[120] = "";
  bool first = true, enough = false;
  double closest = r->search->closest;
  int fixed = r->options->log2_n, needed = 0;
  int from = fixed ? fixed : COMPILE_SEARCH_MAX_LOG2_N - MOST_DEGREES + 1;
  for (int log2_n = from; log2_n == from || (log2_n <= COMPILE_SEARCH_MAX_LOG2_N && !enough);
       log2_n++) {
    BASE_TRY(compile_search_insecure(r->trial, r->stages, r->options, log2_n));
    closest = fmin(closest, r->trial->closest);
    if (!r->trial->found)
      continue;
    needed = r->trial->literal.n_q - 1;
    int allowed = levels_allowed(&r->trial->literal, log2_n, r->options->security);
    /* The search has tried this one: sizes of primes do not divide as evenly as here. */
    if ((!fixed || log2_n == fixed) && allowed >= needed)
      allowed = needed - 1;
    enough = allowed >= needed;
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, first ? "N = 2^%d allows %d" : ", 2^%d %d", log2_n,
             allowed);
    first = false;
  }
  if (needed > 0)
    say(r, "the model needs %d levels; %s at %d bits of security with error %g", needed, text,
        (int)r->options->security, r->options->error);
  else
    say(r, "error %g is out of reach: with primes of at most %d bits the smallest is %.2g",
        r->options->error, RING_F64_BITS - 1, closest);
  return CKKS_OK;
}

/* 0.00123 becomes 0.002. */
static double rounded_up(double x) {
  double power = pow(10.0, floor(log10(x)));
  return power * ceil(x / power * 1.0001);
}

/* The smallest round error that can be had. */
static ckks_status hint_error(refusing *r) {
  compile_options options = *r->options;
  r->trial->found = false;
  if (r->search->closest < INFINITY)
    options.error = rounded_up(r->search->closest);
  if (options.error > r->options->error && options.error <= 1.0)
    BASE_TRY(compile_search_run(r->trial, r->stages, &options));
  if (r->trial->found) {
    begin_hint(r);
    say(r, "--error %.3g", options.error);
  }
  return CKKS_OK;
}

/* Another ring degree, or less security, when that is all it takes. */
static ckks_status hint_options(refusing *r) {
  compile_options free_degree = *r->options, less_secure = *r->options;
  r->trial->found = false;
  free_degree.log2_n = 0;
  less_secure.security = CKKS_SECURITY_128;
  if (r->options->log2_n != 0)
    BASE_TRY(compile_search_run(r->trial, r->stages, &free_degree));
  if (r->trial->found) {
    begin_hint(r);
    say(r, "--log2-n %d", r->trial->literal.log2_n);
  }
  r->trial->found = false;
  if (r->options->security > CKKS_SECURITY_128)
    BASE_TRY(compile_search_run(r->trial, r->stages, &less_secure));
  if (r->trial->found) {
    begin_hint(r);
    say(r, "--security %d", (int)CKKS_SECURITY_128);
  }
  return CKKS_OK;
}

static int polynomial_levels(const compile_stage *stage) {
  switch (stage->kind) {
  case COMPILE_STAGE_LAST:
    break;
  case COMPILE_STAGE_SQUARE:
    return 1;
  case COMPILE_STAGE_SQUARES:
  case COMPILE_STAGE_CUBIC:
    return 2;
  case COMPILE_STAGE_GENERAL:
    return plan_polynomial_depth(compile_stage_degree(stage));
  }
  return 0;
}

static void hint_model(refusing *r) {
  const compile_stages *stages = r->stages;
  size_t deepest = 0, n = stages->n_stages;
  compile_options usual;
  compile_options_default(&usual);
  if (r->options->headroom > usual.headroom) {
    begin_hint(r);
    say(r, "a smaller --headroom");
  }
  if (r->options->last_on_server && stages->stage[n - 1].kind != COMPILE_STAGE_LAST) {
    begin_hint(r);
    say(r, "--last client (%d levels less)", polynomial_levels(&stages->stage[n - 1]));
  }
  for (size_t i = 1; i < n; i++)
    if (polynomial_levels(&stages->stage[i]) > polynomial_levels(&stages->stage[deepest]))
      deepest = i;
  if (polynomial_levels(&stages->stage[deepest]) > 1) {
    begin_hint(r);
    say(r, "an activation of lower degree (that of layer %zu takes %d levels)", deepest + 1,
        polynomial_levels(&stages->stage[deepest]));
  }
  if (n > 1) {
    begin_hint(r);
    say(r, "fewer layers");
  }
}

static ckks_status refuse_levels(refusing *r) {
  if (!say_too_deep(r))
    BASE_TRY(say_degrees(r));
  BASE_TRY(hint_error(r));
  BASE_TRY(hint_options(r));
  hint_model(r);
  return base_fail(r->search->closest < INFINITY ? CKKS_ERROR_RANGE : CKKS_ERROR_SECURITY, "%s",
                   r->text);
}

ckks_status compile_refusal(const compile_stages *stages, const compile_options *options,
                            const compile_search_result *search) {
  refusing r = {.stages = stages, .options = options, .search = search};
  size_t slots = slots_wanted(stages), width = compile_stages_width(stages->plain);
  if (outputs_too_large(&r))
    return refuse_outputs(&r);
  if (!options->latency && width > COMPILE_MAX_BATCH_WIDTH)
    return refuse_batch(width);
  if (!options->throughput && options->log2_n != 0 && slots > (size_t)1 << (options->log2_n - 1))
    return refuse_width(&r, slots);
  if (search->blocked > 0)
    return refuse_map(&r);
  r.trial = base_alloc_array(1, sizeof *r.trial);
  ckks_status status = r.trial != NULL ? refuse_levels(&r) : base_fail_memory(sizeof *r.trial);
  base_free(r.trial);
  return status;
}
