/* SPDX-License-Identifier: Apache-2.0 */
/* From an ensemble of trees, and rows that say where bins are, to a model. */
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "onnx/graph.h"
#include "table/data.h"
#include "trees/bins.h"
#include "trees/leaves.h"
#include "trees/read.h"

typedef struct reading {
  const char *path;
  uint8_t *bytes;
  size_t n_bytes;
  trees_ensemble ensemble;
  table_data data;
  encoding_input input;
} reading;

static const encoding_input *categories_of(const trees_ensemble *e) {
  return e->input.feature != NULL ? &e->input : NULL;
}

static ckks_status read_rows(reading *r, const char *calibrate) {
  const trees_ensemble *e = &r->ensemble;
  return calibrate == NULL
             ? CKKS_OK
             : table_data_read_features(&r->data, calibrate, (const char *const *)e->feature,
                                        e->n_features, NULL, NULL, 0, categories_of(e));
}

static ckks_status read_model(network_model *model, blindsight_trees *report, reading *r,
                              const blindsight_trees_options *o) {
  trees_bins_report bins;
  BASE_TRY(base_file_read(&r->bytes, &r->n_bytes, r->path, TREES_READ_MAX_BYTES));
  const char *text = (const char *)r->bytes;
  BASE_TRY(trees_read(&r->ensemble, text, r->n_bytes, base_file_name(r->path)));
  BASE_TRY(read_rows(r, o->calibrate));
  const trees_bins_options options = {.rows = r->data.value,
                                      .n_rows = r->data.n_rows,
                                      .n_bins = o->n_bins,
                                      .exact = o->exact,
                                      .seed = o->seed};
  BASE_TRY(trees_bins_choose(&r->input, &bins, &r->ensemble, &options));
  BASE_TRY(trees_leaves_build(model, &r->ensemble, &r->input));
  *report =
      (blindsight_trees){.format = trees_read_name(trees_read_recognise(text, r->n_bytes)),
                         .n_trees = r->ensemble.n_trees,
                         .n_leaves = model->layer[0].n_out,
                         .n_conditions = (size_t)model->layer[0].activation[0].polynomial.degree,
                         .n_inputs = r->input.n_inputs,
                         .n_rows = r->data.n_rows,
                         .n_bins = bins.n_bins,
                         .n_changed = bins.n_changed,
                         .difference = bins.largest};
  return CKKS_OK;
}

ckks_status blindsight_model_is_trees(bool *out, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = false;
  BASE_TRY(blindsight_objects_require(path, "path"));
  if (strcmp(path, "-") == 0) /* can be read once only */
    return CKKS_OK;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, ONNX_MAX_FILE_BYTES));
  *out = trees_read_recognise((const char *)bytes, n_bytes) != TREES_NONE;
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return CKKS_OK;
}

void blindsight_trees_options_default(blindsight_trees_options *options, size_t size) {
  const blindsight_trees_options usual = {.size = sizeof usual, .seed = 1};
  blindsight_options_give(options, size, &usual, sizeof usual);
}

ckks_status blindsight_model_import_trees(blindsight_model **out, blindsight_trees *report,
                                          const char *path,
                                          const blindsight_trees_options *options) {
  blindsight_trees_options o;
  blindsight_trees unused = {0};
  if (out != NULL)
    *out = NULL;
  BASE_TRY(blindsight_objects_require(out, "out"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  blindsight_trees_options_default(&o, sizeof o);
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  reading r = {.path = path};
  ckks_status status = blindsight_model_build(out);
  if (status == CKKS_OK)
    status = blindsight_model_finish(
        out, read_model(&(*out)->model, report != NULL ? report : &unused, &r, &o));
  if (r.bytes != NULL)
    base_wipe(r.bytes, r.n_bytes);
  base_free(r.bytes);
  table_data_clear(&r.data);
  trees_ensemble_clear(&r.ensemble);
  encoding_input_clear(&r.input);
  return status;
}
