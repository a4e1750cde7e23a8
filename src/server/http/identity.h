/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks. */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H
#include "server/http/request.h"

/** The token, its limits, the client's certificate; false = answered. */
bool server_identity_admit(server_request *request);
#endif
