/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/onnx_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "trees/onnx_steps.h"

typedef struct operation {
  const char *op;
  ckks_status (*apply)(trees_onnx_walk *w, trees_onnx_tensor t);
} operation;

static const operation operations[] = {{"Identity", trees_onnx_steps_identity},
                                       {"Cast", trees_onnx_steps_cast},
                                       {"Scaler", trees_onnx_steps_scaler},
                                       {"Imputer", trees_onnx_steps_imputer},
                                       {"Add", trees_onnx_steps_arithmetic},
                                       {"Sub", trees_onnx_steps_arithmetic},
                                       {"Mul", trees_onnx_steps_arithmetic},
                                       {"Div", trees_onnx_steps_arithmetic},
                                       {"Clip", trees_onnx_steps_clip},
                                       {"Floor", trees_onnx_steps_simple},
                                       {"Ceil", trees_onnx_steps_simple},
                                       {"Neg", trees_onnx_steps_simple},
                                       {"Binarizer", trees_onnx_steps_simple},
                                       {"OneHotEncoder", trees_onnx_codes_one_hot},
                                       {"LabelEncoder", trees_onnx_codes_label_encoder},
                                       {"ArrayFeatureExtractor", trees_onnx_steps_select},
                                       {"Gather", trees_onnx_steps_select},
                                       {"Concat", trees_onnx_steps_concat},
                                       {"FeatureVectorizer", trees_onnx_steps_concat},
                                       {"Reshape", trees_onnx_steps_reshape},
                                       {"Flatten", trees_onnx_steps_reshape},
                                       {"Squeeze", trees_onnx_steps_reshape}};

static const operation *operation_of(const onnx_node *node) {
  for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
    if (onnx_wire_text_is(node->op, operations[i].op))
      return &operations[i];
  return NULL;
}

/* ---------------------------------------------------------------------- graph */

static ckks_status apply(trees_onnx_walk *w, const onnx_node *node) {
  w->node = node;
  const operation *o = operation_of(node);
  bool arithmetic = o != NULL && o->apply == trees_onnx_steps_arithmetic;
  if (onnx_wire_text_is(node->op, "Constant"))
    return CKKS_OK;
  if (node->domain.n > 0 && !onnx_wire_text_is(node->domain, "ai.onnx") &&
      !onnx_wire_text_is(node->domain, "ai.onnx.ml"))
    o = NULL;
  if (onnx_wire_text_is(node->op, "Normalizer"))
    return trees_onnx_steps_refuse(
        w, "divides a row by its own length, so that a threshold on one column asks of "
           "all of them; train without it (trees need no scaling)");
  if (o == NULL)
    return trees_onnx_steps_refuse(
        w, "stands before the trees, and is no step that their thresholds can be carried "
           "through (docs/trees.md lists those); train them without it, or save the model "
           "behind it by itself");
  if (!arithmetic && !trees_onnx_steps_input(w, 0)->known)
    return trees_onnx_steps_refuse(w, "of something that is no column of rows");
  return o->apply(w, *trees_onnx_steps_input(w, 0));
}

static size_t width_of(const onnx_port *port) {
  if (port->rank == 1)
    return 1;
  return port->rank == 2 && port->dim[1] >= 0 ? (size_t)port->dim[1] : 0;
}

static ckks_status check_port(const onnx_port *port, size_t i) {
  if (port->rank > 2)
    return base_fail(CKKS_ERROR_FORMAT, "input %zu has %d dimensions where 2 are rows and columns",
                     i, port->rank);
  if (port->type != TREES_ONNX_NONE && port->type != TREES_ONNX_FLOAT &&
      port->type != TREES_ONNX_INT32 && port->type != TREES_ONNX_INT64 &&
      port->type != TREES_ONNX_DOUBLE && port->type != TREES_ONNX_TEXT)
    return base_fail(CKKS_ERROR_FORMAT,
                     "input %zu is of type %llu of ONNX; float, double, int32, int64 and string "
                     "are read",
                     i, (unsigned long long)port->type);
  return CKKS_OK;
}

