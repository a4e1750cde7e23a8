/* SPDX-License-Identifier: Apache-2.0 */
#include "network/json_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "encoding/encoding.h"

network_json_path network_json_at(const char *format, ...) {
  network_json_path path;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path.text, sizeof path.text, format, arguments);
  va_end(arguments);
  return path;
}

const char *network_json_type_name(const json_t *value) {
  switch (value == NULL ? JSON_NULL : json_typeof(value)) {
  case JSON_OBJECT:
    return "an object";
  case JSON_ARRAY:
    return "an array";
  case JSON_STRING:
    return "a string";
  case JSON_INTEGER:
  case JSON_REAL:
    return "a number";
  case JSON_TRUE:
  case JSON_FALSE:
    return "a truth value";
  default:
    return "null";
  }
}

ckks_status network_json_fail_type(const json_t *value, const char *path, const char *wanted) {
  if (value == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: missing", path);
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s where %s is needed", path,
                   network_json_type_name(value), wanted);
}

ckks_status network_json_fields(json_t *object, const char *prefix, const char *const *fields) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    size_t i = 0;
    while (fields[i] != NULL && strcmp(fields[i], key) != 0)
      i++;
    if (fields[i] == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "%s%s: unknown field", prefix, key);
  }
  return CKKS_OK;
}

ckks_status network_json_number(double *out, const json_t *value, const char *path) {
  if (!json_is_number(value))
    return network_json_fail_type(value, path, "a number");
  *out = json_number_value(value);
  return CKKS_OK;
}

ckks_status network_json_optional_number(double *out, const json_t *value, const char *path) {
  return value == NULL ? CKKS_OK : network_json_number(out, value, path);
}

ckks_status network_json_array(const json_t *value, const char *path, size_t least, size_t most,
                               const char *what) {
  if (!json_is_array(value))
    return network_json_fail_type(value, path, "an array");
  size_t n = json_array_size(value);
  if (n >= least && n <= most)
    return CKKS_OK;
  if (least == most)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu %s where %zu are needed", path, n, what, least);
  return base_fail(CKKS_ERROR_FORMAT, "%s: %zu %s where %zu to %zu are allowed", path, n, what,
                   least, most);
}

/* Paths of elements are only made for a message: weights come by the million. */
ckks_status network_json_numbers(double *out, size_t n, const json_t *value, const char *path) {
  BASE_TRY(network_json_array(value, path, n, n, "numbers"));
  for (size_t i = 0; i < n; i++) {
    const json_t *number = json_array_get(value, i);
    if (!json_is_number(number))
      return network_json_fail_type(number, network_json_at("%s[%zu]", path, i).text, "a number");
    out[i] = json_number_value(number);
  }
  return CKKS_OK;
}

/* Judged before it is copied: a text of megabytes is refused, not stored. */
ckks_status network_json_text(char **out, const json_t *value, const char *path) {
  if (!json_is_string(value))
    return network_json_fail_type(value, path, "a string");
  BASE_TRY(encoding_names_check(json_string_value(value), path));
  return encoding_names_set(out, json_string_value(value));
}

ckks_status network_json_texts(char **out, size_t n, const json_t *value, const char *path) {
  for (size_t i = 0; i < n; i++)
    BASE_TRY(network_json_text(&out[i], json_array_get(value, i),
                               network_json_at("%s[%zu]", path, i).text));
  return CKKS_OK;
}
