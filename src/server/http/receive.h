/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body on its way in. */
#ifndef SERVER_RECEIVE_H
#define SERVER_RECEIVE_H
#include "server/http/request.h"

/** Makes room for it; false = answered. */
bool server_receive_open(server_request *request);
/** Some bytes of it. When they are too many, or damaged, the request is answered and the rest
 * dropped. False: more than anybody needs to hear that. */
bool server_receive_bytes(server_request *request, const void *bytes, size_t n_bytes);
/** All of it has come; false = answered. */
bool server_receive_end(server_request *request);
void server_receive_close(server_request *request);
#endif
