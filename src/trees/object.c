/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/object.h"

#include <math.h>
#include <stdlib.h>

static const char *type_name(json_type type) {
  switch (type) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "an array";
  case JSON_STRING:
    return "a text";
  default:
    return "a number";
  }
}

json_t *trees_object_get(const json_t *object, const char *key, json_type type, const char *path) {
  json_t *value = json_object_get(object, key);
  if (value != NULL && json_typeof(value) == type)
    return value;
  (void)base_fail(CKKS_ERROR_FORMAT, "%s%s%s: %s where %s is needed", path,
                  path[0] != '\0' ? "." : "", key, value == NULL ? "missing" : "something else",
                  type_name(type));
  return NULL;
}

json_t *trees_object_array(const json_t *object, const char *key, size_t n, const char *path) {
  json_t *value = trees_object_get(object, key, JSON_ARRAY, path);
  if (value == NULL || json_array_size(value) == n)
    return value;
  (void)base_fail(CKKS_ERROR_FORMAT, "%s.%s: %zu elements where %zu are needed", path, key,
                  json_array_size(value), n);
  return NULL;
}

ckks_status trees_object_number(double *out, const json_t *value, const char *path) {
  *out = (double)NAN;
  if (json_is_number(value))
    *out = json_number_value(value);
  if (json_is_string(value)) {
    const char *text = json_string_value(value);
    char *end;
    *out = strtod(text, &end);
    if (end == text || *end != '\0')
      *out = (double)NAN;
  }
  return isfinite(*out) ? CKKS_OK : base_fail(CKKS_ERROR_FORMAT, "%s: not a finite number", path);
}

ckks_status trees_object_count(size_t *out, const json_t *value, size_t limit, const char *path) {
  double number;
  *out = 0;
  if (json_is_boolean(value))
    number = json_is_true(value) ? 1.0 : 0.0;
  else
    BASE_TRY(trees_object_number(&number, value, path));
  if (!(number >= 0.0 && number <= (double)limit) || number != floor(number))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %g where a whole number from 0 to %zu is needed", path,
                     number, limit);
  *out = (size_t)number;
  return CKKS_OK;
}
