/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees in ONNX: scikit-learn's (data/onnx_files.py) against its own sums, small ones made here
 * against outputs worked out by hand, and files that are refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/builder.h"

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "trees/memory.h"
#include "trees/read.h"
#include "trees/rows.h"

/* ------------------------------------------------------------- scikit-learn's */

static uint8_t *load(size_t *n_bytes, const char *prefix, const char *name, const char *ending) {
  char path[256];
  uint8_t *bytes;
  snprintf(path, sizeof path, "tests/trees/data/%s_%s.%s", prefix, name, ending);
  assert_int_equal(base_file_read(&bytes, n_bytes, path, 1 << 20), CKKS_OK);
  return bytes;
}

static void test_scikit_learn(void **state) {
  (void)state;
  static const struct {
    const char *name;
    encoding_kind kind;
    encoding_end end;
  } cases[] = {{"boosting", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"boosting_multi", ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"forest", ENCODING_CLASSES, ENCODING_END_NONE},
               {"regression", ENCODING_VALUES, ENCODING_END_NONE},
               {"histogram", ENCODING_CLASSES, ENCODING_END_SOFTMAX}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t n, n_rows;
    trees_ensemble e;
    uint8_t *bytes = load(&n, "onnx", cases[i].name, "onnx");
    assert_int_equal(trees_read_recognise((const char *)bytes, n), TREES_ONNX);
    if (trees_read(&e, (const char *)bytes, n, cases[i].name) != CKKS_OK)
      fail_msg("%s", base_last_error());
    assert_int_equal(e.meaning.kind, cases[i].kind);
    assert_int_equal(e.meaning.end, cases[i].end);
    uint8_t *rows = load(&n_rows, "sklearn", cases[i].name, "rows");
    compare_rows(&e, (char *)rows, 1e-6, cases[i].name);
    base_free(rows);
    base_free(bytes);
    trees_ensemble_clear(&e);
  }
}

/* ---------------------------------------------------------------- made by hand */

/* x0 <= 1.5: 10; else x1 > -0.5: 30, else 20. The root is not the first, nor node 0. */
static const char *const regressor[] = {"nodes_treeids=0,0,0,0,0",
                                        "nodes_nodeids=1,7,2,3,4",
                                        "nodes_modes=LEAF,BRANCH_LEQ,BRANCH_GT,LEAF,LEAF",
                                        "nodes_featureids=0,0,1,0,0",
                                        "nodes_values=0,1.5,-0.5,0,0f",
                                        "nodes_truenodeids=0,1,3,0,0",
                                        "nodes_falsenodeids=0,2,4,0,0",
                                        "target_treeids=0,0,0",
                                        "target_nodeids=1,3,4",
                                        "target_ids=0,0,0",
                                        "target_weights=10,30,20f",
                                        NULL};

/* Two trees of one split: x0 < 2 says -1 or 2, x1 >= 0 says 4 or -8; of one column. */
static const char *const column[] = {"nodes_treeids=0,0,0,1,1,1",
                                     "nodes_nodeids=0,1,2,0,1,2",
                                     "nodes_modes=BRANCH_LT,LEAF,LEAF,BRANCH_GTE,LEAF,LEAF",
                                     "nodes_featureids=0,0,0,1,0,0",
                                     "nodes_values=2,0,0,0,0,0f",
                                     "nodes_truenodeids=1,0,0,1,0,0",
                                     "nodes_falsenodeids=2,0,0,2,0,0",
                                     "class_treeids=0,0,1,1",
                                     "class_nodeids=1,2,1,2",
                                     "class_ids=0,0,0,0",
                                     "class_weights=-1,2,4,-8f",
                                     "post_transform=LOGISTIC",
                                     "classlabels_strings=well,ill",
                                     NULL};

/* The first again, as two trees of which the second is a leaf. */
#define TWO                                                                                        \
  "nodes_treeids=1,0,0,0,0|target_treeids=1,0,0|nodes_truenodeids=0,3,3,0,0|"                      \
  "nodes_falsenodeids=0,2,4,0,0"

/* The same trees with a class each, of three. */
#define THREE "class_ids=0,2,1,1|classlabels_strings=|classlabels_int64s=7,8,9"

