/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/tail.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define MAX_STEPS 64 /* nodes behind the scores that are looked through */

static const onnx_node *maker(const onnx_graph *graph, int value) {
  return value >= 0 && graph->value[value].node >= 0 ? &graph->node[graph->value[value].node]
                                                     : NULL;
}

static bool is_op(const onnx_node *node, const char *op) {
  bool own = node->domain.n == 0 || onnx_wire_text_is(node->domain, "ai.onnx") ||
             onnx_wire_text_is(node->domain, "ai.onnx.ml");
  return own && onnx_wire_text_is(node->op, op);
}

static bool is_one_of(const onnx_node *node, const char *const *ops) {
  for (; *ops != NULL; ops++)
    if (is_op(node, *ops))
      return true;
  return false;
}

/* ----------------------------------------------------------------- one output */

/* What is found on the way back from an output. */
typedef struct walking {
  const onnx_graph *graph;
  onnx_tail *tail;
  int at;           /* value */
  bool chosen;      /* by size */
  bool looked;      /* up in a table, or made whole: only a choice may be */
  const char *norm; /* of a Normalizer */
} walking;

static bool is_constant(const onnx_graph *graph, int value) {
  const onnx_node *node = maker(graph, value);
  return value >= 0 &&
         (graph->value[value].given != NULL || (node != NULL && is_op(node, "Constant")));
}

static bool is_whole_cast(const onnx_node *node) {
  const onnx_attribute *to = onnx_graph_attribute(node, "to");
  return is_op(node, "Cast") && to != NULL && to->i != 1 && to->i != 10 && to->i != 11;
}

/* Numbers stay what they are, in their order. */
static bool step_through(walking *w, const onnx_node *node) {
  static const char *const ops[] = {"Identity", "Dropout",   "Cast",    "Reshape",
                                    "Squeeze",  "Unsqueeze", "Flatten", NULL};
  if (!is_one_of(node, ops) || node->n_in < 1 || w->at != node->out[0])
    return false;
  w->looked = w->looked || is_whole_cast(node);
  w->at = node->in[0];
  return true;
}

static void add_axis(onnx_tail *tail, const onnx_node *node) {
  if (tail->n_axes < ONNX_TAIL_AXES)
    tail->axis[tail->n_axes++] = node;
}

/* Labels by their index, the index of the largest, names beside scores. */
static bool step_choice(walking *w, const onnx_node *node) {
  bool table = is_op(node, "Gather") || is_op(node, "ArrayFeatureExtractor");
  if (table && node->n_in == 2 && is_constant(w->graph, node->in[0])) {
    w->tail->table = node->in[0];
    w->looked = true;
    w->at = node->in[1];
    return true;
  }
  if (is_op(node, "ArgMax")) {
    w->chosen = w->tail->classes = true;
    add_axis(w->tail, node);
  } else if (is_op(node, "ZipMap")) {
    const onnx_attribute *ints = onnx_graph_attribute(node, "classlabels_int64s");
    w->tail->labels = ints != NULL ? ints : onnx_graph_attribute(node, "classlabels_strings");
    w->tail->classes = true;
  } else if (is_op(node, "Normalizer")) {
    const onnx_attribute *norm = onnx_graph_attribute(node, "norm");
    w->norm = norm == NULL || onnx_wire_text_is(norm->s, "MAX") ? "MAX"
              : onnx_wire_text_is(norm->s, "L1")                ? "L1"
                                                                : "L2";
  } else {
    return false;
  }
  if (node->n_in < 1)
    return false;
  w->at = node->in[0];
  return true;
}

/* Concat of 1 - p and p, p the sigmoid of one score, in either order. */
static bool is_complement(const onnx_graph *graph, int value, int of) {
  const onnx_node *node = maker(graph, value);
  if (node == NULL || !is_op(node, "Sub") || node->n_in != 2 || node->in[1] != of)
    return false;
  const onnx_node *one = maker(graph, node->in[0]);
  const onnx_tensor *given = node->in[0] >= 0 ? graph->value[node->in[0]].given : NULL;
  if (given == NULL && one != NULL && is_op(one, "Constant") && one->n_attributes == 1)
    given = one->attribute[0].tensor;
  return given != NULL && given->n == 1 && given->value[0] == 1.0;
}

static bool step_pair(walking *w, const onnx_node *node) {
  if (!is_op(node, "Concat") || node->n_in != 2)
    return false;
  bool usual = is_complement(w->graph, node->in[0], node->in[1]);
  if (!usual && !is_complement(w->graph, node->in[1], node->in[0]))
    return false;
  walking inner = {.graph = w->graph, .tail = w->tail, .at = node->in[usual ? 1 : 0]};
  const onnx_node *at = maker(w->graph, inner.at);
  for (int i = 0; i < MAX_STEPS && at != NULL && step_through(&inner, at); i++)
    at = maker(w->graph, inner.at);
  if (inner.looked || at == NULL || !is_op(at, "Sigmoid") || at->n_in != 1)
    return false;
  w->tail->pair = w->tail->classes = true;
  w->tail->second_first = !usual;
  w->tail->end = ENCODING_END_SOFTMAX;
  w->tail->ends = node;
  w->at = at->in[0];
  return true;
}

