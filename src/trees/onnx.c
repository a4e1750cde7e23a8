/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ONNX's TreeEnsembleRegressor and TreeEnsembleClassifier (ai.onnx.ml 1 to 3) and TreeEnsemble (5),
 * one of them in a graph, and what stands before it: onnx_columns.c. Casts, names of values and
 * ZipMap behind it change no number. Where the standard and its runtimes do not say the same, the
 * file is refused.
 */
#include "trees/onnx.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "trees/formats.h"
#include "trees/onnx_columns.h"

#define NEAR_ZERO 1e-3

typedef struct reading {
  onnx_graph *graph;
  const onnx_node *node; /* the trees */
  trees_onnx_columns columns;
  trees_onnx_sums sums;
  encoding_meaning meaning;
  bool zero_stays; /* SOFTMAX_ZERO */
  size_t n_outputs;
} reading;

static bool is_operator(const onnx_node *node, const char *domain, const char *op) {
  bool usual = domain[0] == '\0' && onnx_wire_text_is(node->domain, "ai.onnx");
  return (usual || onnx_wire_text_is(node->domain, domain)) && onnx_wire_text_is(node->op, op);
}

static ckks_status refuse(const onnx_node *node, const char *why) {
  char text[160];
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s", onnx_graph_node_name(text, node), why);
}

/* ---------------------------------------------------------------- the graph */

static ckks_status find_trees(reading *r) {
  for (size_t i = 0; i < r->graph->n_nodes; i++) {
    const onnx_node *node = &r->graph->node[i];
    bool five = is_operator(node, "ai.onnx.ml", "TreeEnsemble");
    bool classifier = is_operator(node, "ai.onnx.ml", "TreeEnsembleClassifier");
    if (!classifier && !five && !is_operator(node, "ai.onnx.ml", "TreeEnsembleRegressor"))
      continue;
    if (r->node != NULL)
      return refuse(node, "a second ensemble; one file holds one");
    r->node = node;
    r->sums = (trees_onnx_sums){.node = node, .classifier = classifier, .five = five};
  }
  return r->node != NULL
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "no TreeEnsembleClassifier, TreeEnsembleRegressor or "
                                            "TreeEnsemble of ai.onnx.ml");
}

static int64_t cast_to(const onnx_node *node) {
  const onnx_attribute *to = onnx_graph_attribute(node, "to");
  return to != NULL ? to->i : 0;
}

static ckks_status read_input(reading *r) {
  size_t used;
  BASE_TRY(r->sums.five ? trees_onnx_five_features(&used, r->node)
                        : trees_onnx_nodes_features(&used, r->node));
  BASE_TRY(trees_onnx_columns_read(&r->columns, r->graph, r->node, used));
  r->sums.columns = &r->columns;
  return CKKS_OK;
}

/* The value that casts and names behind the trees began with. */
static int began(const onnx_graph *graph, int value) {
  while (value >= 0 && graph->value[value].node >= 0) {
    const onnx_node *node = &graph->node[graph->value[value].node];
    if (node->n_in != 1 || (!is_operator(node, "", "Cast") && !is_operator(node, "", "Identity")))
      break;
    value = node->in[0];
  }
  return value;
}

/* Nothing else computes anything. */
static ckks_status check_others(const reading *r) {
  int scores = r->sums.classifier ? 1 : 0;
  for (size_t i = 0; i < r->graph->n_nodes; i++) {
    const onnx_node *node = &r->graph->node[i];
    bool cast = is_operator(node, "", "Cast");
    if (node == r->node || r->columns.step[i])
      continue;
    if (!cast && !is_operator(node, "", "Identity") && !is_operator(node, "ai.onnx.ml", "ZipMap"))
      return refuse(node, "only Cast, Identity and ZipMap may stand beside the trees; save the "
                          "trees by themselves");
    bool whole = cast && cast_to(node) != TREES_ONNX_FLOAT && cast_to(node) != TREES_ONNX_DOUBLE;
    if (whole && node->n_in == 1 && r->node->n_out > scores &&
        began(r->graph, node->in[0]) == r->node->out[scores])
      return refuse(node, "casts the outputs of trees to something that is neither float nor "
                          "double");
  }
  return CKKS_OK;
}