static bool is_texts(const char *attribute) {
  return strncmp(attribute, "nodes_modes=", 12) == 0 ||
         strncmp(attribute, "classlabels_strings=", 20) == 0;
}

static void put_texts(base_buffer *node, const char *text) {
  base_buffer attribute;
  const char *at = strchr(text, '=') + 1;
  base_buffer_init(&attribute, BUILDER_BYTES);
  put_bytes(&attribute, 1, text, (size_t)(at - text) - 1);
  for (; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
    put_bytes(&attribute, 9, at, strcspn(at, ","));
  put_message(node, 5, &attribute);
}

static void put_attribute(base_buffer *node, const char *text) {
  if (strchr(text, '=')[1] == '\0') /* left out */
    return;
  if (is_texts(text))
    put_texts(node, text);
  else
    builder_attribute(node, text);
}

/* The attributes with those of `changes` ("a=1|b=2") in place of theirs. */
static void put_trees(builder *b, const char *const *attributes, const char *changes,
                      const char *in) {
  base_buffer node;
  char copy[2048], *change[32];
  size_t n = 0;
  base_buffer_init(&node, BUILDER_BYTES);
  put_text(&node, 1, in);
  bool classifier = attributes == column;
  put_text(&node, 2, classifier ? "label" : "y");
  if (classifier)
    put_text(&node, 2, "y");
  put_text(&node, 3, "forest");
  put_text(&node, 4, classifier ? "TreeEnsembleClassifier" : "TreeEnsembleRegressor");
  put_text(&node, 7, "ai.onnx.ml");
  snprintf(copy, sizeof copy, "%s", changes);
  for (char *at = strtok(copy, "|"); at != NULL; at = strtok(NULL, "|"))
    put_attribute(&node, change[n++] = at);
  for (; *attributes != NULL; attributes++) {
    bool changed = false;
    size_t length = strcspn(*attributes, "=") + 1;
    for (size_t i = 0; i < n; i++)
      changed = changed || strncmp(change[i], *attributes, length) == 0;
    if (!changed)
      put_attribute(&node, *attributes);
  }
  put_message(&b->graph, 1, &node);
}

static ckks_status read_builder(trees_ensemble *e, builder *b) {
  base_buffer file = builder_file(b);
  ckks_status status = trees_read(e, (const char *)file.bytes, file.n_bytes, "m.onnx");
  base_buffer_clear(&file);
  builder_clear(b);
  return status;
}

static ckks_status read_changed(trees_ensemble *e, const char *const *attributes,
                                const char *changes) {
  builder b;
  builder_init(&b, 15);
  builder_input(&b, "x", "N,2");
  put_trees(&b, attributes, changes, "x");
  builder_output(&b, "y");
  return read_builder(e, &b);
}

static void accept(trees_ensemble *e, const char *const *attributes, const char *changes) {
  if (read_changed(e, attributes, changes) != CKKS_OK)
    fail_msg("%s: %s", changes, base_last_error());
}

static void gives(const trees_ensemble *e, double x0, double x1, const double *wanted) {
  double have[4];
  trees_ensemble_forward(have, (const double[]){x0, x1}, e);
  for (size_t k = 0; k < e->n_outputs; k++)
    if (!(fabs(have[k] - wanted[k]) <= 1e-12))
      fail_msg("(%g, %g), output %zu: %g where %g is right", x0, x1, k, have[k], wanted[k]);
}

#define GIVES(e, x0, x1, ...) gives((e), (x0), (x1), (const double[]){__VA_ARGS__})

static void refuses(const char *const *attributes, const char *changes, const char *words) {
  trees_ensemble e;
  if (read_changed(&e, attributes, changes) != CKKS_ERROR_FORMAT)
    fail_msg("%s is accepted", changes);
  if (strncmp(base_last_error(), "m.onnx: ", 8) != 0 || strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), words);
  assert_null(e.tree);
}