static bool step_classifier(walking *w, const onnx_node *node) {
  const onnx_attribute *how = onnx_graph_attribute(node, "post_transform");
  if (!is_op(node, "LinearClassifier") || node->n_out != 2 || node->out[1] < 0)
    return false;
  w->chosen = w->chosen || w->at == node->out[0];
  w->tail->classes = true;
  w->tail->end = how == NULL || onnx_wire_text_is(how->s, "NONE") ? ENCODING_END_NONE
                 : onnx_wire_text_is(how->s, "SOFTMAX")           ? ENCODING_END_SOFTMAX
                                                                  : ENCODING_END_SIGMOID;
  w->tail->ends = w->tail->end != ENCODING_END_NONE ? node : NULL;
  const onnx_attribute *ints = onnx_graph_attribute(node, "classlabels_ints");
  if (w->tail->labels == NULL)
    w->tail->labels =
        ints != NULL && ints->n_ints > 0 ? ints : onnx_graph_attribute(node, "classlabels_strings");
  w->at = node->out[1];
  return true;
}

/* What the client computes from the scores. */
static bool step_end(walking *w, const onnx_node *node) {
  static const struct {
    const char *op;
    encoding_end end;
  } ends[] = {{"Softmax", ENCODING_END_SOFTMAX},  {"LogSoftmax", ENCODING_END_LOG_SOFTMAX},
              {"Sigmoid", ENCODING_END_SIGMOID},  {"Tanh", ENCODING_END_TANH},
              {"Relu", ENCODING_END_RELU},        {"Exp", ENCODING_END_EXP},
              {"Softplus", ENCODING_END_SOFTPLUS}};
  const onnx_node *before = node->n_in == 1 ? maker(w->graph, node->in[0]) : NULL;
  bool logarithm = is_op(node, "Log") && before != NULL && is_op(before, "Softmax");
  const onnx_node *found = logarithm ? before : node;
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    if (!is_op(found, ends[i].op) || found->n_in != 1)
      continue;
    w->tail->end = logarithm ? ENCODING_END_LOG_SOFTMAX : ends[i].end;
    w->tail->ends = node;
    w->at = found->in[0];
    if (i < 2) {
      w->tail->classes = true;
      add_axis(w->tail, found);
    }
    return true;
  }
  return false;
}

/* A Normalizer of probabilities that add up to one does nothing; of sigmoids it is one against the
 * rest; before a choice any will do. */
static bool settle_norm(const walking *w) {
  if (w->norm == NULL || w->chosen)
    return true;
  bool first = strcmp(w->norm, "L1") == 0;
  if (first && w->tail->end == ENCODING_END_SIGMOID)
    w->tail->end = ENCODING_END_ONE_VS_REST;
  return first &&
         (w->tail->end == ENCODING_END_SOFTMAX || w->tail->end == ENCODING_END_ONE_VS_REST);
}

static void walk(onnx_tail *tail, const onnx_graph *graph, int output) {
  walking w = {.graph = graph, .tail = tail, .at = output};
  const onnx_node *node;
  *tail = (onnx_tail){.table = -1};
  for (int i = 0; i < MAX_STEPS && (node = maker(graph, w.at)) != NULL; i++) {
    if (step_through(&w, node) || step_choice(&w, node))
      continue;
    if (!step_pair(&w, node) && !step_classifier(&w, node))
      step_end(&w, node);
    break;
  }
  tail->scores = w.at;
  if ((w.looked && !w.chosen) || !settle_norm(&w))
    *tail = (onnx_tail){.table = -1, .scores = output};
  node = maker(graph, tail->scores);
  tail->values = !tail->classes && node != NULL && is_op(node, "LinearRegressor");
}

/* --------------------------------------------------------------- all outputs */

static void join(onnx_tail *tail, const onnx_tail *other) {
  onnx_tail all = tail->end == ENCODING_END_NONE ? *other : *tail;
  const onnx_tail *rest = tail->end == ENCODING_END_NONE ? tail : other;
  all.classes = all.classes || rest->classes;
  all.labels = all.labels != NULL ? all.labels : rest->labels;
  all.table = all.table >= 0 ? all.table : rest->table;
  for (int i = 0; i < rest->n_axes; i++)
    add_axis(&all, rest->axis[i]);
  *tail = all;
}

static ckks_status list_outputs(const onnx_graph *graph, const char *output) {
  char text[300] = "";
  for (size_t i = 0; i < graph->n_outputs; i++) {
    onnx_text name = graph->value[graph->output[i].value].name;
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, "%s\"%.*s\"", i == 0 ? "" : ", ", ONNX_TEXT(name));
  }
  if (output != NULL)
    return base_fail(CKKS_ERROR_FORMAT, "no output \"%.60s\"; there are %s", output, text);
  return base_fail(
      CKKS_ERROR_FORMAT,
      "%zu outputs that say different things: %s; name one of them with --output-name, "
      "or take all side by side: --output-name all",
      graph->n_outputs, text);
}

