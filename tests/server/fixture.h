/* SPDX-License-Identifier: Apache-2.0 */
/* A service in this process on a free port of the loopback, two clients with keys, and the
 * plainest HTTP client there is. Shared by the tests of this room. */
#ifndef TESTS_SERVER_FIXTURE_H
#define TESTS_SERVER_FIXTURE_H
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <math.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "client/client.h"
#include "compile/compile.h"
#include "network/models.h"
#include "plan/files.h"
#include "server/http/openapi.h"
#include "server/http/reply.h"

#define N_CLIENTS 2

static const server_audit_limits test_audit_limits = {1 << 26, UINT32_MAX, 1 << 30};

typedef struct test_client {
  char token[SERVER_TOKEN_CHARS];
  server_token row;
  ckks_secret_key *secret;
  uint8_t *keys;
  size_t n_keys;
  char id[65]; /* of the keys */
} test_client;

typedef struct test_service {
  char folder[64], state[80], models[80];
  server_options options;
  server_service *service;
  const char *from; /* whence requests come; NULL = 127.0.0.1 */
  network_model model;
  plan_plan plan;
  ckks_params *params;
  test_client client[N_CLIENTS];
  double row[16];
  uint8_t *sample; /* of client 0, one row */
  size_t n_sample;
} test_service;

#define OK(call) assert_int_equal((call), CKKS_OK)

static inline void test_name_keys(char id[65], const uint8_t *bytes, size_t n) {
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, bytes, n);
  sodium_bin2hex(id, 65, digest, sizeof digest);
}

/* A small network at a loose error: 2^12 with all of its security, compiled in no time. */
static inline void test_make_plan_by(test_service *t, uint64_t seed, compile_contract contract) {
  compile_options options;
  OK(test_model_build(&t->model, seed));
  for (size_t i = 0; i < t->model.n_features; i++)
    t->row[i] = t->model.mean[i] + 0.5 * t->model.deviation[i];
  compile_options_default(&options);
  options.error = 1e-2;
  options.contract = contract;
  OK(compile_model(&t->plan, &t->model, &options));
  OK(ckks_params_build(&t->params, &t->plan.interface.literal));
}

static inline void test_make_plan(test_service *t, uint64_t seed) {
  test_make_plan_by(t, seed, COMPILE_CONTRACT_AUTO);
}

static inline void test_make_client(test_client *c, const test_service *t,
                                    const server_limits *limits) {
  server_limits all = *limits;
  all.scopes |= SERVER_SCOPE_INFER | SERVER_SCOPE_METRICS;
  OK(server_token_create(c->token, &c->row, t->state, "tester", &all));
  OK(client_keygen(&c->secret, &c->keys, &c->n_keys, &t->plan.interface));
  test_name_keys(c->id, c->keys, c->n_keys);
}

static inline void test_start(test_service *t) {
  OK(server_service_build(&t->service, &t->options));
}

static inline void test_stop(test_service *t) {
  server_service_free(t->service);
  t->service = NULL;
}

static inline void test_setup_by(test_service *t, const server_limits *limits,
                                 compile_contract contract) {
  char path[160];
  signal(SIGPIPE, SIG_IGN);
  *t = (test_service){.folder = "/tmp/blindsight-test-XXXXXX"};
  assert_non_null(mkdtemp(t->folder));
  snprintf(t->state, sizeof t->state, "%s/state", t->folder);
  snprintf(t->models, sizeof t->models, "%s/models", t->folder);
  assert_int_equal(mkdir(t->models, 0700), 0);
  test_make_plan_by(t, 7, contract);
  snprintf(path, sizeof path, "%s/small.server", t->models);
  OK(plan_files_server_write(path, &t->plan));
  for (int i = 0; i < N_CLIENTS; i++)
    test_make_client(&t->client[i], t, limits);
  OK(client_encrypt(&t->sample, &t->n_sample, t->row, 1, PLAN_LATENCY, NULL, t->client[0].secret,
                    &t->plan.interface));
  server_service_defaults(&t->options);
  t->options.models = t->models;
  t->options.state = t->state;
  t->options.port = 0;
  t->options.n_workers = 2;
}

static inline void test_setup_limits(test_service *t, const server_limits *limits) {
  test_setup_by(t, limits, COMPILE_CONTRACT_AUTO);
}

static inline void test_setup(test_service *t) {
  server_limits limits;
  server_token_defaults(&limits);
  limits.requests_per_minute = 1000000;
  limits.predictions_per_day = 1000000;
  test_setup_limits(t, &limits);
}

static inline void test_remove(const char *folder) {
  DIR *files = opendir(folder);
  for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;) {
    char path[512];
    struct stat info;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    snprintf(path, sizeof path, "%.200s/%.255s", folder, entry->d_name);
    if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
      test_remove(path);
    else
      unlink(path);
  }
  if (files != NULL)
    closedir(files);
  rmdir(folder);
}

