/* SPDX-License-Identifier: Apache-2.0 */
/* Models in clear. */
#include "base/alloc.h"
#include "blindsight/objects.h"
#include "network/files.h"

void blindsight_model_free(blindsight_model *model) {
  if (model == NULL)
    return;
  base_free(model->layer);
  base_free(model->units);
  base_free(model->feature_weight);
  base_free(model->feature_inputs);
  base_free(model->feature_used);
  network_clear(&model->model);
  base_free(model);
}

ckks_status blindsight_model_build(blindsight_model **out) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = base_alloc(sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(sizeof **out);
}

/* --- views */

static void view_names(blindsight_model *model) {
  const network_model *m = &model->model;
  model->names = blindsight_names_view(m->name, m->feature, m->n_features, m->label, m->n_classes,
                                       &m->meaning, m->input.feature != NULL ? &m->input : NULL);
}

/* Into rooms that are there already. */
static void view_shape(blindsight_model *model) {
  const network_model *m = &model->model;
  blindsight_units_of *units = model->units;
  for (size_t l = 0; l < m->n_layers; l++) {
    const network_layer *layer = &m->layer[l];
    for (size_t a = 0; a < layer->n_activations; a++)
      units[a] = (blindsight_units_of){.n_units = layer->n_activations == 1 ? layer->n_out : 0,
                                       .degree = layer->activation[a].polynomial.degree,
                                       .max_abs = layer->activation[a].max_abs};
    for (size_t o = 0; layer->n_activations > 1 && o < layer->n_out; o++)
      units[layer->activation_of[o]].n_units++;
    model->layer[l] = (blindsight_layer){.n_in = layer->n_in,
                                         .n_out = layer->n_out,
                                         .n_weights = layer->weight.start[layer->n_out],
                                         .n_activations = layer->n_activations,
                                         .activation = units};
    units += layer->n_activations;
  }
  model->shape = (blindsight_shape){.n_layers = m->n_layers,
                                    .layer = model->layer,
                                    .calibrated = network_calibrate_is_done(m),
                                    .fitted_error = m->fitted_error,
                                    .feature_weight = model->feature_weight,
                                    .feature_inputs = model->feature_inputs,
                                    .feature_used = model->feature_used};
}

static ckks_status view_features(blindsight_model *model) {
  const network_model *m = &model->model;
  size_t n = m->n_features;
  model->feature_weight = base_alloc_array(n, sizeof *model->feature_weight);
  model->feature_inputs = base_alloc_array(n, sizeof *model->feature_inputs);
  model->feature_used = base_alloc_array(n, sizeof *model->feature_used);
  if (model->feature_weight == NULL || model->feature_inputs == NULL || model->feature_used == NULL)
    return base_fail_memory(n * sizeof *model->feature_weight);
  for (size_t f = 0; f < n; f++)
    model->feature_inputs[f] =
        m->input.feature != NULL ? encoding_input_count(&m->input.feature[f]) : 1;
  return network_weight_parts(model->feature_weight, model->feature_used, m);
}

static ckks_status model_view(blindsight_model *model) {
  const network_model *m = &model->model;
  size_t n = 0;
  for (size_t l = 0; l < m->n_layers; l++)
    n += m->layer[l].n_activations;
  model->layer = base_alloc_array(m->n_layers, sizeof *model->layer);
  model->units = base_alloc_array(n, sizeof *model->units);
  if (model->layer == NULL || model->units == NULL)
    return base_fail_memory(n * sizeof *model->units);
  BASE_TRY(view_features(model));
  view_names(model);
  view_shape(model);
  return CKKS_OK;
}

ckks_status blindsight_model_finish(blindsight_model **out, ckks_status status) {
  if (status == CKKS_OK)
    status = model_view(*out);
  if (status != CKKS_OK) {
    blindsight_model_free(*out);
    *out = NULL;
  }
  return status;
}

/* --- files */

ckks_status blindsight_model_load(blindsight_model **out, const char *path) {
  BASE_TRY(blindsight_model_build(out));
  ckks_status status = blindsight_objects_require(path, "path");
  if (status == CKKS_OK)
    status = network_files_read(&(*out)->model, path);
  return blindsight_model_finish(out, status);
}

ckks_status blindsight_model_save(const char *path, const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(model, "model"));
  return network_files_write(path, &model->model);
}

/* --- JSON */

ckks_status blindsight_model_read_json(blindsight_model **out, const char *text, size_t n_bytes,
                                       const char *name) {
  BASE_TRY(blindsight_model_build(out));
  ckks_status status = blindsight_objects_require(text, "text");
  if (status == CKKS_OK)
    status = network_json_read(&(*out)->model, text, n_bytes, name != NULL ? name : "JSON");
  return blindsight_model_finish(out, status);
}

ckks_status blindsight_model_write_json(char **text, const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(text, "text"));
  *text = NULL;
  BASE_TRY(blindsight_objects_require(model, "model"));
  return network_json_write(text, &model->model);
}

/* --- questions and changes */

const blindsight_names *blindsight_model_names(const blindsight_model *model) {
  return model != NULL ? &model->names : NULL;
}

const blindsight_shape *blindsight_model_shape(const blindsight_model *model) {
  return model != NULL ? &model->shape : NULL;
}

ckks_status blindsight_model_set_name(blindsight_model *model, const char *name) {
  BASE_TRY(blindsight_objects_require(model, "model"));
  BASE_TRY(blindsight_objects_require(name, "name"));
  BASE_TRY(encoding_names_check(name, "the model's name"));
  BASE_TRY(encoding_names_set(&model->model.name, name));
  view_names(model);
  return CKKS_OK;
}

ckks_status blindsight_model_calibrate(blindsight_model *model, const double *rows, size_t n_rows) {
  BASE_TRY(blindsight_objects_require(model, "model"));
  network_model *m = &model->model;
  BASE_TRY(blindsight_rows_check(rows, n_rows, m->feature, m->n_features));
  BASE_TRY(network_calibrate(m, rows, n_rows));
  view_shape(model);
  return CKKS_OK;
}

ckks_status blindsight_model_predict(blindsight_predictions **out, const double *rows,
                                     size_t n_rows, const blindsight_model *model) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(model, "model"));
  const network_model *m = &model->model;
  BASE_TRY(blindsight_rows_check(rows, n_rows, m->feature, m->n_features));
  BASE_TRY(encoding_meaning_check_rows(&m->meaning, rows, n_rows, m->feature, m->n_features));
  BASE_TRY(blindsight_predictions_build(out, n_rows, m->n_classes));
  ckks_status status = network_forward_rows((*out)->output, rows, n_rows, m);
  if (status == CKKS_OK)
    encoding_meaning_finish((*out)->output, n_rows, m->n_classes, m->meaning.end);
  return blindsight_predictions_finish(out, status, m->meaning.kind);
}
