/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A model in clear on many rows, eight at a time and without the zeros of its maps: what
 * model_forward says of each row, bit for bit, as long as all of it is finite.
 */
#ifndef MODEL_BLOCK_H
#define MODEL_BLOCK_H
#include "model/model.h"
#include "model/sparse.h"

#define MODEL_BLOCK_ROWS 8

/** Refers to the model, which must outlive it. */
typedef struct model_block {
  const model_model *model;
  model_sparse map[MODEL_MAX_LAYERS];
  double *values[2]; /**< of the widest layer, MODEL_BLOCK_ROWS for each unit; they take turns */
} model_block;

/** CKKS_ERROR_MEMORY. */
ckks_status model_block_init(model_block *block, const model_model *model);
void model_block_clear(model_block *block); /**< wipes the weights */
/**
 * outputs[n][n_classes] of n <= MODEL_BLOCK_ROWS rows of raw features; pre_max (may be NULL) as in
 * model_forward_scaled, over all of them, and *max_input (may be NULL) the largest |scaled
 * feature|.
 */
void model_block_forward(double *outputs, const double *const *row, size_t n, model_block *block,
                         double (*pre_max)[MODEL_MAX_ACTIVATIONS], double *max_input);
/** outputs[n_rows][n_classes] of rows that stand one behind another. CKKS_ERROR_MEMORY. */
ckks_status model_block_forward_rows(double *outputs, const double *rows, size_t n_rows,
                                     const model_model *model);
#endif
