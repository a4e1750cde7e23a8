/* SPDX-License-Identifier: Apache-2.0 */
/* A model rewritten as affine, polynomial, affine ..., with everything linear folded. */
#ifndef COMPILE_STAGE_H
#define COMPILE_STAGE_H
#include "network/network.h"
#include "network/sparse.h"
#include "plan/plan.h"

typedef enum compile_stage_kind {
  COMPILE_STAGE_LAST,    /**< no polynomial follows under encryption */
  COMPILE_STAGE_CUBIC,   /**< v^3 + linear*v; the constant went into the next bias */
  COMPILE_STAGE_SQUARES, /**< (v^2 + linear)^2; sign and constant went into the next map */
  COMPILE_STAGE_SQUARE,  /**< v^2; sign and constant went into the next map */
  COMPILE_STAGE_GENERAL  /**< polynomial as given; where units differ, each between -1 and 1 */
} compile_stage_kind;

#define COMPILE_MAX_WINDOWS 4

/** x + x moved down by `step` places + by 2 step + ... (count of them): a pooling's window. */
typedef struct compile_window {
  uint32_t step, count;
} compile_window;

#define COMPILE_MAX_SKIPS 4

/** What a stage adds of the results of one further back than the last (skip.c). */
typedef struct compile_skip {
  size_t from;        /**< the stage whose results it takes */
  network_sparse map; /**< from them to this stage's units */
} compile_skip;

/** v = map(window sums of x) + skips + bias, then the polynomial of `kind`, which is each unit's
 * own. */
typedef struct compile_stage {
  size_t n_in, n_out;
  network_sparse map; /**< n_out x n_in */
  double *bias;       /**< n_out */
  size_t image[3];    /**< what the n_out values are: channels, rows, columns; zeros = a list */
  double max_abs;     /**< largest |v| expected */
  int n_windows;      /**< place.c; they come one after the other */
  compile_window window[COMPILE_MAX_WINDOWS];
  int n_skips;
  compile_skip skip[COMPILE_MAX_SKIPS];
  compile_stage_kind kind;
  size_t n_activations;
  uint8_t *activation_of;                /**< of each unit, which; NULL where there is one */
  double range[NETWORK_MAX_ACTIVATIONS]; /**< largest |v| of the units of each */
  double linear[NETWORK_MAX_ACTIVATIONS];
  encoding_polynomial *polynomial; /**< n_activations of them, all in one basis */
} compile_stage;

/** How the client lays out features for a sparse first map; n = 0: in their order. */
typedef struct compile_gather {
  size_t n, groups;   /**< places, and the power of two that they repeat by */
  uint32_t *feature;  /**< of each place, or PLAN_NO_FEATURE */
  network_sparse map; /**< the first map from places instead of features */
} compile_gather;

/** How far values go for inputs in the plan's box (box.c): before each polynomial, and at the end.
 */
typedef struct compile_reach {
  double input, stage[NETWORK_MAX_LAYERS], output;
  double padding; /**< outputs of slots without a row */
} compile_reach;

typedef struct compile_stages {
  size_t n_stages;
  compile_stage stage[NETWORK_MAX_LAYERS];
  encoding_polynomial last;             /**< for the client; identity when the server does it all */
  double max_abs_input, max_abs_output; /**< the latter of what leaves the server */
  compile_reach reach;
  compile_gather gather;
  /** The stages that these are a placing of, units side by side: throughput packing takes them. */
  const struct compile_stages *plain;
} compile_stages;

/**
 * Merges affine neighbours, folds leading coefficients (cubic: v = cbrt(c3) (u + c2/(3 c3)),
 * square: v = sqrt|c2| (u + c1/(2 c2))) where all units have that degree, brings values and
 * results of each activation to -1..1 where degrees differ (docs/math.md, "Activations side by
 * side"), fills in ranges by interval analysis where the model is not calibrated. With `skips`
 * units that carry a value past polynomials are taken out (skip.c): only latency packing can do
 * that. The model must have passed network_check.
 */
ckks_status compile_stages_build(compile_stages *stages, const network_model *model,
                                 bool last_on_server, bool skips);
/** A copy whose `plain` is the original, which must outlive it; CKKS_ERROR_MEMORY leaves a part for
 * compile_stages_clear. */
ckks_status compile_stages_copy(compile_stages *out, const compile_stages *in);
/** Windows of a sparse first map as groups; reorders the units behind it. */
ckks_status compile_gather_stages(compile_stages *stages);
/** Puts the images of hidden layers on one frame of pixels; takes poolings out of maps. */
ckks_status compile_place_stages(compile_stages *stages, const network_model *model);
/** Unit k of stage i (rows of its map, columns of the next) goes to place to[k] of n. */
ckks_status compile_stages_move(compile_stages *stages, size_t i, const uint32_t *to, size_t n);
void compile_stages_clear(compile_stages *stages);
/** Values of the widest layer; throughput packing keeps them in four banks of registers. */
size_t compile_stages_width(const compile_stages *stages);

/* --- skip.c */
/** Before polynomials are folded: units of degree 1 beside others become skips. */
ckks_status compile_skip_stages(compile_stages *stages);
/** Whether any stage takes the results of stage i as a skip; and whether any does at all. */
bool compile_skip_source(const compile_stages *stages, size_t i);
bool compile_skip_any(const compile_stages *stages);

/* --- one stage */
/** Which activation a unit has. */
size_t compile_stage_activation(const compile_stage *stage, size_t unit);
/** Whether its polynomials are in Chebyshev's basis: then they are GENERAL. */
bool compile_stage_chebyshev(const compile_stage *stage);
/** Highest degree of the polynomials. */
int compile_stage_degree(const compile_stage *stage);
/** Whether all units have a polynomial of that degree, in powers. */
bool compile_stage_all_have(const compile_stage *stage, int degree);
/** The largest of `range`. */
double compile_stage_range(const compile_stage *stage);
/** As the layer is; after CKKS_ERROR_MEMORY, of copies as well, compile_stage_clear has a part. */
ckks_status compile_stage_init(compile_stage *stage, const network_layer *layer);
ckks_status compile_stage_copy(compile_stage *out, const compile_stage *in);
void compile_stage_clear(compile_stage *stage);
/** Sets kind and polynomials of stage i; what is linear in them moves into the maps that read it.
 * Of the last stage nothing does: its polynomial stays as it is. */
void compile_stage_fold(compile_stages *stages, size_t i);
/** Polynomials of degree 1 become part of the map: the stage has none then. */
void compile_stage_absorb(compile_stage *stage);
#endif
