/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of moduli for a layout: the fewest bits that meet the error. */
#include "compile/search.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/choice.h"
#include "compile/error.h"
#include "compile/room.h"
#include "ring/prime.h"

#define MAX_LOG2_FOLD 3
#define MAX_RADIX 3
#define MAX_SPECIAL 4
/* Of deep chains, whose keys have a digit for so many levels: fewer digits, smaller keys. */
#define DEEP_LEVELS 20
#define MAX_SPECIAL_DEEP CKKS_MAX_P
#define MIN_VALUE_BITS 22
#define MAX_VALUE_BITS 46
#define MAX_OUTPUT_BITS 40
#define MIN_PRIME_BITS 18
#define MAX_PRIME_BITS (RING_F64_BITS - 1)
/* Of b bits there are 2^(b-2) / N numbers that are 1 mod 2N: one in seven or so is a prime, and a
 * chain wants a few. */
#define ROOM_FOR_PRIMES 7
#define NO_LIMIT 4000.0 /* bits of modulus where security asks for none */

typedef struct sizes {
  int value, weight, output, n_p;
} sizes;

typedef struct searching {
  const compile_stages *stages;
  const compile_options *options;
  compile_search_result *best;
  plan_plan plan; /* programs of the choice under consideration */
  compile_vector_size *size;
  compile_choice choice;
  bool is_product[CKKS_MAX_Q], last_steered; /* of any_program: what divides each level */
  ckks_params params; /* sizes only, for the noise bounds and the keys' bytes */
  ring_modulus modulus[CKKS_MAX_Q + CKKS_MAX_P];
  int n_primes[RING_F64_BITS + 1]; /* of each size for this ring degree; -1 = not counted yet */
  double closest;                  /* smallest error seen, for the refusal's text */
  sizes frugal[CKKS_MAX_P + 1];    /* best sizes with radix 1, by number of special primes */
  bool throughput;                 /* packing, too */
  compile_contract contract;       /* that is being tried */
  size_t blocked;                  /* 1 + the stage that was in the way when there was no layout */
  bool placed;                     /* there was one, at some ring degree */
  bool too_large;                  /* a program with more operations than there may be */
  bool no_memory;                  /* something could not be looked at for want of memory */
} searching;

/* What divides a level: a polynomial's product, or only plaintext factors. */
static bool level_is_product(const plan_program *program, int level) {
  int above = 0;
  for (int i = 0; i < program->n_ops; i++) {
    const plan_op *op = &program->op[i];
    if (op->kind == PLAN_OP_MUL_SUM && op->level == level)
      return true;
    if (plan_is_polynomial(op) && op->level <= level && level < above)
      return true;
    above = op->level;
  }
  return false;
}

/* Whether the product that ends at level 0 can be steered by a weighted copy. */
static bool last_is_steered(const plan_program *program) {
  for (int i = 1; i < program->n_ops; i++) {
    const plan_op *op = &program->op[i], *before = &program->op[i - 1];
    if (op->level == 0 && plan_is_polynomial(op))
      return true;
    if (op->level == 0 && op->kind == PLAN_OP_MUL_SUM)
      return (before->kind == PLAN_OP_MUL_VECTOR || before->kind == PLAN_OP_DENSE) &&
             before->out == op->term[2 * op->n_terms - 1];
  }
  return false;
}

static const plan_program *any_program(const searching *s) {
  return &s->plan.program[s->choice.latency ? PLAN_LATENCY : PLAN_THROUGHPUT];
}

/*
 * About what the next prime = 1 mod 2N below 2^bits will be, after those of that size among the
 * first n: one number in N ln 2 * bits is such a prime, which tells where primes are small.
 */
static uint64_t likely_prime(const ckks_params_literal *literal, int bits, int n) {
  double power = ldexp(1.0, bits), rank = 1.0;
  for (int i = 0; i < n; i++) {
    int other = i < literal->n_q ? literal->q_bits[i] : literal->p_bits[i - literal->n_q];
    rank += other == bits;
  }
  double prime = power - rank * ldexp(log(2.0) * bits, literal->log2_n);
  return (uint64_t)fmax(prime, 0.5 * power);
}

/* Whether there are primes enough of the sizes in the chain: of small ones there are few. */
static bool primes_suffice(searching *s) {
  const ckks_params_literal *literal = &s->params.literal;
  int wanted[RING_F64_BITS + 1] = {0};
  for (int i = 0; i < literal->n_q + literal->n_p; i++) {
    int bits = i < literal->n_q ? literal->q_bits[i] : literal->p_bits[i - literal->n_q];
    if (s->n_primes[bits] < 0) {
      uint64_t prime = (uint64_t)1 << bits;
      s->n_primes[bits] = 0;
      while (s->n_primes[bits] < CKKS_MAX_Q + CKKS_MAX_P && prime >> (bits - 1) != 0 &&
             (prime = ring_prime_below(prime - 1, literal->log2_n)) >> (bits - 1) != 0)
        s->n_primes[bits]++;
    }
    if (++wanted[bits] > s->n_primes[bits])
      return false;
  }
  return true;
}

