/* SPDX-License-Identifier: Apache-2.0 */
/* An import under way, and its parts: rows, layers, degrees; import.c puts them together. */
#ifndef ONNX_IMPORTING_H
#define ONNX_IMPORTING_H
#include "onnx/branch.h"
#include "onnx/composite.h"
#include "onnx/import.h"
#include "onnx/scaler.h"

#define ONNX_IMPORT_MAX_ROWS 2048 /**< of calibration data, evenly taken, that go through */

typedef struct onnx_importing {
  const onnx_import_options *options;
  onnx_import_report *report;
  network_model *model;
  onnx_fold fold;
  onnx_scaler scaler; /**< in units of the rows */
  bool complete;      /**< a missing value has no mean to stand for it */
  double *mean,
      *deviation;      /**< of the options, for each feature: the graph sees (x - mean)/deviation */
  onnx_branch *branch; /**< ONNX_MAX_BRANCHES for each layer */
  onnx_branch **fitted; /**< those that are no polynomials */
  size_t n_fitted, n_rows, n_outputs;
  const double *rows;
  double *used;  /**< the rows that go through the graph, or NULL where these are all */
  double *exact; /**< outputs of the graph, row by row, before their end */
  double *have;  /**< those of the model */
  double *scratch;
  onnx_composite *composite; /**< of all composed branches; NULL where there are none */
  bool expanded;             /**< their layers are there: the model's are no longer the fold's */
} onnx_importing;

static inline onnx_branch *onnx_importing_branch(const onnx_importing *in, int layer, int index) {
  return &in->branch[layer * ONNX_MAX_BRANCHES + index];
}

static inline size_t onnx_importing_features(const onnx_importing *in) {
  return in->fold.run.value[in->fold.input].n;
}

static inline size_t onnx_importing_n_used(const onnx_importing *in) {
  return in->n_rows < ONNX_IMPORT_MAX_ROWS ? in->n_rows : ONNX_IMPORT_MAX_ROWS;
}

/** The rows that are used, evenly taken. */
static inline const double *onnx_importing_used(const onnx_importing *in) {
  return in->used != NULL ? in->used : in->rows;
}

/** What the graph sees of a row, from the options and from a scaler at its start. */
ckks_status onnx_import_rows_scaler(onnx_importing *in);
/** Runs the graph on the rows: `exact`, and samples of the branches that have room for them. */
ckks_status onnx_import_rows_see(onnx_importing *in);

/** The model's shape, names, matrices and activations as the branches are. */
ckks_status onnx_import_layers(onnx_importing *in);
/** Activations as the branches are fitted now; layers are scaled already. */
void onnx_import_layers_polynomials(onnx_importing *in);

/** Whether an activation can be d t (s(t) + c) with a composite sign s: where it is homogeneous. */
bool onnx_import_composites_may(const onnx_branch *branch);
/** The composite with which all composed branches are off by `error` of their largest value at
 * most, or the best there is; their fits say by how much. */
ckks_status onnx_import_composites_find(onnx_importing *in, double error);
/** Layers of composed branches become those of their parts. CKKS_ERROR_RANGE when they are too
 * many. */
ckks_status onnx_import_composites_expand(onnx_importing *in);

/** Degrees of the fitted branches by trial on the rows; sets the report's difference and range. */
ckks_status onnx_import_degrees_find(onnx_importing *in);
/** After that: rows that predict something else now, and the model's fitted_error. */
void onnx_import_degrees_compare(onnx_importing *in);
#endif
