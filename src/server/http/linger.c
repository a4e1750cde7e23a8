/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Lingering closes (RFC 9112, 9.6). A socket that is closed while bytes wait in it sends a reset,
 * and with that the client may lose the answer that it has not read yet. So whoever was answered
 * early keeps a second descriptor here: our side is shut down, and what still comes is read and
 * dropped until the client has ended, too, or its time is over.
 */
#define _GNU_SOURCE
#include "server/http/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/store/clock.h"

#define MOST 256 /* at a time; the oldest makes room */
#define LOOK_MS 20
#define SILENCE_US 5000000
#define PIECE_BYTES 65536
#define PIECES 64 /* of one connection before the next has its turn */

typedef struct guest {
  int fd;
  int64_t until_us, heard_us;
} guest;

struct server_linger {
  pthread_mutex_t lock;
  pthread_cond_t filled;
  pthread_t thread;
  bool stop;
  int64_t total_us;
  size_t n;
  guest guest[MOST]; /* oldest first */
  uint8_t piece[PIECE_BYTES];
};

/* Held: the lock. */
static void end(server_linger *linger, size_t i) {
  close(linger->guest[i].fd);
  linger->n--;
  memmove(&linger->guest[i], &linger->guest[i + 1], (linger->n - i) * sizeof(guest));
}

/* What is there now; false: the client has ended. */
static bool drop_bytes(server_linger *linger, guest *g, int64_t now) {
  for (int i = 0; i < PIECES; i++) {
    ssize_t got = recv(g->fd, linger->piece, PIECE_BYTES, MSG_DONTWAIT);
    if (got <= 0)
      return got < 0 && (errno == EAGAIN || errno == EINTR);
    g->heard_us = now;
  }
  return true;
}

/* Held: the lock. */
static void serve_all(server_linger *linger) {
  int64_t now = server_clock_us();
  for (size_t i = linger->n; i-- > 0;) {
    guest *g = &linger->guest[i];
    if (!drop_bytes(linger, g, now) || now > g->until_us || now - g->heard_us > SILENCE_US)
      end(linger, i);
  }
}

static void wait_for_bytes(server_linger *linger) {
  struct pollfd ask[MOST];
  size_t n = linger->n;
  for (size_t i = 0; i < n; i++)
    ask[i] = (struct pollfd){.fd = linger->guest[i].fd, .events = POLLIN};
  pthread_mutex_unlock(&linger->lock);
  (void)poll(ask, (nfds_t)n, LOOK_MS);
  pthread_mutex_lock(&linger->lock);
}

static void *keep(void *argument) {
  server_linger *linger = argument;
  pthread_mutex_lock(&linger->lock);
  while (!linger->stop) {
    if (linger->n == 0)
      pthread_cond_wait(&linger->filled, &linger->lock);
    else
      wait_for_bytes(linger);
    serve_all(linger);
  }
  pthread_mutex_unlock(&linger->lock);
  return NULL;
}

ckks_status server_linger_build(server_linger **out, unsigned total_s) {
  server_linger *linger = base_alloc(sizeof *linger);
  *out = NULL;
  if (linger == NULL)
    return base_fail_memory(sizeof *linger);
  linger->total_us = (int64_t)total_s * 1000000;
  pthread_mutex_init(&linger->lock, NULL);
  pthread_cond_init(&linger->filled, NULL);
  if (pthread_create(&linger->thread, NULL, keep, linger) != 0) {
    pthread_cond_destroy(&linger->filled);
    pthread_mutex_destroy(&linger->lock);
    base_free(linger);
    return base_fail(CKKS_ERROR_MEMORY, "the thread that lingers cannot be started");
  }
  *out = linger;
  return CKKS_OK;
}

void server_linger_free(server_linger *linger) {
  if (linger == NULL)
    return;
  pthread_mutex_lock(&linger->lock);
  linger->stop = true;
  pthread_cond_signal(&linger->filled);
  pthread_mutex_unlock(&linger->lock);
  pthread_join(linger->thread, NULL);
  while (linger->n > 0)
    end(linger, linger->n - 1);
  pthread_cond_destroy(&linger->filled);
  pthread_mutex_destroy(&linger->lock);
  base_free(linger);
}

void server_linger_add(server_linger *linger, int fd) {
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) /* then it is closed as ever */
    return;
  (void)shutdown(own, SHUT_WR);
  int64_t now = server_clock_us();
  pthread_mutex_lock(&linger->lock);
  if (linger->n == MOST)
    end(linger, 0);
  linger->guest[linger->n++] = (guest){own, now + linger->total_us, now};
  pthread_cond_signal(&linger->filled);
  pthread_mutex_unlock(&linger->lock);
}