/* Whether a base prime can hold that at all. */
static bool can_hold(double room) {
  return COMPILE_SEARCH_MIN_OUTPUT_BITS + 1 + ceil(log2(fmax(room, 1.0))) <= RING_F64_BITS;
}

/* Fills params with the chain for these sizes; false when it is not a legal one. */
static bool set_chain(searching *s, const sizes *z) {
  ckks_params_literal *literal = &s->params.literal;
  double room = compile_room_held(s->stages, s->options, s->contract);
  int depth = compile_layouts_depth(s->stages, &s->choice), widest = 0, total = 0;
  bool good = depth + 1 <= CKKS_MAX_Q;
  literal->n_q = depth + 1;
  literal->n_p = z->n_p;
  literal->log2_scale = z->value;
  for (int level = 0; level <= depth && good; level++) {
    int bits = 0;
    if (level == 0)
      bits = z->output + 1 + (int)ceil(log2(fmax(room, 1.0)));
    else if (s->is_product[level - 1])
      bits = level == 1 && !s->last_steered ? 2 * z->value - z->output : z->value;
    else
      bits = z->weight + (level == 1 ? z->value - z->output : 0);
    good = bits >= MIN_PRIME_BITS && bits >= literal->log2_n + ROOM_FOR_PRIMES &&
           bits <= (level == 0 ? RING_F64_BITS : MAX_PRIME_BITS);
    literal->q_bits[level] = bits;
    literal->q[level] = good ? likely_prime(literal, bits, level) : 0;
    s->modulus[level].bits = bits;
    total += bits;
    s->params.log2_q[level] = total;
    widest = bits > widest ? bits : widest;
  }
  int left = (int)floor(s->params.log2_qp_limit) - total;
  int special = left / z->n_p < widest ? left / z->n_p : widest;
  if (!good || special < widest - 3 || special < MIN_PRIME_BITS)
    return false;
  for (int i = 0; i < z->n_p; i++) {
    literal->p_bits[i] = special;
    literal->p[i] = likely_prime(literal, special, literal->n_q + i);
    s->modulus[literal->n_q + i].bits = special;
  }
  s->params.log2_qp = total + special * z->n_p;
  return primes_suffice(s);
}

/* Worst error over the packings wanted; infinite when the sizes do not work. */
static double error_of(searching *s, const compile_chain *chain) {
  plan_layout layout[PLAN_N_PACKINGS];
  double worst = 0.0;
  compile_choice_layouts(layout, s->stages, &s->choice, chain, s->throughput);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    plan_program *program = &s->plan.program[packing];
    if (program->n_ops == 0)
      continue;
    compile_assignment assigned = compile_assign(program, chain);
    if (assigned != COMPILE_ASSIGN_GOOD) {
      s->no_memory = s->no_memory || assigned == COMPILE_ASSIGN_NO_MEMORY;
      return INFINITY;
    }
    double error = compile_error_bound(&s->plan, (plan_packing)packing, &layout[packing], chain,
                                       s->size, s->stages->max_abs_input);
    s->no_memory = s->no_memory || isnan(error);
    worst = fmax(worst, error);
    if (worst > s->options->error && worst > s->closest) /* neither good enough nor closest */
      break;
  }
  return worst;
}

/* Values that go as far as the box lets them must fit with the noise that they have then. */
static bool noise_fits(searching *s, const compile_chain *chain) {
  plan_layout layout[PLAN_N_PACKINGS];
  if (s->contract != COMPILE_CONTRACT_CERTIFIED)
    return true;
  compile_choice_layouts(layout, s->stages, &s->choice, chain, s->throughput);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
    const plan_program *program = &s->plan.program[packing];
    const compile_reach *reach = /* of the stages that the program has */
        packing == PLAN_THROUGHPUT ? &s->stages->plain->reach : &s->stages->reach;
    if (program->n_ops == 0)
      continue;
    double error = compile_error_reach(&s->plan, (plan_packing)packing, &layout[packing], chain,
                                       s->size, reach);
    s->no_memory = s->no_memory || isnan(error);
    if (!(error <= COMPILE_ROOM_FOR_NOISE * reach->output))
      return false;
  }
  return true;
}

