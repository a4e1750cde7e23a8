/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of JSON objects, each looked for and held against its kind; messages name the path. */
#ifndef TREES_OBJECT_H
#define TREES_OBJECT_H
#include <jansson.h>

#include "base/status.h"

/** A field that must be there and of that type; NULL after CKKS_ERROR_FORMAT was recorded. */
json_t *trees_object_get(const json_t *object, const char *key, json_type type, const char *path);
/** An array of exactly n elements. */
json_t *trees_object_array(const json_t *object, const char *key, size_t n, const char *path);
/** Finite numbers, or texts that are numbers from end to end (XGBoost writes "5E-1"). */
ckks_status trees_object_number(double *out, const json_t *value, const char *path);
/** Of 0 to `limit`; booleans are 0 and 1. */
ckks_status trees_object_count(size_t *out, const json_t *value, size_t limit, const char *path);
#endif
