/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XGBoost's JSON (its doc/model.schema, versions 1.0 to 2.x). Rows are floats there: x < condition
 * goes left, so an edge stands half way between two floats.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trees/edge.h"
#include "trees/formats.h"
#include "trees/object.h"

typedef struct reading {
  trees_ensemble *ensemble;
  size_t n_groups, first; /* outputs that trees take turns in, and the first of them */
  const json_t *info;     /* of each tree, its output */
  const json_t *drop;     /* DART: the weight of each tree, or NULL */
} reading;

/* What objectives do to the sums, and the sums that a base score stands for. */
typedef struct objective {
  const char *name;
  encoding_kind kind;
  encoding_end end;
} objective;

static const objective objectives[] = {{"reg:squarederror", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"reg:squaredlogerror", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"reg:pseudohubererror", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"reg:absoluteerror", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"reg:linear", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"reg:logistic", ENCODING_VALUES, ENCODING_END_SIGMOID},
                                       {"binary:logistic", ENCODING_CLASSES, ENCODING_END_SIGMOID},
                                       {"binary:logitraw", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"multi:softmax", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
                                       {"multi:softprob", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
                                       {"count:poisson", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"reg:gamma", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"reg:tweedie", ENCODING_VALUES, ENCODING_END_EXP},
                                       {"rank:pairwise", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"rank:ndcg", ENCODING_VALUES, ENCODING_END_NONE},
                                       {"rank:map", ENCODING_VALUES, ENCODING_END_NONE}};

static const objective *objective_named(const char *name) {
  for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; i++)
    if (strcmp(objectives[i].name, name) == 0)
      return &objectives[i];
  return NULL;
}

/* The base score is written as a prediction; sums start from what the objective makes it of. */
static ckks_status margin(double *out, double score, const objective *o) {
  bool inside = o->end == ENCODING_END_SIGMOID ? score > 0.0 && score < 1.0
                                               : o->end != ENCODING_END_EXP || score > 0.0;
  if (!inside)
    return base_fail(CKKS_ERROR_FORMAT, "base_score %g is no prediction of %s", score, o->name);
  *out = o->end == ENCODING_END_SIGMOID ? -log(1.0 / score - 1.0)
         : o->end == ENCODING_END_EXP   ? log(score)
                                        : score;
  return CKKS_OK;
}

/* ---------------------------------------------------------------- one tree */

typedef struct arrays {
  const json_t *left, *right, *feature, *condition, *missing_left;
} arrays;

static ckks_status refuse_categories(const json_t *tree, const char *path) {
  const json_t *categories = json_object_get(tree, "categories");
  if (json_is_array(categories) && json_array_size(categories) > 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: splits on categories; one-hot encode them before training", path);
  size_t i;
  const json_t *type;
  json_array_foreach(json_object_get(tree, "split_type"), i,
                     type) if (!json_is_integer(type) ||
                               json_integer_value(type) !=
                                   0) return base_fail(CKKS_ERROR_FORMAT,
                                                       "%s.split_type[%zu]: not 0, a split on a "
                                                       "number; one-hot encode categories "
                                                       "before training",
                                                       path, i);
  return CKKS_OK;
}

static ckks_status get_arrays(arrays *a, size_t *n_nodes, const json_t *tree, const char *path) {
  const json_t *left = trees_object_get(tree, "left_children", JSON_ARRAY, path);
  if (left == NULL)
    return CKKS_ERROR_FORMAT;
  *n_nodes = json_array_size(left);
  a->left = left;
  a->right = trees_object_array(tree, "right_children", *n_nodes, path);
  a->feature = a->right ? trees_object_array(tree, "split_indices", *n_nodes, path) : NULL;
  a->condition = a->feature ? trees_object_array(tree, "split_conditions", *n_nodes, path) : NULL;
  a->missing_left = a->condition ? trees_object_array(tree, "default_left", *n_nodes, path) : NULL;
  if (a->missing_left == NULL)
    return CKKS_ERROR_FORMAT;
  BASE_TRY(refuse_categories(tree, path));
  return CKKS_OK;
}

static ckks_status read_split(trees_node *node, const arrays *a, size_t i, const char *path) {
  size_t left, right, feature, missing_left;
  double condition;
  BASE_TRY(trees_object_count(&left, json_array_get(a->left, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&right, json_array_get(a->right, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&feature, json_array_get(a->feature, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&missing_left, json_array_get(a->missing_left, i), 1, path));
  BASE_TRY(trees_object_number(&condition, json_array_get(a->condition, i), path));
  *node = (trees_node){.left = (uint32_t)left,
                       .right = (uint32_t)right,
                       .feature = (uint32_t)feature,
                       .missing_right = missing_left == 0,
                       .edge = trees_edge_float_not_below((float)condition)};
  return CKKS_OK;
}

static ckks_status read_leaf(trees_node *node, const arrays *a, size_t i, double weight,
                             const reading *r, const char *path) {
  double value;
  BASE_TRY(trees_object_number(&value, json_array_get(a->condition, i), path));
  value = weight * (double)(float)value;
  return trees_ensemble_add_leaf(r->ensemble, node, &value, 1);
}

static ckks_status read_tree(const reading *r, const json_t *tree, size_t t) {
  char path[64];
  arrays a;
  size_t n_nodes, group;
  double weight = 1.0;
  trees_node *node;
  snprintf(path, sizeof path, "trees[%zu]", t);
  BASE_TRY(get_arrays(&a, &n_nodes, tree, path));
  BASE_TRY(trees_object_count(&group, json_array_get(r->info, t), r->n_groups - 1, "tree_info"));
  if (r->drop != NULL)
    BASE_TRY(trees_object_number(&weight, json_array_get(r->drop, t), "weight_drop"));
  BASE_TRY(trees_ensemble_add_tree(r->ensemble, n_nodes, r->first + group, &node));
  for (size_t i = 0; i < n_nodes; i++) {
    const json_t *left = json_array_get(a.left, i);
    bool leaf = json_is_integer(left) && json_integer_value(left) == -1;
    BASE_TRY(leaf ? read_leaf(&node[i], &a, i, weight, r, path)
                  : read_split(&node[i], &a, i, path));
  }
  return CKKS_OK;
}

/* ---------------------------------------------------------------- the whole */

static ckks_status read_names(trees_ensemble *e, const json_t *learner) {
  const json_t *names = json_object_get(learner, "feature_names");
  if (!json_is_array(names) || json_array_size(names) == 0)
    return CKKS_OK;
  if (json_array_size(names) != e->n_features)
    return base_fail(CKKS_ERROR_FORMAT, "learner.feature_names: %zu of %zu", json_array_size(names),
                     e->n_features);
  for (size_t i = 0; i < e->n_features; i++) {
    const char *name = json_string_value(json_array_get(names, i));
    if (name == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "learner.feature_names[%zu]: not a text", i);
    BASE_TRY(encoding_names_set(&e->feature[i], name));
  }
  return CKKS_OK;
}

static ckks_status init(reading *r, const objective **o, const json_t *learner) {
  size_t n_features, n_classes;
  double score;
  const json_t *param = trees_object_get(learner, "learner_model_param", JSON_OBJECT, "learner");
  const json_t *goal =
      param ? trees_object_get(learner, "objective", JSON_OBJECT, "learner") : NULL;
  const json_t *name =
      goal ? trees_object_get(goal, "name", JSON_STRING, "learner.objective") : NULL;
  if (name == NULL)
    return CKKS_ERROR_FORMAT;
  if ((*o = objective_named(json_string_value(name))) == NULL)
    return base_fail(CKKS_ERROR_FORMAT,
                     "the objective \"%.40s\" is not known here; those are reg:squarederror, "
                     "binary:logistic, multi:softprob and others of docs/trees.md",
                     json_string_value(name));
  BASE_TRY(trees_object_count(&n_features, json_object_get(param, "num_feature"),
                              ENCODING_MAX_FEATURES, "num_feature"));
  BASE_TRY(trees_object_count(&n_classes, json_object_get(param, "num_class"), ENCODING_MAX_CLASSES,
                              "num_class"));
  BASE_TRY(trees_object_number(&score, json_object_get(param, "base_score"), "base_score"));
  r->n_groups = n_classes > 1 ? n_classes : 1;
  /* Two classes are scores 0 and z: the softmax of the two is what the sigmoid says of z. */
  bool binary = r->n_groups == 1 && (*o)->kind == ENCODING_CLASSES;
  r->first = binary ? 1 : 0;
  BASE_TRY(trees_ensemble_init(r->ensemble, n_features, r->n_groups + r->first));
  BASE_TRY(margin(&score, (double)(float)score, *o));
  for (size_t k = 0; k < r->n_groups; k++)
    r->ensemble->base[r->first + k] = score;
  r->ensemble->meaning =
      (encoding_meaning){.kind = (*o)->kind, .end = binary ? ENCODING_END_SOFTMAX : (*o)->end};
  return read_names(r->ensemble, learner);
}

ckks_status trees_xgboost_read(trees_ensemble *ensemble, const json_t *root) {
  reading r = {.ensemble = ensemble};
  const objective *o;
  const json_t *learner = trees_object_get(root, "learner", JSON_OBJECT, "");
  const json_t *booster =
      learner ? trees_object_get(learner, "gradient_booster", JSON_OBJECT, "learner") : NULL;
  if (booster == NULL)
    return CKKS_ERROR_FORMAT;
  const char *name = json_string_value(json_object_get(booster, "name"));
  if (name != NULL && strcmp(name, "gblinear") == 0)
    return base_fail(CKKS_ERROR_FORMAT, "booster gblinear has no trees; a linear model is a "
                                        "model in JSON with one layer (docs/model-json.md)");
  if (name != NULL && strcmp(name, "dart") == 0) {
    r.drop = trees_object_get(booster, "weight_drop", JSON_ARRAY, "gradient_booster");
    booster = r.drop ? trees_object_get(booster, "gbtree", JSON_OBJECT, "gradient_booster") : NULL;
  }
  const json_t *model =
      booster ? trees_object_get(booster, "model", JSON_OBJECT, "gradient_booster") : NULL;
  const json_t *trees = model ? trees_object_get(model, "trees", JSON_ARRAY, "model") : NULL;
  if (trees == NULL)
    return CKKS_ERROR_FORMAT;
  size_t n_trees = json_array_size(trees);
  r.info = trees_object_array(model, "tree_info", n_trees, "model");
  if (r.info == NULL)
    return CKKS_ERROR_FORMAT;
  if (r.drop != NULL && json_array_size(r.drop) != n_trees)
    return base_fail(CKKS_ERROR_FORMAT, "weight_drop: %zu weights of %zu trees",
                     json_array_size(r.drop), n_trees);
  BASE_TRY(init(&r, &o, learner));
  for (size_t t = 0; t < n_trees; t++)
    BASE_TRY(read_tree(&r, json_array_get(trees, t), t));
  return CKKS_OK;
}
