/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: one line a request, each hashed with all before it. */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H
#include "server/server.h"
#include "server/store/tally.h"

typedef struct server_audit server_audit;
typedef struct server_audit_record {
  int64_t time_ms;
  char token[17], method[8], path[97], model[129], version[33], key[65], job[33], code[32];
  char address[SERVER_ADDRESS_CHARS];            /* of the peer; "" = there is none */
  uint64_t bytes_in, bytes_out, us, predictions; /**< counted: wire_head_peek_predictions */
  int status;
  uint64_t n_counted, n_refused; /* more than none: requests of that address that have no line */
  int64_t since_ms;
} server_audit_record;

typedef struct server_audit_limits {
  uint64_t file_bytes;    /* then the next file begins */
  unsigned file_s;        /* or when it is so old */
  uint64_t ceiling_bytes; /* of all files together: the oldest go; two files at least */
} server_audit_limits;

typedef struct server_audit_figures {
  uint64_t n_lines, n_counted, n_bytes;
  int n_files;
} server_audit_figures;

ckks_status server_audit_build(server_audit **out, const char *state,
                               const server_audit_limits *limits);
/** Writes what is left. */
void server_audit_free(server_audit *audit);
/** Queues a line; it is chained and committed with others within a tenth of a second. Waits
 * when a thousand lines wait: no line is ever dropped. */
void server_audit_add(server_audit *audit, const server_audit_record *record);
/** Commits the line, behind all that wait: from then on it outlives this process, and from a tenth
 * of a second later the power. On an error (CKKS_ERROR_IO) it is not in the log. */
ckks_status server_audit_write(server_audit *audit, const server_audit_record *record);
/** Counts a request instead: within a minute there is a line for all of its address. */
void server_audit_count(server_audit *audit, const char *token, const char *address, bool refused);
void server_audit_look(server_audit_figures *out, server_audit *audit);
#endif
