/* SPDX-License-Identifier: Apache-2.0 */
/* From stages to programs: levels and vectors are set here, scales by compile_assign. */
#ifndef COMPILE_LOWER_H
#define COMPILE_LOWER_H
#include "compile/padded.h"
#include "compile/stage.h"

/**
 * How the stages lie in the slots (docs/math.md, "Layouts"). Vectors with more places than there
 * are slots take several ciphertexts: place p is place p % inputs of number p / inputs. Affine
 * map i takes place k of a ciphertext from slots j with (j / stride) % inputs = k and has rows =
 * (its outputs in one ciphertext) * (stride of the next map); it takes `diagonals` = rows / stride
 * plaintext diagonals (at most `inputs`), then sums over the remaining inputs by rotations of
 * rows, 2 rows, ...
 */
typedef struct compile_affine {
  size_t stride, inputs, rows, diagonals;
  size_t n_in, n_out; /**< ciphertexts */
  bool fused;         /**< its weights ride on the cubic before it and cost no level */
} compile_affine;

typedef struct compile_choice {
  int log2_n;
  compile_affine affine[NETWORK_MAX_LAYERS];
  size_t fold;    /**< part of c0 that travels: 1/fold */
  int log2_radix; /**< a rotation sum of 2^k terms is done in steps of 2^log2_radix */
  bool horner;    /**< four terms with one key and three rotations, x + r(x + r(x + r x)) */
  bool latency;   /**< the layout fits the slots */
  bool gathered;  /**< the client repeats features as stages->gather says */
  bool guarded;   /**< the result has a slot without an output, at least */
  bool bootstraps;
  bool
      fresh[NETWORK_MAX_LAYERS]; /**< behind map i values are bootstrapped, before its polynomial */
  int level_in, level_out;       /**< from where, and to where */
  int log2_slots;                /**< values repeat with this period, or a part of it */
  double ratio;                  /**< of where values fold back to the range that is meant */
  bool
      windows; /**< maps of many diagonals go by windows: few keys, which in deep plans are large */
} compile_choice;

/** Multiplicative depth of the stages; throughput packing has that of the plain ones. */
int compile_layouts_depth(const compile_stages *stages, const compile_choice *choice);
/** Levels of map i, and of the polynomial behind it (a fused map's product is the map's). */
int compile_layouts_map_depth(const compile_choice *choice, size_t i);
int compile_layouts_polynomial_depth(const compile_stages *stages, const compile_choice *choice,
                                     size_t i);
/** Level at which the input stands (from = 0), or what was bootstrapped behind map from - 1. */
int compile_layouts_level(const compile_stages *stages, const compile_choice *choice, size_t from);
/** Map i as this choice has it: from places that the client repeats features to, or from features.
 */
const network_sparse *compile_layouts_map(const compile_stages *stages,
                                          const compile_choice *choice, size_t i);
/** Places that the input of map i has: a power of two. */
size_t compile_layouts_inputs(const compile_stages *stages, const compile_choice *choice, size_t i);
/**
 * used[d] for the diagonals of map i, from ciphertext `in` to `out`, that are not all zero, and
 * how many those are. Only where inputs and outputs have one stride are any known to be.
 */
size_t compile_layouts_used(bool *used, const compile_stages *stages, const compile_choice *choice,
                            size_t i, size_t stride_out, size_t in, size_t out);
/** The same of any map in any layout. */
size_t compile_layouts_diagonals(bool *used, const network_sparse *map,
                                 const compile_affine *affine, size_t stride_out, size_t in,
                                 size_t out);
/** How a skip's map lies, all strides being 1 (layouts.c sees to that). */
compile_affine compile_layouts_skip(const network_sparse *map, size_t n_slots);
/** Baby steps for that many diagonals: a power of two, about the square root of twice as many. */
size_t compile_layouts_babies(size_t diagonals);
/* --- lower_map.c */
/** A map as it lies, and what all of its weights are multiplied by. */
typedef struct compile_link {
  const network_sparse *map;
  compile_affine affine;
  size_t stride_out;
  double share;
} compile_link;
/** Where a map's operations go: the first registers of operands, of results and beside these, those
 * of the next ciphertext being `between` further; and the level of the results. */
typedef struct compile_target {
  plan_plan *plan;
  plan_program *program;
  size_t n_slots;
  bool windows;
  int in, out, spare, between, level;
} compile_target;
ckks_status compile_lower_map(compile_target *target, const compile_link *link);
/** A main diagonal alone: a product with one vector. */
ckks_status compile_lower_main_diagonal(compile_target *target, const compile_link *link);
/** From here on plans are deep: their keys have a digit for so many levels, and are large. */
#define COMPILE_DEEP_LEVELS 20
#define COMPILE_MAX_BATCH_WIDTH (PLAN_MAX_REGISTERS / 4)
/** Appends the program's vectors to the plan. */
ckks_status compile_lower_latency(plan_plan *plan, const compile_stages *stages,
                                  const compile_choice *choice);
ckks_status compile_lower_throughput(plan_plan *plan, const compile_stages *stages,
                                     const compile_choice *choice);

/* Emission shared by both (emit.c). */
ckks_status compile_emit_op(plan_program *program, plan_op_kind kind, int out, int a, int index,
                            int n_terms, int words_per_term, int level, plan_op **op);
/** A zeroed vector of `period` values in the plan; *index names it. */
ckks_status compile_emit_vector(plan_plan *plan, size_t period, int *index, double **value);
/** The constants of one activation of a stage as a vector, once for all registers that have it. */
ckks_status compile_emit_stage_vector(plan_plan *plan, const compile_stage *stage,
                                      size_t activation, int *index);
/**
 * v := polynomial of the stage on v, at *level, which falls as far as the stage is deep. A cubic
 * whose next map is `fused` instead leaves v and *level alone and puts v^2 + linear, one level
 * below, in `spare`. The constants are vector `index`.
 */
ckks_status compile_emit_polynomial(plan_program *program, const compile_stage *stage, int index,
                                    bool fused, int v, int spare, int *level);
/** All operations since the last stage's end belong to one stage. */
void compile_emit_stage_end(plan_program *program);
/** The last n registers named are the program's outputs. */
ckks_status compile_emit_outputs(plan_program *program, const int *registers, int n);
#endif
