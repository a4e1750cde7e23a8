/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libmicrohttpd's side. Its threads read heads and bodies, answer what needs no work, and hand
 * the rest to the pool: the connection is suspended until a worker has filled in the reply.
 */
#define _POSIX_C_SOURCE 200809L
#include "server/http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "server/http/admission.h"
#include "server/http/cors.h"
#include "server/http/receive.h"
#include "server/http/record.h"
#include "server/http/reply.h"
#include "server/http/tls.h"
#include "server/store/clock.h"

/* A body of at most this is read even when the answer is known: who has sent it would
 * otherwise lose the answer with the connection. */
#define DISCARD_BYTES ((uint64_t)1 << 20)
#define THREADS 2 /* they only move bytes */
#define HEAD_BYTES (32 * 1024)
#define MAX_TLS_BYTES ((size_t)1 << 20)

/* An IPv4 address as such, whatever socket it came by. */
static void name_peer(char out[SERVER_ADDRESS_CHARS], struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
  out[0] = '\0';
  if (address != NULL && address->sa_family == AF_INET6) {
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    bool v4 = IN6_IS_ADDR_V4MAPPED(v6);
    (void)inet_ntop(v4 ? AF_INET : AF_INET6, v6->s6_addr + (v4 ? 12 : 0), out,
                    SERVER_ADDRESS_CHARS);
  } else if (address != NULL) {
    const struct sockaddr_in *v4 = (const void *)address;
    (void)inet_ntop(AF_INET, &v4->sin_addr, out, SERVER_ADDRESS_CHARS);
  }
}

static server_request *make_request(server_service *service, struct MHD_Connection *connection) {
  server_request *request = base_alloc(sizeof *request);
  if (request == NULL)
    return NULL;
  request->service = service;
  request->connection = connection;
  request->body.fd = request->reply.fd = -1;
  request->begun_us = server_clock_us();
  name_peer(request->address, connection);
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  request->link = info != NULL ? info->socket_context : NULL;
  atomic_fetch_add(&service->n_requests, 1);
  return request;
}

/* --- answering */

/* By when n bytes must have gone over a connection: the time of grace, and what they take at the
 * least rate; less what has passed. */
static void set_deadline(server_request *request, uint64_t n_bytes, double elapsed_s) {
  const server_options *options = &request->service->options;
  server_link_within(request->link, (double)options->grace_s +
                                        (double)n_bytes / (double)options->least_bytes_s -
                                        elapsed_s);
}

static enum MHD_Result send_reply(server_request *request) {
  server_cors_mark(request);
  struct MHD_Response *response = server_reply_response(request);
  if (response == NULL)
    return MHD_NO;
  set_deadline(request, request->reply.n_bytes, 0);
  enum MHD_Result result =
      MHD_queue_response(request->connection, (unsigned)request->reply.status, response);
  MHD_destroy_response(response);
  return result;
}

static void run_task(void *context, int worker) {
  server_request *request = context;
  request->worker = worker;
  request->started_us = server_clock_us();
  server_metrics_time(&request->service->metrics, SERVER_STAGE_QUEUE,
                      request->started_us - request->received_us);
  /* A prediction that nobody waits for any more is not made. */
  if (request->route->body != SERVER_BODY_SAMPLE || !server_link_gone(request->link)) {
    request->route->handler(request);
    server_record_before(request);
  }
  MHD_resume_connection(request->connection);
}

static enum MHD_Result to_pool(server_request *request) {
  request->task = (server_task){.run = run_task, .context = request};
  server_link_untimed(request->link);
  MHD_suspend_connection(request->connection);
  if (server_pool_add(request->service->pool, &request->task))
    return MHD_YES;
  atomic_fetch_add(&request->service->metrics.refused, 1);
  server_reply_header(request, "Retry-After", "1");
  server_reply_error(request, 503, "busy", NULL, "all workers are busy and the queue is full");
  MHD_resume_connection(request->connection);
  return MHD_YES;
}

