/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a kernel table as jobs on shared inputs, so that the same call can be
 * made on two tables and compared, or repeated and timed.
 */
#ifndef TESTS_RING_KERNEL_JOBS_H
#define TESTS_RING_KERNEL_JOBS_H
#include "base/alloc.h"
#include "random.h"
#include "ring/kernel/kernel.h"
#include "ring/prime.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES 16 /* moduli that conversions come from */
#define TERMS 64
#define GUARD 64                                /* words in front of and behind every output */
#define GUARD_BITS UINT64_C(0x7ff4dead5afe1234) /* a signalling NaN: arithmetic would show */

/* How large inputs are within what the contract allows. */
typedef enum filling { RANDOM, ZERO, LARGEST, SMALLEST, ALTERNATING, SPIKE, N_FILLINGS } filling;
static const char *const filling_names[] = {"random",   "zero",        "largest",
                                            "smallest", "alternating", "spike"};

typedef struct inputs {
  ring_word_kind kind;
  int log2_n;
  size_t n;
  ring_modulus m;
  uint64_t psi;
  ring_modulus source[SOURCES];
  const ring_modulus *from[SOURCES];
  ring_word *loose[SOURCES], *other[SOURCES], *lazy, *centred, *small, *key;
  const ring_word *terms[TERMS]; /* the loose ones, repeated */
  uint64_t w[TERMS], *residues;
  int64_t *integers;
  uint32_t *index;
} inputs;

/* A table, its twiddles, where results go, and how many terms the sums take. */
typedef struct job {
  const ring_kernel *kernel;
  const inputs *in;
  ring_ntt *ntt;
  const ring_word *first; /* the first input: the caller may make it an output */
  ring_word *out[3];
  int terms;
} job;

/* ---- inputs ---- */

/* One integer of magnitude at most `bound`, according to the filling. */
static int64_t pick(filling how, size_t i, size_t n, int64_t bound, uint64_t *state) {
  uint64_t random = test_random(state);
  switch (how) {
  case RANDOM:
    return (int64_t)(random % (2 * (uint64_t)bound + 1)) - bound;
  case LARGEST:
    return bound;
  case SMALLEST:
    return -bound;
  case ALTERNATING:
    return random & 1 ? bound : -bound;
  case SPIKE:
    return i == n / 3 ? bound : 0;
  default:
    return 0;
  }
}

/* f64: |x| <= bound. u64: residues of `m`, whose largest is p - 1. */
static void fill_words(ring_word *out, size_t n, ring_word_kind kind, filling how, int64_t bound,
                       const ring_modulus *m, uint64_t *state) {
  for (size_t i = 0; i < n; i++) {
    int64_t value = pick(how, i, n, kind == RING_U64 ? (int64_t)m->p - 1 : bound, state);
    if (kind == RING_U64)
      out[i].u = (uint64_t)(value < 0 ? value + (int64_t)m->p : value);
    else
      out[i].f = (double)value;
  }
}

static void inputs_fill(inputs *in, filling how, uint64_t seed) {
  uint64_t state = seed;
  size_t n = in->n;
  int64_t p = (int64_t)in->m.p, far = (INT64_C(1) << 48) - 1;
  for (int j = 0; j < SOURCES; j++) {
    fill_words(in->loose[j], n, in->kind, how, p / 4 * 3, &in->m, &state);
    fill_words(in->other[j], n, in->kind, how, far, &in->source[j], &state);
  }
  fill_words(in->lazy, n, in->kind, how, p / 2 * 3, &in->m, &state);
  fill_words(in->centred, n, in->kind, how, (p - 1) / 2, &in->m, &state);
  fill_words(in->small, n, in->kind, how, (INT64_C(1) << 50) - 1, &in->m, &state);
  fill_words(in->key, 8 * n / 4 * SOURCES, in->kind, how, p / 4 * 3, &in->m, &state);
  /* The two residues next to p/2 have the largest centred factors. */
  for (int j = 0; j < TERMS; j++)
    in->w[j] = how == RANDOM || how == ZERO ? test_random(&state) % in->m.p
                                            : in->m.p / 2 + (how == ALTERNATING && j % 2);
  for (size_t i = 0; i < n; i++) {
    in->integers[i] = pick(how, i, n, (INT64_C(1) << 62) - 1, &state);
    int64_t residue = pick(how, i, n, p - 1, &state);
    in->residues[i] = (uint64_t)(residue < 0 ? residue + p : residue);
    in->index[i] = (uint32_t)(i * 2654435761U + 12345) & (uint32_t)(n - 1);
  }
}

