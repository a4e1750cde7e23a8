/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The page for people (web/page): files of one folder, read at the start, answered at / and
 * /NAME to whoever asks, under a policy that lets nothing in from elsewhere. What the page's
 * scripts do they do in the browser; they come to the service as every other client.
 */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H
#include "server/http/request.h"

/** The files of `folder` that a browser has a use for; CKKS_ERROR_IO, or CKKS_ERROR_FORMAT naming
 * the limit that they break. There must be an index.html. */
ckks_status server_page_build(server_page **out, const char *folder);
void server_page_free(server_page *page); /**< NULL allowed */
/** The route of such a file, whose place in the page is noted in the request; NULL when there is no
 * page, it has no such file, or the method is none for it. */
const server_route *server_page_find(server_request *request, const char *method, const char *path);
#endif