static enum MHD_Result finish(server_request *request) {
  if (request->answered)
    return send_reply(request);
  if (request->received) /* resumed without an answer: the client is gone */
    return MHD_NO;
  request->received = true;
  request->received_us = server_clock_us();
  server_metrics_time(&request->service->metrics, SERVER_STAGE_RECEIVE,
                      request->received_us - request->begun_us);
  if (!server_receive_end(request))
    return send_reply(request);
  if (request->route->work)
    return to_pool(request);
  request->route->handler(request);
  server_record_before(request);
  return send_reply(request);
}

static enum MHD_Result take_bytes(server_request *request, const char *bytes, size_t n_bytes) {
  atomic_fetch_add(&request->service->metrics.bytes_in, n_bytes);
  bool more = server_receive_bytes(request, bytes, n_bytes);
  set_deadline(request, request->n_received, (double)(server_clock_us() - request->begun_us) / 1e6);
  if (!more)
    server_link_linger(request->link);
  return more ? MHD_YES : MHD_NO;
}

/* Waiting for "100 Continue", or about to send much, or nobody knows how much: better told now. */
static bool is_early(const server_request *request) {
  return request->discard &&
         (request->ends || request->chunked || request->body.n_expected > DISCARD_BYTES ||
          server_request_header(request, "Expect") != NULL);
}

static enum MHD_Result send_early(server_request *request) {
  request->ends = true;
  server_link_linger(request->link);
  return send_reply(request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *target, const char *method, const char *version,
                                  const char *bytes, size_t *n_bytes, void **slot) {
  server_request *request = *slot;
  if (request == NULL) {
    *slot = request = make_request(context, connection);
    if (request == NULL)
      return MHD_NO;
    set_deadline(request, 0, 0);
    server_admission_decide(request, method, target, version);
    return is_early(request) ? send_early(request) : MHD_YES;
  }
  size_t n = *n_bytes;
  *n_bytes = 0;
  if (n > 0)
    return take_bytes(request, bytes, n);
  return finish(request);
}

/* --- afterwards */

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code) {
  server_service *service = context;
  server_request *request = *slot;
  (void)connection;
  (void)code;
  if (request == NULL)
    return;
  server_metrics *metrics = &service->metrics;
  int64_t us = server_clock_us() - request->begun_us;
  size_t route = server_route_number(request->route);
  atomic_fetch_add(&metrics->requests[route][request->answered ? request->reply.status / 100 : 4],
                   1);
  atomic_fetch_add(&metrics->bytes_out, request->reply.n_bytes);
  server_metrics_time(metrics, SERVER_STAGE_TOTAL, us);
  server_record_after(request);
  server_link_within(request->link, service->options.idle_s);
  server_receive_close(request);
  server_model_release(request->model);
  base_free(request->reply.bytes);
  if (request->reply.fd >= 0)
    close(request->reply.fd);
  base_free(request);
  *slot = NULL;
  atomic_fetch_sub(&service->n_requests, 1);
}

/* --- starting */

