/* SPDX-License-Identifier: Apache-2.0 */
/* A model rewritten as affine, polynomial, affine ..., with everything linear folded. */
#ifndef MODEL_STAGE_H
#define MODEL_STAGE_H
#include "model/plan.h"
#include "model/sparse.h"

typedef enum model_stage_kind {
  MODEL_STAGE_LAST,   /**< no polynomial follows under encryption */
  MODEL_STAGE_CUBIC,  /**< v^3 + linear*v; the constant went into the next bias */
  MODEL_STAGE_SQUARE, /**< v^2; sign and constant went into the next map */
  MODEL_STAGE_GENERAL /**< polynomial as given; where units differ, each between -1 and 1 */
} model_stage_kind;

#define MODEL_MAX_WINDOWS 4

/** x + x moved down by `step` places + by 2 step + ... (count of them): a pooling's window. */
typedef struct model_window {
  uint32_t step, count;
} model_window;

/** v = map(window sums of x) + bias, then the polynomial of `kind`, which is each unit's own. */
typedef struct model_stage {
  size_t n_in, n_out;
  model_sparse map; /**< n_out x n_in */
  double *bias;     /**< n_out */
  size_t image[3];  /**< what the n_out values are: channels, rows, columns; zeros = a list */
  double max_abs;   /**< largest |v| expected */
  int n_windows;    /**< place.c; they come one after the other */
  model_window window[MODEL_MAX_WINDOWS];
  model_stage_kind kind;
  size_t n_activations;
  uint8_t *activation_of;              /**< of each unit, which; NULL where there is one */
  double range[MODEL_MAX_ACTIVATIONS]; /**< largest |v| of the units of each */
  double linear[MODEL_MAX_ACTIVATIONS];
  model_polynomial polynomial[MODEL_MAX_ACTIVATIONS];
} model_stage;

/** How the client lays out features for a sparse first map; n = 0: in their order. */
typedef struct model_gather {
  size_t n, groups;  /**< places, and the power of two that they repeat by */
  uint32_t *feature; /**< of each place, or MODEL_NO_FEATURE */
  model_sparse map;  /**< the first map from places instead of features */
} model_gather;

typedef struct model_stages {
  size_t n_stages;
  model_stage stage[MODEL_MAX_LAYERS];
  model_polynomial last;                /**< for the client; identity when the server does it all */
  double max_abs_input, max_abs_output; /**< the latter of what leaves the server */
  model_gather gather;
  /** The stages that these are a placing of, units side by side: throughput packing takes them. */
  const struct model_stages *plain;
} model_stages;

/**
 * Merges affine neighbours, folds leading coefficients (cubic: v = cbrt(c3) (u + c2/(3 c3)),
 * square: v = sqrt|c2| (u + c1/(2 c2))) where all units have that degree, brings values and
 * results of each activation to -1..1 where degrees differ (docs/math.md, "Activations side by
 * side"), fills in ranges by interval analysis where the model is not calibrated. The model must
 * have passed model_check.
 */
ckks_status model_stages_build(model_stages *stages, const model_model *model, bool last_on_server);
/**
 * The same stages for latency packing: inputs repeated, if `windows` (gather.c), and hidden units
 * put in such places (place.c) that sparse maps have few diagonals. Rows of maps are places then;
 * those without a unit are empty. `stages` stays the caller's and must outlive them.
 */
ckks_status model_stages_place(model_stages *placed, const model_stages *stages,
                               const model_model *model, bool windows);
/** Windows of a sparse first map as groups; reorders the units behind it. */
ckks_status model_stages_gather(model_stages *stages);
/** Puts the images of hidden layers on one frame of pixels; takes poolings out of maps. */
ckks_status model_stages_on_frame(model_stages *stages, const model_model *model);
/** Unit k of stage i (rows of its map, columns of the next) goes to place to[k] of n. */
ckks_status model_stages_move(model_stages *stages, size_t i, const uint32_t *to, size_t n);
void model_stages_clear(model_stages *stages);
/** Which activation a unit has. */
size_t model_stage_activation(const model_stage *stage, size_t unit);
/** Highest degree of the polynomials. */
int model_stage_degree(const model_stage *stage);
#endif
