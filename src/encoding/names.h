/* SPDX-License-Identifier: Apache-2.0 */
/* Names of models, features and labels: texts that people and forms can show. */
#ifndef ENCODING_NAMES_H
#define ENCODING_NAMES_H
#include <stddef.h>

#include "base/status.h"

#define ENCODING_MAX_NAME_BYTES 255

/** Replaces a text (base_strdup, base_free); without memory the old one stays. */
ckks_status encoding_names_set(char **field, const char *text);
/**
 * A name: 1 to ENCODING_MAX_NAME_BYTES bytes of well-formed UTF-8 without control
 * characters; else CKKS_ERROR_FORMAT with `field` in front.
 */
ckks_status encoding_names_check(const char *text, const char *field);

/* --- lists of n names, each allocated, and the list too */
/** prefix0, prefix1, ... CKKS_ERROR_MEMORY leaves what encoding_names_free takes. */
ckks_status encoding_names_init(char ***names, const char *prefix, size_t n);
/** Names may be NULL, and so may the list. */
void encoding_names_free(char **names, size_t n);
/** Each of them a name, no two alike; else CKKS_ERROR_FORMAT with "field[i]" or `field` in front.
 */
ckks_status encoding_names_check_list(char *const *names, size_t n, const char *field);
#endif
