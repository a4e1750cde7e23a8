/* SPDX-License-Identifier: Apache-2.0 */
/* A model rewritten as affine, polynomial, affine ..., with everything linear folded. */
#ifndef MODEL_STAGE_H
#define MODEL_STAGE_H
#include "model/plan.h"

typedef enum model_stage_kind {
  MODEL_STAGE_LAST,   /**< no polynomial follows under encryption */
  MODEL_STAGE_CUBIC,  /**< v^3 + linear*v; the constant went into the next bias */
  MODEL_STAGE_SQUARE, /**< v^2; sign and constant went into the next map */
  MODEL_STAGE_GENERAL /**< polynomial as given; where units differ, each between -1 and 1 */
} model_stage_kind;

/** v = weight x + bias, then the polynomial of `kind`, which is each unit's own. */
typedef struct model_stage {
  size_t n_in, n_out;
  double *weight, *bias; /**< n_out x n_in, n_out */
  double max_abs;        /**< largest |v| expected */
  model_stage_kind kind;
  size_t n_activations;
  uint8_t *activation_of;              /**< of each unit, which; NULL where there is one */
  double range[MODEL_MAX_ACTIVATIONS]; /**< largest |v| of the units of each */
  double linear[MODEL_MAX_ACTIVATIONS];
  model_polynomial polynomial[MODEL_MAX_ACTIVATIONS];
} model_stage;

/** How the client repeats features for a sparse first map (gather.c); n = 0: it does not. */
typedef struct model_gather {
  size_t n, groups;  /**< places, and the power of two that they repeat by */
  uint32_t *feature; /**< of each place, or MODEL_NO_FEATURE */
} model_gather;

typedef struct model_stages {
  size_t n_stages;
  model_stage stage[MODEL_MAX_LAYERS];
  model_polynomial last;                /**< for the client; identity when the server does it all */
  double max_abs_input, max_abs_output; /**< the latter of what leaves the server */
  model_gather gather;
} model_stages;

/**
 * Merges affine neighbours, folds leading coefficients (cubic: v = cbrt(c3) (u + c2/(3 c3)),
 * square: v = sqrt|c2| (u + c1/(2 c2))) where all units have that degree, brings values and
 * results of each activation to -1..1 where degrees differ (docs/math.md, "Activations side by
 * side"), fills in ranges by interval analysis where the model is not calibrated. The model must
 * have passed model_check.
 */
ckks_status model_stages_build(model_stages *stages, const model_model *model, bool last_on_server);
/** Groups the windows of a sparse first map and reorders the units behind it. */
ckks_status model_stages_gather(model_stages *stages);
void model_stages_clear(model_stages *stages);
/** Which activation a unit has. */
size_t model_stage_activation(const model_stage *stage, size_t unit);
/** Highest degree of the polynomials. */
int model_stage_degree(const model_stage *stage);
#endif
