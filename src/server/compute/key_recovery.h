/* SPDX-License-Identifier: Apache-2.0 */
/* How keys leave, and what a crash left of those that came or went. */
#ifndef SERVER_KEY_RECOVERY_H
#define SERVER_KEY_RECOVERY_H
#include "server/service.h"

/** The row must be SERVER_KEY_LEAVING. True when nothing is left; else errno. */
bool server_key_recovery_finish(server_service *service, const char *token, const char *id);
/** Finishes what a crash interrupted, by the rows and the files there are. */
ckks_status server_key_recovery_run(server_service *service);
/** Removes what is out of date, and keys of revoked tokens. */
void server_key_recovery_sweep(server_service *service);
#endif
