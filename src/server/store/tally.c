/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/tally.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

struct server_tally {
  pthread_mutex_t lock;
  size_t n;
  uint64_t total;
  server_tally_count count[SERVER_TALLY_MOST]; /* the last stands for all others */
};

server_tally *server_tally_build(void) {
  server_tally *tally = base_alloc(sizeof *tally);
  if (tally != NULL)
    pthread_mutex_init(&tally->lock, NULL);
  return tally;
}

void server_tally_free(server_tally *tally) {
  if (tally == NULL)
    return;
  pthread_mutex_destroy(&tally->lock);
  base_free(tally);
}

/* A network of IPv6 is its owner's as a whole. */
static void name_source(char out[SERVER_ADDRESS_CHARS], const char *address) {
  struct in6_addr bits;
  snprintf(out, SERVER_ADDRESS_CHARS, "%s", address);
  if (strchr(address, ':') == NULL || inet_pton(AF_INET6, address, &bits) != 1)
    return;
  memset(bits.s6_addr + 8, 0, 8);
  char text[INET6_ADDRSTRLEN];
  if (inet_ntop(AF_INET6, &bits, text, sizeof text) != NULL)
    snprintf(out, SERVER_ADDRESS_CHARS, "%.42s/64", text);
}

/* Held: the lock. */
static server_tally_count *find(server_tally *tally, const char *token, const char *source,
                                int64_t now_ms) {
  for (size_t i = 0; i < tally->n; i++)
    if (strcmp(tally->count[i].address, source) == 0 && strcmp(tally->count[i].token, token) == 0)
      return &tally->count[i];
  if (tally->n == SERVER_TALLY_MOST)
    return &tally->count[SERVER_TALLY_MOST - 1];
  bool last = tally->n == SERVER_TALLY_MOST - 1;
  server_tally_count *count = &tally->count[tally->n++];
  *count = (server_tally_count){.since_ms = now_ms};
  snprintf(count->token, sizeof count->token, "%s", last ? "" : token);
  snprintf(count->address, sizeof count->address, "%s", last ? "others" : source);
  return count;
}

void server_tally_add(server_tally *tally, const char *token, const char *address, bool refused,
                      int64_t now_ms) {
  char source[SERVER_ADDRESS_CHARS];
  name_source(source, address);
  pthread_mutex_lock(&tally->lock);
  server_tally_count *count = find(tally, token, source, now_ms);
  count->n_requests++;
  count->n_refused += refused;
  tally->total++;
  pthread_mutex_unlock(&tally->lock);
}

size_t server_tally_take(server_tally *tally, server_tally_count out[SERVER_TALLY_MOST]) {
  pthread_mutex_lock(&tally->lock);
  size_t n = tally->n;
  memcpy(out, tally->count, n * sizeof *out);
  tally->n = 0;
  pthread_mutex_unlock(&tally->lock);
  return n;
}

uint64_t server_tally_total(server_tally *tally) {
  pthread_mutex_lock(&tally->lock);
  uint64_t total = tally->total;
  pthread_mutex_unlock(&tally->lock);
  return total;
}
