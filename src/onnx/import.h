/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From an ONNX file to a model: layers of dense matrices and polynomial activations, which
 * everything else here (compile, evaluate, encrypt ...) takes as it takes a trained one.
 */
#ifndef ONNX_IMPORT_H
#define ONNX_IMPORT_H
#include "network/network.h"
#include "onnx/fold.h"

typedef struct onnx_import_options {
  double mean, deviation; /**< the network sees (x - mean) / deviation; default 0 and 1 */
  double error;           /**< of an activation, of its largest value; default 0.01 */
  int max_degree;         /**< default 15 */
  double margin;          /**< around the range seen, as a part of it; default 0.25 */
  bool minimax;           /**< smallest largest error instead of smallest mean square */
} onnx_import_options;

/** What became of an activation. */
typedef struct onnx_import_activation {
  char node[160];
  int degree;
  bool exact;
  double low, high; /**< range of the polynomial; what was seen plus the margin */
  double max_error, rms_error;
} onnx_import_activation;

typedef struct onnx_import_report {
  size_t n_nodes, n_rows; /**< rows of calibration data */
  int n_activations;
  onnx_import_activation activation[ONNX_MAX_LAYERS * ONNX_MAX_BRANCHES];
  size_t n_carried;  /**< values that skip activations, counted at each */
  size_t n_changed;  /**< calibration rows whose largest output became another one */
  double difference; /**< largest change of an output, of the largest output */
  char dropped[160]; /**< activation at the end that the client does without, or "" */
} onnx_import_report;

void onnx_import_options_default(onnx_import_options *options);
/**
 * rows: n_rows x features, raw (as a client gives them), for calibration; n_rows = 0 when there
 * are none: then only activations that are polynomials can be imported. `name` starts messages.
 */
ckks_status onnx_import_model(network_model *model, onnx_import_report *report,
                              const uint8_t *bytes, size_t n_bytes, const char *name,
                              const double *rows, size_t n_rows,
                              const onnx_import_options *options);
/** Number of features of a file, and channels, height, width when it takes images (else 0). */
ckks_status onnx_import_input(size_t *n_features, size_t image[3], const uint8_t *bytes,
                              size_t n_bytes, const char *name);
#endif
