/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ensembles from files against what their own libraries said of the same rows (data/NAME.rows:
 * features; sums). XGBoost's and scikit-learn's were written by these, LightGBM's and CatBoost's by
 * hand, with sums worked out by hand.
 */
#include "trees/read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "trees/edge.h"
#include "trees/rows.h"

#define FOLDER "tests/trees/data/"

static char *load(const char *name, size_t *n_bytes) {
  char path[256];
  uint8_t *bytes;
  snprintf(path, sizeof path, FOLDER "%s", name);
  assert_int_equal(base_file_read(&bytes, n_bytes, path, 1 << 20), CKKS_OK);
  return (char *)bytes;
}

static void test_libraries(void **state) {
  (void)state;
  static const struct {
    const char *file;
    double tolerance; /* XGBoost adds up in floats */
    encoding_kind kind;
    encoding_end end;
  } cases[] = {{"xgboost_binary", 1e-6, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"xgboost_multi", 1e-6, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"xgboost_dart", 1e-6, ENCODING_VALUES, ENCODING_END_NONE},
               {"lightgbm_binary", 1e-15, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"lightgbm_ova", 1e-15, ENCODING_CLASSES, ENCODING_END_SIGMOID},
               {"catboost_binary", 1e-15, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_tree", 1e-12, ENCODING_CLASSES, ENCODING_END_NONE},
               {"sklearn_forest", 1e-12, ENCODING_CLASSES, ENCODING_END_NONE},
               {"sklearn_extra", 1e-12, ENCODING_VALUES, ENCODING_END_NONE},
               {"sklearn_boosting", 1e-12, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_boosting_multi", 1e-12, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_regression", 1e-12, ENCODING_VALUES, ENCODING_END_NONE},
               {"sklearn_histogram", 1e-12, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_histogram_reg", 1e-12, ENCODING_VALUES, ENCODING_END_NONE},
               {"sklearn_ada", 1e-12, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_ada_samme", 1e-12, ENCODING_CLASSES, ENCODING_END_SOFTMAX},
               {"sklearn_isolation", 1e-12, ENCODING_VALUES, ENCODING_END_EXP}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char name[80];
    size_t n_text, n_rows;
    trees_ensemble e;
    snprintf(name, sizeof name, "%s.%s", cases[i].file,
             strncmp(cases[i].file, "lightgbm", 8) == 0 ? "txt" : "json");
    char *text = load(name, &n_text);
    if (trees_read(&e, text, n_text, name) != CKKS_OK)
      fail_msg("%s", base_last_error());
    assert_int_equal(e.meaning.kind, cases[i].kind);
    assert_int_equal(e.meaning.end, cases[i].end);
    snprintf(name, sizeof name, "%s.rows", cases[i].file);
    char *rows = load(name, &n_rows);
    compare_rows(&e, rows, cases[i].tolerance, name);
    base_free(rows);
    base_free(text);
    trees_ensemble_clear(&e);
  }
}

/* A file of data/ with one text in it replaced. */
static ckks_status read_changed(trees_ensemble *e, const char *name, const char *from,
                                const char *to) {
  size_t n;
  char *text = load(name, &n), *at = strstr(text, from), changed[16384];
  assert_non_null(at);
  int n_changed =
      snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  base_free(text);
  assert_in_range(n_changed, 1, sizeof changed - 1);
  return trees_read(e, changed, (size_t)n_changed, name);
}

static void refuses_changed(const char *name, const char *from, const char *to, const char *words) {
  trees_ensemble e;
  assert_int_equal(read_changed(&e, name, from, to), CKKS_ERROR_FORMAT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), words);
}

/* What predictions are made of the sums is told by the file, or the file is refused. */
static void test_meanings(void **state) {
  (void)state;
  trees_ensemble e;
  refuses_changed("catboost_binary.json", "Logloss", "Novel", "the loss \"Novel\"");
  refuses_changed("catboost_binary.json", "\"type\"", "\"kind\"", "cannot be told");
  refuses_changed("catboost_binary.json", "\"Logloss\"}}",
                  "\"Logloss\"}}, \"class_params\": "
                  "{\"class_names\": [\"a\"]}",
                  "1 of 2 classes");
  assert_int_equal(read_changed(&e, "catboost_binary.json", "\"Logloss\"}}",
                                "\"Logloss\"}}, \"class_params\": {\"class_names\": [\"ill\", 5]}"),
                   CKKS_OK);
  assert_string_equal(e.label[0], "ill");
  assert_string_equal(e.label[1], "5");
  trees_ensemble_clear(&e);
  assert_int_equal(read_changed(&e, "catboost_binary.json", "Logloss", "Poisson"), CKKS_OK);
  assert_int_equal(e.meaning.kind, ENCODING_VALUES);
  assert_int_equal(e.meaning.end, ENCODING_END_EXP);
  assert_int_equal(e.n_outputs, 1);
  trees_ensemble_clear(&e);
  refuses_changed("xgboost_binary.json", "binary:logistic", "binary:hinge", "\"binary:hinge\"");
  refuses_changed("lightgbm_binary.txt", "binary sigmoid:1", "novel", "\"novel\"");
  refuses_changed("lightgbm_binary.txt", "binary sigmoid:1", "regression sqrt", "reg_sqrt");
  refuses_changed("lightgbm_binary.txt", "decision_type=2 8", "decision_type=2 12", "split 1");
  refuses_changed("lightgbm_binary.txt", "decision_type=2 8", "decision_type=2 1", "categories");
  refuses_changed("lightgbm_binary.txt", "decision_type=2 8", "decision_type=4 8", "zeros");
}

/* Rows that scikit-learn refuses are refused; those of histogram boosting go their way. */
static void test_missing(void **state) {
  (void)state;
  static const struct {
    const char *file;
    bool complete;
  } cases[] = {{"sklearn_forest.json", true},
               {"sklearn_boosting.json", true},
               {"sklearn_histogram.json", false},
               {"xgboost_binary.json", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    trees_ensemble e;
    size_t n;
    char *text = load(cases[i].file, &n);
    assert_int_equal(trees_read(&e, text, n, cases[i].file), CKKS_OK);
    assert_int_equal(e.meaning.complete, cases[i].complete);
    trees_ensemble_clear(&e);
    base_free(text);
  }
  refuses_changed("sklearn_forest.json", "\"missing\": \"refuse\"", "\"missing\": \"mean\"",
                  "routed");
}

/* --------------------------------------------------------------- hostile files */

static void expect(const char *text, const char *words) {
  trees_ensemble e;
  assert_int_equal(trees_read(&e, text, strlen(text), "m"), CKKS_ERROR_FORMAT);
  if (strncmp(base_last_error(), "m: ", 3) != 0 || strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", base_last_error(), words);
  assert_null(e.tree);
}

/* One tree of our own JSON: arrays of its nodes. */
static void expect_tree(const char *left, const char *right, const char *feature, const char *edge,
                        const char *missing, const char *value, const char *words) {
  char text[1024];
  snprintf(text, sizeof text,
           "{\"features\": [\"a\", \"b\"], \"labels\": [\"y\"], \"base\": [0], \"trees\": "
           "[{\"left\": %s, \"right\": %s, \"feature\": %s, \"edge\": %s, \"missing_right\": %s, "
           "\"value\": %s}]}",
           left, right, feature, edge, missing, value);
  if (words != NULL) {
    expect(text, words);
    return;
  }
  trees_ensemble e;
  assert_int_equal(trees_read(&e, text, strlen(text), "m"), CKKS_OK);
  trees_ensemble_clear(&e);
}

static void test_hostile_trees(void **state) {
  (void)state;
  expect_tree("[1,0,0]", "[2,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]", NULL);
  expect_tree("[1,0,0]", "[1,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "reached twice");
  expect_tree("[1,0,0]", "[0,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "reached twice");
  expect_tree("[1,0,0]", "[3,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "child 3 of 3");
  expect_tree("[1,0,0,0]", "[2,0,0,0]", "[0,0,0,0]", "[0.5,0,0,0]", "[0,0,0,0]",
              "[null,[1],[2],[3]]", "1 of 4 nodes are not reached");
  expect_tree("[1,0,0]", "[2,0,0]", "[2,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "feature 2 of 2");
  expect_tree("[1,0,0]", "[2,0,0]", "[0,0,0]", "[\"nan\",0,0]", "[0,0,0]", "[null,[1],[2]]",
              "not a finite number");
  expect_tree("[1,0,0]", "[2,0,0]", "[0,0,0]", "[1e300,0,0]", "[2,0,0]", "[null,[1],[2]]",
              "0 to 1");
  expect_tree("[1,0,0]", "[2,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "2 elements where 3");
  expect_tree("[1,0,0]", "[2,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2,3]]",
              "2 numbers where 1");
  expect_tree("[]", "[]", "[]", "[]", "[]", "[]", "no nodes");
  expect_tree("[-1,0,0]", "[2,0,0]", "[0,0,0]", "[0.5,0,0]", "[0,0,0]", "[null,[1],[2]]",
              "whole number");
}

/* A feature of categories: lists of those that go right, and an empty list that asks nothing. */
static void test_categories(void **state) {
  (void)state;
  static const char *const form =
      "{\"features\": [\"a\", \"b\"], \"labels\": [\"y\"], \"base\": [0], \"encoding\": [%s, {}], "
      "\"trees\": [{\"left\": [1,0,3,0,0], \"right\": [2,0,4,0,0], \"feature\": [0,0,1,0,0], "
      "\"edge\": [%s,0,%s,0,0], \"missing_right\": [1,0,0,0,0], "
      "\"value\": [null,[1],null,[2],[3]]}]}";
  static const char *const categories = "{\"categories\": [\"x\", \"y\", \"z\"]}";
  static const struct {
    const char *encoding, *edge, *second, *words;
  } refused[] = {{NULL, "[0,3]", "0.5", "category 3 of 3"},
                 {NULL, "[1,0]", "0.5", "not a finite number"},
                 {NULL, "[0.5]", "0.5", "category 0.5"},
                 {NULL, "1.5", "0.5", "feature 0 is of categories"},
                 {NULL, "[0]", "[1]", "feature 1, which has fewer"},
                 {"{}", "[0]", "0.5", "feature 0, which has fewer"},
                 {"{\"edges\": [1]}", "[0]", "0.5", "trees bring their own"}};
  char text[1024];
  trees_ensemble e;
  double y;
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    const char *encoding = refused[i].encoding != NULL ? refused[i].encoding : categories;
    snprintf(text, sizeof text, form, encoding, refused[i].edge, refused[i].second);
    expect(text, refused[i].words);
  }
  snprintf(text, sizeof text, form, categories, "[0,2]", "[]");
  if (trees_read(&e, text, strlen(text), "m") != CKKS_OK)
    fail_msg("%s", base_last_error());
  static const double rows[4][3] = {{0, 9, 2}, {1, 9, 1}, {2, -9, 2}, {(double)NAN, 9, 2}};
  for (size_t r = 0; r < 4; r++) {
    trees_ensemble_forward(&y, rows[r], &e);
    assert_true(y == rows[r][2]);
  }
  trees_ensemble_clear(&e);
}

static void test_values_that_are_not_there(void **state) {
  (void)state;
  trees_ensemble e;
  trees_node *node;
  assert_int_equal(trees_ensemble_init(&e, 1, 3), CKKS_OK);
  assert_int_equal(trees_ensemble_add_tree(&e, 1, TREES_ALL_OUTPUTS, &node), CKKS_OK);
  assert_int_equal(trees_ensemble_add_leaf(&e, node, (double[]){1, 2, 3}, 3), CKKS_OK);
  assert_int_equal(trees_ensemble_check(&e), CKKS_OK);
  for (size_t value = 1; value <= 4; value++) {
    node->value = value;
    assert_int_equal(trees_ensemble_check(&e), CKKS_ERROR_FORMAT);
    assert_non_null(strstr(base_last_error(), "a leaf without values"));
  }
  trees_ensemble_clear(&e);
}

/* A tree of an XGBoost model adds to an output that is there. */
static void test_group_that_is_not_there(void **state) {
  (void)state;
  size_t n;
  char *text = load("xgboost_binary.json", &n), *info = strstr(text, "\"tree_info\"");
  assert_non_null(info);
  info += strcspn(info, "0");
  *info = '1';
  expect(text, "tree_info");
  base_free(text);
}

static void test_deep(void **state) {
  (void)state;
  trees_ensemble e;
  trees_node *node;
  for (size_t depth = TREES_MAX_DEPTH; depth <= TREES_MAX_DEPTH + 1; depth++) {
    assert_int_equal(trees_ensemble_init(&e, 1, 1), CKKS_OK);
    assert_int_equal(trees_ensemble_add_tree(&e, 2 * depth + 1, 0, &node), CKKS_OK);
    for (size_t i = 0; i < depth; i++) {
      node[i] = (trees_node){.left = (uint32_t)(depth + i), .right = (uint32_t)(i + 1)};
      assert_int_equal(trees_ensemble_add_leaf(&e, &node[depth + i], &(double){1.0}, 1), CKKS_OK);
    }
    node[depth - 1].right = (uint32_t)(2 * depth);
    assert_int_equal(trees_ensemble_add_leaf(&e, &node[2 * depth], &(double){1.0}, 1), CKKS_OK);
    assert_int_equal(trees_ensemble_check(&e),
                     depth <= TREES_MAX_DEPTH ? CKKS_OK : CKKS_ERROR_FORMAT);
    trees_ensemble_clear(&e);
  }
}

/* Every part of real files missing or damaged: refused, or read as something that is checked. */
static void test_damaged(void **state) {
  (void)state;
  static const char *const names[] = {"xgboost_binary.json", "lightgbm_binary.txt",
                                      "catboost_binary.json", "sklearn_forest.json"};
  uint64_t random = 1;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t n, n_refused = 0;
    char *text = load(names[i], &n), *copy = malloc(n + 1);
    for (int round = 0; round < 600; round++) {
      trees_ensemble e;
      memcpy(copy, text, n + 1);
      random = random * 6364136223846793005u + 1442695040888963407u;
      copy[(random >> 33) % n] = "0-9e{}[],\"x\n "[(random >> 20) % 13];
      if (trees_read(&e, copy, n, "m") == CKKS_OK)
        trees_ensemble_clear(&e);
      else
        n_refused++;
    }
    assert_true(n_refused > 50);
    for (size_t cut = 1; cut < n; cut += n / 37 + 1) {
      trees_ensemble e;
      memcpy(copy, text, cut);
      copy[cut] = '\0';
      if (trees_read(&e, copy, cut, "m") == CKKS_OK) { /* behind the trees of LightGBM */
        assert_int_equal(i, 1);
        trees_ensemble_clear(&e);
      }
    }
    free(copy);
    base_free(text);
  }
}

static void test_memory(void **state) {
  (void)state;
  size_t n;
  char *text = load("sklearn_forest.json", &n);
  for (int k = 1;; k++) {
    trees_ensemble e;
    base_alloc_fail_at((size_t)k);
    ckks_status status = trees_read(&e, text, n, "m");
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      trees_ensemble_clear(&e);
      assert_true(k > 20);
      break;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(e.tree);
  }
  base_free(text);
}

/* ---------------------------------------------------------------------- edges */

static void test_edges(void **state) {
  (void)state;
  uint64_t random = 99;
  for (int i = 0; i < 20000; i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    float t = (float)ldexp((double)(int32_t)(random >> 32), (int)(random % 61) - 60);
    if (i < 3)
      t = i == 0 ? 0.0f : i == 1 ? 1.0f : -1.0f;
    double not_below = trees_edge_float_not_below(t), above = trees_edge_float_above(t);
    for (int step = -2; step <= 2; step++) {
      double x = not_below, y = above;
      for (int s = 0; s < abs(step); s++) {
        x = nextafter(x, step * (double)INFINITY);
        y = nextafter(y, step * (double)INFINITY);
      }
      assert_int_equal(x > not_below, (float)x >= t);
      assert_int_equal(y > above, (float)y > t);
    }
  }
  assert_true(!(3.0 > trees_edge_not_below(3.0)) == false);
  assert_false(nextafter(3.0, 0.0) > trees_edge_not_below(3.0));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_libraries),
                                     cmocka_unit_test(test_meanings),
                                     cmocka_unit_test(test_missing),
                                     cmocka_unit_test(test_hostile_trees),
                                     cmocka_unit_test(test_categories),
                                     cmocka_unit_test(test_values_that_are_not_there),
                                     cmocka_unit_test(test_group_that_is_not_there),
                                     cmocka_unit_test(test_deep),
                                     cmocka_unit_test(test_damaged),
                                     cmocka_unit_test(test_memory),
                                     cmocka_unit_test(test_edges)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
