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

/* What losses make of the sums. */
typedef struct loss {
  const char *name;
  encoding_kind kind;
  encoding_end end;
  bool binary; /* one sum for two classes */
} loss;

static const loss losses[] = {{"RMSE", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"MAE", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"MAPE", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"Quantile", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"MultiQuantile", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"Expectile", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"Huber", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"LogCosh", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"Lq", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"MultiRMSE", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"QueryRMSE", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"YetiRank", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"PairLogit", ENCODING_VALUES, ENCODING_END_NONE, false},
                              {"Poisson", ENCODING_VALUES, ENCODING_END_EXP, false},
                              {"Tweedie", ENCODING_VALUES, ENCODING_END_EXP, false},
                              {"Logloss", ENCODING_CLASSES, ENCODING_END_SOFTMAX, true},
                              {"CrossEntropy", ENCODING_CLASSES, ENCODING_END_SOFTMAX, true},
                              {"MultiClass", ENCODING_CLASSES, ENCODING_END_SOFTMAX, false},
                              {"MultiClassOneVsAll", ENCODING_CLASSES, ENCODING_END_SIGMOID, false},
                              {"MultiLogloss", ENCODING_LABELS, ENCODING_END_SIGMOID, false}};

static ckks_status find_loss(const loss **out, const json_t *root) {
  const json_t *info = json_object_get(root, "model_info");
  const json_t *given = json_object_get(json_object_get(info, "params"), "loss_function");
  const char *name = json_string_value(json_object_get(given, "type"));
  *out = NULL;
  for (size_t i = 0; name != NULL && i < sizeof losses / sizeof losses[0]; i++)
    if (strcmp(losses[i].name, name) == 0)
      *out = &losses[i];
  if (name == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "model_info.params.loss_function.type: missing: what "
                                        "predictions are made of the sums cannot be told");
  return *out != NULL ? CKKS_OK
                      : base_fail(CKKS_ERROR_FORMAT,
                                  "the loss \"%.40s\" is not known here (docs/trees.md)", name);
}

/* The classes' own names, texts or numbers, where the file has them. */
static ckks_status read_classes(trees_ensemble *e, const json_t *root) {
  const json_t *info = json_object_get(root, "model_info");
  const json_t *names = json_object_get(json_object_get(info, "class_params"), "class_names");
  if (names == NULL)
    return CKKS_OK;
  if (json_array_size(names) != e->n_outputs)
    return base_fail(CKKS_ERROR_FORMAT, "model_info.class_params.class_names: %zu of %zu classes",
                     json_array_size(names), e->n_outputs);
  for (size_t k = 0; k < e->n_outputs; k++) {
    const json_t *name = json_array_get(names, k);
    char number[32] = "";
    if (json_is_number(name))
      snprintf(number, sizeof number, "%.17g", json_number_value(name));
    BASE_TRY(
        encoding_names_set(&e->label[k], json_is_string(name) ? json_string_value(name) : number));
  }
  return CKKS_OK; /* names that are none are found by trees_ensemble_check */
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
  const loss *goal;
  BASE_TRY(find_loss(&goal, root));
  if (goal->binary && r.n_values != 1)
    return base_fail(CKKS_ERROR_FORMAT, "%zu values a leaf where %s has 1", r.n_values, goal->name);
  r.first = goal->binary ? 1 : 0;
  BASE_TRY(trees_ensemble_init(ensemble, n_features, r.n_values + r.first));
  ensemble->meaning = (encoding_meaning){.kind = goal->kind, .end = goal->end};
  BASE_TRY(read_names(ensemble, r.features));
  if (goal->kind == ENCODING_CLASSES)
    BASE_TRY(read_classes(ensemble, root));
  BASE_TRY(read_scale(&r, root));
  double *value = base_alloc_array(ensemble->n_outputs, sizeof *value);
  ckks_status status = value != NULL ? CKKS_OK : base_fail_memory(ensemble->n_outputs);
  for (size_t t = 0; t < n_trees && status == CKKS_OK; t++)
    status = read_tree(&r, json_array_get(trees, t), value, t);
  base_free(value);
  return status;
}
