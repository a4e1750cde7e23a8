/* SPDX-License-Identifier: Apache-2.0 */
/* Scales of a program on a given chain of moduli, and what it costs there. */
#ifndef MODEL_COST_H
#define MODEL_COST_H
#include "ckks/noise.h"
#include "model/counts.h"
#include "model/lower.h"

/**
 * A chain under consideration. `params` is either a built object or one that
 * holds only what the noise bounds read: literal (with the sizes in q and p, prime
 * or not), ring.log2_n and ring.n.
 */
typedef struct model_chain {
  const ckks_params *params;
  double log2_value;  /**< scale of values between the stages */
  double log2_output; /**< scale of the outputs, at level 0 */
} model_chain;

typedef enum model_assignment {
  MODEL_ASSIGN_GOOD,
  MODEL_ASSIGN_UNUSABLE, /**< a factor or a scale is too small or too large */
  MODEL_ASSIGN_NO_MEMORY
} model_assignment;
/** Sets scale and factor of every op. */
model_assignment model_assign(model_program *program, const model_chain *chain);
/** Special primes that a key used at `level` takes: as many as there are limbs, at most all. */
int model_key_special(int level, int n_p);
/** Milliseconds that so many operations take, one thread. */
double model_cost_ms(const model_counts *counts, int log2_n, const model_units *units);
/** Counts, predicted_ms, bytes of input and output of one of the plan's programs. */
void model_cost_count(model_cost *cost, const model_plan *plan, model_packing packing,
                      const model_layout *layout, const model_chain *chain,
                      const ckks_key_spec *keys, size_t n_keys, const model_units *units);
/** Largest and root mean square value of a vector: what model_cost_error reads of it. */
typedef struct model_vector_size {
  double max, rms;
} model_vector_size;
/** One for each vector of the plan (base_free); NULL without memory. */
model_vector_size *model_cost_vector_sizes(const model_plan *plan);
/**
 * Predicted error of |encrypted - clear| / max(1, |clear|): MODEL_COST_TAIL deviations for single
 * slots (their tail is Laplace's, ckks/noise.h), MODEL_COST_MEAN_TAIL for means over many; worst of
 * a common sample (values a quarter of their largest) and an extreme one. NaN without memory.
 */
double model_cost_error(const model_plan *plan, const model_program *program,
                        const model_layout *layout, model_packing packing, const model_chain *chain,
                        const model_vector_size *size, double max_abs_input);
#define MODEL_COST_TAIL 10.0
#define MODEL_COST_MEAN_TAIL 8.0
/** Operations from `first` to before `end`; the result stands behind the last, as number n_ops. */
typedef struct model_marks {
  int first, end;
} model_marks;
#define MODEL_MARK_INPUT (-1)
typedef struct model_error {
  double whole, part; /**< part: of what is marked. Squares of parts add up to that of the whole. */
} model_error;
/** The predicted error, and what the marked operations have made of it. */
model_error model_cost_error_part(const model_plan *plan, const model_program *program,
                                  const model_layout *layout, model_packing packing,
                                  const model_chain *chain, const model_vector_size *size,
                                  double max_abs_input, const model_marks *marks);
/** Galois and relinearisation keys of a program, appended; CKKS_ERROR_MEMORY. */
ckks_status model_cost_keys(ckks_key_spec **keys, size_t *n_keys, const model_plan *plan,
                            const model_program *program, const model_chain *chain);
/**
 * Rotations that share a decomposition need keys over the same special primes; a key that
 * another op uses at a higher level may have more: the others then get as many.
 */
void model_cost_level_keys(ckks_key_spec *keys, size_t n_keys, const model_program *program,
                           int log2_n);
#endif
