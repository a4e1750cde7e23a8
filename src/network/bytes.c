/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a model file, little-endian:
 *   u32 layers, u32 width of the input and of each layer, text name,
 *   per feature: text name, f64 mean, f64 deviation; f64 max_abs_input,
 *   where 2^31 was added to the number of layers: f64 low of each feature, f64 high of each,
 *   per class: text label,
 *   per layer: an activation, f64 bias, f64 weights by row.
 * Where that is shorter, the weights are u32 how many of each row are not 0, then u32 column of
 * each of these, ascending in its row, then each as f64; such a layer begins with u32 2^32 - 2.
 * An activation is u32 degree, plus 2^16 for Chebyshev's basis, f64 coefficients, f64 max_abs. A
 * layer that has several puts in its place u32 0, u32 how many, these one by one, and u8 which of
 * them for each unit. In front of all that a layer whose units are an image has u32 2^32 - 1, u32
 * channels, rows, columns. Texts are a u16 length and that many bytes. In front of everything a
 * model whose outputs do not have their usual meaning (encoding/meaning.h), or whose polynomials
 * stand for something else, has u32 2^32 - 1, the meaning or three bytes of 255, and f64 what the
 * polynomials change.
 */
#include "base/bytes.h"
#include "base/alloc.h"
#include "network/network.h"

#include <stdio.h>

#define IMAGE UINT32_MAX
#define SPARSE (UINT32_MAX - 1)
#define CHEBYSHEV 0x10000u
#define MEANT UINT32_MAX
#define USUAL 0xff
/* In front of all, where not all features are scaled. */
#define ENCODED (UINT32_MAX - 2)
#define RANGES ((uint32_t)1 << 31) /* beside the number of layers */

static void write_numbers(base_buffer *buffer, const double *numbers, size_t n) {
  for (size_t i = 0; i < n; i++)
    base_buffer_f64(buffer, numbers[i]);
}

static void write_activation(base_buffer *buffer, const network_activation *activation) {
  const encoding_polynomial *p = &activation->polynomial;
  base_buffer_u32(buffer, (uint32_t)p->degree | (p->chebyshev ? CHEBYSHEV : 0));
  write_numbers(buffer, p->coefficient, (size_t)p->degree + 1);
  base_buffer_f64(buffer, activation->max_abs);
}

/* Decided by the numbers alone: every model has one form. */
static bool shorter_sparse(const network_sparse *weight) {
  uint64_t rows = weight->n_rows, n = weight->start[weight->n_rows];
  return 4 + 4 * rows + 12 * n < 8 * rows * weight->n_columns;
}

static void write_sparse(base_buffer *buffer, const network_sparse *weight) {
  size_t n = weight->start[weight->n_rows];
  for (size_t row = 0; row < weight->n_rows; row++)
    base_buffer_u32(buffer, (uint32_t)(weight->start[row + 1] - weight->start[row]));
  for (size_t k = 0; k < n; k++)
    base_buffer_u32(buffer, weight->column[k]);
  write_numbers(buffer, weight->value, n);
}

static void write_dense(base_buffer *buffer, const network_sparse *weight) {
  for (size_t row = 0; row < weight->n_rows; row++) {
    size_t k = weight->start[row];
    for (size_t i = 0; i < weight->n_columns; i++) {
      bool there = k < weight->start[row + 1] && weight->column[k] == i;
      base_buffer_f64(buffer, there ? weight->value[k++] : 0.0);
    }
  }
}

/* Shapes are not repeated here: the widths in front say them all. */
static void write_layer(base_buffer *buffer, const network_layer *layer) {
  if (layer->image[0] > 0) {
    base_buffer_u32(buffer, IMAGE);
    for (int i = 0; i < 3; i++)
      base_buffer_u32(buffer, (uint32_t)layer->image[i]);
  }
  if (shorter_sparse(&layer->weight))
    base_buffer_u32(buffer, SPARSE);
  if (layer->n_activations > 1) {
    base_buffer_u32(buffer, 0);
    base_buffer_u32(buffer, (uint32_t)layer->n_activations);
  }
  for (size_t a = 0; a < layer->n_activations; a++)
    write_activation(buffer, &layer->activation[a]);
  if (layer->n_activations > 1)
    base_buffer_append(buffer, layer->activation_of, layer->n_out);
  write_numbers(buffer, layer->bias, layer->n_out);
  if (shorter_sparse(&layer->weight))
    write_sparse(buffer, &layer->weight);
  else
    write_dense(buffer, &layer->weight);
}

