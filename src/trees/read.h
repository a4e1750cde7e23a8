/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Ensembles as their libraries write them. A reader trusts nothing of the text; what it cannot
 * compute exactly it refuses by name, with what to do instead. On error nothing is left.
 */
#ifndef TREES_READ_H
#define TREES_READ_H
#include "trees/ensemble.h"

#define TREES_READ_MAX_BYTES ((size_t)256 << 20)

typedef enum trees_format {
  TREES_NONE,     /**< something else */
  TREES_FOREIGN,  /**< a form that trees_read refuses by its name: UBJSON, CBM, a pickle */
  TREES_XGBOOST,  /**< JSON of Booster.save_model("m.json") */
  TREES_LIGHTGBM, /**< text of Booster.save_model("m.txt") */
  TREES_CATBOOST, /**< JSON of save_model("m.json", format="json") */
  TREES_ONNX,     /**< a TreeEnsembleClassifier or TreeEnsembleRegressor */
  TREES_OWN       /**< our own JSON (docs/model-json.md, "Trees") */
} trees_format;

/** What the text seems to be, by the words at its beginning and its keys. */
trees_format trees_read_recognise(const char *text, size_t n_bytes);
/** "XGBoost", ... for people. */
const char *trees_read_name(trees_format format);
/** Reads it and checks the whole (trees_ensemble_check); `name` starts every message. */
ckks_status trees_read(trees_ensemble *ensemble, const char *text, size_t n_bytes,
                       const char *name);
#endif
