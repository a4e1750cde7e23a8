/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request ends: whoever is in front of us must see it end there, too. */
#ifndef SERVER_FRAMING_H
#define SERVER_FRAMING_H
#include "server/http/request.h"

/** Before anything is believed of a request. False = answered, and the connection ends with the
 * answer: nothing behind it is read as a request. */
bool server_framing_check(server_request *request, const char *version);
/** How long the body is going to be, and in what coding, before it is read; false = answered. */
bool server_framing_length(server_request *request);
/** What a body may have on this route. */
uint64_t server_framing_limit(const server_request *request);
#endif
