/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/request.h"

#include <strings.h>

#include "server/http/field.h"

const char *server_request_header(const server_request *request, const char *name) {
  return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

typedef struct search {
  const char *name, *token;
  bool found;
} search;

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value) {
  search *s = context;
  (void)kind;
  s->found = s->found || (strcasecmp(name, s->name) == 0 && server_field_lists(value, s->token));
  return MHD_YES;
}

bool server_request_lists(const server_request *request, const char *name, const char *token) {
  search s = {name, token, false};
  MHD_get_connection_values(request->connection, MHD_HEADER_KIND, look, &s);
  return s.found;
}
