/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of lines as it is written, from file to file. One thread at a time. */
#ifndef SERVER_AUDIT_CHAIN_H
#define SERVER_AUDIT_CHAIN_H
#include <sqlite3.h>

#include "base/digest.h"
#include "server/store/audit.h"

typedef struct server_audit_log {
  sqlite3 *handle;
  sqlite3_stmt *insert;
  int number, wal_fd;      /* where commits go first */
  int64_t first, begun_ms; /* its first line, and when that was written; 0 = none yet */
} server_audit_log;

typedef struct server_audit_chain {
  char state[4096];
  server_audit_limits limits;
  server_audit_log file; /* the last, which is written */
  int64_t seq, seq_before;
  uint8_t hash[BASE_DIGEST_BYTES], hash_before[BASE_DIGEST_BYTES];
  uint64_t closed_bytes; /* of the files before this one */
  int n_files;
} server_audit_chain;

ckks_status server_audit_chain_open(server_audit_chain *chain, const char *state,
                                    const server_audit_limits *limits);
void server_audit_chain_close(server_audit_chain *chain);
/** Lines between these two are in the log together, or none is. `good`: all could be added. */
bool server_audit_chain_begin(server_audit_chain *chain);
bool server_audit_chain_add(server_audit_chain *chain, const char *line);
ckks_status server_audit_chain_end(server_audit_chain *chain, bool good);
/** What was committed outlives the power, too. */
bool server_audit_chain_sync(const server_audit_chain *chain);
/** By size or by age. */
bool server_audit_chain_is_full(const server_audit_chain *chain);
/** The next file, with a seal on this one; the oldest go when all are too large. On an error this
 * file goes on; so it does while there is nothing in it. */
ckks_status server_audit_chain_rotate(server_audit_chain *chain);
/** What all files take. */
uint64_t server_audit_chain_bytes(const server_audit_chain *chain);
#endif
