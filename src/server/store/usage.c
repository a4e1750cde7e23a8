/* SPDX-License-Identifier: Apache-2.0 */
/* What each token uses: a bucket of requests and bytes of bodies in memory, predictions of the day
 * on disk. */
#include "server/store/usage.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "server/store/clock.h"

#define N_LISTS 256
#define BLOCK 64 /* predictions reserved by one commit */
#define DAY_S 86400

typedef struct account {
  struct account *next;
  char token[17];
  double requests; /* left in the bucket */
  int64_t seen_us;
  int64_t day;
  uint64_t reserved, used; /* predictions of that day; what is reserved is on disk */
  uint64_t body_bytes;     /* of bodies under way */
} account;

struct server_usage {
  server_database *database;
  pthread_mutex_t lock;
  account *list[N_LISTS];
};

ckks_status server_usage_build(server_usage **out, server_database *database) {
  *out = base_alloc(sizeof **out);
  if (*out == NULL)
    return base_fail_memory(sizeof **out);
  (*out)->database = database;
  pthread_mutex_init(&(*out)->lock, NULL);
  return CKKS_OK;
}

static ckks_status store(server_usage *usage, const account *a, uint64_t taken) {
  server_database_lock(usage->database);
  ckks_status status =
      server_database_run(usage->database, NULL,
                          "INSERT INTO usage(token, day, taken) VALUES(?, ?, ?)"
                          " ON CONFLICT(token, day) DO UPDATE SET taken = excluded.taken",
                          "sii", a->token, a->day, (int64_t)taken);
  server_database_unlock(usage->database);
  return status;
}

void server_usage_free(server_usage *usage) {
  if (usage == NULL)
    return;
  for (int i = 0; i < N_LISTS; i++)
    for (account *a = usage->list[i], *next; a != NULL; a = next) {
      next = a->next;
      if (a->used < a->reserved)
        (void)store(usage, a, a->used);
      base_free(a);
    }
  pthread_mutex_destroy(&usage->lock);
  base_free(usage);
}

/* Token ids are random hex: two digits spread them. Held: the lock. NULL = no memory. */
static account *find(server_usage *usage, const char *token) {
  unsigned list = 0;
  for (int i = 0; i < 2; i++)
    list = list * 16 + (unsigned)(token[i] <= '9' ? token[i] - '0' : token[i] - 'a' + 10);
  account **head = &usage->list[list % N_LISTS];
  for (account *a = *head; a != NULL; a = a->next)
    if (strcmp(a->token, token) == 0)
      return a;
  account *a = base_alloc(sizeof *a);
  if (a == NULL)
    return NULL;
  snprintf(a->token, sizeof a->token, "%s", token);
  a->seen_us = -1;
  a->day = -1;
  a->next = *head;
  *head = a;
  return a;
}

bool server_usage_request(server_usage *usage, const char *token, uint64_t per_minute,
                          unsigned *retry_s) {
  bool granted = false;
  *retry_s = 60;
  pthread_mutex_lock(&usage->lock);
  account *a = find(usage, token);
  if (a != NULL) {
    int64_t now = server_clock_us();
    double rate = (double)per_minute / 60e6, most = (double)per_minute;
    a->requests = a->seen_us < 0 ? most : a->requests + rate * (double)(now - a->seen_us);
    a->requests = a->requests < most ? a->requests : most;
    a->seen_us = now;
    granted = a->requests >= 1.0;
    if (granted)
      a->requests -= 1.0;
    else if (rate > 0)
      *retry_s = 1 + (unsigned)((1.0 - a->requests) / rate / 1e6);
  }
  pthread_mutex_unlock(&usage->lock);
  return granted;
}

/* A new day, or the first prediction since the start: what does the disk say? */
static ckks_status open_day(server_usage *usage, account *a, int64_t day) {
  server_database_lock(usage->database);
  sqlite3_stmt *row = server_database_query(
      usage->database, "SELECT taken FROM usage WHERE token = ? AND day = ?", "si", a->token, day);
  int found = row != NULL ? server_database_step(usage->database, row) : -1;
  if (found > 0) {
    a->reserved = a->used = (uint64_t)sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
  } else {
    a->reserved = a->used = 0;
  }
  server_database_unlock(usage->database);
  if (found < 0)
    return CKKS_ERROR_IO;
  a->day = day;
  return CKKS_OK;
}

static ckks_status take(bool *granted, server_usage *usage, account *a, uint64_t n,
                        uint64_t per_day) {
  int64_t day = (int64_t)time(NULL) / DAY_S;
  if (a->day != day)
    BASE_TRY(open_day(usage, a, day));
  if (n > per_day || a->used > per_day - n)
    return CKKS_OK;
  if (a->used + n > a->reserved) {
    uint64_t reserved = a->used + n + BLOCK;
    reserved = reserved < per_day ? reserved : per_day;
    BASE_TRY(store(usage, a, reserved));
    a->reserved = reserved;
  }
  a->used += n;
  *granted = true;
  return CKKS_OK;
}

ckks_status server_usage_take(bool *granted, server_usage *usage, const char *token, uint64_t n,
                              uint64_t per_day) {
  *granted = false;
  pthread_mutex_lock(&usage->lock);
  account *a = find(usage, token);
  ckks_status status =
      a != NULL ? take(granted, usage, a, n, per_day) : base_fail_memory(sizeof *a);
  pthread_mutex_unlock(&usage->lock);
  return status;
}

void server_usage_each(server_usage *usage,
                       void (*visit)(void *context, const char *token, uint64_t n_today),
                       void *context) {
  int64_t day = (int64_t)time(NULL) / DAY_S;
  pthread_mutex_lock(&usage->lock);
  for (int i = 0; i < N_LISTS; i++)
    for (const account *a = usage->list[i]; a != NULL; a = a->next)
      visit(context, a->token, a->day == day ? a->used : 0);
  pthread_mutex_unlock(&usage->lock);
}

void server_usage_return(server_usage *usage, const char *token, uint64_t n) {
  pthread_mutex_lock(&usage->lock);
  account *a = find(usage, token);
  if (a != NULL)
    a->used -= a->used < n ? a->used : n;
  pthread_mutex_unlock(&usage->lock);
}

/* One alone always goes: its own size has a limit, too. */
bool server_usage_body(server_usage *usage, const char *token, uint64_t n, uint64_t limit) {
  pthread_mutex_lock(&usage->lock);
  account *a = find(usage, token);
  bool room = a != NULL && (a->body_bytes == 0 || a->body_bytes + n <= limit);
  if (room)
    a->body_bytes += n;
  pthread_mutex_unlock(&usage->lock);
  return room;
}

void server_usage_body_end(server_usage *usage, const char *token, uint64_t n) {
  if (n == 0)
    return;
  pthread_mutex_lock(&usage->lock);
  account *a = find(usage, token); /* there since it took them */
  if (a != NULL)
    a->body_bytes -= n;
  pthread_mutex_unlock(&usage->lock);
}