/* The smaller the better. */
static double score_of(searching *s, const compile_chain *chain) {
  plan_layout layout[PLAN_N_PACKINGS];
  plan_packing packing = s->choice.latency ? PLAN_LATENCY : PLAN_THROUGHPUT;
  plan_cost cost = {0};
  ckks_key_spec *keys = NULL;
  size_t n_keys = 0;
  compile_choice_layouts(layout, s->stages, &s->choice, chain, s->throughput);
  double score = INFINITY;
  if (compile_cost_keys(&keys, &n_keys, &s->plan, any_program(s), chain) == CKKS_OK) {
    compile_cost_level_keys(keys, n_keys, any_program(s), s->params.literal.log2_n);
    compile_cost_count(&cost, &s->plan, packing, &layout[packing], chain, keys, n_keys,
                       &s->options->units, s->options->weights_bytes);
    double key_mb = 1e-6 * (double)plan_key_bytes(keys, n_keys, &s->params);
    double upload_mb = 1e-6 * (double)cost.input_bytes;
    switch (s->options->minimise) {
    case BLINDSIGHT_MINIMISE_BALANCED:
      score = cost.predicted_ms + key_mb + 12.0 * upload_mb;
      break;
    case BLINDSIGHT_MINIMISE_LATENCY:
      score = cost.predicted_ms + 1e-3 * key_mb;
      break;
    case BLINDSIGHT_MINIMISE_UPLOAD:
      score = upload_mb + 1e-3 * cost.predicted_ms;
      break;
    case BLINDSIGHT_MINIMISE_KEYS:
      score = key_mb + 1e-3 * cost.predicted_ms;
      break;
    }
  } else {
    s->no_memory = true; /* or too many keys: then the plan cannot be had either way */
  }
  base_free(keys);
  return score;
}

/* Error with these sizes; infinite when they make no legal chain. */
static double error_of_sizes(searching *s, const sizes *z) {
  if (!set_chain(s, z))
    return INFINITY;
  compile_chain chain = {.params = &s->params, .log2_value = z->value, .log2_output = z->output};
  double error = error_of(s, &chain);
  s->closest = fmin(s->closest, error);
  return error;
}

/* Remembered when they meet the error more cheaply than the best so far; returns the score. */
static double try_sizes(searching *s, const sizes *z) {
  double error = error_of_sizes(s, z);
  if (!(error <= s->options->error))
    return INFINITY;
  compile_chain chain = {.params = &s->params, .log2_value = z->value, .log2_output = z->output};
  if (!noise_fits(s, &chain))
    return INFINITY;
  double score = score_of(s, &chain);
  if (!s->best->found || score < s->best->score)
    *s->best = (compile_search_result){.found = true,
                                       .throughput = s->throughput,
                                       .choice = s->choice,
                                       .contract = s->contract,
                                       .literal = s->params.literal,
                                       .log2_value = z->value,
                                       .log2_output = z->output,
                                       .score = score,
                                       .error = error};
  return score;
}

/*
 * The smallest value size that meets the error with fewer bits in all than max_bits, by
 * halving: among the legal sizes the error falls as values get larger scales. 0 when none does.
 */
static int smallest_value(searching *s, sizes z, double max_bits) {
  int legal[MAX_VALUE_BITS + 1], n = 0;
  for (z.value = MIN_VALUE_BITS; z.value <= MAX_VALUE_BITS; z.value++)
    if (set_chain(s, &z) && s->params.log2_qp < max_bits)
      legal[n++] = z.value;
  if (n == 0)
    return 0;
  z.value = legal[n - 1];
  if (error_of_sizes(s, &z) > s->options->error)
    return 0;
  int low = 0, high = n - 1;
  while (low < high) {
    int middle = (low + high) / 2;
    z.value = legal[middle];
    if (error_of_sizes(s, &z) <= s->options->error)
      high = middle;
    else
      low = middle + 1;
  }
  return legal[low];
}

/*
 * All sizes for one number of special primes; the best is left in s->frugal. With layout
 * and special primes fixed, time hardly depends on the bits and bytes are proportional to them.
 */
static void try_special(searching *s, int n_p) {
  double bits = INFINITY;
  s->frugal[n_p] = (sizes){.value = 0};
  for (int weight = 18; weight <= 34; weight += 2)
    for (int output = COMPILE_SEARCH_MIN_OUTPUT_BITS; output <= MAX_OUTPUT_BITS; output++) {
      sizes z = {0, weight, output, n_p};
      z.value = smallest_value(s, z, bits);
      if (z.value == 0 || !set_chain(s, &z))
        continue;
      bits = s->params.log2_qp;
      s->frugal[n_p] = z;
    }
  if (s->frugal[n_p].value)
    try_sizes(s, &s->frugal[n_p]);
}

/*
 * How the rotation sums are done hardly moves the error: beyond the first way, the sizes that won
 * there are tried again, with a little more room where they just miss.
 */
