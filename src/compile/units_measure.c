/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the planner's units cost here. Inside a key switch every limb is worked on while it
 * is near: so are those that are timed alone. Keys and the ciphertexts of a batch come from
 * further away: their words are timed in whole sums, over many of them, less what else these do.
 */
#define _POSIX_C_SOURCE 200809L
#include "compile/units.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "ckks/objects.h"
#include "compile/cost.h"
#include "eval/eval.h"
#include "ring/sample.h"

#define N_ROTATIONS 40
#define N_NEAR 6    /* rotations whose keys fit a cache */
#define N_SUMMED 18 /* about COMPILE_NEAR_BYTES */
#define N_BATCH 96  /* well above COMPILE_FAR_BYTES */
#define FAR_LIMB ((size_t)1 << 16)
#define N_FAR 96 /* above COMPILE_FAR_BYTES */
#define N_SAMPLES 60
/* Shorter runs are repeated until they have taken so long. */
#define SAMPLE_MS 1.0

/* A chain such as the planner makes for small networks. */
static const ckks_params_literal literal = {.log2_n = 13,
                                            .n_q = 4,
                                            .n_p = 2,
                                            .q_bits = {36, 34, 34, 34},
                                            .p_bits = {36, 36},
                                            .log2_scale = 34,
                                            .security = CKKS_SECURITY_128};

typedef struct measuring {
  ckks_params *params;
  ckks_evaluation_keys *keys;
  ckks_evaluator *ev;
  ckks_ciphertext *in[N_BATCH], *out;
  int32_t steps[N_ROTATIONS];
  ckks_key_spec specs[1 + N_ROTATIONS];
  size_t turn;    /* which input is next */
  ring_word *far; /* limbs of the largest rings */
} measuring;

typedef ckks_status (*timed)(measuring *m);

static ckks_ciphertext *next_input(measuring *m) {
  m->turn = (m->turn + 1) % N_SUMMED;
  return m->in[m->turn];
}

/* ------------------------------------------------------------- what is timed */

/* Once there and back. */
static ckks_status run_ntt(measuring *m) {
  const ring_ring *ring = &m->params->ring;
  ring_word *limb = m->out->part[0].data;
  ring->kernel->ntt_inverse(limb, limb, ring->ntt[0]);
  ring->kernel->ntt_forward(limb, limb, ring->ntt[0]);
  return CKKS_OK;
}

/* One pass of each kind that key switches, products and rescalings are made of. */
static ckks_status run_point(measuring *m) {
  const ring_ring *ring = &m->params->ring;
  const ring_kernel *kernel = ring->kernel;
  const ring_modulus *modulus = &ring->modulus[0];
  ring_word *out = m->out->part[0].data;
  const ring_word *a = m->in[0]->part[0].data, *b = m->in[0]->part[1].data;
  kernel->add(out, a, b, ring->n, modulus);
  kernel->mul(out, a, b, ring->n, modulus);
  kernel->mul_scalar(out, a, modulus->p / 3, ring->n, modulus);
  kernel->sub_mul_scalar(out, a, b, modulus->p / 3, NULL, ring->n, modulus);
  return CKKS_OK;
}

/*
 * Products added to limb after limb of the largest rings, as the sums of a map are, whose keys pass
 * through the cache meanwhile: a stand-in for them passes here.
 */
static ckks_status run_point_far(measuring *m) {
  const ring_ring *ring = &m->params->ring;
  ring_word *a = m->far, *b = a + FAR_LIMB, *sums = b + FAR_LIMB;
  for (int k = 0; k < N_FAR; k++)
    ring->kernel->mul_add(sums + (size_t)k * FAR_LIMB, a, b, FAR_LIMB, &ring->modulus[0]);
  return CKKS_OK;
}

static ckks_status run_permute(measuring *m) {
  const ring_ring *ring = &m->params->ring;
  for (int part = 0; part < 2; part++)
    ring->kernel->permute_add(m->out->part[part].data, m->out->part[part].data,
                              m->in[0]->part[part].data, m->keys->key[1].index, ring->n,
                              &ring->modulus[0]);
  return CKKS_OK;
}

static ckks_status run_convert(measuring *m) {
  const ring_ring *ring = &m->params->ring;
  const ring_word *words[] = {m->in[0]->part[0].data, m->in[0]->part[1].data};
  const ring_modulus *from[] = {&ring->modulus[0], &ring->modulus[1]};
  const uint64_t weights[] = {ring->modulus[2].p / 3, ring->modulus[2].p / 5};
  ring->kernel->convert(m->out->part[0].data, words, from, weights, 2, ring->n, &ring->modulus[2]);
  return CKKS_OK;
}

