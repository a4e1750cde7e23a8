/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A trained model in clear: scaler, layers, polynomial activations, names. What
 * `train` makes, JSON imports, and `compile` reads. Belongs to the model's owner.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H
#include "model/sparse.h"

#define MODEL_MAX_FEATURES 16384
#define MODEL_MAX_WIDTH 65536
#define MODEL_MAX_WEIGHTS ((size_t)1 << 27) /**< of one layer that are not 0 */
#define MODEL_MAX_LAYERS 16
#define MODEL_MAX_CLASSES 1024
#define MODEL_MAX_DEGREE 31
#define MODEL_MAX_ACTIVATIONS 16 /**< different ones side by side in a layer */
#define MODEL_MAX_NAME_BYTES 255
#define MODEL_JSON_MAX_BYTES ((size_t)64 << 20)

/** p(x) = sum coefficient[k] x^k, k <= degree; degree 1 with (0, 1) is no activation. */
typedef struct model_polynomial {
  int degree; /**< 1..MODEL_MAX_DEGREE */
  double coefficient[MODEL_MAX_DEGREE + 1];
} model_polynomial;

typedef struct model_activation {
  model_polynomial polynomial;
  double max_abs; /**< largest |W x + b| of its units on calibration data; 0 = not calibrated */
} model_activation;

/**
 * y = p(W x + b), p the activation of each unit. A value that the layers behind want as it is
 * passes through a unit whose activation is the identity.
 */
typedef struct model_layer {
  size_t n_in, n_out;
  model_sparse weight; /**< n_out x n_in */
  double *bias;        /**< n_out */
  size_t n_activations;
  model_activation activation[MODEL_MAX_ACTIVATIONS];
  uint8_t *activation_of; /**< of each unit, which; NULL where the layer has one */
  size_t image[3]; /**< the n_out units are channels x rows x columns, or zeros: just a list */
} model_layer;

typedef struct model_model {
  char *name;
  size_t n_features;
  char **feature;           /**< names */
  double *mean, *deviation; /**< scaler: (x - mean)/deviation; deviation > 0 */
  double max_abs_input;     /**< largest |scaled feature| in calibration data; 0 = not calibrated */
  size_t n_classes;         /**< outputs of the last layer */
  char **label;             /**< names of the classes; prediction = argmax of the outputs */
  size_t n_layers;
  model_layer *layer;
} model_model;

/** s(x) = 0.5 + 0.197 x - 0.004 x^3 (eprint 2018/462). */
extern const model_polynomial model_polynomial_sigmoid3;
/** "sigmoid3", "square" (x^2) or "identity" (x); false for any other name. */
bool model_polynomial_named(model_polynomial *out, const char *name);
/** The name of such a polynomial, or NULL. */
const char *model_polynomial_name(const model_polynomial *polynomial);
double model_polynomial_value(const model_polynomial *polynomial, double x);
/** Largest |p| on [-max_abs, max_abs], looked at on a grid. */
double model_polynomial_max(const model_polynomial *polynomial, double max_abs);
/** The activation of a unit. */
const model_activation *model_layer_activation(const model_layer *layer, size_t unit);
/** Gives the layer n activations, identities all, and all its units the first of them. */
ckks_status model_layer_set_activations(model_layer *layer, size_t n);
/** Replaces the weights by dense[n_out x n_in], row-major; on error they are what they were. */
ckks_status model_layer_set_weights(model_layer *layer, const double *dense);
/** Sum of a[i] b[i], always added up in the same order (four partial sums). */
double model_dot(const double *a, const double *b, size_t n);

/**
 * A model of n_layers+1 widths (features, hidden ..., classes) with zero
 * weights, mean 0, deviation 1, identity activations, the name "model", feature
 * names "x0", "x1", ..., labels "0", "1", ...
 */
ckks_status model_init(model_model *model, const size_t *widths, size_t n_layers);
void model_clear(model_model *model); /**< wipes the weights */
/** Replaces a string field (feature name, label, name). */
ckks_status model_set_text(char **field, const char *text);
/**
 * A name: 1 to MODEL_MAX_NAME_BYTES bytes of well-formed UTF-8 without control
 * characters; else CKKS_ERROR_FORMAT with `field` in front.
 */
ckks_status model_check_text(const char *text, const char *field);
/**
 * Shapes agree, everything is finite, deviations positive, leading coefficients
 * not zero, names well-formed and distinct; else CKKS_ERROR_FORMAT naming the
 * field as in docs/model-json.md.
 */
ckks_status model_check(const model_model *model);
/* --- image.c: images are rows whose features are named "y0x0", "y0x1", ... or "c0y0x0", ... */
/** Name of feature i of an image of image[0] channels, image[1] rows and image[2] columns. */
void model_image_name(char name[80], const size_t image[3], size_t i);
/** Whether the names are those of an image, and then its channels, rows and columns. */
bool model_image_shape(size_t image[3], char *const *feature, size_t n_features);
/** scaled[i] = (features[i] - mean[i]) / deviation[i]; NaN (a missing value) becomes 0. */
void model_scale(double *scaled, const double *features, const model_model *model);
/** outputs[n_classes] of one row of *raw* (unscaled) features; NaN counts as the mean. */
void model_forward(double *outputs, const double *features, const model_model *model);
/**
 * As model_forward for scaled features; pre_max[layer][activation] (pre_max may be NULL) gets the
 * largest |W x + b| of the units that have it.
 */
void model_forward_scaled(double *outputs, const double *scaled,
                          double (*pre_max)[MODEL_MAX_ACTIVATIONS], const model_model *model);
/** maximum, or |value| where that is larger; NaN counts as infinite. */
double model_larger(double maximum, double value);
/* --- rows.c: many rows at a time */
/**
 * outputs[n_rows x n_classes] of raw rows, bit for bit those of model_forward, and each weight
 * read once for several rows. CKKS_ERROR_MEMORY.
 */
ckks_status model_forward_rows(double *outputs, const double *rows, size_t n_rows,
                               const model_model *model);
/** Index of the largest output (the first of equals). */
size_t model_argmax(const double *outputs, size_t n);
/**
 * Sets max_abs and max_abs_input from n raw rows (row-major). CKKS_ERROR_RANGE
 * names the row in which a value stops being finite. (rows.c)
 */
ckks_status model_calibrate(model_model *model, const double *rows, size_t n_rows);
/** Whether all ranges are known; without them compiling assumes the worst case. */
bool model_is_calibrated(const model_model *model);

/** The documented JSON form (docs/model-json.md); errors name the JSON path of the field. */
ckks_status model_json_read(model_model *model, const char *text, size_t n_bytes, const char *name);
ckks_status model_json_write(char **text, const model_model *model);
/** The payload of a model file, and back (bounded, checked). */
struct base_buffer;
struct base_reader;
void model_bytes_write(struct base_buffer *buffer, const model_model *model);
ckks_status model_bytes_read(model_model *model, struct base_reader *reader);
#endif
