/* SPDX-License-Identifier: Apache-2.0 */
/* The readers behind trees_read: each fills an ensemble and leaves the checking of it to that. */
#ifndef TREES_FORMATS_H
#define TREES_FORMATS_H
#include <jansson.h>

#include "trees/ensemble.h"

ckks_status trees_xgboost_read(trees_ensemble *ensemble, const json_t *root);
ckks_status trees_catboost_read(trees_ensemble *ensemble, const json_t *root);
ckks_status trees_own_read(trees_ensemble *ensemble, const json_t *root);
ckks_status trees_lightgbm_read(trees_ensemble *ensemble, const char *text, size_t n_bytes);
ckks_status trees_onnx_read(trees_ensemble *ensemble, const char *bytes, size_t n_bytes);
#endif
