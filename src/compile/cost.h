/* SPDX-License-Identifier: Apache-2.0 */
/* Scales of a program on a given chain of moduli, and what it costs there. */
#ifndef COMPILE_COST_H
#define COMPILE_COST_H
#include "ckks/noise.h"
#include "compile/compile.h"
#include "compile/lower.h"
#include "compile/work.h"

/**
 * A chain under consideration. `params` is either a built object or one that
 * holds only what the noise bounds read: literal (with the sizes in q and p, prime
 * or not), ring.log2_n and ring.n.
 */
typedef struct compile_chain {
  const ckks_params *params;
  double log2_value;                  /**< scale of values between the stages */
  double log2_output;                 /**< scale of the outputs, at level 0 */
  const ckks_bootstrapper *bootstrap; /**< an outline; NULL where nothing is bootstrapped */
} compile_chain;

typedef enum compile_assignment {
  COMPILE_ASSIGN_GOOD,
  COMPILE_ASSIGN_UNUSABLE, /**< a factor or a scale is too small or too large */
  COMPILE_ASSIGN_NO_MEMORY
} compile_assignment;
/** Sets scale and factor of every op. */
compile_assignment compile_assign(plan_program *program, const compile_chain *chain);
/** Special primes that a key used at `level` takes: as many as there are limbs, at most all. */
int compile_cost_key_special(int level, int n_p);
/** Milliseconds that so many operations take, one thread. */
double compile_cost_ms(const compile_work *counts, int log2_n, const compile_units *units);
/** Counts, predicted_ms, bytes of input and output of one of the plan's programs. */
void compile_cost_count(plan_cost *cost, const plan_plan *plan, plan_packing packing,
                        const plan_layout *layout, const compile_chain *chain,
                        const ckks_key_spec *keys, size_t n_keys, const compile_units *units,
                        size_t weights_bytes);
/** Galois and relinearisation keys of a program, and what it bootstraps with, appended;
 * CKKS_ERROR_MEMORY. */
ckks_status compile_cost_keys(ckks_key_spec **keys, size_t *n_keys, const plan_plan *plan,
                              const plan_program *program, const compile_chain *chain);
/** What it takes by the aim: the smaller the better. */
double compile_cost_score(const plan_cost *cost, size_t key_bytes, blindsight_minimise minimise);
/**
 * Rotations that share a decomposition need keys over the same special primes; a key that
 * another op uses at a higher level may have more: the others then get as many.
 */
void compile_cost_level_keys(ckks_key_spec *keys, size_t n_keys, const plan_program *program,
                             int log2_n);
#endif