/* Targets come as they were sent: target.c knows what may be decoded. */
static size_t keep_target(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

static bool is_loopback(const struct sockaddr *address) {
  if (address->sa_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
  const struct sockaddr_in *v4 = (const void *)address;
  return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

static ckks_status find_address(struct sockaddr_storage *out, const server_options *options) {
  char port[8];
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
                  *found = NULL;
  snprintf(port, sizeof port, "%u", options->port);
  int code = getaddrinfo(options->address, port, &hints, &found);
  if (code != 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: %s", options->address, gai_strerror(code));
  memcpy(out, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (!is_loopback((const struct sockaddr *)out) && options->tls_cert == NULL && !options->plain)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%s can be reached from other machines: give a certificate and its key, or "
                     "--plain when something in front does TLS",
                     options->address);
  return CKKS_OK;
}

static ckks_status read_tls(server_service *service) {
  const server_options *o = &service->options;
  size_t n;
  if ((o->tls_cert == NULL) != (o->tls_key == NULL))
    return base_fail(CKKS_ERROR_ARGUMENT, "a certificate and its key go together");
  if (o->client_ca != NULL && o->tls_cert == NULL)
    return base_fail(CKKS_ERROR_ARGUMENT, "client certificates need TLS");
  if (o->client_ca != NULL)
    BASE_TRY(base_file_read((uint8_t **)&service->client_ca, &n, o->client_ca, MAX_TLS_BYTES));
  return o->tls_cert != NULL ? server_tls_build(&service->tls, o->tls_cert, o->tls_key) : CKKS_OK;
}

/* Options one by one; those that are not wanted are left out. */
static size_t list_options(struct MHD_OptionItem items[16], server_service *service,
                           struct sockaddr_storage *address) {
  const server_options *o = &service->options;
  size_t n = 0;
#define ADD(name, number, pointer)                                                                 \
  items[n++] = (struct MHD_OptionItem){MHD_OPTION_##name, (intptr_t)(number), (pointer)}
  ADD(SOCK_ADDR, 0, address);
  ADD(CONNECTION_LIMIT, o->n_connections, NULL);
  ADD(PER_IP_CONNECTION_LIMIT, o->n_connections_each, NULL);
  ADD(CONNECTION_TIMEOUT, o->idle_s, NULL);
  ADD(CONNECTION_MEMORY_LIMIT, HEAD_BYTES, NULL);
  ADD(THREAD_POOL_SIZE, THREADS, NULL);
  ADD(LISTEN_BACKLOG_SIZE, 512, NULL);
  ADD(STRICT_FOR_CLIENT, 0, NULL); /* what it would refuse so framing.c does, in JSON */
  ADD(SIGPIPE_HANDLED_BY_APP, 1, NULL);
  if (service->tls != NULL) {
    ADD(HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)server_tls_retrieve);
    ADD(HTTPS_PRIORITIES, 0, (void *)(uintptr_t)server_tls_priorities);
    if (service->client_ca != NULL)
      ADD(HTTPS_MEM_TRUST, 0, service->client_ca);
  }
  ADD(END, 0, NULL);
#undef ADD
  return n;
}

ckks_status server_http_start(server_service *service) {
  struct sockaddr_storage address = {0};
  struct MHD_OptionItem items[16];
  BASE_TRY(find_address(&address, &service->options));
  service->routes = &server_route_all;
  BASE_TRY(server_cors_check(service->options.cors));
  BASE_TRY(read_tls(service));
  BASE_TRY(server_link_build(&service->links, service));
  list_options(items, service, &address);
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                   (service->tls != NULL ? MHD_USE_TLS : 0u) |
                   (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
  errno = 0;
  service->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, service, MHD_OPTION_EXTERNAL_LOGGER, server_log_write,
      &service->log, MHD_OPTION_NOTIFY_COMPLETED, on_completed, service,
      MHD_OPTION_NOTIFY_CONNECTION, server_link_notify, service->links,
      MHD_OPTION_UNESCAPE_CALLBACK, keep_target, service, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
  if (service->daemon == NULL)
    return base_fail(CKKS_ERROR_IO, "cannot listen on %s, port %u: %s", service->options.address,
                     service->options.port, errno != 0 ? strerror(errno) : "see above");
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_BIND_PORT);
  service->port = info != NULL ? info->port : 0;
  return CKKS_OK;
}

/* Its threads stop listening by themselves. Not MHD_quiesce_daemon before: it takes the listening
 * socket out of their epoll sets from outside, where they may have done so themselves or are only
 * about to put it in, and libmicrohttpd (0.9.75, and later ones) ends the process then. */
void server_http_stop(server_service *service) {
  if (service->daemon != NULL)
    MHD_stop_daemon(service->daemon);
  service->daemon = NULL;
  server_link_free(service->links);
  service->links = NULL;
}
