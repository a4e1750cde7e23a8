/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Deadlines of connections. libmicrohttpd closes those that are silent; here those end that
 * dribble. Every connection has a time by which its present business must be over: to send a
 * request's head, a body at some least rate, to take an answer. While we compute there is none.
 * And libmicrohttpd is told of clients that went: when a client's last bytes and its end come
 * together it reads the bytes, and would wait long for the rest.
 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "server/http/link.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "base/alloc.h"
#include "server/http/linger.h"
#include "server/store/clock.h"

#define LOOK_NS 200000000L

struct server_link {
  server_link *next;
  int fd;
  bool gone;    /* and libmicrohttpd knows */
  bool lingers; /* has been answered before its body was read */
  _Atomic int64_t deadline_us;
};

struct server_links {
  server_service *service;
  pthread_mutex_t lock;
  pthread_t thread;
  server_link *first;
  atomic_bool stop;
  server_linger *linger;
};

void server_link_within(server_link *link, double seconds) {
  if (link != NULL)
    atomic_store(&link->deadline_us, server_clock_us() + (int64_t)(seconds * 1e6));
}

void server_link_untimed(server_link *link) {
  if (link != NULL)
    atomic_store(&link->deadline_us, INT64_MAX);
}

void server_link_linger(server_link *link) {
  if (link != NULL)
    link->lingers = true;
}

/* Asked under the lock, or while the connection is suspended: nobody closes it under our hands. */
bool server_link_gone(const server_link *link) {
  struct pollfd ask = {.fd = link != NULL ? link->fd : -1, .events = POLLRDHUP};
  return poll(&ask, 1, 0) > 0;
}

/* Only shut down: libmicrohttpd notices, and closes. Of a client that went only the reading end
 * is: what has come can still be read, and is answered, should that side alone be closed. */
static void check(server_link *link, int64_t now) {
  int64_t deadline = atomic_load(&link->deadline_us);
  if (deadline == INT64_MAX)
    return;
  if (deadline < now) {
    shutdown(link->fd, SHUT_RDWR);
    server_link_untimed(link);
  } else if (!link->gone && server_link_gone(link)) {
    shutdown(link->fd, SHUT_RD);
    link->gone = true;
  }
}

/* The lock keeps the descriptor from being closed, and perhaps given to another connection, under
 * our hands. */
static void *watch(void *argument) {
  server_links *links = argument;
  const struct timespec pause = {0, LOOK_NS};
  while (!atomic_load(&links->stop)) {
    int64_t now = server_clock_us();
    pthread_mutex_lock(&links->lock);
    for (server_link *link = links->first; link != NULL; link = link->next)
      check(link, now);
    pthread_mutex_unlock(&links->lock);
    nanosleep(&pause, NULL);
  }
  return NULL;
}

ckks_status server_link_build(server_links **out, server_service *service) {
  server_links *links = base_alloc(sizeof *links);
  *out = NULL;
  if (links == NULL)
    return base_fail_memory(sizeof *links);
  links->service = service;
  pthread_mutex_init(&links->lock, NULL);
  ckks_status status = server_linger_build(&links->linger, service->options.grace_s);
  if (status == CKKS_OK && pthread_create(&links->thread, NULL, watch, links) != 0)
    status = base_fail(CKKS_ERROR_MEMORY, "the thread of deadlines cannot be started");
  if (status == CKKS_OK) {
    *out = links;
    return CKKS_OK;
  }
  server_linger_free(links->linger);
  pthread_mutex_destroy(&links->lock);
  base_free(links);
  return status;
}

void server_link_free(server_links *links) {
  if (links == NULL)
    return;
  atomic_store(&links->stop, true);
  pthread_join(links->thread, NULL);
  server_linger_free(links->linger);
  pthread_mutex_destroy(&links->lock);
  base_free(links);
}

static void begin(server_links *links, struct MHD_Connection *connection, void **socket_context) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  server_link *link = base_alloc(sizeof *link);
  *socket_context = link;
  if (link == NULL || info == NULL) /* such a connection has libmicrohttpd's time limit only */
    return;
  link->fd = info->connect_fd;
  server_link_within(link, links->service->options.idle_s);
  pthread_mutex_lock(&links->lock);
  link->next = links->first;
  links->first = link;
  pthread_mutex_unlock(&links->lock);
}

/* What nobody reads any more: libmicrohttpd has refused what is no HTTP. */
static bool has_bytes(const server_link *link) {
  char byte;
  return recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void end(server_links *links, server_link *link) {
  pthread_mutex_lock(&links->lock);
  for (server_link **at = &links->first; *at != NULL; at = &(*at)->next)
    if (*at == link) {
      *at = link->next;
      break;
    }
  pthread_mutex_unlock(&links->lock);
  if (link != NULL && (link->lingers || has_bytes(link)))
    server_linger_add(links->linger, link->fd);
  base_free(link);
}

void server_link_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code) {
  server_links *links = context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    atomic_fetch_add(&links->service->metrics.connections, 1);
    begin(links, connection, socket_context);
  } else {
    atomic_fetch_sub(&links->service->metrics.connections, 1);
    end(links, *socket_context);
    *socket_context = NULL;
  }
}