/* Files of a store's folder whose names begin so. */
static inline int test_count_files(const char *state, const char *name, const char *prefix) {
  char path[256];
  int n = 0;
  snprintf(path, sizeof path, "%.200s/%s", state, name);
  DIR *files = opendir(path);
  assert_non_null(files);
  for (const struct dirent *entry; (entry = readdir(files)) != NULL;)
    n += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
  closedir(files);
  return n;
}

static inline void test_teardown(test_service *t) {
  test_stop(t);
  for (int i = 0; i < N_CLIENTS; i++) {
    ckks_secret_key_free(t->client[i].secret);
    base_free(t->client[i].keys);
  }
  base_free(t->sample);
  ckks_params_free(t->params);
  plan_clear(&t->plan);
  network_clear(&t->model);
  test_remove(t->folder);
}

/* What `write` writes to standard error. */
static inline void test_captured(char *out, size_t size, void (*write)(void *context),
                                 void *context) {
  FILE *file = tmpfile();
  fflush(stderr);
  int kept = dup(STDERR_FILENO);
  assert_true(file != NULL && kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
  write(context);
  fflush(stderr);
  assert_true(dup2(kept, STDERR_FILENO) >= 0);
  close(kept);
  rewind(file);
  out[fread(out, 1, size - 1, file)] = '\0';
  fclose(file);
}

/* --- HTTP */

typedef struct test_reply {
  int status; /* 0 = the connection ended without an answer */
  char *head;
  const uint8_t *body;
  size_t n_body, n_bytes;
} test_reply;

static inline void test_reply_clear(test_reply *reply) {
  free(reply->head);
  *reply = (test_reply){0};
}

static inline int test_connect(const test_service *t) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(server_service_port(t->service))};
  struct timeval limit = {20, 0};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (t->from != NULL) {
    struct sockaddr_in own = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, t->from, &own.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
  }
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

static inline void test_send(int fd, const void *bytes, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t put = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);
    if (put <= 0)
      return;
    done += (size_t)put;
  }
}

/* Whether there is a whole answer: a client that half closed may wait long for the rest. */
static inline bool test_is_whole(const test_reply *reply) {
  reply->head[reply->n_bytes] = '\0';
  const char *end = strstr(reply->head, "\r\n\r\n");
  const char *length = strcasestr(reply->head, "\r\nContent-Length: ");
  if (end == NULL || strncmp(reply->head, "HTTP/1.1 100", 12) == 0)
    return false;
  size_t n_body = length != NULL && length < end ? (size_t)atoi(length + 18) : 0;
  return reply->n_bytes - (size_t)(end + 4 - reply->head) >= n_body;
}

/* Everything up to the end of the connection, or one answer; skips "100 Continue". */
static inline void test_receive(test_reply *reply, int fd, bool one) {
  size_t capacity = 1 << 16;
  *reply = (test_reply){.head = malloc(capacity + 1)};
  for (ssize_t got = 1; got > 0 && !(one && test_is_whole(reply));) {
    if (reply->n_bytes == capacity)
      reply->head = realloc(reply->head, (capacity *= 2) + 1);
    got = recv(fd, reply->head + reply->n_bytes, capacity - reply->n_bytes, 0);
    reply->n_bytes += got > 0 ? (size_t)got : 0;
  }
  reply->head[reply->n_bytes] = '\0';
  char *start = reply->head;
  if (strncmp(start, "HTTP/1.1 100", 12) == 0)
    start = strstr(start, "\r\n\r\n") + 4;
  char *end = strstr(start, "\r\n\r\n");
  if (end == NULL || sscanf(start, "HTTP/1.1 %d", &reply->status) != 1)
    return;
  reply->body = (const uint8_t *)end + 4;
  reply->n_body = reply->n_bytes - (size_t)(end + 4 - reply->head);
  end[2] = '\0';
  const char *length = strcasestr(start, "\r\nContent-Length: ");
  if (one && length != NULL && (size_t)atoi(length + 18) < reply->n_body)
    reply->n_body = (size_t)atoi(length + 18); /* more is of another answer */
}

static inline void test_exchange(test_reply *reply, const test_service *t, const void *bytes,
                                 size_t n) {
  int fd = test_connect(t);
  test_send(fd, bytes, n);
  test_receive(reply, fd, false);
  close(fd);
}

/* headers: whole lines, each with its \r\n. */
static inline size_t test_compose(char **out, const char *method, const char *path,
                                  const char *token, const char *headers, const void *body,
                                  size_t n_body) {
  *out = malloc(n_body + 4096);
  int n = snprintf(*out, 4096, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s%s%s",
                   method, path, token ? "Authorization: Bearer " : "", token ? token : "",
                   token ? "\r\n" : "", headers);
  if (body != NULL)
    n += snprintf(*out + n, (size_t)(4096 - n), "Content-Length: %zu\r\n", n_body);
  n += snprintf(*out + n, (size_t)(4096 - n), "\r\n");
  if (body != NULL)
    memcpy(*out + n, body, n_body);
  return (size_t)n + (body != NULL ? n_body : 0);
}

