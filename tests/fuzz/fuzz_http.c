/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around a question: the target of a request and the route that it finds, values of
 * header fields, and compressed bodies. The first byte says which; of a body the second where it is
 * cut. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/accepted.h"
#include "server/http/field.h"
#include "server/http/inflate.h"
#include "server/http/route.h"
#include "server/http/target.h"

#define MOST_INFLATED ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void demand(bool holds) {
  if (!holds)
    abort();
}

/* A path is read again as itself, and its route's names are parts of it. */
static void read_target(const char *text) {
  static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
  char path[SERVER_TARGET_CHARS], again[SERVER_TARGET_CHARS], allow[64];
  char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  if (!server_target_read(path, text))
    return;
  size_t n = strlen(path);
  demand(n < SERVER_TARGET_CHARS && (path[0] == '/' || strcmp(path, "*") == 0));
  if (n == 1 || path[n - 1] != '/')
    demand(server_target_read(again, path) && strcmp(path, again) == 0);
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    memset(param, 0, sizeof param);
    const server_route *route = server_route_find(param, allow, methods[i], path);
    demand(strlen(allow) < sizeof allow);
    if (route == NULL)
      continue;
    fuzz_accept();
    for (int k = 0; k < SERVER_MAX_PARAMS; k++)
      demand(strlen(param[k]) < SERVER_NAME_CHARS && strstr(path, param[k]) != NULL);
  }
}

/* A list has what stands behind it once that is put there, whatever it was, unless it is quoted. */
static void read_field(const char *text) {
  unsigned long long number;
  size_t n = strlen(text);
  bool is_type = server_field_is_type(text, "application/json");
  bool listed = server_field_lists(text, "gzip");
  if (server_field_number(&number, text))
    demand(number <= 999999999999999999ull && server_field_is_token(text, n));
  if (server_field_is_token(text, n))
    demand(server_field_lists(text, text) && server_field_is_type(text, text));
  if (strchr(text, '"') == NULL && strchr(text, '\\') == NULL) {
    char *longer = malloc(n + 8);
    demand(longer != NULL);
    memcpy(longer, text, n);
    strcpy(longer + n, ", GZIP");
    demand(server_field_lists(longer, "gzip"));
    free(longer);
  }
  if (is_type || listed)
    fuzz_accept();
}

typedef struct inflated {
  size_t n_bytes;
  uint64_t sum;
} inflated;

static bool add(void *context, const void *bytes, size_t n_bytes) {
  inflated *all = context;
  for (size_t i = 0; i < n_bytes; i++)
    all->sum = all->sum * 1099511628211u + ((const uint8_t *)bytes)[i];
  all->n_bytes += n_bytes;
  return all->n_bytes < MOST_INFLATED;
}

/* In two pieces; true when it is whole. */
static bool inflate_cut(inflated *all, const uint8_t *bytes, size_t n_bytes, size_t cut) {
  server_inflate *inflate = server_inflate_build();
  demand(inflate != NULL);
  bool good = server_inflate_feed(inflate, bytes, cut, add, all) &&
              server_inflate_feed(inflate, bytes + cut, n_bytes - cut, add, all) &&
              server_inflate_is_whole(inflate);
  server_inflate_free(inflate);
  return good;
}

/* Where connections cut a body says nothing about it. */
static void read_body(const uint8_t *bytes, size_t n_bytes, size_t cut) {
  inflated whole = {0}, pieces = {0};
  bool good = inflate_cut(&whole, bytes, n_bytes, n_bytes);
  bool again = inflate_cut(&pieces, bytes, n_bytes, cut < n_bytes ? cut : n_bytes);
  demand(good == again);
  if (!good)
    return;
  fuzz_accept();
  demand(whole.n_bytes == pieces.n_bytes && whole.sum == pieces.sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  if (n_bytes < 2)
    return 0;
  if (bytes[0] % 3 == 2) {
    read_body(bytes + 2, n_bytes - 2, bytes[1]);
    return 0;
  }
  char *text = malloc(n_bytes);
  demand(text != NULL);
  memcpy(text, bytes + 1, n_bytes - 1);
  text[n_bytes - 1] = '\0';
  if (bytes[0] % 3 == 0)
    read_target(text);
  else
    read_field(text);
  free(text);
  return 0;
}