static void write_meaning(base_buffer *buffer, const network_model *model) {
  bool usual = encoding_meaning_is_default(&model->meaning, model->n_classes);
  if (usual && model->fitted_error == 0.0)
    return;
  base_buffer_u32(buffer, MEANT);
  if (usual)
    for (int i = 0; i < ENCODING_MEANING_BYTES; i++)
      base_buffer_u8(buffer, USUAL);
  else
    encoding_meaning_write(buffer, &model->meaning);
  base_buffer_f64(buffer, model->fitted_error);
}

static void write_input(base_buffer *buffer, const network_model *model) {
  if (model->input.feature == NULL)
    return;
  base_buffer_u32(buffer, ENCODED);
  encoding_input_write(buffer, &model->input);
}

static void write_ranges(base_buffer *buffer, const network_model *model) {
  if (model->low == NULL)
    return;
  write_numbers(buffer, model->low, model->n_features);
  write_numbers(buffer, model->high, model->n_features);
}

void network_bytes_write(base_buffer *buffer, const network_model *model) {
  write_input(buffer, model);
  write_meaning(buffer, model);
  base_buffer_u32(buffer, (uint32_t)model->n_layers | (model->low != NULL ? RANGES : 0));
  base_buffer_u32(buffer, (uint32_t)model->n_features);
  for (size_t l = 0; l < model->n_layers; l++)
    base_buffer_u32(buffer, (uint32_t)model->layer[l].n_out);
  base_buffer_text(buffer, model->name);
  for (size_t i = 0; i < model->n_features; i++) {
    base_buffer_text(buffer, model->feature[i]);
    base_buffer_f64(buffer, model->mean[i]);
    base_buffer_f64(buffer, model->deviation[i]);
  }
  base_buffer_f64(buffer, model->max_abs_input);
  write_ranges(buffer, model);
  for (size_t i = 0; i < model->n_classes; i++)
    base_buffer_text(buffer, model->label[i]);
  for (size_t l = 0; l < model->n_layers; l++)
    write_layer(buffer, &model->layer[l]);
}

static void read_numbers(double *numbers, size_t n, base_reader *reader) {
  for (size_t i = 0; i < n; i++)
    numbers[i] = base_reader_f64(reader);
}

/* base_reader_text judges the bytes and names the field. */
static ckks_status read_text(char **field, base_reader *reader, const char *list, size_t index) {
  char path[64], *text = NULL;
  snprintf(path, sizeof path, "%s[%zu]", list, index);
  BASE_TRY(base_reader_text(reader, &text, ENCODING_MAX_NAME_BYTES, path));
  base_free(*field);
  *field = text;
  return CKKS_OK;
}

static ckks_status truncated(void) {
  return base_fail(CKKS_ERROR_FORMAT, "model: the payload is too short");
}

/*
 * The widths come first so that what they claim can be held against the bytes that are left
 * before any memory is taken for it: of a layer at least its biases, and a count for each row.
 */
static ckks_status read_widths(size_t *widths, size_t *n_layers, bool *ranges,
                               base_reader *reader) {
  *n_layers = base_reader_u32(reader);
  *ranges = *n_layers & RANGES;
  *n_layers &= ~(size_t)RANGES;
  if (reader->failed)
    return truncated();
  if (*n_layers < 1 || *n_layers > NETWORK_MAX_LAYERS)
    return base_fail(CKKS_ERROR_FORMAT, "model: %zu layers where 1 to %d are allowed", *n_layers,
                     NETWORK_MAX_LAYERS);
  size_t least = 0;
  for (size_t i = 0; i <= *n_layers; i++) {
    widths[i] = base_reader_u32(reader);
    if (widths[i] < 1 || widths[i] > NETWORK_MAX_WIDTH)
      return base_fail(CKKS_ERROR_FORMAT, "model: width %zu is %zu where 1 to %d is allowed", i,
                       widths[i], NETWORK_MAX_WIDTH);
    least += i == 0 ? 18 * widths[0] : (8 + 4) * widths[i];
  }
  return reader->failed || least > base_reader_left(reader) ? truncated() : CKKS_OK;
}

