/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that have no line of their own in the audit log: how many came from each address. */
#ifndef SERVER_TALLY_H
#define SERVER_TALLY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_ADDRESS_CHARS 46
/** Addresses told apart between two flushes; what comes from more is counted together. */
#define SERVER_TALLY_MOST 256

typedef struct server_tally_count {
  char token[17]; /* "" = none */
  char address[SERVER_ADDRESS_CHARS];
  uint64_t n_requests, n_refused;
  int64_t since_ms;
} server_tally_count;

typedef struct server_tally server_tally;
/** NULL when out of memory. */
server_tally *server_tally_build(void);
void server_tally_free(server_tally *tally); /**< NULL allowed */
/** Addresses of IPv6 are told apart by their first 64 bits. */
void server_tally_add(server_tally *tally, const char *token, const char *address, bool refused,
                      int64_t now_ms);
/** Takes the counts out; how many there are. */
size_t server_tally_take(server_tally *tally, server_tally_count out[SERVER_TALLY_MOST]);
/** Requests counted since the start. */
uint64_t server_tally_total(server_tally *tally);
#endif
