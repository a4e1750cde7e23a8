/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/field.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool server_field_is_token(const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (text[i] == '\0' || strchr(token_chars, text[i]) == NULL)
      return false;
  return n > 0;
}

/* Behind the element that begins here: a comma inside quotes ends nothing. */
static const char *skip_element(const char *at) {
  bool quoted = false;
  for (; *at != '\0' && (quoted || *at != ','); at++)
    if (*at == '\\' && quoted && at[1] != '\0')
      at++;
    else if (*at == '"')
      quoted = !quoted;
  return at;
}

bool server_field_lists(const char *list, const char *token) {
  size_t n = strlen(token);
  while (list != NULL && *list != '\0') {
    list += strspn(list, " \t,");
    size_t length = strspn(list, token_chars);
    const char *next = list + length + strspn(list + length, " \t");
    if (length == n && strncasecmp(list, token, n) == 0 && strchr(",;", *next) != NULL)
      return true;
    list = skip_element(list);
  }
  return false;
}

bool server_field_is_type(const char *value, const char *type) {
  size_t n = strlen(type);
  if (value == NULL || strncasecmp(value, type, n) != 0)
    return false;
  value += n;
  value += strspn(value, " \t");
  return *value == '\0' || *value == ';';
}

bool server_field_number(unsigned long long *out, const char *text) {
  size_t n = strspn(text, "0123456789");
  if (n == 0 || n > 18 || text[n] != '\0')
    return false;
  *out = strtoull(text, NULL, 10);
  return true;
}