/* ------------------------------------------------------------- what it means */

static const struct {
  const char *name;
  encoding_end end;
} ends[] = {{"NONE", ENCODING_END_NONE},
            {"SOFTMAX", ENCODING_END_SOFTMAX},
            {"LOGISTIC", ENCODING_END_SIGMOID},
            {"SOFTMAX_ZERO", ENCODING_END_SOFTMAX},
            {"PROBIT", ENCODING_END_PROBIT}};
enum { N_POSTS = sizeof ends / sizeof ends[0], SOFTMAX_ZERO = 3 };

/* Named by a text, or (since 5) by a number. */
static ckks_status read_end(reading *r) {
  const onnx_attribute *post = onnx_graph_attribute(r->node, "post_transform");
  int64_t k = 0;
  if (post != NULL && r->sums.five) {
    k = post->i;
    if (k == 1 || k == 2)
      return base_fail(CKKS_ERROR_FORMAT,
                       "post_transform %lld: the standard calls it %s, and ONNX Runtime (1.30) "
                       "computes the other, %s; export with 0, and apply it to the outputs",
                       (long long)k, k == 1 ? "SOFTMAX" : "LOGISTIC",
                       k == 1 ? "LOGISTIC" : "SOFTMAX");
  }
  if (post != NULL && !r->sums.five)
    while (k < N_POSTS && !onnx_wire_text_is(post->s, ends[k].name))
      k++;
  if (k < 0 || k >= N_POSTS)
    return base_fail(CKKS_ERROR_FORMAT, "post_transform %.*s%lld: does not exist",
                     ONNX_TEXT(post->s), (long long)k);
  r->meaning.end = ends[k].end;
  r->zero_stays = k == SOFTMAX_ZERO;
  return CKKS_OK;
}

/* Of one tree all functions are alike. */
static bool one_tree(const onnx_node *node) {
  const onnx_attribute *trees = onnx_graph_attribute(node, "nodes_treeids"),
                       *roots = onnx_graph_attribute(node, "tree_roots");
  for (size_t i = 1; trees != NULL && i < trees->n_ints; i++)
    if (trees->ints[i] != trees->ints[0])
      return false;
  return roots == NULL || roots->n_ints <= 1;
}

static ckks_status read_aggregate(reading *r) {
  static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  const onnx_attribute *how = onnx_graph_attribute(r->node, "aggregate_function");
  int64_t k = 0;
  if (how == NULL)
    return CKKS_OK;
  if (r->sums.five)
    k = how->i;
  else
    while (k < 4 && !onnx_wire_text_is(how->s, names[k]))
      k++;
  if (k < 0 || k > 3)
    return base_fail(CKKS_ERROR_FORMAT, "aggregate_function %.*s%lld: does not exist",
                     ONNX_TEXT(how->s), (long long)k);
  r->sums.average = k == 0;
  if (k < 2 || one_tree(r->node))
    return CKKS_OK;
  return base_fail(CKKS_ERROR_FORMAT,
                   "aggregate_function %s: under encryption trees add up (SUM, AVERAGE); "
                   "the smallest or largest of them would be compared there",
                   names[k]);
}

static ckks_status read_targets(reading *r) {
  const onnx_attribute *n = onnx_graph_attribute(r->node, "n_targets");
  int64_t targets = n != NULL ? n->i : 1;
  if (targets < 1 || targets > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT, "n_targets: %lld where 1 to %d are allowed",
                     (long long)targets, ENCODING_MAX_CLASSES);
  r->n_outputs = (size_t)targets;
  r->meaning.kind = ENCODING_VALUES;
  if (targets == 1 && r->meaning.end == ENCODING_END_SOFTMAX)
    return base_fail(CKKS_ERROR_FORMAT, "post_transform SOFTMAX of one target is always 1");
  return read_aggregate(r);
}

