/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/sizes.h"

#include <math.h>

#include "base/alloc.h"
#include "compile/choice.h"
#include "compile/fits.h"
#include "compile/room.h"
#include "ring/prime.h"

#define MAX_SPECIAL 4
/* Fewer digits, smaller keys. */
#define MAX_SPECIAL_DEEP CKKS_MAX_P
#define MIN_VALUE_BITS 22
#define MAX_VALUE_BITS 46
#define MAX_OUTPUT_BITS 40
#define MIN_PRIME_BITS 18
#define MAX_PRIME_BITS (RING_F64_BITS - 1)
/* Of b bits there are 2^(b-2) / N numbers that are 1 mod 2N: one in seven or so is a prime, and a
 * chain wants a few. */
#define ROOM_FOR_PRIMES 7
#define ROOM_FOR_SIZES 1.125 /* a prime of so many bits may be a little smaller than foreseen */
#define NO_LIMIT 4000.0      /* bits of modulus where security asks for none */

void compile_sizes_begin(compile_sizes_search *s, int log2_n, ckks_security security) {
  for (int bits = 0; bits <= RING_F64_BITS; bits++)
    s->n_primes[bits] = -1;
  s->params.literal.log2_n = log2_n;
  s->params.literal.security = security;
  s->params.ring.log2_n = log2_n;
  s->params.ring.n = (size_t)1 << log2_n;
  s->params.ring.modulus = s->modulus;
  s->params.log2_qp_limit = fmin(ckks_security_limit(log2_n, security), NO_LIMIT);
}

bool compile_sizes_fit(const compile_sizes_search *s, const compile_choice *choice) {
  int depth = compile_layouts_depth(s->stages, choice), log2_n = choice->log2_n;
  int least = log2_n + ROOM_FOR_PRIMES > MIN_PRIME_BITS ? log2_n + ROOM_FOR_PRIMES : MIN_PRIME_BITS;
  double room = compile_room_held(s->stages, s->options, s->contract);
  double base = COMPILE_SEARCH_MIN_OUTPUT_BITS + compile_room_bits(room);
  return depth + 1 <= CKKS_MAX_Q &&
         base + (double)least * depth + MIN_PRIME_BITS <= s->params.log2_qp_limit;
}

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

