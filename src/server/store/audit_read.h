/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log as it is read; server.h has what the commands do. */
#ifndef SERVER_AUDIT_READ_H
#define SERVER_AUDIT_READ_H
#include "server/server.h"

/** Every line, newest first, until `visit` has seen enough and says false. */
ckks_status server_audit_read_back(const char *state,
                                   bool (*visit)(void *context, const char *line), void *context);
#endif