static inline int test_call(test_reply *reply, const test_service *t, const char *method,
                            const char *path, const char *token, const char *headers,
                            const void *body, size_t n_body) {
  char *bytes;
  size_t n = test_compose(&bytes, method, path, token, headers, body, n_body);
  test_exchange(reply, t, bytes, n);
  free(bytes);
  return reply->status;
}

/* The status alone. */
static inline int test_status(const test_service *t, const char *method, const char *path,
                              const char *token, const char *headers, const void *body,
                              size_t n_body) {
  test_reply reply;
  int status = test_call(&reply, t, method, path, token, headers, body, n_body);
  test_reply_clear(&reply);
  return status;
}

/* Value of a header of a reply, "" when it is not there. Not reentrant. */
static inline const char *test_header(const test_reply *reply, const char *name) {
  static _Thread_local char value[200];
  char start[64];
  snprintf(start, sizeof start, "\r\n%s: ", name);
  const char *at = strcasestr(reply->head, start);
  value[0] = '\0';
  if (at != NULL)
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at + strlen(start), "\r"),
             at + strlen(start));
  return value;
}

/* Text of a member of a JSON reply; the caller frees nothing. */
static inline const char *test_member(const test_reply *reply, const char *name) {
  static _Thread_local char value[600];
  json_t *object = json_loadb((const char *)reply->body, reply->n_body, 0, NULL);
  json_t *member = json_object_get(object, name);
  value[0] = '\0';
  if (json_is_string(member))
    snprintf(value, sizeof value, "%s", json_string_value(member));
  else if (json_is_integer(member))
    snprintf(value, sizeof value, "%lld", (long long)json_integer_value(member));
  else if (json_is_boolean(member))
    snprintf(value, sizeof value, "%s", json_is_true(member) ? "true" : "false");
  json_decref(object);
  return value;
}

static inline const char *test_key_path(const test_client *c) {
  static char path[128];
  snprintf(path, sizeof path, "/v2/keys/%s", c->id);
  return path;
}

static inline int test_upload(const test_service *t, const test_client *c) {
  return test_status(t, "PUT", test_key_path(c), c->token, "", c->keys, c->n_keys);
}

#define TEST_RAW "Content-Type: application/octet-stream\r\n"

static inline int test_infer(test_reply *reply, const test_service *t, const char *token,
                             const char *key, const char *headers) {
  char lines[512];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n%s", key, headers);
  return test_call(reply, t, "POST", "/v2/models/small/infer", token, lines, t->sample,
                   t->n_sample);
}

/* Whether a result decrypts to what the model says in clear. */
static inline void test_check_result(const test_service *t, const uint8_t *bytes, size_t n) {
  double *outputs, wanted[8];
  size_t n_rows;
  OK(client_decrypt(&outputs, &n_rows, bytes, n, "result", t->client[0].secret,
                    &t->plan.interface));
  assert_int_equal(n_rows, 1);
  network_forward_rows(wanted, t->row, 1, &t->model);
  for (size_t i = 0; i < t->model.n_classes; i++)
    assert_true(fabs(outputs[i] - wanted[i]) < 1e-2 * fmax(1.0, fabs(wanted[i])));
  base_free(outputs);
}

/* The Open Inference Protocol's binary form of a sample: head, length, bytes. The caller frees. */
static inline size_t test_tensor(uint8_t **out, size_t *n_head, const char *key,
                                 const uint8_t *sample, size_t n_sample) {
  *out = malloc(n_sample + 512);
  int n = snprintf((char *)*out, 500,
                   "{\"id\":\"q7\",\"parameters\":{\"key\":\"%s\"},\"inputs\":[{\"name\":"
                   "\"ciphertext\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{"
                   "\"binary_data_size\":%zu}}],\"outputs\":[{\"name\":\"ciphertext\","
                   "\"parameters\":{\"binary_data\":true}}]}",
                   key, n_sample + 4);
  *n_head = (size_t)n;
  for (int i = 0; i < 4; i++)
    (*out)[n + i] = (uint8_t)(n_sample >> (8 * i));
  memcpy(*out + n + 4, sample, n_sample);
  return (size_t)n + 4 + n_sample;
}

static inline void test_check_inference(const test_service *t) {
  test_reply reply;
  assert_int_equal(test_infer(&reply, t, t->client[0].token, t->client[0].id, ""), 200);
  test_check_result(t, reply.body, reply.n_body);
  test_reply_clear(&reply);
}
#endif