static ckks_status read_activation(network_activation *activation, uint32_t degree,
                                   base_reader *reader, size_t index) {
  bool chebyshev = (degree & CHEBYSHEV) != 0;
  degree &= ~CHEBYSHEV;
  uint32_t most = chebyshev ? ENCODING_MAX_DEGREE : ENCODING_MAX_POWERS;
  if (degree < 1 || degree > most)
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].activation: degree %u where 1 to %u is allowed", index,
                     (unsigned)degree, (unsigned)most);
  activation->polynomial.degree = (int)degree;
  activation->polynomial.chebyshev = chebyshev;
  read_numbers(activation->polynomial.coefficient, (size_t)degree + 1, reader);
  activation->max_abs = base_reader_f64(reader);
  return CKKS_OK;
}

/* One is never written as a list of one: every model has one form. */
static ckks_status read_activations(network_layer *layer, base_reader *reader, size_t index) {
  uint32_t n = base_reader_u32(reader);
  if (n < 2 || n > NETWORK_MAX_ACTIVATIONS)
    return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].activation: %u where 2 to %d are allowed",
                     index, (unsigned)n, NETWORK_MAX_ACTIVATIONS);
  BASE_TRY(network_layer_set_activations(layer, n));
  for (size_t a = 0; a < n; a++)
    BASE_TRY(read_activation(&layer->activation[a], base_reader_u32(reader), reader, index));
  base_reader_copy(reader, layer->activation_of, layer->n_out);
  return CKKS_OK;
}

/* Old files have zeros in such rows. They are counted before memory is taken for the others. */
static ckks_status read_dense(network_sparse *weight, base_reader *reader) {
  size_t rows = weight->n_rows, columns = weight->n_columns, n = 0;
  if (base_reader_left(reader) / 8 / rows < columns)
    return truncated();
  base_reader counting = *reader;
  for (size_t i = 0; i < rows * columns; i++)
    n += base_reader_f64(&counting) != 0.0;
  BASE_TRY(network_sparse_reserve(weight, n));
  size_t k = 0;
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < columns; i++) {
      double value = base_reader_f64(reader);
      if (value == 0.0)
        continue;
      weight->column[k] = (uint32_t)i;
      weight->value[k++] = value;
    }
    weight->start[row + 1] = k;
  }
  return CKKS_OK;
}

/* Order and range of columns are for network_check, which comes before anybody uses them. */
static ckks_status read_sparse(network_sparse *weight, base_reader *reader, size_t index) {
  if (base_reader_left(reader) / 4 < weight->n_rows)
    return truncated();
  for (size_t row = 0; row < weight->n_rows; row++) {
    uint32_t n = base_reader_u32(reader);
    if (n > weight->n_columns)
      return base_fail(CKKS_ERROR_FORMAT,
                       "layers[%zu].weight[%zu]: %u numbers where %zu are allowed", index, row,
                       (unsigned)n, weight->n_columns);
    weight->start[row + 1] = weight->start[row] + n;
  }
  size_t n = weight->start[weight->n_rows];
  if (base_reader_left(reader) / 12 < n)
    return truncated();
  if (!shorter_sparse(weight)) /* nothing is written in two ways */
    return base_fail(CKKS_ERROR_FORMAT,
                     "layers[%zu].weight: %zu numbers with their columns are longer than all",
                     index, n);
  BASE_TRY(network_sparse_reserve(weight, n));
  for (size_t k = 0; k < n; k++)
    weight->column[k] = base_reader_u32(reader);
  read_numbers(weight->value, n, reader);
  return CKKS_OK;
}

static ckks_status read_layer(network_layer *layer, base_reader *reader, size_t index) {
  uint32_t degree = base_reader_u32(reader);
  if (degree == IMAGE) {
    for (int i = 0; i < 3; i++)
      layer->image[i] = base_reader_u32(reader);
    if (layer->image[0] == 0) /* nothing is written in two ways */
      return base_fail(CKKS_ERROR_FORMAT, "layers[%zu].image: 0 channels", index);
    degree = base_reader_u32(reader);
  }
  bool sparse = degree == SPARSE;
  if (sparse)
    degree = base_reader_u32(reader);
  if (degree == 0 && !reader->failed)
    BASE_TRY(read_activations(layer, reader, index));
  else
    BASE_TRY(read_activation(&layer->activation[0], degree, reader, index));
  read_numbers(layer->bias, layer->n_out, reader);
  return sparse ? read_sparse(&layer->weight, reader, index) : read_dense(&layer->weight, reader);
}

