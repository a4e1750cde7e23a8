/* SPDX-License-Identifier: Apache-2.0 */
/* A request's line in the audit log. */
#ifndef SERVER_RECORD_H
#define SERVER_RECORD_H
#include "server/http/request.h"

/** Of a route that is `recorded`, before its good answer goes. When the log cannot be written the
 * answer is an error. */
void server_record_before(server_request *request);
/** Of all others that are not probes: a line, or a count where there is no token. */
void server_record_after(server_request *request);
#endif
