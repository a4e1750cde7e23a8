/* SPDX-License-Identifier: Apache-2.0 */
/* Our own JSON (docs/trees.md): what scripts write for libraries that have no format of their own.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "network/json_input.h"
#include "trees/edge.h"
#include "trees/formats.h"
#include "trees/object.h"

typedef struct reading {
  trees_ensemble *ensemble;
  bool floats; /* rows are rounded to floats before they are compared */
  double *value;
} reading;

static ckks_status read_texts(char **out, const json_t *texts, size_t n, const char *path) {
  for (size_t i = 0; i < n; i++) {
    const char *text = json_string_value(json_array_get(texts, i));
    if (text == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "%s[%zu]: not a text", path, i);
    BASE_TRY(encoding_names_set(&out[i], text));
  }
  return CKKS_OK;
}

static ckks_status read_numbers(double *out, const json_t *numbers, size_t n, const char *path) {
  for (size_t i = 0; i < n; i++)
    BASE_TRY(trees_object_number(&out[i], json_array_get(numbers, i), path));
  return CKKS_OK;
}

/* x <= edge goes left; of floats, the largest one that does decides. */
static double edge_of(double edge, bool floats) {
  if (!floats)
    return edge;
  float below = (float)edge;
  if ((double)below > edge)
    below = nextafterf(below, -INFINITY);
  return trees_edge_float_above(below);
}

typedef struct arrays {
  const json_t *left, *right, *feature, *edge, *missing_right, *value;
} arrays;

static ckks_status get_arrays(arrays *a, size_t *n_nodes, const json_t *tree, const char *path) {
  a->left = trees_object_get(tree, "left", JSON_ARRAY, path);
  if (a->left == NULL)
    return CKKS_ERROR_FORMAT;
  *n_nodes = json_array_size(a->left);
  a->right = trees_object_array(tree, "right", *n_nodes, path);
  a->feature = a->right ? trees_object_array(tree, "feature", *n_nodes, path) : NULL;
  a->edge = a->feature ? trees_object_array(tree, "edge", *n_nodes, path) : NULL;
  a->missing_right = a->edge ? trees_object_array(tree, "missing_right", *n_nodes, path) : NULL;
  a->value = a->missing_right ? trees_object_array(tree, "value", *n_nodes, path) : NULL;
  return a->value != NULL ? CKKS_OK : CKKS_ERROR_FORMAT;
}

static ckks_status read_leaf(const reading *r, trees_node *node, const json_t *value, bool all,
                             const char *path) {
  size_t n = all ? r->ensemble->n_outputs : 1;
  if (json_array_size(value) != n)
    return base_fail(CKKS_ERROR_FORMAT, "%s.value: %zu numbers where %zu are needed", path,
                     json_array_size(value), n);
  BASE_TRY(read_numbers(r->value, value, n, path));
  return trees_ensemble_add_leaf(r->ensemble, node, r->value, n);
}

/* A list in place of an edge: the categories that go right. Nothing goes right of an empty one,
 * whatever the feature. */
static ckks_status read_categories(const reading *r, trees_node *node, const json_t *list,
                                   const char *path) {
  const encoding_input *input = &r->ensemble->input;
  size_t n = json_array_size(list);
  node->equal = input->feature != NULL && node->feature < input->n_features &&
                input->feature[node->feature].kind == ENCODING_CATEGORIES;
  if (n > ENCODING_MAX_VALUES || (n > 0 && !node->equal))
    return base_fail(CKKS_ERROR_FORMAT, "%s.edge: %zu categories of feature %u, which has fewer",
                     path, n, node->feature);
  double *category = base_alloc_array(n + 1, sizeof *category);
  if (category == NULL)
    return base_fail_memory(n * sizeof *category);
  ckks_status status = read_numbers(category, list, n, path);
  if (status == CKKS_OK)
    status = trees_ensemble_set_edges(r->ensemble, node, category, n);
  base_free(category);
  return status;
}

