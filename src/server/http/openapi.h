/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes in the words of OpenAPI. */
#ifndef SERVER_OPENAPI_H
#define SERVER_OPENAPI_H
#include <jansson.h>

#include "server/http/route.h"

/** An OpenAPI 3.1 document; NULL when out of memory. */
json_t *server_openapi_build(const server_routes *routes);
#endif
