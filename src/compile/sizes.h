/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of primes for one choice: the fewest bits that meet the error. */
#ifndef COMPILE_SIZES_H
#define COMPILE_SIZES_H
#include "compile/error.h"
#include "compile/progress.h"
#include "compile/search.h"

/** Bits of values, weights and outputs; special primes. */
typedef struct compile_sizes {
  int value, weight, output, n_p;
} compile_sizes;

typedef struct compile_sizes_search {
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
  compile_sizes frugal[CKKS_MAX_P + 1]; /* best sizes with radix 1, by number of special primes */
  int n_special;                        /* the one number of special primes; 0 = any */
  double ms, key_bytes;                 /* of the sizes that were scored last */
  bool throughput;                      /* packing, too */
  compile_contract contract;            /* that is being tried */
  size_t blocked; /* 1 + the stage that was in the way when there was no layout */
  compile_progress progress;
  bool placed;    /* there was one, at some ring degree */
  bool too_large; /* a program with more operations than there may be */
  bool no_memory; /* something could not be looked at for want of memory */
} compile_sizes_search;

/** A ring degree: its primes are counted anew, and its modulus has a limit. */
void compile_sizes_begin(compile_sizes_search *s, int log2_n, ckks_security security);
/** Whether a base prime can hold that at all. */
bool compile_sizes_can_hold(double room);
/**
 * Whether a chain for the layout can be had at all: with primes as small as there may be, a level
 * each. Asked before a program is made of it, which for a wide network takes seconds.
 */
bool compile_sizes_fit(const compile_sizes_search *s, const compile_choice *choice);
/**
 * Sizes for s->choice, whose programs are in s->plan: the best that is found is in *s->best.
 * all_sizes false: those that won with radix 1, with a little more room where they just miss.
 */
void compile_sizes_try(compile_sizes_search *s, bool all_sizes);
#endif
