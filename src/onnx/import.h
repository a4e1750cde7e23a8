/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From an ONNX file to a model: layers of matrices and polynomial activations, which everything
 * else here (compile, evaluate, encrypt ...) takes as it takes a trained one.
 */
#ifndef ONNX_IMPORT_H
#define ONNX_IMPORT_H
#include "network/network.h"
#include "onnx/composite.h"
#include "onnx/fold.h"
#include "onnx/scaler.h"

/** When piecewise linear activations become composite polynomials (onnx/composite.h). */
typedef enum onnx_import_composite {
  ONNX_IMPORT_COMPOSITE_AUTO, /**< where `error` is asked for and one polynomial misses it */
  ONNX_IMPORT_COMPOSITE_NEVER,
  ONNX_IMPORT_COMPOSITE_ALWAYS
} onnx_import_composite;

typedef struct onnx_import_options {
  /** The network sees (x - mean) / deviation: one number, one for each channel of an image, or one
   * for each feature; NULL with 0 of them: 0 and 1. */
  const double *mean, *deviation;
  size_t n_mean, n_deviation;
  const char *output;  /**< name of the output that is wanted; NULL = there is one */
  bool image;          /**< the input are pixels, as onnx_import_input has them */
  bool said;           /**< whose outputs are `kind` */
  encoding_kind kind;  /**< else what the file says of them */
  double error;        /**< of each activation, of its largest value; 0 = what output_error needs */
  double output_error; /**< of an output on calibration data, of their range; default 0.01 */
  int max_degree;      /**< 0 = what depth allows: about 20 levels for all layers */
  double margin;       /**< around the range seen, as a part of it; default 0.25 */
  bool minimax;        /**< smallest largest error instead of smallest mean square */
  onnx_import_composite composite;
} onnx_import_options;

/** What became of an activation. */
typedef struct onnx_import_activation {
  char node[160];
  int degree;
  bool exact, each; /**< each channel has a range of its own, up to low and high */
  double low, high; /**< range of the polynomial; what was seen plus the margin */
  double max_error, rms_error;
  int n_parts; /**< of a composite: so many polynomials, of these degrees, one after the other */
  int part_degree[ONNX_COMPOSITE_MAX_PARTS], levels;
  double gap; /**< nearer to 0 than this part of the range its sign is none */
} onnx_import_activation;

typedef struct onnx_import_report {
  size_t n_nodes, n_rows; /**< rows of calibration data that went through the graph */
  size_t batch;           /**< rows for which the file was exported, or 0 */
  int n_activations;
  onnx_import_activation *activation; /**< end with onnx_import_report_clear */
  size_t n_carried;                   /**< values that skip activations, counted at each */
  size_t n_changed;  /**< calibration rows of which another label is predicted now */
  double difference; /**< largest change of an output before its end, of their range */
  double range;      /**< of outputs: largest less smallest */
  int max_degree;    /**< that was allowed */
  int better_degree; /**< where output_error was missed: one that comes nearer, and how near */
  double better;
  char left[160]; /**< node at the end that the client computes exactly, or "" */
  bool labelled;  /**< the file names its classes */
  bool scaled;    /**< the file's own normalisation is the client's now */
} onnx_import_report;

void onnx_import_options_default(onnx_import_options *options);
void onnx_import_report_clear(onnx_import_report *report);
/**
 * rows: n_rows x features, raw (as a client gives them), for calibration; n_rows = 0 when there
 * are none: then only activations that are polynomials can be imported. `name` starts messages.
 * CKKS_ERROR_RANGE where options->error is set and an activation stays above it.
 */
ckks_status onnx_import_model(network_model *model, onnx_import_report *report,
                              const uint8_t *bytes, size_t n_bytes, const char *name,
                              const double *rows, size_t n_rows,
                              const onnx_import_options *options);

/** What a file takes. */
typedef struct onnx_import_input_shape {
  size_t n_features;
  size_t image[3]; /**< channels, height, width that it could be, or zeros */
  bool pixels;     /**< and is: a two-dimensional convolution reads it */
  /** What the network itself makes of pixels says whether they are bytes: onnx/scaler.h. */
  onnx_scaler_pixels own;
} onnx_import_input_shape;
ckks_status onnx_import_input(onnx_import_input_shape *shape, const uint8_t *bytes, size_t n_bytes,
                              const char *name, const char *output);
#endif
