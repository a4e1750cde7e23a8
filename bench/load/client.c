/* SPDX-License-Identifier: Apache-2.0 */
/* One client: keys of its own, a connection of its own, plain HTTP to 127.0.0.1 only. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "client/client.h"
#include "load.h"

#define MOST_ERROR 1e-3
#define BUSY_PAUSE_US 20000

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    load_fail("connect");
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
static int receive(load_client *c, int fd, size_t *body, size_t *n_body) {
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

static int call(load_client *c, int fd, const char *method, const char *path, const char *header,
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

/* As many rows as a request has, all of them the features' means. */
static void encrypt_sample(load_client *c) {
  const load *l = c->load;
  size_t n = l->interface.n_features;
  double *rows = calloc(l->n_rows * n, sizeof *rows);
  for (size_t row = 0; rows != NULL && row < l->n_rows; row++)
    memcpy(rows + row * n, l->interface.mean, n * sizeof *rows);
  if (rows == NULL || client_encrypt(&c->sample, &c->n_sample, rows, l->n_rows, l->packing, NULL,
                                     c->secret, &l->interface) != CKKS_OK)
    load_fail("sample");
  free(rows);
}

void load_client_prepare(load_client *c) {
  load *l = c->load;
  uint8_t digest[BASE_DIGEST_BYTES];
  char path[128];
  size_t body, n_body;
  if (client_keygen(&c->secret, &c->keys, &c->n_keys, &l->interface) != CKKS_OK)
    load_fail("keys");
  encrypt_sample(c);
  base_digest(digest, c->keys, c->n_keys);
  sodium_bin2hex(c->id, sizeof c->id, digest, sizeof digest);
  snprintf(path, sizeof path, "/v2/keys/%s", c->id);
  int fd = open_connection(l->port);
  if (call(c, fd, "PUT", path, "", c->keys, c->n_keys, &body, &n_body) != 201)
    load_fail("upload");
  close(fd);
}

/* Every row is the same: so are the outputs, from row to row and from answer to answer. */
static bool is_right(load_client *c, const uint8_t *bytes, size_t n) {
  const load *l = c->load;
  size_t n_rows, n_outputs = l->interface.n_outputs;
  double *outputs;
  if (client_decrypt(&outputs, &n_rows, bytes, n, "result", c->secret, &l->interface) != CKKS_OK)
    return false;
  bool good = n_rows == l->n_rows;
  for (size_t i = 0; good && i < n_outputs; i++) {
    if (!c->has_wanted)
      c->wanted[i] = outputs[i];
    for (size_t row = 0; row < n_rows; row++)
      good = good && fabs(outputs[row * n_outputs + i] - c->wanted[i]) < MOST_ERROR;
  }
  c->has_wanted = true;
  base_free(outputs);
  return good;
}

static void take_answer(load_client *c, double took, const char *body, size_t n_body) {
  load *l = c->load;
  long k = atomic_fetch_add(&l->n_done, 1);
  if (k < LOAD_MAX_TIMES)
    l->times[k] = took;
  /* Decrypting takes time that is the server's here: a part is looked at. */
  if (c->n_answers++ % 64 == 0 && !is_right(c, (const uint8_t *)body, n_body))
    atomic_fetch_add(&l->n_wrong, 1);
}

void *load_client_ask(void *argument) {
  load_client *c = argument;
  load *l = c->load;
  char path[200], header[160];
  snprintf(path, sizeof path, "/v2/models/%s/infer", l->model);
  snprintf(header, sizeof header,
           "Content-Type: application/octet-stream\r\nBlindsight-Key: %s\r\n", c->id);
  int fd = open_connection(l->port);
  while (!atomic_load(&l->stop)) {
    size_t body, n_body;
    double start = load_now();
    int status = call(c, fd, "POST", path, header, c->sample, c->n_sample, &body, &n_body);
    if (status == 200) {
      take_answer(c, load_now() - start, c->answer + body, n_body);
    } else if (status == 503) {
      atomic_fetch_add(&l->n_busy, 1);
      usleep(BUSY_PAUSE_US);
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