/* Two classes whose weights are all of class 0 in name, and of the second in fact: exporters write
 * them so. Runtimes take the sum for a probability where no weight is below 0. */
static ckks_status read_column(reading *r) {
  const onnx_attribute *id = onnx_graph_attribute(r->node, "class_ids");
  const onnx_attribute *weight = onnx_graph_attribute(r->node, "class_weights");
  bool first = id != NULL && id->n_ints > 0, second = first;
  for (size_t i = 0; id != NULL && i < id->n_ints; i++) {
    first = first && id->ints[i] == 0;
    second = second && id->ints[i] == 1;
  }
  if (second)
    return base_fail(CKKS_ERROR_FORMAT, "class_ids: two classes, and weights of class 1 alone, of "
                                        "which runtimes differ; export both, or call it class 0");
  if (!first)
    return CKKS_OK;
  if (weight == NULL || weight->n_floats == 0)
    return base_fail(CKKS_ERROR_FORMAT, "class_weights: missing, or not floats, where two classes "
                                        "have one column");
  bool below = false;
  for (size_t i = 0; i < weight->n_floats; i++)
    below = below || weight->floats[i] < 0.0;
  if (r->meaning.end == ENCODING_END_SOFTMAX)
    return base_fail(CKKS_ERROR_FORMAT, "post_transform SOFTMAX of two classes with one column of "
                                        "weights, of which runtimes differ; export both");
  if (r->meaning.end == ENCODING_END_SIGMOID && !below)
    return base_fail(
        CKKS_ERROR_FORMAT,
        "post_transform LOGISTIC of one column of class_weights of which none is below "
        "0: runtimes leave it out there; export both columns");
  /* Two classes are scores 0 and z: the softmax of the two is what the sigmoid says of z. */
  r->sums.column = true;
  r->sums.mirrored = r->meaning.end == ENCODING_END_NONE;
  if (!r->sums.mirrored)
    r->meaning.end = ENCODING_END_SOFTMAX;
  return CKKS_OK;
}

static ckks_status read_classes(reading *r) {
  const onnx_attribute *ints = onnx_graph_attribute(r->node, "classlabels_int64s");
  const onnx_attribute *texts = onnx_graph_attribute(r->node, "classlabels_strings");
  size_t n_ints = ints != NULL ? ints->n_ints : 0, n_texts = texts != NULL ? texts->n_strings : 0;
  if (n_ints > 0 && n_texts > 0)
    return base_fail(CKKS_ERROR_FORMAT, "classlabels_int64s and classlabels_strings: both");
  r->n_outputs = n_ints + n_texts;
  r->meaning.kind = ENCODING_CLASSES;
  if (r->n_outputs < 2 || r->n_outputs > ENCODING_MAX_CLASSES)
    return base_fail(CKKS_ERROR_FORMAT, "classlabels: %zu where 2 to %d are allowed", r->n_outputs,
                     ENCODING_MAX_CLASSES);
  return r->n_outputs == 2 ? read_column(r) : CKKS_OK;
}

static ckks_status read_labels(const reading *r, trees_ensemble *e) {
  const onnx_attribute *ints = onnx_graph_attribute(r->node, "classlabels_int64s");
  const onnx_attribute *texts = onnx_graph_attribute(r->node, "classlabels_strings");
  for (size_t k = 0; r->sums.classifier && k < e->n_outputs; k++) {
    char number[32];
    if (texts != NULL && texts->n_strings > 0) {
      BASE_TRY(
          trees_onnx_columns_name(&e->label[k], texts->strings[k], "classlabels_strings: a label"));
      continue;
    }
    snprintf(number, sizeof number, "%lld", (long long)ints->ints[k]);
    BASE_TRY(encoding_names_set(&e->label[k], number));
  }
  return CKKS_OK;
}

