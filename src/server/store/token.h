/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer tokens, as requests bring them; server.h has what the commands do. */
#ifndef SERVER_TOKEN_H
#define SERVER_TOKEN_H
#include "server/server.h"
#include "server/store/database.h"

/** Checks a token's text; CKKS_ERROR_KEY when it is not one, or revoked. */
ckks_status server_token_check(server_token *out, const char *text, server_database *database);
#endif
