/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/read.h"

#include <string.h>

#include "trees/formats.h"

static bool contains(const char *text, size_t n_bytes, const char *word) {
  size_t n = strlen(word);
  for (const char *at = text, *end = text + n_bytes; (size_t)(end - at) >= n; at++) {
    at = memchr(at, word[0], (size_t)(end - at) - n + 1);
    if (at == NULL)
      return false;
    if (memcmp(at, word, n) == 0)
      return true;
  }
  return false;
}

/* The operator of a node: field 4, its length, its name. */
static bool is_onnx(const char *text, size_t n_bytes) {
  return contains(text, n_bytes,
                  "\x22\x16"
                  "TreeEnsembleClassifier") ||
         contains(text, n_bytes,
                  "\x22\x15"
                  "TreeEnsembleRegressor") ||
         contains(text, n_bytes,
                  "\x22\x0c"
                  "TreeEnsemble");
}

/* Forms that libraries write by default, or that people keep models in: what to write instead. */
static const char *foreign(const char *text, size_t n_bytes) {
  if (n_bytes > 2 && text[0] == '{' && text[1] != '\0' && strchr("iUIlL", text[1]) != NULL &&
      contains(text, n_bytes, "learner"))
    return "XGBoost's UBJSON; save it as JSON: booster.save_model(\"m.json\")";
  if (n_bytes > 4 && memcmp(text, "CBM1", 4) == 0)
    return "CatBoost's binary; save it as JSON: model.save_model(\"m.json\", format=\"json\")";
  if (n_bytes > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5)
    return "a pickle of Python, which is a program; save the model: blindsight.trees.save or "
           "blindsight.pipelines.save in Python, or the library's own JSON or text";
  return NULL;
}

trees_format trees_read_recognise(const char *text, size_t n_bytes) {
  size_t at = 0;
  if (foreign(text, n_bytes) != NULL)
    return TREES_FOREIGN;
  if (n_bytes > 5 && memcmp(text, "tree", 4) == 0 && (text[4] == '\n' || text[4] == '\r'))
    return TREES_LIGHTGBM;
  while (at < n_bytes && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
    at++;
  if (at == n_bytes || text[at] != '{')
    return is_onnx(text, n_bytes) ? TREES_ONNX : TREES_NONE;
  if (contains(text, n_bytes, "\"gradient_booster\""))
    return TREES_XGBOOST;
  if (contains(text, n_bytes, "\"oblivious_trees\""))
    return TREES_CATBOOST;
  return contains(text, n_bytes, "\"trees\"") ? TREES_OWN : TREES_NONE;
}

const char *trees_read_name(trees_format format) {
  static const char *const names[] = {
      [TREES_NONE] = "none",         [TREES_FOREIGN] = "none that is read",
      [TREES_XGBOOST] = "XGBoost",   [TREES_LIGHTGBM] = "LightGBM",
      [TREES_CATBOOST] = "CatBoost", [TREES_ONNX] = "ONNX",
      [TREES_OWN] = "trees in JSON"};
  return names[format];
}

static ckks_status read_json(trees_ensemble *ensemble, trees_format format, const char *text,
                             size_t n_bytes) {
  json_error_t error;
  json_t *root = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "line %d: %s", error.line, error.text);
  ckks_status status = format == TREES_XGBOOST    ? trees_xgboost_read(ensemble, root)
                       : format == TREES_CATBOOST ? trees_catboost_read(ensemble, root)
                                                  : trees_own_read(ensemble, root);
  json_decref(root);
  return status;
}

ckks_status trees_read(trees_ensemble *ensemble, const char *text, size_t n_bytes,
                       const char *name) {
  trees_format format = trees_read_recognise(text, n_bytes);
  *ensemble = (trees_ensemble){0};
  if (format == TREES_NONE)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: no trees of XGBoost or CatBoost (JSON), LightGBM (text), ONNX or "
                     "docs/trees.md",
                     name);
  if (format == TREES_FOREIGN)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s", name, foreign(text, n_bytes));
  ckks_status status = format == TREES_LIGHTGBM ? trees_lightgbm_read(ensemble, text, n_bytes)
                       : format == TREES_ONNX   ? trees_onnx_read(ensemble, text, n_bytes)
                                                : read_json(ensemble, format, text, n_bytes);
  if (status == CKKS_OK)
    status = trees_ensemble_check(ensemble);
  if (status == CKKS_OK)
    return CKKS_OK;
  trees_ensemble_clear(ensemble);
  return base_fail_in(status, "%s", name);
}
