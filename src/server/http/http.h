/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd's side. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H
#include "server/service.h"

ckks_status server_http_start(server_service *service);
/** No new connections from now on. */
void server_http_deafen(server_service *service);
void server_http_stop(server_service *service);
#endif