/* The features behind those that there are: columns of one input. */
static ckks_status add_input(trees_onnx_walk *w, size_t i, size_t n) {
  trees_onnx_columns *c = w->columns;
  const onnx_port *port = &c->graph->input[i];
  int type = port->type == TREES_ONNX_NONE ? TREES_ONNX_FLOAT : (int)port->type;
  trees_onnx_column *column;
  onnx_node *input = trees_onnx_steps_take(w, 1, sizeof *input); /* for messages */
  if (input == NULL)
    return base_fail_memory(sizeof *input);
  input->op = c->graph->value[port->value].name;
  w->node = input;
  BASE_TRY(trees_onnx_steps_columns(&column, w, n));
  for (size_t k = 0; k < n; k++) {
    trees_onnx_feature *f = &c->feature[c->n_features];
    f->texts = type == TREES_ONNX_TEXT;
    column[k].feature = (uint32_t)c->n_features++;
  }
  trees_onnx_tensor t = {true, type, n, 1, column};
  /* What is no double is a float to runtimes, whole numbers too when they are compared. */
  if (type == TREES_ONNX_FLOAT)
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_ROUND}, NULL, 0));
  w->of[port->value] = t;
  return CKKS_OK;
}

static ckks_status add_inputs(trees_onnx_walk *w, size_t used) {
  trees_onnx_columns *c = w->columns;
  size_t total = 0;
  for (size_t i = 0; i < c->graph->n_inputs; i++) {
    BASE_TRY(check_port(&c->graph->input[i], i));
    size_t n = width_of(&c->graph->input[i]);
    if (n == 0 && c->graph->n_inputs > 1)
      n = 1;
    total += n > 0 ? n : used;
    if (total > ENCODING_MAX_FEATURES)
      return base_fail(CKKS_ERROR_FORMAT, "inputs of more than %d columns", ENCODING_MAX_FEATURES);
  }
  c->feature = onnx_graph_take(c->graph, total + 1, sizeof *c->feature);
  if (c->feature == NULL)
    return base_fail_memory(total * sizeof *c->feature);
  for (size_t i = 0; i < c->graph->n_inputs; i++) {
    size_t n = width_of(&c->graph->input[i]);
    BASE_TRY(add_input(w, i, n > 0 ? n : c->graph->n_inputs > 1 ? 1 : used));
  }
  return c->n_features > 0 ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "no input");
}

/* From the trees back: which nodes matter. Nodes come in an order that can be computed. */
static void mark(uint8_t *wanted, const onnx_graph *graph, int value) {
  if (value >= 0 && graph->value[value].node >= 0)
    wanted[graph->value[value].node] = 1;
  for (size_t i = graph->n_nodes; i-- > 0;)
    for (int k = 0; wanted[i] && k < graph->node[i].n_in; k++) {
      int in = graph->node[i].in[k];
      if (in >= 0 && graph->value[in].node >= 0)
        wanted[graph->value[in].node] = 1;
    }
}

static ckks_status walk(trees_onnx_walk *w, const onnx_node *trees, size_t used) {
  trees_onnx_columns *c = w->columns;
  onnx_graph *graph = c->graph;
  w->of = trees_onnx_steps_take(w, graph->n_values, sizeof *w->of);
  w->columns->step = trees_onnx_steps_take(w, graph->n_nodes, 1);
  if (w->of == NULL || w->columns->step == NULL)
    return base_fail_memory(graph->n_values * sizeof *w->of);
  if (trees->n_in != 1 || trees->in[0] < 0)
    return base_fail(CKKS_ERROR_FORMAT, "not one input");
  BASE_TRY(add_inputs(w, used));
  mark(w->columns->step, graph, trees->in[0]);
  for (size_t i = 0; i < graph->n_nodes; i++)
    if (w->columns->step[i])
      BASE_TRY(apply(w, &graph->node[i]));
  trees_onnx_tensor t = w->of[trees->in[0]];
  w->node = trees;
  if (!t.known || t.type == TREES_ONNX_TEXT)
    return trees_onnx_steps_refuse(w, "does not read columns of numbers");
  if (trees_onnx_steps_whole(t.type))
    BASE_TRY(trees_onnx_steps_all(&t, w, (trees_onnx_step){.kind = TREES_ONNX_ROUND}, NULL, 0));
  c->column = t.column;
  c->n_columns = t.n;
  c->type = trees_onnx_steps_whole(t.type) ? TREES_ONNX_FLOAT : t.type;
  return CKKS_OK;
}

