/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Load on a running service: N clients with keys of their own, each on a connection of its own,
 * ask as fast as they are answered.
 *
 *   load_server PORT CLIENT_FILE TOKEN N_CLIENTS SECONDS [N_REQUESTS]
 *
 * Prints requests a second, latencies, and the pure evaluation rate of the server during that
 * time from its own figures. Ends with 1 when anything but 200 and 503 was answered, or a result
 * did not decrypt. Plain HTTP to 127.0.0.1 only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "client/client.h"
#include "model/files.h"

#define MAX_CLIENTS 64
#define MAX_TIMES 2000000

typedef struct load {
  int port;
  const char *token, *model;
  double until;
  long n_requests; /* in all; 0 = until the time is over */
  model_interface interface;
  ckks_params *params;
  atomic_long n_done, n_busy, n_wrong;
  double *times;
} load;

typedef struct client {
  load *load;
  pthread_t thread;
  ckks_secret_key *secret;
  uint8_t *keys, *sample;
  size_t n_keys, n_sample;
  char id[65];
  char *answer;
  size_t n_answer;
} client;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load_server: %s: %s\n", what, ckks_last_error());
  exit(2);
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static bool send_all(int fd, const void *bytes, size_t n) {
  for (const char *at = bytes; n > 0;) {
    ssize_t put = send(fd, at, n, MSG_NOSIGNAL);
    if (put <= 0)
      return false;
    at += put;
    n -= (size_t)put;
  }
  return true;
}

/* One answer into c->answer; its status, and where its body begins. 0 = broken off. */
static int receive(client *c, int fd, size_t *body, size_t *n_body) {
  size_t capacity = 1 << 22, n = 0;
  if (c->answer == NULL)
    c->answer = malloc(capacity);
  for (;;) {
    ssize_t got = recv(fd, c->answer + n, capacity - n - 1, 0);
    if (got <= 0)
      return 0;
    n += (size_t)got;
    c->answer[n] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\nContent-Length: ");
    if (end == NULL)
      continue;
    *body = (size_t)(end + 4 - c->answer);
    *n_body = length != NULL ? (size_t)atol(length + 18) : 0;
    if (n >= *body + *n_body)
      return atoi(c->answer + 9);
  }
}

static int call(client *c, int fd, const char *method, const char *path, const char *header,
                const void *bytes, size_t n, size_t *body, size_t *n_body) {
  char head[1024];
  int n_head = snprintf(head, sizeof head,
                        "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s"
                        "Content-Length: %zu\r\n\r\n",
                        method, path, c->load->token, header, n);
  if (!send_all(fd, head, (size_t)n_head) || !send_all(fd, bytes, n))
    return 0;
  return receive(c, fd, body, n_body);
}

static void prepare(client *c) {
  load *l = c->load;
  uint8_t digest[BASE_DIGEST_BYTES];
  char path[128];
  size_t body, n_body;
  double *row = calloc(l->interface.n_features, sizeof *row);
  if (row == NULL ||
      client_keygen(&c->secret, &c->keys, &c->n_keys, &l->interface, l->params) != CKKS_OK)
    fail("keys");
  memcpy(row, l->interface.mean, l->interface.n_features * sizeof *row);
  if (client_encrypt(&c->sample, &c->n_sample, row, 1, MODEL_LATENCY, NULL, c->secret,
                     &l->interface, l->params) != CKKS_OK)
    fail("sample");
  free(row);
  base_digest(digest, c->keys, c->n_keys);
  sodium_bin2hex(c->id, sizeof c->id, digest, sizeof digest);
  snprintf(path, sizeof path, "/v2/keys/%s", c->id);
  int fd = open_connection(l->port);
  if (call(c, fd, "PUT", path, "", c->keys, c->n_keys, &body, &n_body) != 201)
    fail("upload");
  close(fd);
}

static bool is_right(client *c, const uint8_t *bytes, size_t n) {
  double *outputs;
  size_t n_rows;
  bool good = client_decrypt(&outputs, &n_rows, bytes, n, "result", c->secret, &c->load->interface,
                             c->load->params) == CKKS_OK;
  if (good)
    base_free(outputs);
  return good && n_rows == 1;
}