static ckks_status read_ranges(network_model *model, base_reader *reader) {
  BASE_TRY(network_ranges_init(model));
  read_numbers(model->low, model->n_features, reader);
  read_numbers(model->high, model->n_features, reader);
  return CKKS_OK;
}

/* A payload that ends early reads as zeros; that is noticed once, at the end. */
static ckks_status read_fields(network_model *model, bool ranges, base_reader *reader) {
  char *name = NULL;
  BASE_TRY(base_reader_text(reader, &name, ENCODING_MAX_NAME_BYTES, "name"));
  base_free(model->name);
  model->name = name;
  for (size_t i = 0; i < model->n_features; i++) {
    BASE_TRY(read_text(&model->feature[i], reader, "features", i));
    model->mean[i] = base_reader_f64(reader);
    model->deviation[i] = base_reader_f64(reader);
  }
  model->max_abs_input = base_reader_f64(reader);
  if (ranges)
    BASE_TRY(read_ranges(model, reader));
  for (size_t i = 0; i < model->n_classes; i++)
    BASE_TRY(read_text(&model->label[i], reader, "labels", i));
  for (size_t l = 0; l < model->n_layers; l++)
    BASE_TRY(read_layer(&model->layer[l], reader, l));
  return reader->failed ? truncated() : network_check(model);
}

/* In front of the widths, and needs the last of them: its place is kept until they are known. */
static bool skip_meaning(base_reader *at, base_reader *reader) {
  base_reader look = *reader;
  if (base_reader_u32(&look) != MEANT)
    return false;
  *at = look;
  base_reader_view(&look, ENCODING_MEANING_BYTES + sizeof(double));
  *reader = look;
  return true;
}

static ckks_status read_meaning(network_model *model, base_reader *at) {
  base_reader look = *at;
  bool usual = true;
  for (int i = 0; i < ENCODING_MEANING_BYTES; i++)
    usual = base_reader_u8(&look) == USUAL && usual;
  if (usual)
    *at = look;
  else
    BASE_TRY(encoding_meaning_read(&model->meaning, at, model->n_classes));
  model->fitted_error = base_reader_f64(at);
  if (at->failed)
    return truncated();
  return usual && model->fitted_error == 0.0
             ? base_fail(CKKS_ERROR_FORMAT, "outputs: their usual meaning, which is not written")
             : CKKS_OK;
}

static ckks_status read_input(encoding_input *input, base_reader *reader) {
  base_reader look = *reader;
  *input = (encoding_input){0};
  if (base_reader_u32(&look) != ENCODED)
    return CKKS_OK;
  *reader = look;
  return encoding_input_read(input, reader, ENCODING_ANY_FEATURES);
}

/* What stands in front of the fields: inputs, meaning, widths. */
static ckks_status read_head(network_model *model, base_reader *meaning, bool *meant, bool *ranges,
                             base_reader *reader) {
  size_t widths[NETWORK_MAX_LAYERS + 1] = {0}, n_layers = 0;
  encoding_input input;
  BASE_TRY(read_input(&input, reader));
  *meant = skip_meaning(meaning, reader);
  ckks_status status = read_widths(widths, &n_layers, ranges, reader);
  if (status == CKKS_OK && input.feature != NULL && input.n_features != widths[0])
    status = base_fail(CKKS_ERROR_FORMAT, "encoding: of %zu features where there are %zu",
                       input.n_features, widths[0]);
  if (status == CKKS_OK)
    status = input.feature != NULL ? network_init_encoded(model, &input, widths + 1, n_layers)
                                   : network_init(model, widths, n_layers);
  encoding_input_clear(&input);
  return status;
}

ckks_status network_bytes_read(network_model *model, base_reader *reader) {
  base_reader meaning;
  bool ranges = false, meant = false;
  *model = (network_model){0};
  BASE_TRY(read_head(model, &meaning, &meant, &ranges, reader));
  ckks_status status = meant ? read_meaning(model, &meaning) : CKKS_OK;
  if (status == CKKS_OK)
    status = read_fields(model, ranges, reader);
  if (status != CKKS_OK)
    network_clear(model);
  return status;
}
