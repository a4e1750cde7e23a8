/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation at the input of a network, feature by feature: the client can do it. */
#ifndef ONNX_SCALER_H
#define ONNX_SCALER_H
#include "onnx/fold.h"

typedef struct onnx_scaler {
  bool found;
  bool imputed; /**< the graph says what a missing value is */
  size_t n;
  double *centre, *deviation; /**< it computes (x - centre) / deviation, perhaps with a sign */
} onnx_scaler;

/**
 * Whether the input goes through Scaler, Imputer, Sub, Div ... with constants alone before anything
 * mixes it, and then with which numbers. Leaves the fold's values those of zeros.
 */
ckks_status onnx_scaler_find(onnx_scaler *scaler, onnx_fold *fold);

/** What a network's own normalisation takes pixels to be. */
typedef enum onnx_scaler_pixels {
  ONNX_SCALER_ANY,   /**< it has none, or one that does not tell */
  ONNX_SCALER_UNIT,  /**< numbers from 0 to 1 */
  ONNX_SCALER_BYTES, /**< from 0 to 255: it subtracts or divides by what only bytes reach, or its
                          input is declared to be bytes */
  ONNX_SCALER_UNSURE /**< in between */
} onnx_scaler_pixels;
ckks_status onnx_scaler_take_pixels(onnx_scaler_pixels *pixels, onnx_fold *fold);
void onnx_scaler_clear(onnx_scaler *scaler);
/** Whether each centre is that feature's mean on the rows (row-major), to half a deviation. */
bool onnx_scaler_is_mean(const onnx_scaler *scaler, const double *rows, size_t n_rows);
#endif
