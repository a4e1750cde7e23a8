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
  size_t n_bytes, n_features, image[3];
  table_data data;
} reading;

/* Columns in the order of the table are the network's inputs, and lend them their names. */
static ckks_status name_columns(network_model *model, const table_data *data) {
  for (size_t i = 0; data->feature != NULL && i < model->n_features; i++)
    BASE_TRY(encoding_names_set(&model->feature[i], data->feature[i]));
  return network_check(model);
}

static ckks_status read_rows(reading *r, const blindsight_import_options *options) {
  BASE_TRY(onnx_import_input(&r->n_features, r->image, r->bytes, r->n_bytes, r->path));
  if (options->calibrate == NULL)
    return CKKS_OK;
  BASE_TRY(table_rows_read_any(&r->data, options->calibrate, options->label, r->image));
  if (r->data.n_features == r->n_features)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT, "%s: %zu columns where the network takes %zu%s",
                   options->calibrate, r->data.n_features, r->n_features,
                   options->label == NULL ? " (--label leaves one out)" : "");
}

static ckks_status read_network(network_model *model, onnx_import_report *report, reading *r,
                                const blindsight_import_options *options) {
  onnx_import_options inner = {.mean = options->mean,
                               .deviation = options->deviation,
                               .error = options->error,
                               .max_degree = options->max_degree,
                               .margin = options->margin,
                               .minimax = options->minimax};
  BASE_TRY(base_file_read(&r->bytes, &r->n_bytes, r->path, ONNX_MAX_FILE_BYTES));
  BASE_TRY(read_rows(r, options));
  if (inner.deviation == 0.0)
    inner.deviation = r->image[0] > 0 ? BYTE_PIXELS : 1.0;
  BASE_TRY(onnx_import_model(model, report, r->bytes, r->n_bytes, r->path, r->data.value,
                             r->data.n_rows, &inner));
  return name_columns(model, &r->data);
}

static ckks_status check(const blindsight_import_options *o) {
  if (o->max_degree < 1 || o->max_degree > ENCODING_MAX_DEGREE)
    return base_fail(CKKS_ERROR_ARGUMENT, "max_degree = %d: must be 1 to %d", o->max_degree,
                     ENCODING_MAX_DEGREE);
  if (!(o->error > 0.0) || !(o->deviation >= 0.0) || !(o->margin >= 0.0) || o->mean != o->mean)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "error must be above 0, deviation and margin not below it, mean a number");
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
    status = blindsight_model_finish(out, read_network(&(*out)->model, &whole->report, &r, &o));
  if (r.bytes != NULL)
    base_wipe(r.bytes, r.n_bytes);
  base_free(r.bytes);
  table_data_clear(&r.data);
  if (status == CKKS_OK && report != NULL) {
    blindsight_import_view(whole);
    *report = &whole->shown;
  } else {
    blindsight_import_free(&whole->shown);
  }
  return status;
}