ckks_status onnx_tail_choose(onnx_tail *tail, const onnx_graph *graph, const char *output) {
  bool found = false;
  for (size_t i = 0; i < graph->n_outputs; i++) {
    int value = graph->output[i].value;
    onnx_tail one;
    if (output != NULL && !onnx_wire_text_is(graph->value[value].name, output))
      continue;
    walk(&one, graph, value);
    if (found && one.scores != tail->scores)
      return list_outputs(graph, NULL);
    if (found)
      join(tail, &one);
    else
      *tail = one;
    found = true;
  }
  return found ? CKKS_OK : list_outputs(graph, output);
}

/* ------------------------------------------------------------ shapes, labels */

/* Makes a value behind the scores: there are no cycles, and few nodes. */
static ckks_status make(onnx_run *run, int value) {
  const onnx_node *node = maker(run->graph, value);
  if (run->value[value].value != NULL || node == NULL)
    return CKKS_OK;
  for (int i = 0; i < node->n_in; i++)
    if (node->in[i] >= 0)
      BASE_TRY(make(run, node->in[i]));
  return onnx_run_node(run, node);
}

/* How many numbers a softmax or a choice goes over. */
static ckks_status count_axis(size_t *count, const onnx_node *node, onnx_run *run) {
  bool choice = onnx_wire_text_is(node->op, "ArgMax"), alone = choice || run->graph->opset >= 13;
  const onnx_attribute *given = onnx_graph_attribute(node, "axis");
  BASE_TRY(make(run, node->in[0]));
  const onnx_tensor *x = &run->value[node->in[0]];
  int axis = 0;
  int64_t otherwise = choice ? 0 : run->graph->opset >= 13 ? -1 : x->rank > 1;
  BASE_TRY(onnx_run_axis(&axis, given != NULL ? given->i : otherwise, x->rank));
  *count = x->dim[axis];
  for (int d = axis + 1; !alone && d < x->rank; d++)
    *count *= x->dim[d];
  return CKKS_OK;
}

ckks_status onnx_tail_check(onnx_tail *tail, onnx_run *run) {
  size_t n = run->value[tail->scores].n;
  if (tail->end == ENCODING_END_SIGMOID && n == 1) {
    tail->pair = tail->classes = true;
    tail->end = ENCODING_END_SOFTMAX;
  }
  if (tail->pair && n != 1)
    return onnx_run_refuse(tail->ends, "it joins 1 - p and p of several outputs");
  for (int i = 0; i < tail->n_axes; i++) {
    size_t count = 0, whole = tail->pair ? 2 : n;
    char reason[160];
    BASE_TRY(count_axis(&count, tail->axis[i], run));
    if (count == whole && whole > 1)
      continue;
    snprintf(reason, sizeof reason,
             "it goes over %zu of the %zu outputs of a row, not over all of them (its axis is that "
             "of the batch?)",
             count, whole);
    return onnx_run_refuse(tail->axis[i], reason);
  }
  return CKKS_OK;
}

static size_t count_labels(const onnx_tail *tail, const onnx_tensor *table) {
  if (table != NULL)
    return table->n;
  return tail->labels->n_ints > 0 ? tail->labels->n_ints : tail->labels->n_strings;
}

static ckks_status set_label(char **label, const onnx_tail *tail, const onnx_tensor *table,
                             size_t i) {
  char text[ENCODING_MAX_NAME_BYTES + 1];
  const onnx_text *given = table != NULL              ? table->text
                           : tail->labels->n_ints > 0 ? NULL
                                                      : tail->labels->strings;
  if (given != NULL && given[i].n > ENCODING_MAX_NAME_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "label %zu has %zu bytes where %d are allowed", i,
                     given[i].n, ENCODING_MAX_NAME_BYTES);
  if (given != NULL)
    snprintf(text, sizeof text, "%.*s", (int)given[i].n, given[i].text);
  else if (table != NULL)
    snprintf(text, sizeof text, "%.17g", table->value[i]);
  else
    snprintf(text, sizeof text, "%lld", (long long)tail->labels->ints[i]);
  return encoding_names_set(label, text);
}

ckks_status onnx_tail_labels(char **label, bool *found, const onnx_tail *tail, size_t n,
                             onnx_run *run) {
  const onnx_tensor *table = NULL;
  *found = tail->table >= 0 || tail->labels != NULL;
  if (!*found)
    return CKKS_OK;
  if (tail->table >= 0) {
    const onnx_node *node = maker(run->graph, tail->table);
    bool texts = node != NULL && node->n_attributes == 1 && node->attribute[0].tensor != NULL;
    BASE_TRY(make(run, tail->table));
    table = texts ? node->attribute[0].tensor : &run->value[tail->table];
  }
  if (count_labels(tail, table) != n)
    return base_fail(CKKS_ERROR_FORMAT, "%zu labels for %zu outputs", count_labels(tail, table), n);
  for (size_t i = 0; i < n; i++)
    BASE_TRY(set_label(&label[i], tail, table, i));
  return CKKS_OK;
}
