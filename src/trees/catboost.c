/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CatBoost's JSON of oblivious trees: all nodes of a depth ask the same question, x > border in
 * floats, and leaf i is where the answers are the bits of i, the first split's the lowest.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "trees/edge.h"
#include "trees/formats.h"
#include "trees/object.h"

#define MAX_SPLITS 16

typedef struct reading {
  trees_ensemble *ensemble;
  const json_t *features; /* features_info.float_features */
  size_t n_values, first; /* of a leaf, and the output of the first of them */
  double scale;
} reading;

/* "AsTrue": NaN counts as larger than every border; else as smaller ("AsFalse", "AsIs"). */
static bool missing_is_large(const json_t *feature) {
  const char *treatment = json_string_value(json_object_get(feature, "nan_value_treatment"));
  return treatment != NULL && strcmp(treatment, "AsTrue") == 0;
}

static ckks_status read_split(trees_node *node, const reading *r, const json_t *split,
                              const char *path) {
  size_t index, flat;
  double border;
  const json_t *type = trees_object_get(split, "split_type", JSON_STRING, path);
  if (type == NULL)
    return CKKS_ERROR_FORMAT;
  if (strcmp(json_string_value(type), "FloatFeature") != 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: a split on categories; one-hot encode them before training", path);
  BASE_TRY(trees_object_count(&index, json_object_get(split, "float_feature_index"),
                              json_array_size(r->features) - 1, path));
  BASE_TRY(trees_object_number(&border, json_object_get(split, "border"), path));
  const json_t *feature = json_array_get(r->features, index);
  BASE_TRY(trees_object_count(&flat, json_object_get(feature, "flat_feature_index"),
                              r->ensemble->n_features - 1, "flat_feature_index"));
  *node = (trees_node){.feature = (uint32_t)flat,
                       .edge = trees_edge_float_above((float)border),
                       .missing_right = missing_is_large(feature)};
  return CKKS_OK;
}

static ckks_status read_leaf(const reading *r, trees_node *node, const json_t *values, size_t leaf,
                             double *value, const char *path) {
  for (size_t k = 0; k < r->n_values; k++) {
    BASE_TRY(trees_object_number(&value[r->first + k],
                                 json_array_get(values, leaf * r->n_values + k), path));
    value[r->first + k] *= r->scale;
  }
  return trees_ensemble_add_leaf(r->ensemble, node, value, r->ensemble->n_outputs);
}

/* A heap: node i has the children 2i + 1 and 2i + 2; the root asks the last split. */
static ckks_status read_tree(const reading *r, const json_t *tree, double *value, size_t t) {
  char path[64];
  trees_node *node, split[MAX_SPLITS];
  snprintf(path, sizeof path, "oblivious_trees[%zu]", t);
  const json_t *splits = json_object_get(tree, "splits");
  size_t depth = json_is_array(splits) ? json_array_size(splits) : 0;
  if (depth > MAX_SPLITS)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu splits where %d are allowed", path, depth,
                     MAX_SPLITS);
  size_t n_leaves = (size_t)1 << depth;
  const json_t *values = trees_object_array(tree, "leaf_values", n_leaves * r->n_values, path);
  if (values == NULL)
    return CKKS_ERROR_FORMAT;
  for (size_t s = 0; s < depth; s++)
    BASE_TRY(read_split(&split[s], r, json_array_get(splits, s), path));
  BASE_TRY(trees_ensemble_add_tree(r->ensemble, 2 * n_leaves - 1, TREES_ALL_OUTPUTS, &node));
  for (size_t i = 0, level = 0; i + 1 < n_leaves; i++) {
    level += i + 1 == (size_t)2 << level;
    node[i] = split[depth - 1 - level];
    node[i].left = (uint32_t)(2 * i + 1);
    node[i].right = (uint32_t)(2 * i + 2);
  }
  for (size_t leaf = 0; leaf < n_leaves; leaf++)
    BASE_TRY(read_leaf(r, &node[n_leaves - 1 + leaf], values, leaf, value, path));
  return CKKS_OK;
}

static ckks_status read_names(trees_ensemble *e, const json_t *features) {
  for (size_t i = 0; i < json_array_size(features); i++) {
    const json_t *feature = json_array_get(features, i);
    const char *name = json_string_value(json_object_get(feature, "feature_id"));
    size_t flat;
    BASE_TRY(trees_object_count(&flat, json_object_get(feature, "flat_feature_index"),
                                e->n_features - 1, "flat_feature_index"));
    if (name != NULL && name[0] != '\0')
      BASE_TRY(encoding_names_set(&e->feature[flat], name));
  }
  return CKKS_OK;
}

