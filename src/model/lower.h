/* SPDX-License-Identifier: Apache-2.0 */
/* From stages to programs: levels and vectors are set here, scales by model_assign. */
#ifndef MODEL_LOWER_H
#define MODEL_LOWER_H
#include "model/stage.h"

/**
 * How the stages lie in the slots (docs/math.md, "Layouts"). Vectors with more places than there
 * are slots take several ciphertexts: place p is place p % inputs of number p / inputs. Affine
 * map i takes place k of a ciphertext from slots j with (j / stride) % inputs = k and has rows =
 * (its outputs in one ciphertext) * (stride of the next map); it takes `diagonals` = rows / stride
 * plaintext diagonals (at most `inputs`), then sums over the remaining inputs by rotations of
 * rows, 2 rows, ...
 */
typedef struct model_affine_layout {
  size_t stride, inputs, rows, diagonals;
  size_t n_in, n_out; /**< ciphertexts */
  bool fused;         /**< its weights ride on the cubic before it and cost no level */
} model_affine_layout;

typedef struct model_choice {
  int log2_n;
  model_affine_layout affine[MODEL_MAX_LAYERS];
  size_t fold;    /**< part of c0 that travels: 1/fold */
  int log2_radix; /**< a rotation sum of 2^k terms is done in steps of 2^log2_radix */
  bool horner;    /**< four terms with one key and three rotations, x + r(x + r(x + r x)) */
  bool latency;   /**< the layout fits the slots */
  bool gathered;  /**< the client repeats features as stages->gather says */
} model_choice;

/** Power of two >= n. */
size_t model_padded(size_t n);
/** Multiplicative depth of the stages, the same for both packings. */
int model_depth(const model_stages *stages, const model_choice *choice);
/** Map i as this choice has it: from places that the client repeats features to, or from features.
 */
const model_sparse *model_lower_map(const model_stages *stages, const model_choice *choice,
                                    size_t i);
/** Places that the input of map i has: a power of two. */
size_t model_lower_inputs(const model_stages *stages, const model_choice *choice, size_t i);
/**
 * used[d] for the diagonals of map i, from ciphertext `in` to `out`, that are not all zero, and
 * how many those are. Only where inputs and outputs have one stride are any known to be.
 */
size_t model_lower_used(bool *used, const model_stages *stages, const model_choice *choice,
                        size_t i, size_t stride_out, size_t in, size_t out);
/** Baby steps for that many diagonals: a power of two, about the square root of twice as many. */
size_t model_lower_babies(size_t diagonals);
/** Values of the widest layer; throughput packing keeps them in four banks of registers. */
size_t model_lower_width(const model_stages *stages);
#define MODEL_MAX_BATCH_WIDTH (MODEL_MAX_REGISTERS / 4)
/** Appends the program's vectors to the plan. */
ckks_status model_lower_latency(model_plan *plan, const model_stages *stages,
                                const model_choice *choice);
ckks_status model_lower_throughput(model_plan *plan, const model_stages *stages,
                                   const model_choice *choice);

/* Emission shared by both (emit.c). */
ckks_status model_emit_op(model_program *program, model_op_kind kind, int out, int a, int index,
                          int n_terms, int words_per_term, int level, model_op **op);
/** A zeroed vector of `period` values in the plan; *index names it. */
ckks_status model_emit_vector(model_plan *plan, size_t period, int *index, double **value);
/** Levels of a general polynomial: ceil(log2(degree + 1)). */
int model_polynomial_depth(int degree);
/** The constants of one activation of a stage as a vector, once for all registers that have it. */
ckks_status model_emit_stage_vector(model_plan *plan, const model_stage *stage, size_t activation,
                                    int *index);
/**
 * v := polynomial of the stage on v, at *level, which falls as far as the stage is deep. A cubic
 * whose next map is `fused` instead leaves v and *level alone and puts v^2 + linear, one level
 * below, in `spare`. The constants are vector `index`.
 */
ckks_status model_emit_polynomial(model_program *program, const model_stage *stage, int index,
                                  bool fused, int v, int spare, int *level);
/** All operations since the last stage's end belong to one stage. */
void model_emit_stage_end(model_program *program);
/** The last n registers named are the program's outputs. */
ckks_status model_emit_outputs(model_program *program, const int *registers, int n);
#endif