static ring_word *words(size_t n) {
  ring_word *memory = base_alloc_array(n, sizeof *memory);
  if (memory == NULL)
    abort();
  return memory;
}

/* p: the prime; sources are primes of many sizes below 2^49, or below 2^61 for u64. */
static void inputs_init(inputs *in, ring_word_kind kind, int log2_n, uint64_t p) {
  *in = (inputs){.kind = kind, .log2_n = log2_n, .n = (size_t)1 << log2_n};
  ring_modulus_init(&in->m, p);
  in->psi = ring_prime_root(p, log2_n);
  for (int j = 0; j < SOURCES; j++) {
    int bits = (kind == RING_F64 ? 49 : 61) - j * j / 8;
    ring_modulus_init(&in->source[j], ring_prime_below((UINT64_C(1) << bits) - (uint64_t)j, 10));
    in->from[j] = &in->source[j];
    in->loose[j] = words(in->n);
    in->other[j] = words(in->n);
  }
  for (int j = 0; j < TERMS; j++)
    in->terms[j] = in->loose[j % SOURCES];
  in->lazy = words(in->n);
  in->centred = words(in->n);
  in->small = words(in->n);
  in->key = words(in->n / 4 * 8 * SOURCES);
  in->residues = &words(in->n)->u;
  in->integers = (int64_t *)(void *)words(in->n);
  in->index = (uint32_t *)(void *)words(in->n);
}

static void inputs_clear(inputs *in) {
  for (int j = 0; j < SOURCES; j++) {
    base_free(in->loose[j]);
    base_free(in->other[j]);
  }
  base_free(in->lazy);
  base_free(in->centred);
  base_free(in->small);
  base_free(in->key);
  base_free(in->residues);
  base_free(in->integers);
  base_free(in->index);
}

/* ---- jobs: `first` stands where an output may equal an input ---- */

#define JOB(title, ...)                                                                            \
  static void job_##title(const job *j) {                                                          \
    const ring_kernel *k = j->kernel;                                                              \
    const inputs *in = j->in;                                                                      \
    (void)in;                                                                                      \
    k->__VA_ARGS__;                                                                                \
  }
/* As JOB, with the list of terms starting with `first`. */
#define SUM_JOB(title, list, ...)                                                                  \
  static void job_##title(const job *j) {                                                          \
    const ring_kernel *k = j->kernel;                                                              \
    const inputs *in = j->in;                                                                      \
    const ring_word *x[TERMS] = {j->first};                                                        \
    for (int t = 1; t < j->terms; t++)                                                             \
      x[t] = in->list[t];                                                                          \
    k->__VA_ARGS__;                                                                                \
  }

JOB(ntt_forward, ntt_forward(j->out[0], j->first, j->ntt))
JOB(ntt_forward_fetching,
    ntt_forward_fetching(j->out[0], j->first, j->ntt, in->key, in->n * sizeof(ring_word)))
JOB(ntt_inverse, ntt_inverse(j->out[0], j->first, j->ntt))
JOB(add, add(j->out[0], j->first, in->loose[1], in->n, &in->m))
JOB(sub, sub(j->out[0], j->first, in->loose[1], in->n, &in->m))
JOB(negate, negate(j->out[0], j->first, in->n, &in->m))
JOB(mul, mul(j->out[0], j->first, in->loose[1], in->n, &in->m))
JOB(mul_add, mul_add(j->out[0], j->first, in->loose[2], in->n, &in->m))
JOB(mul_scalar, mul_scalar(j->out[0], j->first, in->w[0], in->n, &in->m))
JOB(sub_mul_scalar, sub_mul_scalar(j->out[0], j->first, in->small, in->w[1], NULL, in->n, &in->m))
JOB(sub_mul_scalar_plus,
    sub_mul_scalar(j->out[0], j->first, in->small, in->w[1], in->loose[1], in->n, &in->m))
SUM_JOB(sum_scalar, terms, sum_scalar(j->out[0], x, in->w, j->terms, in->n, &in->m))
JOB(tensor, tensor(j->out[0], j->out[1], j->out[2], in->loose[0], in->loose[1], in->loose[2],
                   in->loose[3], false, in->n, &in->m))
JOB(tensor_add, tensor(j->out[0], j->out[1], j->out[2], in->loose[0], in->loose[1], in->loose[2],
                       in->loose[3], true, in->n, &in->m))
SUM_JOB(mac_key, loose,
        mac_key(j->out[0], j->out[1], x, in->key, j->terms, SOURCES, false, in->n, &in->m))
