/* SPDX-License-Identifier: Apache-2.0 */
/* Values of header fields, as RFC 9110 writes them: case does not matter in tokens. */
#ifndef SERVER_FIELD_H
#define SERVER_FIELD_H
#include <stdbool.h>
#include <stddef.h>

/** Whether a comma-separated list has the token, whatever its parameters. NULL: an empty list. */
bool server_field_lists(const char *list, const char *token);
/** Whether a media type is `type`, whatever its parameters. */
bool server_field_is_type(const char *value, const char *type);
/** tchar of RFC 9110, 5.6.2, one or more. */
bool server_field_is_token(const char *text, size_t n);
/** Digits alone, of at most 18: the number. */
bool server_field_number(unsigned long long *out, const char *text);
#endif
