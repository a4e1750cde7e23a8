/* SPDX-License-Identifier: Apache-2.0 */
/* Names of models, features and labels: texts that people and forms can show. */
#ifndef ENCODING_NAMES_H
#define ENCODING_NAMES_H
#include "base/status.h"

#define ENCODING_MAX_NAME_BYTES 255

/** Replaces a text (base_strdup, base_free); without memory the old one stays. */
ckks_status encoding_names_set(char **field, const char *text);
/**
 * A name: 1 to ENCODING_MAX_NAME_BYTES bytes of well-formed UTF-8 without control
 * characters; else CKKS_ERROR_FORMAT with `field` in front.
 */
ckks_status encoding_names_check(const char *text, const char *field);
#endif