static ckks_status run_one(measuring *m) {
  return eval_rotate_sum(m->out, next_input(m), m->steps, 1, m->ev);
}

static ckks_status run_near(measuring *m) {
  return eval_rotate_sum(m->out, next_input(m), m->steps, N_NEAR, m->ev);
}

static ckks_status run_far(measuring *m) {
  return eval_rotate_sum(m->out, next_input(m), m->steps, N_ROTATIONS, m->ev);
}

static ckks_status sum(measuring *m, size_t n) {
  static const double weights[N_BATCH] = {1.5, -0.25};
  return eval_sum_scalar(m->out, (const ckks_ciphertext *const *)m->in, weights, n,
                         exp2(literal.log2_scale), m->ev);
}

static ckks_status run_sum(measuring *m) {
  return sum(m, N_SUMMED);
}

static ckks_status run_sum_far(measuring *m) {
  return sum(m, N_BATCH);
}

/* ------------------------------------------------------------------- timing */

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* Nanoseconds of one run: the fastest sample, since others on the machine only ever delay. */
static ckks_status time_run(double *ns, timed run, measuring *m) {
  *ns = INFINITY;
  BASE_TRY(run(m));
  for (int s = 0; s < N_SAMPLES; s++) {
    double start = now_ms(), spent = 0.0;
    int rounds = 0;
    for (; spent < SAMPLE_MS; rounds++, spent = now_ms() - start)
      BASE_TRY(run(m));
    *ns = fmin(*ns, 1e6 * spent / rounds);
  }
  return CKKS_OK;
}

/* ------------------------------------------------------------------- set-up */

static void measuring_clear(measuring *m) {
  for (int i = 0; i < N_BATCH; i++)
    ckks_ciphertext_free(m->in[i]);
  ckks_ciphertext_free(m->out);
  base_free(m->far);
  ckks_evaluator_free(m->ev);
  ckks_evaluation_keys_free(m->keys);
  ckks_params_free(m->params);
}

/* Words of a key as random as a real one's, which takes as long: no secret is needed. */
static ckks_status make_keys(measuring *m) {
  ckks_key_spec *specs = m->specs;
  specs[0] = (ckks_key_spec){0, literal.n_q - 1, literal.n_p};
  for (int i = 0; i < N_ROTATIONS; i++) {
    m->steps[i] = i + 1;
    specs[i + 1] =
        (ckks_key_spec){ckks_galois_rotation(m->params, i + 1), literal.n_q - 1, literal.n_p};
  }
  size_t n = ckks_key_spec_merge(specs, 1 + N_ROTATIONS);
  BASE_TRY(ckks_evaluation_keys_build_at(&m->keys, specs, n, m->params));
  ring_word *limb = m->out->part[0].data;
  for (size_t k = 0; k < n; k++) {
    ckks_switch_key *key = &m->keys->key[k];
    for (int i = 0; i < key->n_limbs; i++)
      for (int d = 0; d < key->n_digits; d++) {
        ckks_switch_key_expand(limb, key, d, i, m->params);
        ckks_switch_key_put(key, d, i, limb, limb, m->params);
      }
  }
  return CKKS_OK;
}

static ckks_status make_ciphertext(ckks_ciphertext **out, uint8_t number,
                                   const ckks_params *params) {
  uint8_t seed[RAND_SEED_BYTES] = {number};
  BASE_TRY(ckks_ciphertext_build(out, params));
  ckks_ciphertext *c = *out;
  c->n_parts = 2;
  c->level = literal.n_q - 1;
  c->scale = ckks_params_scale(params, c->level);
  for (int part = 0; part < 2; part++) {
    seed[1] = (uint8_t)part;
    ckks_seed_expand(&c->part[part], literal.n_q, seed, params);
  }
  return CKKS_OK;
}

static ckks_status measuring_init(measuring *m) {
  BASE_TRY(ckks_params_build(&m->params, &literal));
  BASE_TRY(make_ciphertext(&m->out, N_BATCH, m->params));
  for (int i = 0; i < N_BATCH; i++)
    BASE_TRY(make_ciphertext(&m->in[i], (uint8_t)i, m->params));
  BASE_TRY(make_keys(m));
  m->far =
      base_alloc_array((N_FAR + 2) * FAR_LIMB, sizeof *m->far); /* zeros: timing is theirs too */
  if (m->far == NULL)
    return base_fail_memory((N_FAR + 2) * FAR_LIMB * sizeof *m->far);
  return ckks_evaluator_build(&m->ev, m->params, m->keys);
}

