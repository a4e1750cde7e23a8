/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/request.h"

const char *server_request_header(const server_request *request, const char *name) {
  return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}
