/* SPDX-License-Identifier: Apache-2.0 */
/* The next file by command; server.h has the rest. */
#ifndef SERVER_AUDIT_ROTATE_H
#define SERVER_AUDIT_ROTATE_H
#include "server/server.h"

/** A file of this path asks the service for the next file; it is gone when that was done. */
void server_audit_rotate_wanted(char path[4096], const char *state);
#endif