/* "scale_and_bias": [scale, [bias, ...]]; older files have a number for the bias. */
static ckks_status read_scale(reading *r, const json_t *root) {
  const json_t *both = json_object_get(root, "scale_and_bias");
  r->scale = 1.0;
  if (both == NULL)
    return CKKS_OK;
  BASE_TRY(trees_object_number(&r->scale, json_array_get(both, 0), "scale_and_bias[0]"));
  const json_t *bias = json_array_get(both, 1);
  for (size_t k = 0; k < r->n_values; k++)
    BASE_TRY(trees_object_number(&r->ensemble->base[r->first + k],
                                 json_is_array(bias) ? json_array_get(bias, k) : bias,
                                 "scale_and_bias[1]"));
  return CKKS_OK;
}

/* What the loss makes of the sums; NULL when it is not known. */
static const char *loss_of(const json_t *root) {
  const json_t *info = json_object_get(root, "model_info"),
               *params = json_object_get(info, "params");
  const json_t *loss = json_object_get(params, "loss_function");
  const char *type = json_string_value(json_object_get(loss, "type"));
  return type != NULL ? type : "RMSE";
}

static encoding_meaning meaning_of(const char *loss, size_t n_values, bool *binary) {
  *binary = strcmp(loss, "Logloss") == 0 || strcmp(loss, "CrossEntropy") == 0;
  if (*binary || strcmp(loss, "MultiClass") == 0)
    return (encoding_meaning){.kind = ENCODING_CLASSES, .end = ENCODING_END_SOFTMAX};
  if (strcmp(loss, "MultiClassOneVsAll") == 0)
    return (encoding_meaning){.kind = ENCODING_CLASSES, .end = ENCODING_END_SIGMOID};
  if (strcmp(loss, "Poisson") == 0)
    return (encoding_meaning){.kind = ENCODING_VALUES, .end = ENCODING_END_EXP};
  (void)n_values;
  return (encoding_meaning){.kind = ENCODING_VALUES};
}

ckks_status trees_catboost_read(trees_ensemble *ensemble, const json_t *root) {
  reading r = {.ensemble = ensemble};
  const json_t *trees = trees_object_get(root, "oblivious_trees", JSON_ARRAY, "");
  const json_t *info = trees ? trees_object_get(root, "features_info", JSON_OBJECT, "") : NULL;
  r.features = info ? trees_object_get(info, "float_features", JSON_ARRAY, "features_info") : NULL;
  if (r.features == NULL)
    return CKKS_ERROR_FORMAT;
  const json_t *categorical = json_object_get(info, "categorical_features");
  size_t n_trees = json_array_size(trees), n_features = json_array_size(r.features);
  if (n_trees == 0 || n_features == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%zu trees over %zu features", n_trees, n_features);
  if (json_is_array(categorical) && json_array_size(categorical) > 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "features_info.categorical_features: one-hot encode them before training");
  const json_t *tree = json_array_get(trees, 0);
  const json_t *splits = json_object_get(tree, "splits");
  size_t depth = json_is_array(splits) ? json_array_size(splits) : 0;
  size_t n_leaf_values = json_array_size(json_object_get(tree, "leaf_values"));
  r.n_values = depth <= MAX_SPLITS ? n_leaf_values >> depth : 0;
  if (r.n_values < 1 || r.n_values > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT, "oblivious_trees[0].leaf_values: %zu of %zu splits",
                     n_leaf_values, depth);
  bool binary;
  encoding_meaning meaning = meaning_of(loss_of(root), r.n_values, &binary);
  r.first = binary && r.n_values == 1 ? 1 : 0;
  BASE_TRY(trees_ensemble_init(ensemble, n_features, r.n_values + r.first));
  ensemble->meaning = meaning;
  BASE_TRY(read_names(ensemble, r.features));
  BASE_TRY(read_scale(&r, root));
  double *value = base_alloc_array(ensemble->n_outputs, sizeof *value);
  ckks_status status = value != NULL ? CKKS_OK : base_fail_memory(ensemble->n_outputs);
  for (size_t t = 0; t < n_trees && status == CKKS_OK; t++)
    status = read_tree(&r, json_array_get(trees, t), value, t);
  base_free(value);
  return status;
}
