/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The files of the audit log: audit.db, then audit.2.db, audit.3.db, ... The last one is written;
 * the others never change again and may be copied, or moved away, oldest first. The chain goes on
 * from file to file: each but the first begins with a line that seals the head of the one before.
 */
#ifndef SERVER_AUDIT_FILE_H
#define SERVER_AUDIT_FILE_H
#include <sqlite3.h>

#include "base/digest.h"
#include "server/server.h"

#define SERVER_AUDIT_FILE_CHARS 32

/** "audit.db" is number 1. */
void server_audit_file_name(char name[SERVER_AUDIT_FILE_CHARS], int number);
/** Numbers of the files there are, ascending, in a new array (base_free); none is no error. */
ckks_status server_audit_file_list(int **numbers, size_t *n, const char *state);
/** Opens one, making it when it is not there. */
ckks_status server_audit_file_open(sqlite3 **out, const char *state, int number);
/** What it takes on disk, with what lies beside it. */
uint64_t server_audit_file_bytes(const char *state, int number);
bool server_audit_file_remove(const char *state, int number);
/** hash <- BLAKE2b-256(hash | line). */
void server_audit_file_chain(uint8_t hash[BASE_DIGEST_BYTES], const char *line, size_t n_line);
#endif