ckks_status trees_onnx_columns_read(trees_onnx_columns *columns, onnx_graph *graph,
                                    const onnx_node *trees, size_t used) {
  *columns = (trees_onnx_columns){.graph = graph};
  trees_onnx_walk w = {.columns = columns};
  BASE_TRY(walk(&w, trees, used));
  if (used > columns->n_columns)
    return base_fail(CKKS_ERROR_FORMAT, "nodes_featureids: feature %zu of an input of %zu columns",
                     used - 1, columns->n_columns);
  return CKKS_OK;
}

/* ---------------------------------------------------------------------- names */

ckks_status trees_onnx_columns_name(char **name, onnx_text text, const char *what) {
  char copy[ENCODING_MAX_NAME_BYTES + 1];
  if (text.n > ENCODING_MAX_NAME_BYTES || (text.n > 0 && memchr(text.text, 0, text.n) != NULL))
    return base_fail(CKKS_ERROR_FORMAT, "%s of more than %d bytes, or with a byte 0", what,
                     ENCODING_MAX_NAME_BYTES);
  snprintf(copy, sizeof copy, "%.*s", (int)text.n, text.n > 0 ? text.text : "");
  return encoding_names_set(name, copy);
}

/* One input is a table, x0, x1, ...; of several each is a column and has a name. */
static ckks_status name_features(trees_ensemble *e, const trees_onnx_columns *c) {
  size_t at = 0;
  for (size_t i = 0; c->graph->n_inputs > 1 && i < c->graph->n_inputs; i++) {
    const onnx_port *port = &c->graph->input[i];
    size_t n = width_of(port);
    onnx_text name = c->graph->value[port->value].name;
    n = n > 0 ? n : 1;
    for (size_t k = 0; k < n; k++) {
      char text[ENCODING_MAX_NAME_BYTES + 1];
      snprintf(text, sizeof text, "%.*s_%zu", (int)(name.n < 200 ? name.n : 200), name.text, k);
      BASE_TRY(n == 1 ? trees_onnx_columns_name(&e->feature[at], name, "a name")
                      : encoding_names_set(&e->feature[at], text));
      at++;
    }
  }
  return CKKS_OK;
}

static ckks_status fill_categories(encoding_feature *out, const trees_onnx_feature *f) {
  size_t n = f->n_values + !f->strict;
  *out = (encoding_feature){.kind = ENCODING_CATEGORIES};
  out->category = base_alloc_array(n, sizeof *out->category);
  if (out->category == NULL)
    return base_fail_memory(n * sizeof *out->category);
  out->n_values = n;
  for (size_t k = 0; k < n; k++) {
    char number[32];
    snprintf(number, sizeof number, "%.17g", f->coded && k < f->n_values ? f->code[k] : 0.0);
    if (k == f->n_values)
      BASE_TRY(encoding_names_set(&out->category[k], ENCODING_OTHER));
    else
      BASE_TRY(f->texts ? trees_onnx_columns_name(&out->category[k], f->text[k], "a category")
                        : encoding_names_set(&out->category[k], number));
  }
  return CKKS_OK;
}

static bool imputes(const trees_onnx_column *column) {
  for (const trees_onnx_step *s = column->last; s != NULL; s = s->before)
    if (s->kind == TREES_ONNX_IMPUTE)
      return true;
  return false;
}

ckks_status trees_onnx_columns_finish(trees_ensemble *e, const trees_onnx_columns *c) {
  BASE_TRY(name_features(e, c));
  for (size_t f = 0; f < c->n_features; f++) {
    if (!c->feature[f].texts && !c->feature[f].coded)
      continue;
    if (e->input.feature == NULL)
      BASE_TRY(encoding_input_init(&e->input, c->n_features));
    BASE_TRY(fill_categories(&e->input.feature[f], &c->feature[f]));
    /* A code that is missing has a way to the trees only where every column imputes it. */
    e->input.feature[f].missing = c->feature[f].coded;
  }
  for (size_t i = 0; e->input.feature != NULL && i < c->n_columns; i++)
    if (!imputes(&c->column[i]))
      e->input.feature[c->column[i].feature].missing = false;
  return e->input.feature != NULL ? encoding_input_finish(&e->input) : CKKS_OK;
}
