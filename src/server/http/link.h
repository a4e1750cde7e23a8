/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and their deadlines. */
#ifndef SERVER_LINK_H
#define SERVER_LINK_H
#include <microhttpd.h>

#include "server/service.h"

typedef struct server_link server_link;
typedef struct server_links server_links;
ckks_status server_link_build(server_links **out, server_service *service);
/** After the daemon has stopped. */
void server_link_free(server_links *links);
void server_link_notify(void *links, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);
/** Closed unless something happens within so many seconds (none and less: at once). */
void server_link_within(server_link *link, double seconds);
/** No deadline: while we compute. */
void server_link_untimed(server_link *link);
/** When it is closed, the client gets time to read its answer: linger.c. */
void server_link_linger(server_link *link);
/** Whether the client has closed the connection, or its side of it. */
bool server_link_gone(const server_link *link);
#endif
