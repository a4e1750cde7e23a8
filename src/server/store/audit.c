/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The audit log: hash[i] = BLAKE2b-256(hash[i-1] | line[i]), hash[0] over 32 zero bytes. A commit
 * hands lines to the system, which is enough for them to outlive this process, and takes some
 * 10 us: what changes something waits for that. For the disk, which is enough to outlive the
 * power, nobody waits: a thread syncs for all, commits the lines that can wait, once a minute
 * those of what was only counted, and begins the next file when one is full.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/store/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/store/audit_chain.h"
#include "server/store/audit_rotate.h"
#include "server/store/clock.h"
#include "server/store/database.h"
#include "server/store/reserve.h"

#define QUEUE 1024
#define GATHER_NS 50000000L
#define COUNTS_MS 60000

struct server_audit {
  server_tally *tally;

  pthread_mutex_t disk; /* guards what follows */
  server_audit_chain chain;
  size_t n_writing; /* more than none between calls: they could not be written */
  server_audit_record writing[QUEUE + 1];
  server_tally_count count[SERVER_TALLY_MOST]; /* on their way into `writing` */

  pthread_t thread;
  bool started;
  int64_t counted_ms; /* when counts were last written down */

  pthread_mutex_t lock; /* guards what follows; taken after the other */
  pthread_cond_t filled, emptied;
  bool stop, unsaved;
  size_t n;
  server_audit_record queue[QUEUE];
};

/* --- lines */

/* Names come from checked paths, so nothing in them needs escaping but what a stranger typed
 * as an unknown path: those are logged as "-". */
static void format_line(char *line, size_t size, int64_t seq, const server_audit_record *r) {
  if (r->n_counted > 0)
    snprintf(line, size,
             "{\"seq\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"event\":\"counted\",\"token\":\"%s\","
             "\"address\":\"%s\",\"requests\":%" PRIu64 ",\"refused\":%" PRIu64
             ",\"since_ms\":%" PRId64 "}",
             seq, r->time_ms, r->token, r->address, r->n_counted, r->n_refused, r->since_ms);
  else
    snprintf(
        line, size,
        "{\"seq\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"token\":\"%s\",\"address\":\"%s\","
        "\"method\":\"%s\",\"route\":\"%s\",\"model\":\"%s\",\"version\":\"%s\",\"key\":\"%s\","
        "\"job\":\"%s\",\"predictions\":%" PRIu64 ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64
        ",\"ms\":%.3f,\"status\":%d,\"code\":\"%s\"}",
        seq, r->time_ms, r->token, r->address, r->method, r->path, r->model, r->version, r->key,
        r->job, r->predictions, r->bytes_in, r->bytes_out, (double)r->us / 1e3, r->status, r->code);
}

/* --- the writer */

/* Because the file is full, or because the command `audit rotate` asks. */
static void rotate_when_due(server_audit *audit) {
  char path[4096];
  server_audit_rotate_wanted(path, audit->chain.state);
  bool wanted = access(path, F_OK) == 0;
  pthread_mutex_lock(&audit->disk);
  if ((wanted || server_audit_chain_is_full(&audit->chain)) &&
      server_audit_chain_rotate(&audit->chain) != CKKS_OK)
    fprintf(stderr, "blindsight: the audit log stays in its file: %s\n", base_last_error());
  pthread_mutex_unlock(&audit->disk);
  if (wanted)
    unlink(path);
}

/* Held: disk. */
static ckks_status write_group(server_audit *audit, size_t n) {
  char line[1024];
  server_audit_chain *chain = &audit->chain;
  bool good = server_audit_chain_begin(chain);
  for (size_t i = 0; i < n && good; i++) {
    format_line(line, sizeof line, chain->seq + 1, &audit->writing[i]);
    good = server_audit_chain_add(chain, line);
  }
  return server_audit_chain_end(chain, good);
}

/* Held: disk. What waits joins what could not be written, as far as there is room. */
static void take(server_audit *audit) {
  pthread_mutex_lock(&audit->lock);
  size_t room = QUEUE - audit->n_writing, n = audit->n < room ? audit->n : room;
  memcpy(audit->writing + audit->n_writing, audit->queue, n * sizeof *audit->queue);
  memmove(audit->queue, audit->queue + n, (audit->n - n) * sizeof *audit->queue);
  audit->n_writing += n;
  audit->n -= n;
  pthread_cond_broadcast(&audit->emptied);
  pthread_mutex_unlock(&audit->lock);
}

/* All lines that wait, and then `last` (may be NULL), in one commit. */
static ckks_status commit(server_audit *audit, const server_audit_record *last) {
  pthread_mutex_lock(&audit->disk);
  take(audit);
  size_t n = audit->n_writing;
  if (last != NULL)
    audit->writing[n++] = *last;
  ckks_status status = n > 0 ? write_group(audit, n) : CKKS_OK;
  if (status != CKKS_OK && server_database_full() && server_reserve_spend())
    status = write_group(audit, n);
  if (status == CKKS_OK)
    audit->n_writing = 0;
  pthread_mutex_unlock(&audit->disk);
  return status;
}

/* Once a minute, and at the end. True: there are lines of it. */
static bool add_counts(server_audit *audit, bool stop) {
  static const int64_t often = COUNTS_MS;
  server_tally_count *count = audit->count;
  int64_t now = server_clock_wall_ms();
  if (!stop && now - audit->counted_ms < often && now >= audit->counted_ms)
    return false;
  pthread_mutex_lock(&audit->disk);
  bool room = QUEUE - audit->n_writing >= SERVER_TALLY_MOST;
  size_t n = room ? server_tally_take(audit->tally, count) : 0;
  for (size_t i = 0; i < n; i++) {
    server_audit_record *r = &audit->writing[audit->n_writing++];
    *r = (server_audit_record){.time_ms = now,
                               .n_counted = count[i].n_requests,
                               .n_refused = count[i].n_refused,
                               .since_ms = count[i].since_ms};
    memcpy(r->token, count[i].token, sizeof r->token);
    memcpy(r->address, count[i].address, sizeof r->address);
  }
  pthread_mutex_unlock(&audit->disk);
  audit->counted_ms = now;
  return n > 0;
}

