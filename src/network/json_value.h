/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a model in JSON, each read or refused with its path. An absent value and a wrong one
 * are two different mistakes, and said to be. CKKS_ERROR_FORMAT, where nothing else is said.
 */
#ifndef NETWORK_JSON_VALUE_H
#define NETWORK_JSON_VALUE_H
#include <jansson.h>

#include "base/status.h"

/** The JSON path of the value being read; every path of the form is shorter than this. */
typedef struct network_json_path {
  char text[96];
} network_json_path;

network_json_path network_json_at(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Always an error: value (NULL: missing) is not `wanted`, as in "an object". */
ckks_status network_json_fail_type(const json_t *value, const char *path, const char *wanted);
/** How it reads in "... where a number is needed"; NULL is null. */
const char *network_json_type_name(const json_t *value);
/** No others than `fields`, which ends with NULL; `prefix`: path of the object, its dot, or "". */
ckks_status network_json_fields(json_t *object, const char *prefix, const char *const *fields);
/** Range is for network_check: here a number only has to be one. */
ckks_status network_json_number(double *out, const json_t *value, const char *path);
/** NULL leaves *out as it is. */
ckks_status network_json_optional_number(double *out, const json_t *value, const char *path);
/** An array of so many `what`; `least` = `most` asks for that very number. */
ckks_status network_json_array(const json_t *value, const char *path, size_t least, size_t most,
                               const char *what);
ckks_status network_json_numbers(double *out, size_t n, const json_t *value, const char *path);
/** A name (encoding_names_check), copied: base_free; CKKS_ERROR_MEMORY. */
ckks_status network_json_text(char **out, const json_t *value, const char *path);
ckks_status network_json_texts(char **out, size_t n, const json_t *value, const char *path);
#endif