static void *ask(void *argument) {
  client *c = argument;
  load *l = c->load;
  char path[200], header[160];
  snprintf(path, sizeof path, "/v2/models/%s/infer", l->model);
  snprintf(header, sizeof header,
           "Content-Type: application/octet-stream\r\nBlindsight-Key: %s\r\n", c->id);
  int fd = open_connection(l->port);
  for (long i = 0; now() < l->until; i++) {
    size_t body, n_body;
    double start = now();
    int status = call(c, fd, "POST", path, header, c->sample, c->n_sample, &body, &n_body);
    double took = now() - start;
    if (status == 200) {
      long k = atomic_fetch_add(&l->n_done, 1);
      if (k < MAX_TIMES)
        l->times[k] = took;
      /* Decrypting takes time that is the server's here: a part is looked at. */
      if (i % 64 == 0 && !is_right(c, (const uint8_t *)c->answer + body, n_body))
        atomic_fetch_add(&l->n_wrong, 1);
      if (l->n_requests > 0 && k + 1 >= l->n_requests)
        break;
    } else if (status == 503) {
      atomic_fetch_add(&l->n_busy, 1);
      usleep(20000);
    } else {
      fprintf(stderr, "load_server: status %d\n", status);
      atomic_fetch_add(&l->n_wrong, 1);
      close(fd);
      fd = open_connection(l->port);
    }
  }
  close(fd);
  return NULL;
}

/* Seconds spent in evaluations, and their number, as the server counts them. */
static void look(client *c, double *seconds, double *count) {
  size_t body, n_body;
  int fd = open_connection(c->load->port);
  if (call(c, fd, "GET", "/metrics", "", "", 0, &body, &n_body) != 200)
    fail("metrics");
  close(fd);
  const char *sum = strstr(c->answer + body, "stage_seconds_sum{stage=\"evaluate\"} ");
  const char *n = strstr(c->answer + body, "stage_seconds_count{stage=\"evaluate\"} ");
  *seconds = sum != NULL ? atof(strchr(sum, ' ')) : 0;
  *count = n != NULL ? atof(strchr(n, ' ')) : 0;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void report(load *l, double seconds, double evaluating, double evaluations) {
  long n = l->n_done < MAX_TIMES ? l->n_done : MAX_TIMES;
  qsort(l->times, (size_t)n, sizeof *l->times, compare);
  printf("answered %ld, refused with 503 %ld, wrong %ld\n", (long)l->n_done, (long)l->n_busy,
         (long)l->n_wrong);
  if (n == 0)
    return;
  printf("rate %.1f a second; evaluation %.3f ms\n", (double)l->n_done / seconds,
         1e3 * evaluating / evaluations);
  printf("latency ms: p50 %.2f p95 %.2f p99 %.2f max %.2f\n", 1e3 * l->times[n / 2],
         1e3 * l->times[n * 95 / 100], 1e3 * l->times[n * 99 / 100], 1e3 * l->times[n - 1]);
  printf("workers busy %.2f of the time each, times their number\n", evaluating / seconds);
}

int main(int argc, char **argv) {
  static load l;
  static client clients[MAX_CLIENTS];
  char name[128];
  if (argc < 6) {
    fprintf(stderr, "usage: load_server PORT CLIENT_FILE TOKEN N_CLIENTS SECONDS [N_REQUESTS]\n");
    return 2;
  }
  int n = atoi(argv[4]);
  n = n < 1 ? 1 : n > MAX_CLIENTS ? MAX_CLIENTS : n;
  const char *file = strrchr(argv[2], '/') != NULL ? strrchr(argv[2], '/') + 1 : argv[2];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
  l.port = atoi(argv[1]);
  l.token = argv[3];
  l.model = name;
  l.n_requests = argc > 6 ? atol(argv[6]) : 0;
  l.times = calloc(MAX_TIMES, sizeof *l.times);
  if (l.times == NULL || model_files_client_read(&l.interface, &l.params, argv[2]) != CKKS_OK)
    fail(argv[2]);
  for (int i = 0; i < n; i++) {
    clients[i].load = &l;
    prepare(&clients[i]);
  }
  double seconds[2], count[2], start = now();
  look(&clients[0], &seconds[0], &count[0]);
  l.until = start + atof(argv[5]);
  for (int i = 0; i < n; i++)
    if (pthread_create(&clients[i].thread, NULL, ask, &clients[i]) != 0)
      fail("threads");
  for (int i = 0; i < n; i++)
    pthread_join(clients[i].thread, NULL);
  double took = now() - start;
  look(&clients[0], &seconds[1], &count[1]);
  report(&l, took, seconds[1] - seconds[0], count[1] - count[0]);
  return l.n_wrong > 0;
}
