/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A trained network in clear: scaler, layers, polynomial activations, names. What
 * `train` makes, JSON and ONNX import, and `compile` reads. Belongs to the model's owner.
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H
#include "encoding/encoding.h"
#include "network/dot.h"
#include "network/sparse.h"

#define NETWORK_MAX_WIDTH 65536
#define NETWORK_MAX_WEIGHTS ((size_t)1 << 27) /**< of one layer that are not 0 */
#define NETWORK_MAX_LAYERS 256
#define NETWORK_MAX_ACTIVATIONS 16 /**< different ones side by side in a layer */
#define NETWORK_JSON_MAX_BYTES ((size_t)64 << 20)

typedef struct network_activation {
  encoding_polynomial polynomial;
  double max_abs; /**< largest |W x + b| of its units on calibration data; 0 = not calibrated */
} network_activation;

/**
 * y = p(W x + b), p the activation of each unit. A value that the layers behind want as it is
 * passes through a unit whose activation is the identity.
 */
typedef struct network_layer {
  size_t n_in, n_out;
  network_sparse weight; /**< n_out x n_in */
  double *bias;          /**< n_out */
  size_t n_activations;
  network_activation activation[NETWORK_MAX_ACTIVATIONS];
  uint8_t *activation_of; /**< of each unit, which; NULL where the layer has one */
  size_t image[3]; /**< the n_out units are channels x rows x columns, or zeros: just a list */
} network_layer;

typedef struct network_model {
  char *name;
  size_t n_features;
  char **feature;           /**< names */
  double *mean, *deviation; /**< scaler: (x - mean)/deviation; deviation > 0 */
  encoding_input input;     /**< where not all features are scaled; else its feature is NULL */
  double max_abs_input;     /**< largest |scaled feature| in calibration data; 0 = not calibrated */
  /** Smallest and largest scaled value of each feature there; NULL both = only the largest is
   * known.
   */
  double *low, *high;
  size_t n_classes;         /**< outputs of the last layer */
  char **label;             /**< names of the outputs: classes, values or labels */
  encoding_meaning meaning; /**< what they are, and what the client makes of them */
  double fitted_error;      /**< what polynomials in place of activations changed in an output on
                                 calibration data, of max(1, |output|); 0 = they are the network's */
  size_t n_layers;
  network_layer *layer;
} network_model;

/** The activation of a unit. */
const network_activation *network_layer_activation(const network_layer *layer, size_t unit);
/** Gives the layer n activations, identities all, and all its units the first of them. */
ckks_status network_layer_set_activations(network_layer *layer, size_t n);
/** Replaces the weights by dense[n_out x n_in], row-major; on error they are what they were. */
ckks_status network_layer_set_weights(network_layer *layer, const double *dense);
/**
 * A model of n_layers+1 widths (features, hidden ..., classes) with zero
 * weights, mean 0, deviation 1, identity activations, the name "model", feature
 * names "x0", "x1", ..., labels "0", "1", ...
 */
ckks_status network_init(network_model *model, const size_t *widths, size_t n_layers);
/**
 * The same for inputs that are made of features in other ways: widths are those of the layers'
 * outputs. The encoding, which must be finished, is copied.
 */
ckks_status network_init_encoded(network_model *model, const encoding_input *input,
                                 const size_t *widths, size_t n_layers);
/** What the first layer takes: as many as features, where all are scaled. */
size_t network_n_inputs(const network_model *model);
/**
 * How much of the outputs hangs on each feature: magnitudes of weights, multiplied along every way
 * from an input to an output and added up; parts of 1, all 0 where no weight is. `used`: how many
 * of a feature's inputs have such a way. Both of n_features. Like weights, the owner's.
 * CKKS_ERROR_MEMORY.
 */
ckks_status network_weight_parts(double *part, size_t *used, const network_model *model);
void network_clear(network_model *model); /**< wipes the weights */
/**
 * Shapes agree, everything is finite, deviations positive, leading coefficients
 * not zero, names well-formed and distinct; else CKKS_ERROR_FORMAT naming the
 * field as in docs/model-json.md.
 */
ckks_status network_check(const network_model *model);
/* --- forward.c: what it computes; CKKS_ERROR_MEMORY */
/** The inputs of a raw row: (features[i] - mean[i]) / deviation[i], a missing value (NaN) being 0,
 * or what the encoding makes of it. */
void network_forward_scale(double *scaled, const double *features, const network_model *model);
/**
 * outputs[n_rows x n_classes] of rows of *raw* (unscaled) features, before meaning.end; NaN counts
 * as the mean: encoding_meaning_check_rows says whether it may be there. The bits of a row's
 * outputs do not depend on the rows beside it.
 */
ckks_status network_forward_rows(double *outputs, const double *rows, size_t n_rows,
                                 const network_model *model);
/** The largest |scaled feature|, and for each activation the largest |W x + b| that it sees. */
typedef struct network_ranges {
  double input, activation[NETWORK_MAX_LAYERS][NETWORK_MAX_ACTIVATIONS];
} network_ranges;
/** The same, and widens what was seen before; outputs may be NULL. */
ckks_status network_forward_ranges(network_ranges *seen, double *outputs, const double *rows,
                                   size_t n_rows, const network_model *model);

/* --- calibrate.c */
/**
 * Sets max_abs, max_abs_input, low and high from n raw rows (row-major). CKKS_ERROR_RANGE
 * names the row in which a value stops being finite.
 */
ckks_status network_calibrate(network_model *model, const double *rows, size_t n_rows);
/** Room for low and high, zeros; CKKS_ERROR_MEMORY. What is there is kept. */
ckks_status network_ranges_init(network_model *model);
/** Whether all ranges are known; without them compiling assumes the worst case. */
bool network_calibrate_is_done(const network_model *model);

/** The documented JSON form (docs/model-json.md); errors name the JSON path of the field. */
ckks_status network_json_read(network_model *model, const char *text, size_t n_bytes,
                              const char *name);
ckks_status network_json_write(char **text, const network_model *model);
/** The payload of a model file, and back (bounded, checked). */
struct base_buffer;
struct base_reader;
void network_bytes_write(struct base_buffer *buffer, const network_model *model);
ckks_status network_bytes_read(network_model *model, struct base_reader *reader);
#endif