/* Rows are rounded to floats: 1.5 + 1e-9 is 1.5 there. */
static void test_regressor(void **state) {
  (void)state;
  trees_ensemble e;
  accept(&e, regressor, "");
  assert_int_equal(e.n_features, 2);
  assert_int_equal(e.meaning.kind, ENCODING_VALUES);
  GIVES(&e, 1.5, 9, 10);
  GIVES(&e, 1.5 + 1e-9, 9, 10);
  GIVES(&e, 1.5 + 1e-6, -0.5, 20);
  GIVES(&e, 2, -0.5 + 1e-6, 30);
  trees_ensemble_clear(&e);
  accept(&e, regressor, "base_values=0.5,f|post_transform=LOGISTIC");
  assert_int_equal(e.meaning.end, ENCODING_END_SIGMOID);
  GIVES(&e, 1, 0, 10.5);
  trees_ensemble_clear(&e);
  accept(&e, regressor, "n_targets=2|target_ids=0,1,0|base_values=1,2f|post_transform=SOFTMAX");
  assert_int_equal(e.meaning.end, ENCODING_END_SOFTMAX);
  GIVES(&e, 1, 0, 11, 2);
  GIVES(&e, 2, 0, 1, 32);
  trees_ensemble_clear(&e);
}

static void test_missing(void **state) {
  (void)state;
  trees_ensemble e;
  accept(&e, regressor, "");
  GIVES(&e, (double)NAN, 0, 30); /* the "false" node, then compared */
  GIVES(&e, (double)NAN, (double)NAN, 20);
  trees_ensemble_clear(&e);
  accept(&e, regressor, "nodes_missing_value_tracks_true=0,1,1,0,0");
  assert_false(e.meaning.complete);
  GIVES(&e, (double)NAN, 0, 10);
  GIVES(&e, 2, (double)NAN, 30);
  trees_ensemble_clear(&e);
}

static void test_classes(void **state) {
  (void)state;
  trees_ensemble e;
  accept(&e, column, "base_values=0.25,f");
  assert_int_equal(e.meaning.end, ENCODING_END_SOFTMAX);
  assert_string_equal(e.label[1], "ill");
  GIVES(&e, 2, 0, 0, 6.25);
  GIVES(&e, 1.9999, -1e-6, 0, -8.75);
  trees_ensemble_clear(&e);
  accept(&e, column, "post_transform=NONE"); /* -z and z */
  GIVES(&e, 2, 0, -6, 6);
  trees_ensemble_clear(&e);
  accept(&e, column, "post_transform=NONE|class_weights=0.125,0.25,0.5,0f"); /* probabilities */
  GIVES(&e, 2, 0, 0.25, 0.75);
  trees_ensemble_clear(&e);
  accept(&e, column, "class_ids=0,1,1,0|post_transform=NONE"); /* both columns */
  GIVES(&e, 2, 0, 0, 6);
  GIVES(&e, 1, -1, -9, 0);
  trees_ensemble_clear(&e);
  accept(&e, column, THREE "|post_transform=SOFTMAX|base_values=1,2,3f");
  assert_string_equal(e.label[2], "9");
  assert_int_equal(e.meaning.end, ENCODING_END_SOFTMAX);
  GIVES(&e, 1, 0, 0, 6, 3);
  trees_ensemble_clear(&e);
  accept(&e, column, THREE);
  assert_int_equal(e.meaning.end, ENCODING_END_SIGMOID);
  GIVES(&e, 2, -1, 0, -8, 2);
  trees_ensemble_clear(&e);
}

static void test_refused(void **state) {
  (void)state;
  refuses(regressor, "post_transform=PROBITS", "post_transform PROBITS");
  refuses(regressor, "post_transform=SOFTMAX_ZERO", "of one target");
  refuses(column, THREE "|post_transform=SOFTMAX_ZERO", "output 0 can be 0");
  refuses(regressor, "post_transform=SOFTMAX", "of one target");
  refuses(regressor, TWO "|aggregate_function=MIN", "aggregate_function MIN");
  refuses(regressor, TWO "|aggregate_function=MAX", "would be compared");
  refuses(regressor, "aggregate_function=MEDIAN", "does not exist");
  refuses(regressor, "nodes_modes=LEAF,BRANCH_EQ,BRANCH_MEMBER,LEAF,LEAF", "node 2: BRANCH_MEMBER");
  refuses(column, "post_transform=SOFTMAX", "one column");
  refuses(column, "class_weights=1,2,4,8f", "none is below 0");
  refuses(column, "class_ids=1,1,1,1", "class 1 alone");
  refuses(column, "class_ids=0,1,1,0|base_values=1,2f", "runtimes differ");
  refuses(column, "base_values=1,2f", "2 numbers where 1");
  refuses(column, "classlabels_strings=a,a", "occurs twice");
  refuses(column, "classlabels_strings=", "0 where 2");
  refuses(column, "classlabels_int64s=1,2", "both");
}