/* What sums start from: of one column it is the second class's, and its own mirror image, or the
 * probability that is left. */
static ckks_status read_base(const reading *r, trees_ensemble *e) {
  const onnx_attribute *base = onnx_graph_attribute(r->node, "base_values");
  size_t n = base != NULL ? base->n_floats : 0;
  const onnx_attribute *weight = onnx_graph_attribute(r->node, "class_weights");
  const onnx_attribute *doubles = onnx_graph_attribute(r->node, "base_values_as_tensor");
  if (doubles != NULL && doubles->tensor != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "base_values_as_tensor: base_values in floats are read");
  size_t wanted = r->sums.column ? 1 : e->n_outputs;
  if (n != 0 && n != wanted)
    return base_fail(CKKS_ERROR_FORMAT, "base_values: %zu numbers where %zu or none are needed", n,
                     wanted);
  if (n == 2 && r->sums.classifier)
    return base_fail(CKKS_ERROR_FORMAT, "base_values of two classes with weights of both, of which "
                                        "runtimes differ; add them to the leaves of one tree");
  if (!r->sums.column) {
    for (size_t k = 0; k < n; k++)
      e->base[k] = base->floats[k];
    return CKKS_OK;
  }
  bool below = false;
  for (size_t i = 0; weight != NULL && i < weight->n_floats; i++)
    below = below || weight->floats[i] < 0.0;
  e->base[1] = n == 1 ? base->floats[0] : 0.0;
  if (r->sums.mirrored)
    e->base[0] = (below ? 0.0 : 1.0) - e->base[1];
  return CKKS_OK;
}

/* ---------------------------------------------------------------- the whole */

static ckks_status read_ensemble(reading *r, trees_ensemble *e) {
  BASE_TRY(read_end(r));
  BASE_TRY(r->sums.classifier ? read_classes(r) : read_targets(r));
  BASE_TRY(trees_ensemble_init(e, r->columns.n_features, r->n_outputs));
  e->meaning = r->meaning;
  BASE_TRY(read_labels(r, e));
  BASE_TRY(trees_onnx_columns_finish(e, &r->columns));
  if (r->sums.five)
    return trees_onnx_five_read(e, &r->sums);
  BASE_TRY(read_base(r, e));
  return trees_onnx_nodes_read(e, &r->sums);
}

/* Outputs of exactly 0 stay 0 there, which no one sees through the noise of encryption: read where
 * no sum of leaves can be near 0. */
static ckks_status check_zero(const reading *r, const trees_ensemble *e) {
  for (size_t k = 0; r->zero_stays && k < e->n_outputs; k++) {
    double low, high;
    trees_ensemble_range(&low, &high, e, k);
    if (low <= NEAR_ZERO && high >= -NEAR_ZERO)
      return base_fail(
          CKKS_ERROR_FORMAT,
          "post_transform SOFTMAX_ZERO: output %zu can be 0, which it treats apart, and "
          "what is exactly 0 cannot be told through the noise of encryption; export "
          "with SOFTMAX",
          k);
  }
  return CKKS_OK;
}

static ckks_status read_graph(reading *r, trees_ensemble *ensemble) {
  char text[160];
  BASE_TRY(find_trees(r));
  BASE_TRY(read_input(r));
  BASE_TRY(check_others(r));
  ckks_status status = read_ensemble(r, ensemble);
  if (status == CKKS_OK)
    status = check_zero(r, ensemble);
  return status == CKKS_OK ? CKKS_OK
                           : base_fail_in(status, "%s", onnx_graph_node_name(text, r->node));
}

ckks_status trees_onnx_read(trees_ensemble *ensemble, const char *bytes, size_t n_bytes) {
  onnx_graph graph;
  BASE_TRY(onnx_graph_read(&graph, (const uint8_t *)bytes, n_bytes, "ONNX"));
  reading r = {.graph = &graph};
  ckks_status status = read_graph(&r, ensemble);
  onnx_graph_clear(&graph);
  return status;
}
