/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: one line a request, each hashed with all before it. */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H
#include "server/server.h"

typedef struct server_audit server_audit;
typedef struct server_audit_record {
  int64_t time_ms;
  char token[17], method[8], path[97], model[129], version[33], key[65], job[33], code[32];
  uint64_t bytes_in, bytes_out, us, rows;
  int status;
} server_audit_record;

ckks_status server_audit_build(server_audit **out, const char *state);
/** Writes what is left. */
void server_audit_free(server_audit *audit);
/** Queues a line; it is chained and committed with others within a tenth of a second. Waits
 * when a thousand lines wait: no line is ever dropped. */
void server_audit_add(server_audit *audit, const server_audit_record *record);
/** Commits the line, behind all that wait: from then on it outlives this process, and from a tenth
 * of a second later the power. On an error (CKKS_ERROR_IO) it is not in the log. */
ckks_status server_audit_write(server_audit *audit, const server_audit_record *record);
/** Every line, newest first, until `visit` has seen enough and says false. */
ckks_status server_audit_each_back(const char *state,
                                   bool (*visit)(void *context, const char *line), void *context);
#endif