/* -------------------------------------------------------------------- units */

/* What a sum of so many rotations consists of. */
static compile_work count_rotations(measuring *m, int n_rotations) {
  compile_work counts;
  plan_op op = {.kind = PLAN_OP_ROTATE_SUM,
                .level = literal.n_q - 1,
                .n_terms = n_rotations,
                .term = m->steps};
  const plan_program program = {.n_inputs = 1, .n_registers = 1, .n_ops = 1, .op = &op};
  compile_work_program(&counts, NULL, &program, ckks_params_get_literal(m->params), m->specs,
                       1 + N_ROTATIONS, SIZE_MAX, NULL);
  return counts;
}

/* What is left of a time when the work that is known already is taken off. */
static double remainder_ns(double ns, const compile_work *counts, const compile_units *units) {
  return ns - 1e6 * compile_cost_ms(counts, literal.log2_n, units);
}

/*
 * Sums of rotations of which two times are known: one rotation is mostly passes over limbs, a
 * further one mostly a key. Two equations for a word of each, then one for keys from far.
 */
static ckks_status measure_rotations(compile_units *units, measuring *m) {
  double one, near, far;
  compile_work of_one = count_rotations(m, 1), of_near = count_rotations(m, N_NEAR);
  compile_work of_far = count_rotations(m, N_ROTATIONS);
  BASE_TRY(time_run(&one, run_one, m));
  BASE_TRY(time_run(&near, run_near, m));
  BASE_TRY(time_run(&far, run_far, m));
  double a = (double)of_one.point_words, b = (double)of_one.mac_words;
  double c = (double)of_near.point_words, d = (double)of_near.mac_words;
  compile_units known = *units;
  known.point_word_ns = 0.0;
  double x = remainder_ns(one, &of_one, &known), y = remainder_ns(near, &of_near, &known);
  /* A pass takes no less than alone: were it so, the first key came from nearer than the rest. */
  units->point_word_ns = fmax(units->point_word_ns, (d * x - b * y) / (a * d - b * c));
  units->mac_word_ns = (y - c * units->point_word_ns) / d;
  known.point_word_ns = units->point_word_ns;
  units->mac_far_word_ns = remainder_ns(far, &of_far, &known) / (double)of_far.mac_words;
  return CKKS_OK;
}

static ckks_status measure(compile_units *units, measuring *m) {
  double n = (double)m->params->ring.n, ntt, point, permute, convert, near, far, point_far;
  *units = (compile_units){0};
  BASE_TRY(time_run(&ntt, run_ntt, m));
  BASE_TRY(time_run(&point, run_point, m));
  BASE_TRY(time_run(&point_far, run_point_far, m));
  BASE_TRY(time_run(&permute, run_permute, m));
  BASE_TRY(time_run(&convert, run_convert, m));
  BASE_TRY(time_run(&near, run_sum, m));
  BASE_TRY(time_run(&far, run_sum_far, m));
  units->ntt_butterfly_ns = ntt / (n * literal.log2_n);
  units->point_word_ns = point / (4 * n);
  units->permute_word_ns = permute / (2 * n);
  units->convert_word_ns = convert / (2 * n);
  BASE_TRY(measure_rotations(units, m));
  units->point_far_word_ns = point_far / (N_FAR * (double)FAR_LIMB);
  units->sum_word_ns = near / (2 * literal.n_q * N_SUMMED * n);
  units->sum_far_word_ns = far / (2 * literal.n_q * N_BATCH * n);
  return CKKS_OK;
}

ckks_status compile_units_measure(compile_units *units) {
  measuring m = {0};
  ckks_status status = measuring_init(&m);
  if (status == CKKS_OK)
    status = measure(units, &m);
  measuring_clear(&m);
  for (int i = 0; status == CKKS_OK && i < COMPILE_N_UNITS; i++)
    if (!(*compile_units_field(units, &compile_units_table[i]) > 0.0))
      status = base_fail(
          CKKS_ERROR_RANGE, "the machine is too busy: %s came out as %g; try again when it is idle",
          compile_units_table[i].name, *compile_units_field(units, &compile_units_table[i]));
  return status;
}
