/* SPDX-License-Identifier: Apache-2.0 */
/* From an ONNX file, and rows that its activations are fitted to, to a model. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "blindsight/import.h"
#include "table/rows.h"

#define BYTE_PIXELS 255.0

typedef struct reading {
  const char *path;
  uint8_t *bytes;
  size_t n_bytes;
  table_data data;
} reading;

/* Columns in the order of the table are the network's inputs, and lend them their names. */
static ckks_status name_columns(network_model *model, const table_data *data) {
  for (size_t i = 0; data->feature != NULL && i < model->n_features; i++)
    BASE_TRY(encoding_names_set(&model->feature[i], data->feature[i]));
  return network_check(model);
}

static ckks_status read_rows(reading *r, blindsight_import_whole *whole,
                             const blindsight_import_options *options) {
  size_t n = 0;
  BASE_TRY(onnx_import_input(&whole->input, r->bytes, r->n_bytes, r->path, options->output));
  n = whole->input.n_features;
  if (options->calibrate == NULL)
    return CKKS_OK;
  BASE_TRY(table_rows_read_any(&r->data, options->calibrate, options->label, whole->input.image));
  if (r->data.n_features == n)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT, "%s: %zu columns where the network takes %zu%s",
                   options->calibrate, r->data.n_features, n,
                   options->label == NULL ? " (--label leaves one out)" : "");
}

/* A table's values are what they are; pixels are bytes. What is neither said nor sure is a table.
 */
static ckks_status choose_input(blindsight_import_whole *whole, const reading *r,
                                const blindsight_import_options *options) {
  bool images = r->data.n_rows > 0 && r->data.feature == NULL;
  bool sure = options->calibrate == NULL && whole->input.pixels;
  if (options->input == BLINDSIGHT_INPUT_IMAGE && whole->input.image[0] == 0)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s: --input image, but its input has no shape of 1 or 3 channels, rows and "
                     "columns",
                     r->path);
  if (options->input == BLINDSIGHT_INPUT_TABLE && images)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: --input table, but %s holds images", r->path,
                     options->calibrate);
  whole->pixels = images || options->input == BLINDSIGHT_INPUT_IMAGE ||
                  (options->input == BLINDSIGHT_INPUT_AUTO && sure);
  bool said = options->n_mean > 0 || options->n_deviation > 0;
  if (whole->pixels && !said && whole->input.own == ONNX_SCALER_UNSURE)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s: what its first nodes make of pixels is neither usual of bytes nor of "
                     "numbers from 0 to 1; say which it takes: --mean 0 --deviation 1 or "
                     "--mean 0 --deviation 255",
                     r->path);
  whole->own_bytes = whole->pixels && !said && whole->input.own == ONNX_SCALER_BYTES;
  whole->bytes = whole->pixels && !said && !whole->own_bytes;
  return CKKS_OK;
}

static ckks_status read_network(network_model *model, blindsight_import_whole *whole, reading *r,
                                const blindsight_import_options *options) {
  static const double byte_pixels = BYTE_PIXELS;
  BASE_TRY(base_file_read(&r->bytes, &r->n_bytes, r->path, ONNX_MAX_FILE_BYTES));
  BASE_TRY(read_rows(r, whole, options));
  BASE_TRY(choose_input(whole, r, options));
  const onnx_import_options inner = {.mean = options->mean,
                                     .n_mean = options->n_mean,
                                     .deviation = whole->bytes ? &byte_pixels : options->deviation,
                                     .n_deviation = whole->bytes ? 1 : options->n_deviation,
                                     .output = options->output,
                                     .image = whole->pixels,
                                     .said = options->outputs >= 0,
                                     .kind = options->outputs >= 0 ? (encoding_kind)options->outputs
                                                                   : ENCODING_CLASSES,
                                     .error = options->error,
                                     .output_error = options->output_error,
                                     .max_degree = options->max_degree,
                                     .margin = options->margin,
                                     .minimax = options->minimax,
                                     .composite = (onnx_import_composite)options->composite};
  BASE_TRY(onnx_import_model(model, &whole->report, r->bytes, r->n_bytes, r->path, r->data.value,
                             r->data.n_rows, &inner));
  return whole->pixels ? network_check(model) : name_columns(model, &r->data);
}

static ckks_status check(const blindsight_import_options *o) {
  if (o->max_degree < 0 || o->max_degree > ENCODING_MAX_DEGREE)
    return base_fail(CKKS_ERROR_ARGUMENT, "max_degree = %d: must be 1 to %d, or 0", o->max_degree,
                     ENCODING_MAX_DEGREE);
  if (o->outputs < -1 || o->outputs >= ENCODING_N_KINDS ||
      (unsigned)o->input > BLINDSIGHT_INPUT_IMAGE)
    return base_fail(CKKS_ERROR_ARGUMENT, "outputs or input: not one of their kinds");
  if (!(o->error >= 0.0) || !(o->output_error > 0.0) || !(o->margin >= 0.0))
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "error and margin must not be below 0, output_error must be above it");
  if ((unsigned)o->composite > BLINDSIGHT_COMPOSITE_ALWAYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "composite = %d: there is no such choice",
                     (int)o->composite);
  if (o->composite == BLINDSIGHT_COMPOSITE_ALWAYS && o->error == 0.0)
    return base_fail(CKKS_ERROR_ARGUMENT, "composite activations always: their error "
                                          "(--activation-error) must be given");
  if ((o->n_mean > 0 && o->mean == NULL) || (o->n_deviation > 0 && o->deviation == NULL))
    return base_fail(CKKS_ERROR_ARGUMENT, "mean or deviation is NULL");
  return CKKS_OK;
}

ckks_status blindsight_model_import(blindsight_model **out, blindsight_import **report,
                                    const char *path, const blindsight_import_options *options) {
  blindsight_import_options o;
  if (out != NULL)
    *out = NULL;
  if (report != NULL)
    *report = NULL;
  BASE_TRY(blindsight_objects_require(out, "out"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  blindsight_import_options_default(&o, sizeof o);
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  BASE_TRY(check(&o));
  blindsight_import_whole *whole = base_alloc(sizeof *whole);
  if (whole == NULL)
    return base_fail_memory(sizeof *whole);
  reading r = {.path = path};
  ckks_status status = blindsight_model_build(out);
  if (status == CKKS_OK)
    status = blindsight_model_finish(out, read_network(&(*out)->model, whole, &r, &o));
  if (r.bytes != NULL)
    base_wipe(r.bytes, r.n_bytes);
  base_free(r.bytes);
  table_data_clear(&r.data);
  if (status == CKKS_OK && report != NULL && (status = blindsight_import_view(whole)) == CKKS_OK) {
    *report = &whole->shown;
    return CKKS_OK;
  }
  blindsight_import_free(&whole->shown);
  if (status != CKKS_OK) {
    blindsight_model_free(*out);
    *out = NULL;
  }
  return status;
}