static void wake_writer(server_audit *audit) {
  pthread_mutex_lock(&audit->lock);
  audit->unsaved = true;
  pthread_cond_signal(&audit->filled);
  pthread_mutex_unlock(&audit->lock);
}

/* For a second, or until there is something to save, and then a little more: one sync for all that
 * gathers. True at the end. */
static bool wait_for_lines(server_audit *audit, bool *unsaved) {
  const struct timespec gather = {0, GATHER_NS};
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++;
  pthread_mutex_lock(&audit->lock);
  for (int code = 0; !audit->unsaved && !audit->stop && code == 0;)
    code = pthread_cond_timedwait(&audit->filled, &audit->lock, &until);
  if (!audit->stop && audit->unsaved) {
    pthread_mutex_unlock(&audit->lock);
    nanosleep(&gather, NULL);
    pthread_mutex_lock(&audit->lock);
  }
  bool stop = audit->stop;
  *unsaved = audit->unsaved;
  audit->unsaved = false;
  pthread_mutex_unlock(&audit->lock);
  return stop;
}

/* A full disk holds the log up, and with it the service: it must not serve unlogged. */
static void *save_all(void *argument) {
  server_audit *audit = argument;
  const struct timespec pause = {1, 0};
  for (bool stop = false; !stop;) {
    bool unsaved;
    stop = wait_for_lines(audit, &unsaved);
    unsaved = add_counts(audit, stop) || unsaved || stop;
    bool good =
        !unsaved || (commit(audit, NULL) == CKKS_OK && (!stop || commit(audit, NULL) == CKKS_OK) &&
                     server_audit_chain_sync(&audit->chain));
    if (good)
      rotate_when_due(audit);
    if (!good && !stop) {
      nanosleep(&pause, NULL);
      wake_writer(audit);
    }
  }
  return NULL;
}

void server_audit_add(server_audit *audit, const server_audit_record *record) {
  pthread_mutex_lock(&audit->lock);
  while (audit->n == QUEUE && !audit->stop)
    pthread_cond_wait(&audit->emptied, &audit->lock);
  if (audit->n < QUEUE) {
    audit->queue[audit->n++] = *record;
    audit->unsaved = true;
    pthread_cond_signal(&audit->filled);
  }
  pthread_mutex_unlock(&audit->lock);
}

ckks_status server_audit_write(server_audit *audit, const server_audit_record *record) {
  BASE_TRY(commit(audit, record));
  wake_writer(audit);
  return CKKS_OK;
}

void server_audit_count(server_audit *audit, const char *token, const char *address, bool refused) {
  server_tally_add(audit->tally, token, address, refused, server_clock_wall_ms());
}

void server_audit_look(server_audit_figures *out, server_audit *audit) {
  pthread_mutex_lock(&audit->disk);
  *out = (server_audit_figures){.n_lines = (uint64_t)audit->chain.seq,
                                .n_counted = server_tally_total(audit->tally),
                                .n_bytes = server_audit_chain_bytes(&audit->chain),
                                .n_files = audit->chain.n_files};
  pthread_mutex_unlock(&audit->disk);
}

/* --- beginning and end */

static ckks_status start(server_audit *audit, const char *state,
                         const server_audit_limits *limits) {
  audit->tally = server_tally_build();
  if (audit->tally == NULL)
    return base_fail_memory(sizeof(server_tally_count));
  BASE_TRY(server_audit_chain_open(&audit->chain, state, limits));
  audit->started = pthread_create(&audit->thread, NULL, save_all, audit) == 0;
  return audit->started ? CKKS_OK
                        : base_fail(CKKS_ERROR_MEMORY, "the audit log's thread cannot be started");
}

ckks_status server_audit_build(server_audit **out, const char *state,
                               const server_audit_limits *limits) {
  server_audit *audit = base_alloc(sizeof *audit);
  *out = NULL;
  if (audit == NULL)
    return base_fail_memory(sizeof *audit);
  audit->counted_ms = server_clock_wall_ms();
  audit->chain.file.wal_fd = -1;
  pthread_mutex_init(&audit->disk, NULL);
  pthread_mutex_init(&audit->lock, NULL);
  pthread_cond_init(&audit->filled, NULL);
  pthread_cond_init(&audit->emptied, NULL);
  ckks_status status = start(audit, state, limits);
  if (status != CKKS_OK) {
    server_audit_free(audit);
    return status;
  }
  *out = audit;
  return CKKS_OK;
}

void server_audit_free(server_audit *audit) {
  if (audit == NULL)
    return;
  if (audit->started) {
    pthread_mutex_lock(&audit->lock);
    audit->stop = true;
    pthread_cond_broadcast(&audit->filled);
    pthread_cond_broadcast(&audit->emptied);
    pthread_mutex_unlock(&audit->lock);
    pthread_join(audit->thread, NULL);
  }
  server_audit_chain_close(&audit->chain);
  server_tally_free(audit->tally);
  pthread_cond_destroy(&audit->filled);
  pthread_cond_destroy(&audit->emptied);
  pthread_mutex_destroy(&audit->lock);
  pthread_mutex_destroy(&audit->disk);
  base_free(audit);
}