static void try_choice(searching *s, bool all_sizes) {
  bool deep = compile_layouts_depth(s->stages, &s->choice) >= DEEP_LEVELS;
  for (int n_p = 1; n_p <= (deep ? MAX_SPECIAL_DEEP : MAX_SPECIAL); n_p++) {
    if (all_sizes) {
      try_special(s, n_p);
      continue;
    }
    sizes z = s->frugal[n_p];
    for (int more = 0; z.value && more < 3; more++, z.value++)
      if (try_sizes(s, &z) < INFINITY)
        break;
  }
}

static void note_levels(searching *s) {
  const plan_program *program = any_program(s);
  for (int level = 0; level < CKKS_MAX_Q; level++)
    s->is_product[level] = level_is_product(program, level);
  s->last_steered = last_is_steered(program);
}

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
  if (status == CKKS_OK) {
    note_levels(s);
    try_choice(s, all_sizes);
  }
  if (status == CKKS_OK && s->no_memory) /* a choice passed over for that is no choice */
    status = base_fail_memory((size_t)s->plan.n_vectors * sizeof *s->size);
  base_free(s->size);
  s->size = NULL;
  plan_clear(&s->plan);
  return status;
}

/*
 * Whether a chain for the layout can be had at all: with primes as small as there may be, a level
 * each. Asked before a program is made of it, which for a wide network takes seconds.
 */
static bool depth_fits(const searching *s, const compile_choice *choice) {
  int depth = compile_layouts_depth(s->stages, choice), log2_n = choice->log2_n;
  int least = log2_n + ROOM_FOR_PRIMES > MIN_PRIME_BITS ? log2_n + ROOM_FOR_PRIMES : MIN_PRIME_BITS;
  double room = compile_room_held(s->stages, s->options, s->contract);
  double base = COMPILE_SEARCH_MIN_OUTPUT_BITS + 1 + ceil(log2(fmax(room, 1.0)));
  return depth + 1 <= CKKS_MAX_Q &&
         base + (double)least * depth + MIN_PRIME_BITS <= s->params.log2_qp_limit;
}

/* A layout with every part of the upload and every radix of its rotation sums. */
static ckks_status try_layout(searching *s, const compile_choice *layout) {
  s->choice = *layout;
  if (!depth_fits(s, layout))
    return CKKS_OK;
  if (!layout->latency)
    return try_lowered(s, true);
  const compile_affine *affine = &layout->affine[0];
  size_t used = affine->stride * affine->inputs;
  if (affine->rows > used) /* what is summed must be the same in every part */
    used = affine->rows;
  size_t replicas = ((size_t)1 << (layout->log2_n - 1)) / used;
  for (int log2_fold = 0; log2_fold <= MAX_LOG2_FOLD; log2_fold++)
    for (int radix = 1; radix <= MAX_RADIX + 1; radix++) {
      s->choice.fold = (size_t)1 << log2_fold;
      s->choice.horner = radix > MAX_RADIX;
      s->choice.log2_radix = s->choice.horner ? 2 : radix;
      if (s->choice.fold <= replicas)
        BASE_TRY(try_lowered(s, radix == 1));
    }
  return CKKS_OK;
}

static void begin_degree(searching *s, int log2_n, ckks_security security) {
  for (int bits = 0; bits <= RING_F64_BITS; bits++)
    s->n_primes[bits] = -1;
  s->params.literal.log2_n = log2_n;
  s->params.literal.security = security;
  s->params.ring.log2_n = log2_n;
  s->params.ring.n = (size_t)1 << log2_n;
  s->params.ring.modulus = s->modulus;
  s->params.log2_qp_limit = fmin(ckks_security_limit(log2_n, security), NO_LIMIT);
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
  begin_degree(s, log2_n, s->options->security);
  shallowest(&layouts[0], s, log2_n);
  if (!depth_fits(s, &layouts[0])) {
    base_free(layouts);
    return CKKS_OK;
  }
  ckks_status status = list_layouts(layouts, &n, s, log2_n, latency);
  for (size_t i = 0; i < n && status == CKKS_OK; i++)
    status = try_layout(s, &layouts[i]);
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
    if (wanted && can_hold(compile_room_held(s->stages, s->options, s->contract)))
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
  return options->throughput && !(wide && options->latency);
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

ckks_status compile_search_run(compile_search_result *best, const compile_stages *stages,
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
  begin_degree(s, log2_n, CKKS_SECURITY_NONE);
  ckks_status status = list_layouts(layouts, &n, s, log2_n, options->latency);
  if (status == CKKS_OK && n > 0) {
    s->choice = layouts[0];
    status = try_lowered(s, true);
  }
  base_free(layouts);
  return end_search(s, status);
}