static void test_hostile(void **state) {
  (void)state;
  refuses(regressor, "nodes_featureids=0,0,1,0", "nodes_featureids: 4 numbers where 5");
  refuses(regressor, "nodes_values=0,1f", "nodes_values: 2 numbers where 5");
  refuses(regressor, "nodes_modes=LEAF,LEAF", "nodes_modes: 2 texts where 5");
  refuses(regressor, "nodes_treeids=", "nodes_treeids: missing");
  refuses(regressor, "nodes_nodeids=1,7,2,3,3", "node 3 is given twice");
  refuses(regressor, "nodes_featureids=0,0,2,0,0", "feature 2 of an input of 2");
  refuses(regressor, "nodes_featureids=0,-1,1,0,0", "nodes_featureids[1]: -1");
  refuses(regressor, "nodes_values=0,nan,0,0,0f", "node 7: the threshold nan");
  refuses(regressor, "nodes_values=0,0,1e60,0,0f", "node 2: the threshold inf");
  refuses(regressor, "nodes_truenodeids=0,5,3,0,0", "nodes_truenodeids: tree 0, node 7: its tree");
  refuses(regressor, "nodes_falsenodeids=0,-2,4,0,0", "nodes_falsenodeids: tree 0, node 7");
  refuses(regressor, "nodes_truenodeids=0,1,7,0,0", "a cycle");
  refuses(regressor, "nodes_modes=LEAF,BRANCH_LEQ,LEAF,LEAF,LEAF", "2 of 5 nodes are not reached");
  refuses(regressor, "nodes_truenodeids=0,1,2,0,0", "reached twice");
  refuses(regressor, "nodes_falsenodeids=0,2,1,0,0", "reached twice");
  refuses(regressor, "nodes_missing_value_tracks_true=0,2,0,0,0", "node 7: 2, not 0 or 1");
  refuses(regressor, "nodes_missing_value_tracks_true=0,1", "2 numbers where 5");
  refuses(regressor, "target_nodeids=1,3,2", "tree 0 has no leaf 2");
  refuses(regressor, "target_treeids=0,0,9", "tree 9 has no leaf 4");
  refuses(regressor, "target_treeids=0,0,-9", "tree -9 has no leaf 4");
  refuses(regressor, "target_nodeids=1,3,3", "node 3 is given twice");
  refuses(regressor, "target_ids=0,0,1", "target_ids[2]: 1 of 1");
  refuses(regressor, "target_weights=10,30f", "target_weights: 2 numbers where 3");
  refuses(regressor, "target_weights=10,nan,1f", "not a finite number");
  refuses(regressor, "n_targets=0", "n_targets: 0");
  refuses(regressor, "n_targets=99999999", "n_targets: 99999999");
  refuses(regressor, "base_values=1,2,3f", "base_values: 3 numbers where 1");
}

static void test_many(void **state) {
  (void)state;
  builder b;
  trees_ensemble e;
  base_buffer node, attribute, packed;
  builder_init(&b, 15);
  builder_input(&b, "x", "N,2");
  base_buffer_init(&node, BUILDER_BYTES);
  base_buffer_init(&attribute, BUILDER_BYTES);
  base_buffer_init(&packed, BUILDER_BYTES);
  put_text(&node, 1, "x");
  put_text(&node, 2, "y");
  put_text(&node, 4, "TreeEnsembleRegressor");
  put_text(&node, 7, "ai.onnx.ml");
  put_text(&attribute, 1, "nodes_treeids");
  for (size_t i = 0; i <= TREES_MAX_NODES; i++)
    put_varint(&packed, 0);
  put_message(&attribute, 8, &packed);
  put_message(&node, 5, &attribute);
  put_message(&b.graph, 1, &node);
  builder_output(&b, "y");
  assert_int_equal(read_builder(&e, &b), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(base_last_error(), "1048577 numbers; at most 1048576"));
}

