/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/target.h"

#include <string.h>
#include <strings.h>

static int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/* Behind the authority: the path; "" for none. NULL: not absolute-form. */
static const char *skip_authority(const char *target) {
  size_t n = strncasecmp(target, "http://", 7) == 0    ? 7
             : strncasecmp(target, "https://", 8) == 0 ? 8
                                                       : 0;
  if (n == 0)
    return NULL;
  size_t n_authority = strcspn(target + n, "/?#");
  return n_authority > 0 ? target + n + n_authority : NULL;
}

/* One character of the path, decoded where that changes nothing; its length there. 0: malformed. */
static size_t take(char *out, const char *at) {
  *out = *at;
  if (*at <= ' ' || *at > '~' || *at == '#')
    return 0;
  if (*at != '%')
    return 1;
  int high = hex(at[1]), low = high >= 0 ? hex(at[2]) : -1;
  if (low < 0)
    return 0;
  char c = (char)(high * 16 + low);
  if (!is_unreserved(c))
    return 1; /* the digits follow as they are */
  *out = c;
  return 3;
}

bool server_target_read(char path[SERVER_TARGET_CHARS], const char *target) {
  const char *at = target;
  size_t n = 0;
  if (*at != '/' && strcmp(at, "*") != 0) {
    at = skip_authority(target);
    if (at == NULL)
      return false;
    if (*at != '/')
      path[n++] = '/';
  }
  while (*at != '\0' && *at != '?') {
    size_t length = n + 1 < SERVER_TARGET_CHARS ? take(&path[n], at) : 0;
    if (length == 0)
      return false;
    n++;
    at += length;
  }
  if (n > 1 && path[n - 1] == '/')
    n--;
  path[n] = '\0';
  return true;
}
