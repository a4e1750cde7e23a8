/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's side. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H
#include "server/service.h"

ckks_status server_http_start(server_service *service);
/** After server_pool_stop: no connection may be suspended any more. */
void server_http_stop(server_service *service);
#endif
