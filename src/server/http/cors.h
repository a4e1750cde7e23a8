/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of other origins in browsers: those that --cors names may ask, and read the answers. */
#ifndef SERVER_CORS_H
#define SERVER_CORS_H
#include "server/http/request.h"

/** "*", or origins with commas between: scheme://host[:port]. NULL allowed. */
ckks_status server_cors_check(const char *origins);
/** The headers of an answer, if its question came from a page that may. */
void server_cors_mark(server_request *request);
/** Answers OPTIONS for a path that takes the methods `allow`. */
void server_cors_options(server_request *request, const char *allow);
#endif