static const plan_program *any_program(const compile_sizes_search *s) {
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
static bool primes_suffice(compile_sizes_search *s) {
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

bool compile_sizes_can_hold(double room) {
  return COMPILE_SEARCH_MIN_OUTPUT_BITS + compile_room_bits(room) <= RING_F64_BITS;
}

/* Fills params with the chain for these sizes; false when it is not a legal one. */
static bool set_chain(compile_sizes_search *s, const compile_sizes *z) {
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
      bits = z->output + compile_room_bits(room);
    else if (s->is_product[level - 1])
      bits = level == 1 && !s->last_steered ? 2 * z->value - z->output : z->value;
    else
      bits = z->weight + (level == 1 ? z->value - z->output : 0);
    good = bits >= MIN_PRIME_BITS && bits >= literal->log2_n + ROOM_FOR_PRIMES &&
           bits <= (level == 0 ? RING_F64_BITS : MAX_PRIME_BITS);
    literal->q_bits[level] = bits;
    literal->q[level] = good ? likely_prime(literal, bits, level) : 0;
    s->modulus[level].bits = bits;
    s->modulus[level].f = (double)literal->q[level];
    total += bits;
    s->params.log2_q[level] = total;
    widest = bits > widest ? bits : widest;
  }
  double left = floor(s->params.log2_qp_limit) - total; /* without security: infinite */
  int special = (int)fmin(fmax(floor(left / z->n_p), 0.0), widest);
  if (!good || special < widest - 3 || special < MIN_PRIME_BITS)
    return false;
  for (int i = 0; i < z->n_p; i++) {
    literal->p_bits[i] = special;
    literal->p[i] = likely_prime(literal, special, literal->n_q + i);
    s->modulus[literal->n_q + i].bits = special;
  }
  s->params.log2_qp = total + special * z->n_p;
  ckks_params_limbs_single(&s->params);
  return primes_suffice(s);
}

/* Of what is left of q_0 where its size is a whole number of bits: the primes at hand are a little
 * smaller than 2^bits. */
#define SPARE_BITS (1.0 / 32.0)

/*
 * The outputs' scale. Where a plaintext factor steers it, it fills the base prime: no bit of it
 * lies idle because those of outputs are no whole number. A guarded plan guards with what is left.
 */
static double output_scale_log2(const compile_sizes_search *s, const compile_sizes *z) {
  bool steered = !s->is_product[0] || s->last_steered;
  if (!steered || s->contract == COMPILE_CONTRACT_GUARDED)
    return z->output;
  double room = fmax(compile_room_held(s->stages, s->options, s->contract), 1.0);
  double most = log2((double)s->params.literal.q[0]) - 1.0 - log2(PLAN_BOX_GROWTH * room);
  return fmax(z->output, most - SPARE_BITS);
}

static compile_chain chain_of(const compile_sizes_search *s, const compile_sizes *z) {
  return (compile_chain){
      .params = &s->params, .log2_value = z->value, .log2_output = output_scale_log2(s, z)};
}

/* Worst error over the packings wanted; infinite when the sizes do not work. */
static double error_of(compile_sizes_search *s, const compile_chain *chain) {
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
    ckks_status fits = compile_fits(&s->plan, (plan_packing)packing, &layout[packing], chain,
                                    s->size, ROOM_FOR_SIZES);
    s->no_memory = s->no_memory || fits == CKKS_ERROR_MEMORY;
    if (fits != CKKS_OK)
      return INFINITY;
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
static bool noise_fits(compile_sizes_search *s, const compile_chain *chain) {
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
static double score_of(compile_sizes_search *s, const compile_chain *chain) {
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
    size_t key_bytes = plan_key_bytes(keys, n_keys, &s->params);
    score = compile_cost_score(&cost, key_bytes, s->options->minimise);
    s->ms = cost.predicted_ms;
    s->key_bytes = (double)key_bytes;
  } else {
    s->no_memory = true; /* or too many keys: then the plan cannot be had either way */
  }
  base_free(keys);
  return score;
}

/* Error with these sizes; infinite when they make no legal chain. */
static double error_of_sizes(compile_sizes_search *s, const compile_sizes *z) {
  if (!set_chain(s, z))
    return INFINITY;
  compile_chain chain = chain_of(s, z);
  double error = error_of(s, &chain);
  s->closest = fmin(s->closest, error);
  return error;
}

/* Remembered when they meet the error more cheaply than the best so far; returns the score. */
static double try_sizes(compile_sizes_search *s, const compile_sizes *z) {
  double error = error_of_sizes(s, z);
  if (!(error <= s->options->error))
    return INFINITY;
  compile_chain chain = chain_of(s, z);
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
                                       .log2_output = chain.log2_output,
                                       .score = score,
                                       .error = error,
                                       .allowed = s->options->error,
                                       .ms = s->ms,
                                       .key_bytes = s->key_bytes};
  return score;
}

/*
 * The smallest value size that meets the error with fewer bits in all than max_bits, by
 * halving: among the legal sizes the error falls as values get larger scales. 0 when none does.
 */
static int smallest_value(compile_sizes_search *s, compile_sizes z, double max_bits) {
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
static void try_special(compile_sizes_search *s, int n_p) {
  double bits = INFINITY;
  s->frugal[n_p] = (compile_sizes){.value = 0};
  for (int weight = 18; weight <= 34; weight += 2)
    for (int output = COMPILE_SEARCH_MIN_OUTPUT_BITS; output <= MAX_OUTPUT_BITS; output++) {
      compile_sizes z = {0, weight, output, n_p};
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
static void try_choice(compile_sizes_search *s, bool all_sizes) {
  bool deep = compile_layouts_depth(s->stages, &s->choice) >= COMPILE_DEEP_LEVELS;
  for (int n_p = 1; n_p <= (deep ? MAX_SPECIAL_DEEP : MAX_SPECIAL); n_p++) {
    if (s->n_special != 0 && s->n_special != n_p)
      continue;
    if (all_sizes) {
      try_special(s, n_p);
      continue;
    }
    compile_sizes z = s->frugal[n_p];
    for (int more = 0; z.value && more < 3; more++, z.value++)
      if (try_sizes(s, &z) < INFINITY)
        break;
  }
}

static void note_levels(compile_sizes_search *s) {
  const plan_program *program = any_program(s);
  for (int level = 0; level < CKKS_MAX_Q; level++)
    s->is_product[level] = level_is_product(program, level);
  s->last_steered = last_is_steered(program);
}

void compile_sizes_try(compile_sizes_search *s, bool all_sizes) {
  note_levels(s);
  try_choice(s, all_sizes);
}
