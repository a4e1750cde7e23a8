/* SPDX-License-Identifier: Apache-2.0 */
/* Models in clear. */
#include "base/alloc.h"
#include "blindsight/objects.h"
#include "network/files.h"
#include "plan/files.h"

void blindsight_model_free(blindsight_model *model) {
  if (model == NULL)
    return;
  network_clear(&model->model);
  base_free(model);
}

static ckks_status model_build(blindsight_model **out) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = base_alloc(sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(sizeof **out);
}

/* Nothing is left in *out when the model did not come. */
static ckks_status model_finish(blindsight_model **out, ckks_status status) {
  if (status != CKKS_OK) {
    blindsight_model_free(*out);
    *out = NULL;
  }
  return status;
}

/* ---------------------------------------------------------- train, import */

ckks_status blindsight_model_read_json(blindsight_model **out, const char *text, size_t n_bytes,
                                       const char *name) {
  BASE_TRY(model_build(out));
  ckks_status status = blindsight_objects_require(text, "text");
  if (status == CKKS_OK)
    status = network_json_read(&(*out)->model, text, n_bytes, name != NULL ? name : "JSON");
  return model_finish(out, status);
}

ckks_status blindsight_model_write_json(char **text, const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(text, "text"));
  *text = NULL;
  BASE_TRY(blindsight_objects_require(model, "model"));
  return network_json_write(text, &model->model);
}

ckks_status blindsight_model_load(blindsight_model **out, const char *path) {
  BASE_TRY(model_build(out));
  ckks_status status = blindsight_objects_require(path, "path");
  if (status == CKKS_OK)
    status = network_files_read(&(*out)->model, path);
  return model_finish(out, status);
}

ckks_status blindsight_model_save(const char *path, const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(model, "model"));
  return network_files_write(path, &model->model);
}

/* --------------------------------------------------------------- questions */

blindsight_names blindsight_model_names(const blindsight_model *model) {
  const network_model *m = &model->model;
  return (blindsight_names){.name = m->name,
                            .n_features = m->n_features,
                            .n_labels = m->n_classes,
                            .feature = (const char *const *)m->feature,
                            .label = (const char *const *)m->label};
}

ckks_status blindsight_model_calibrate(blindsight_model *model, const double *rows, size_t n_rows) {
  BASE_TRY(blindsight_objects_require(model, "model"));
  network_model *m = &model->model;
  BASE_TRY(blindsight_rows_check(rows, n_rows, m->feature, m->n_features));
  return network_calibrate(m, rows, n_rows);
}

ckks_status blindsight_model_predict(blindsight_predictions *out, const double *rows, size_t n_rows,
                                     const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = (blindsight_predictions){0};
  BASE_TRY(blindsight_objects_require(model, "model"));
  const network_model *m = &model->model;
  BASE_TRY(blindsight_rows_check(rows, n_rows, m->feature, m->n_features));
  BASE_TRY(encoding_meaning_check_rows(&m->meaning, rows, n_rows, m->feature, m->n_features));
  BASE_TRY(blindsight_predictions_init(out, n_rows, m->n_classes));
  ckks_status status = network_forward_rows(out->output, rows, n_rows, m);
  if (status == CKKS_OK) {
    encoding_meaning_finish(out->output, n_rows, m->n_classes, m->meaning.end);
    blindsight_predictions_choose(out, m->meaning.kind);
  } else
    blindsight_predictions_clear(out);
  return status;
}