static ckks_status read_split(const reading *r, trees_node *node, const arrays *a, size_t i,
                              const char *path) {
  size_t left, right, feature, missing_right;
  const json_t *edge = json_array_get(a->edge, i);
  BASE_TRY(trees_object_count(&left, json_array_get(a->left, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&right, json_array_get(a->right, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&feature, json_array_get(a->feature, i), UINT32_MAX, path));
  BASE_TRY(trees_object_count(&missing_right, json_array_get(a->missing_right, i), 1, path));
  *node = (trees_node){.left = (uint32_t)left,
                       .right = (uint32_t)right,
                       .feature = (uint32_t)feature,
                       .missing_right = missing_right != 0};
  if (json_is_array(edge))
    return read_categories(r, node, edge, path);
  BASE_TRY(trees_object_number(&node->edge, edge, path));
  node->edge = edge_of(node->edge, r->floats);
  return CKKS_OK;
}

static ckks_status read_tree(const reading *r, const json_t *tree, size_t t) {
  char path[64];
  arrays a;
  size_t n_nodes, target = TREES_ALL_OUTPUTS;
  trees_node *node;
  snprintf(path, sizeof path, "trees[%zu]", t);
  BASE_TRY(get_arrays(&a, &n_nodes, tree, path));
  if (json_object_get(tree, "output") != NULL)
    BASE_TRY(trees_object_count(&target, json_object_get(tree, "output"),
                                r->ensemble->n_outputs - 1, path));
  BASE_TRY(trees_ensemble_add_tree(r->ensemble, n_nodes, target, &node));
  for (size_t i = 0; i < n_nodes; i++) {
    const json_t *value = json_array_get(a.value, i);
    BASE_TRY(json_is_array(value) ? read_leaf(r, &node[i], value, target == TREES_ALL_OUTPUTS, path)
                                  : read_split(r, &node[i], &a, i, path));
  }
  return CKKS_OK;
}

static ckks_status read_meaning(trees_ensemble *e, const json_t *root) {
  const json_t *kind = json_object_get(root, "outputs"), *end = json_object_get(root, "end");
  if (kind != NULL && !(json_is_string(kind) &&
                        encoding_meaning_kind_named(&e->meaning.kind, json_string_value(kind))))
    return base_fail(CKKS_ERROR_FORMAT, "outputs: not \"classes\", \"values\" or \"labels\"");
  if (end != NULL &&
      !(json_is_string(end) && encoding_meaning_end_named(&e->meaning.end, json_string_value(end))))
    return base_fail(CKKS_ERROR_FORMAT, "end: not a function that clients apply");
  return CKKS_OK;
}

/* A row that the library itself would refuse must not find a way through its trees. */
static ckks_status read_missing(trees_ensemble *e, const json_t *missing) {
  const char *word = json_string_value(missing);
  if (missing == NULL)
    return CKKS_OK;
  if (word == NULL || (strcmp(word, "routed") != 0 && strcmp(word, "refuse") != 0))
    return base_fail(CKKS_ERROR_FORMAT, "missing: not \"routed\" or \"refuse\"");
  e->meaning.complete = strcmp(word, "refuse") == 0;
  return CKKS_OK;
}

/* Which features are categories; edges of the others are the trees' own. */
static ckks_status read_encoding(trees_ensemble *e, const json_t *encoding) {
  BASE_TRY(network_json_read_input(&e->input, encoding, e->n_features));
  for (size_t f = 0; e->input.feature != NULL && f < e->n_features; f++)
    if (e->input.feature[f].kind == ENCODING_BINS)
      return base_fail(CKKS_ERROR_FORMAT,
                       "encoding[%zu]: edges, where trees bring their own; {} or categories", f);
  return CKKS_OK;
}

static ckks_status read_all(const reading *r, const json_t *root, const json_t *trees) {
  trees_ensemble *e = r->ensemble;
  const json_t *base = trees_object_array(root, "base", e->n_outputs, "model");
  if (base == NULL)
    return CKKS_ERROR_FORMAT;
  BASE_TRY(read_numbers(e->base, base, e->n_outputs, "base"));
  BASE_TRY(read_texts(e->feature, json_object_get(root, "features"), e->n_features, "features"));
  BASE_TRY(read_texts(e->label, json_object_get(root, "labels"), e->n_outputs, "labels"));
  BASE_TRY(read_meaning(e, root));
  BASE_TRY(read_missing(e, json_object_get(root, "missing")));
  BASE_TRY(read_encoding(e, json_object_get(root, "encoding")));
  for (size_t t = 0; t < json_array_size(trees); t++)
    BASE_TRY(read_tree(r, json_array_get(trees, t), t));
  return CKKS_OK;
}

ckks_status trees_own_read(trees_ensemble *ensemble, const json_t *root) {
  reading r = {.ensemble = ensemble, .floats = json_is_true(json_object_get(root, "floats"))};
  const json_t *features = trees_object_get(root, "features", JSON_ARRAY, "");
  const json_t *labels = features ? trees_object_get(root, "labels", JSON_ARRAY, "") : NULL;
  const json_t *trees = labels ? trees_object_get(root, "trees", JSON_ARRAY, "") : NULL;
  if (trees == NULL)
    return CKKS_ERROR_FORMAT;
  BASE_TRY(trees_ensemble_init(ensemble, json_array_size(features), json_array_size(labels)));
  r.value = base_alloc_array(ensemble->n_outputs, sizeof *r.value);
  ckks_status status = r.value != NULL ? read_all(&r, root, trees)
                                       : base_fail_memory(ensemble->n_outputs * sizeof *r.value);
  base_free(r.value);
  return status;
}