/* ------------------------------------------------------------------- the graph */

static ckks_status read_around(trees_ensemble *e, const char *before, const char *attribute,
                               const char *after, int element, const char *shape) {
  builder b;
  builder_init(&b, 15);
  builder_port_of(&b, 11, "x", shape, element);
  if (before != NULL)
    builder_node(&b, before, attribute, NULL);
  put_trees(&b, regressor, "", before != NULL ? "z" : "x");
  if (after != NULL)
    builder_node(&b, after, attribute, NULL);
  builder_output(&b, "y");
  return read_builder(e, &b);
}

static void test_graphs(void **state) {
  (void)state;
  trees_ensemble e;
  static const struct {
    const char *before, *attribute, *after;
    int element;
    const char *shape, *words;
  } refused[] = {{"Softmax:x:z", "axis=1", NULL, 1, "N,2", "docs/trees.md lists those"},
                 {"Cast:x:z", "to=9", NULL, 1, "N,2", "neither"},
                 {NULL, "to=7", "Cast:y:whole", 1, "N,2", "neither float nor double"},
                 {NULL, "to=1", "Exp:y:whole", 1, "N,2", "may stand beside the trees"},
                 {NULL, NULL, NULL, 14, "N,2", "type 14"},
                 {NULL, NULL, NULL, 1, "N,2,2", "3 dimensions"}};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    assert_int_equal(read_around(&e, refused[i].before, refused[i].attribute, refused[i].after,
                                 refused[i].element, refused[i].shape),
                     CKKS_ERROR_FORMAT);
    if (strstr(base_last_error(), refused[i].words) == NULL)
      fail_msg("\"%s\" does not say \"%s\"", base_last_error(), refused[i].words);
  }
  /* Doubles are compared as they are, unless they were floats on the way. */
  assert_int_equal(read_around(&e, NULL, NULL, NULL, 11, "N,2"), CKKS_OK);
  GIVES(&e, 1.5, 9, 10);
  GIVES(&e, 1.5 + 1e-9, 9, 30);
  trees_ensemble_clear(&e);
  assert_int_equal(read_around(&e, "Cast:x:z", "to=1", "Identity:y:again", 11, "N,2"), CKKS_OK);
  GIVES(&e, 1.5 + 1e-9, 9, 10);
  trees_ensemble_clear(&e);
  assert_int_equal(read_around(&e, NULL, NULL, NULL, 7, "N,N"), CKKS_OK);
  assert_int_equal(e.n_features, 2);
  trees_ensemble_clear(&e);
}

/* ---------------------------------------------------------------------- damage */

static void test_damaged(void **state) {
  (void)state;
  uint64_t random = 5;
  size_t n, n_refused = 0;
  uint8_t *bytes = load(&n, "onnx", "boosting_multi", "onnx"), *copy = malloc(n);
  for (int round = 0; round < 3000; round++) {
    trees_ensemble e;
    memcpy(copy, bytes, n);
    random = random * 6364136223846793005u + 1442695040888963407u;
    copy[(random >> 33) % n] = (uint8_t)(random >> 20);
    if (trees_read(&e, (char *)copy, round % 3 > 0 ? n : (random >> 40) % n, "m") == CKKS_OK)
      trees_ensemble_clear(&e);
    else
      n_refused++;
  }
  assert_true(n_refused > 1000);
  free(copy);
  base_free(bytes);
}

static void test_memory(void **state) {
  (void)state;
  size_t n;
  uint8_t *bytes = load(&n, "onnx", "boosting", "onnx");
  check_memory(bytes, n, SIZE_MAX);
  base_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scikit_learn), cmocka_unit_test(test_regressor),
      cmocka_unit_test(test_missing),      cmocka_unit_test(test_classes),
      cmocka_unit_test(test_refused),      cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_many),         cmocka_unit_test(test_graphs),
      cmocka_unit_test(test_damaged),      cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