SUM_JOB(mac_key_add, loose,
        mac_key(j->out[0], j->out[1], x, in->key, j->terms, j->terms, true, in->n, &in->m))
SUM_JOB(convert, other, convert(j->out[0], x, in->from, in->w, j->terms, in->n, &in->m))
JOB(reduce, reduce(j->out[0], j->first, in->from[0], in->n, &in->m))
SUM_JOB(quotient, other, quotient(j->out[0], x, in->from, j->terms, in->n))
JOB(centre, centre(j->out[0], j->first, in->n, &in->m))
JOB(permute, permute(j->out[0], in->loose[0], in->index, in->n))
JOB(permute_add, permute_add(j->out[0], j->first, in->loose[1], in->index, in->n, &in->m))
JOB(from_int64, from_int64(j->out[0], in->integers, in->n, &in->m))
JOB(to_uint64, to_uint64(&j->out[0]->u, j->first, in->n, &in->m))
JOB(from_uint64, from_uint64(j->out[0], in->residues, in->n, &in->m))

/* What the contract says of outputs, strictest first. */
typedef enum output { SAME_BITS, LOOSE } output;
/* Which input comes first; in place it is an output, too. */
typedef enum source { NONE, FROM_LOOSE, FROM_LAZY, FROM_OTHER } source;

typedef struct entry {
  const char *name;
  void (*run)(const job *j);
  source first;
  output output;
  int n_outputs, most_terms; /* 0: not a sum */
} entry;

static const entry entries[] = {
    {"ntt_forward", job_ntt_forward, FROM_LAZY, LOOSE, 1, 0},
    {"ntt_forward_fetching", job_ntt_forward_fetching, FROM_LAZY, LOOSE, 1, 0},
    {"ntt_inverse", job_ntt_inverse, FROM_LOOSE, SAME_BITS, 1, 0},
    {"add", job_add, FROM_LOOSE, LOOSE, 1, 0},
    {"sub", job_sub, FROM_LOOSE, LOOSE, 1, 0},
    {"negate", job_negate, FROM_LOOSE, LOOSE, 1, 0},
    {"mul", job_mul, FROM_LOOSE, LOOSE, 1, 0},
    {"mul_add", job_mul_add, FROM_LOOSE, LOOSE, 1, 0},
    {"mul_scalar", job_mul_scalar, FROM_LOOSE, LOOSE, 1, 0},
    {"sub_mul_scalar", job_sub_mul_scalar, FROM_LOOSE, LOOSE, 1, 0},
    {"sum_scalar", job_sum_scalar, FROM_LOOSE, LOOSE, 1, TERMS},
    {"sub_mul_scalar_plus", job_sub_mul_scalar_plus, FROM_LOOSE, LOOSE, 1, 0},
    {"tensor", job_tensor, NONE, LOOSE, 3, 0},
    {"tensor_add", job_tensor_add, NONE, LOOSE, 3, 0},
    {"mac_key", job_mac_key, FROM_LOOSE, LOOSE, 2, RING_MAX_TERMS},
    {"mac_key_add", job_mac_key_add, FROM_LOOSE, LOOSE, 2, RING_MAX_TERMS},
    {"convert", job_convert, FROM_OTHER, SAME_BITS, 1, RING_MAX_TERMS},
    {"reduce", job_reduce, FROM_OTHER, SAME_BITS, 1, 0},
    {"quotient", job_quotient, FROM_OTHER, SAME_BITS, 1, RING_MAX_TERMS},
    {"centre", job_centre, FROM_LOOSE, SAME_BITS, 1, 0},
    {"permute", job_permute, NONE, SAME_BITS, 1, 0},
    {"permute_add", job_permute_add, FROM_LOOSE, LOOSE, 1, 0},
    {"from_int64", job_from_int64, NONE, SAME_BITS, 1, 0},
    {"to_uint64", job_to_uint64, FROM_LOOSE, SAME_BITS, 1, 0},
    {"from_uint64", job_from_uint64, NONE, SAME_BITS, 1, 0},
};
#define N_ENTRIES (sizeof entries / sizeof entries[0])

/* Whether the entry is one of the transform, which a definition does not have. */
static bool is_transform(const entry *e) {
  return strncmp(e->name, "ntt", 3) == 0;
}

static const ring_word *first_input(const entry *e, const inputs *in) {
  if (e->first == FROM_LAZY)
    return in->lazy;
  return e->first == FROM_OTHER ? in->other[0] : in->loose[0];
}
#endif
