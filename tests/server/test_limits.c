/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a token, of the queue and of patience. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <fcntl.h>
#include <pthread.h>

static test_service t;

static void open_with(const server_limits *limits) {
  test_setup_limits(&t, limits);
}

static server_limits generous(void) {
  return (server_limits){(uint64_t)1 << 30, 1000000, 1000000, 0};
}

static void test_requests(void **state) {
  (void)state;
  server_limits limits = generous();
  test_reply reply;
  limits.requests_per_minute = 5;
  open_with(&limits);
  test_start(&t);
  for (int i = 0; i < 5; i++)
    assert_int_equal(test_status(&t, "GET", "/v2/models", t.client[0].token, "", NULL, 0), 200);
  assert_int_equal(test_call(&reply, &t, "GET", "/v2/models", t.client[0].token, "", NULL, 0), 429);
  assert_true(atoi(test_header(&reply, "Retry-After")) >= 1);
  assert_true(atoi(test_header(&reply, "Retry-After")) <= 60);
  test_reply_clear(&reply);
  /* The other token has a bucket of its own, and what is open stays open. */
  assert_int_equal(test_status(&t, "GET", "/v2/models", t.client[1].token, "", NULL, 0), 200);
  assert_int_equal(test_status(&t, "GET", "/v2/health/live", NULL, "", NULL, 0), 200);
  test_teardown(&t);
}

static void test_predictions(void **state) {
  (void)state;
  server_limits limits = generous();
  test_reply reply;
  limits.predictions_per_day = 3;
  open_with(&limits);
  test_start(&t);
  const test_client *c = &t.client[0];
  assert_int_equal(test_upload(&t, c), 201);
  test_check_inference(&t);
  test_check_inference(&t);
  /* What fails is not counted. */
  assert_int_equal(test_infer(&reply, &t, c->token, t.client[1].id, ""), 404);
  test_reply_clear(&reply);
  /* Nor does a restart give any back, or take any away. */
  test_stop(&t);
  test_start(&t);
  test_check_inference(&t);
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), 429);
  assert_string_equal(test_member(&reply, "code"), "predictions");
  test_reply_clear(&reply);
  test_stop(&t);
  test_start(&t);
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), 429);
  test_reply_clear(&reply);
  test_teardown(&t);
}

static void test_key_bytes(void **state) {
  (void)state;
  server_limits limits = generous();
  test_reply reply;
  char path[96], line[64];
  open_with(&limits);
  limits.max_key_bytes = t.client[0].n_keys + 10;
  OK(server_token_create(t.client[0].token, &t.client[0].row, t.state, "small", &limits));
  test_start(&t);
  const test_client *c = &t.client[0];
  assert_int_equal(test_upload(&t, c), 201);
  snprintf(path, sizeof path, "/v2/keys/%s", t.client[1].id);
  assert_int_equal(test_call(&reply, &t, "PUT", path, c->token, "", t.client[1].keys, c->n_keys),
                   403);
  assert_string_equal(test_member(&reply, "code"), "key_bytes");
  test_reply_clear(&reply);
  /* A part counts as the whole it is going to be. */
  assert_int_equal(test_status(&t, "DELETE", test_key_path(c), c->token, "", NULL, 0), 204);
  snprintf(line, sizeof line, "Content-Range: bytes 0-9/%zu\r\n", c->n_keys);
  assert_int_equal(test_status(&t, "PUT", path, c->token, line, t.client[1].keys, 10), 202);
  assert_int_equal(test_upload(&t, c), 403);
  assert_int_equal(test_status(&t, "DELETE", path, c->token, "", NULL, 0), 204);
  assert_int_equal(test_upload(&t, c), 201);
  test_teardown(&t);
}

static void test_revoked(void **state) {
  (void)state;
  server_limits limits = generous();
  open_with(&limits);
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  OK(server_token_revoke(t.state, t.client[0].row.id));
  assert_int_equal(test_status(&t, "GET", "/v2/models", t.client[0].token, "", NULL, 0), 401);
  /* Its keys go with the next sweep, which is at the start. */
  char path[300];
  snprintf(path, sizeof path, "%s/keys/%s.%s", t.state, t.client[0].row.id, t.client[0].id);
  assert_int_equal(access(path, F_OK), 0);
  test_stop(&t);
  test_start(&t);
  for (int i = 0; i < 500 && access(path, F_OK) == 0; i++)
    usleep(10000);
  assert_int_not_equal(access(path, F_OK), 0);
  test_teardown(&t);
}

static void *ask_again(void *counts) {
  int *count = counts;
  for (int i = 0; i < 10000 && count[0] < 4; i++) { /* a 503 is asked again */
    test_reply reply;
    int status = test_infer(&reply, &t, t.client[0].token, t.client[0].id, "");
    count[0] += status == 200;
    count[1] += status == 503;
    count[2] += status != 200 && status != 503;
    test_reply_clear(&reply);
  }
  return NULL;
}

/* One worker, no queue, many who ask: each gets its result or 503 at once, nothing else. */
static void test_queue(void **state) {
  (void)state;
  server_limits limits = generous();
  enum { N = 8 };
  pthread_t thread[N];
  int count[N][3] = {{0}}, sum[3] = {0};
  open_with(&limits);
  t.options.n_workers = 1;
  t.options.n_queue = 1;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  for (int i = 0; i < N; i++)
    assert_int_equal(pthread_create(&thread[i], NULL, ask_again, count[i]), 0);
  for (int i = 0; i < N; i++) {
    pthread_join(thread[i], NULL);
    sum[0] += count[i][0];
    sum[1] += count[i][1];
    sum[2] += count[i][2];
  }
  assert_int_equal(sum[0], 4 * N);
  assert_int_equal(sum[2], 0);
  assert_true(sum[1] >= 1);
  test_check_inference(&t);
  test_teardown(&t);
}

/* The cache holds one client's keys: they take turns. */
static void test_cache_ceiling(void **state) {
  (void)state;
  server_limits limits = generous();
  server_cache_figures figures;
  test_reply reply;
  open_with(&limits);
  test_start(&t);
  for (int i = 0; i < N_CLIENTS; i++)
    assert_int_equal(test_upload(&t, &t.client[i]), 201);
  test_check_inference(&t);
  server_cache_look(&figures, t.service->cache);
  size_t one = figures.n_bytes;
  assert_true(one > t.client[0].n_keys);
  test_stop(&t);
  t.options.cache_bytes = one + one / 2;
  test_start(&t);
  for (int i = 0; i < 4; i++) {
    const test_client *c = &t.client[i % 2];
    /* The sample is the first client's: with the other's keys it is refused, after they were read.
     */
    assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), i % 2 == 0 ? 200 : 422);
    test_reply_clear(&reply);
    server_cache_look(&figures, t.service->cache);
    assert_int_equal(figures.n_entries, 1);
    assert_int_equal(figures.n_bytes, one);
  }
  assert_int_equal(figures.n_evictions, 3);
  test_stop(&t);
  t.options.cache_bytes = one / 2; /* not even one */
  test_start(&t);
  assert_int_equal(test_infer(&reply, &t, t.client[0].token, t.client[0].id, ""), 503);
  test_reply_clear(&reply);
  test_teardown(&t);
}

/* What is not said follows the models: the largest can be asked. What is said stays. */
static void test_ceilings_follow_models(void **state) {
  (void)state;
  server_limits limits = generous();
  server_model **all = NULL;
  server_ceiling ceiling;
  const server_options none = {0}, said = {.cache_bytes = 5,
                                           .max_key_bytes = 6,
                                           .max_body_bytes = 7,
                                           .bodies_bytes = 8};
  open_with(&limits);
  test_start(&t);
  server_service *s = t.service;
  assert_int_equal(s->ceiling.key_bytes, (size_t)256 << 20);
  assert_int_equal(s->ceiling.body_bytes, (size_t)64 << 20);
  assert_int_equal(server_model_set_all(&all, s->models), 1);
  plan_interface *interface = &all[0]->plan.interface;
  plan_interface kept = *interface;
  interface->key_bytes = (size_t)1 << 31;
  interface->layout[PLAN_LATENCY].available = interface->layout[PLAN_THROUGHPUT].available = true;
  interface->cost[PLAN_LATENCY].input_bytes = 1000;
  interface->cost[PLAN_THROUGHPUT].input_bytes = (size_t)100 << 20;
  server_ceiling_fit(&ceiling, s->cache, s->models, &none);
  assert_int_equal(ceiling.key_bytes, (size_t)1 << 31);
  assert_true(ceiling.body_bytes > (size_t)100 << 20);
  assert_int_equal(ceiling.bodies_bytes, (size_t)256 << 20);
  /* A batch for which there is no room goes row by row; a row must have room. */
  interface->cost[PLAN_THROUGHPUT].input_bytes = (size_t)1 << 31;
  server_ceiling_fit(&ceiling, s->cache, s->models, &none);
  assert_int_equal(ceiling.body_bytes, (size_t)64 << 20);
  interface->cost[PLAN_LATENCY].input_bytes = (size_t)300 << 20;
  server_ceiling_fit(&ceiling, s->cache, s->models, &none);
  assert_true(ceiling.body_bytes > (size_t)300 << 20);
  assert_int_equal(ceiling.bodies_bytes, ceiling.body_bytes);
  server_ceiling_fit(&ceiling, s->cache, s->models, &said);
  assert_int_equal(ceiling.cache_bytes, 5);
  assert_int_equal(ceiling.key_bytes, 6);
  assert_int_equal(ceiling.body_bytes, 7);
  assert_int_equal(ceiling.bodies_bytes, 8);
  *interface = kept;
  server_model_release(all[0]);
  base_free(all);
  test_teardown(&t);
}

static bool ended(int fd) {
  char byte;
  struct timeval limit = {10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return recv(fd, &byte, 1, 0) <= 0;
}

/* Silent, dribbling a head, vanishing within a body: none of them keeps the others waiting. */
static void test_patience(void **state) {
  (void)state;
  server_limits limits = generous();
  char lines[256], *bytes;
  open_with(&limits);
  t.options.idle_s = 1;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  int silent = test_connect(&t), dribbling = test_connect(&t), vanishing = test_connect(&t);
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n", t.client[0].id);
  size_t n = test_compose(&bytes, "POST", "/v2/models/small/infer", t.client[0].token, lines,
                          t.sample, t.n_sample);
  test_send(vanishing, bytes, n / 2);
  close(vanishing);
  int closed = 0;
  for (int i = 0; i < 40 && closed == 0; i++) { /* a byte now and then, but never a request */
    closed = send(dribbling, "G", 1, MSG_NOSIGNAL) <= 0;
    usleep(100000);
    test_check_inference(&t);
  }
  assert_int_equal(closed, 1);
  assert_true(ended(silent));
  close(silent);
  close(dribbling);
  free(bytes);
  /* The body that broke off is no request under way any more. */
  for (int i = 0; i < 300 && atomic_load(&t.service->n_requests) > 0; i++)
    usleep(10000);
  assert_int_equal(atomic_load(&t.service->n_requests), 0);
  test_teardown(&t);
}

/* An upload that breaks off goes on where it ended. */
static void test_broken_upload(void **state) {
  (void)state;
  server_limits limits = generous();
  test_reply reply;
  char *bytes, line[96];
  open_with(&limits);
  test_start(&t);
  const test_client *c = &t.client[0];
  size_t n = test_compose(&bytes, "PUT", test_key_path(c), c->token, "", c->keys, c->n_keys);
  int fd = test_connect(&t);
  test_send(fd, bytes, n - c->n_keys / 2);
  close(fd);
  free(bytes);
  size_t at = 0, sent = c->n_keys - c->n_keys / 2;
  for (int i = 0; i < 500 && (at < sent || atomic_load(&t.service->n_requests) > 0); i++) {
    test_call(&reply, &t, "HEAD", test_key_path(c), c->token, "", NULL, 0);
    at = (size_t)atoi(test_header(&reply, "Upload-Offset"));
    assert_true(reply.status == 404 || strcmp(test_header(&reply, "Upload-Complete"), "?0") == 0);
    test_reply_clear(&reply);
    usleep(10000);
  }
  assert_int_equal(at, sent);
  test_stop(&t); /* also over a restart */
  test_start(&t);
  snprintf(line, sizeof line, "Content-Range: bytes %zu-%zu/%zu\r\n", at, c->n_keys - 1, c->n_keys);
  assert_int_equal(
      test_status(&t, "PUT", test_key_path(c), c->token, line, c->keys + at, c->n_keys - at), 201);
  test_check_inference(&t);
  test_teardown(&t);
}

static void test_open_to_others(void **state) {
  (void)state;
  server_limits limits = generous();
  open_with(&limits);
  t.options.address = "0.0.0.0";
  assert_int_equal(server_service_build(&t.service, &t.options), CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(ckks_last_error(), "--plain"));
  t.options.address = "nowhere";
  assert_int_equal(server_service_build(&t.service, &t.options), CKKS_ERROR_ARGUMENT);
  t.options.address = "127.0.0.1";
  t.options.tls_cert = "/nonexistent";
  assert_int_equal(server_service_build(&t.service, &t.options), CKKS_ERROR_ARGUMENT);
  t.options.tls_key = "/nonexistent";
  assert_int_equal(server_service_build(&t.service, &t.options), CKKS_ERROR_IO);
  t.options.tls_cert = t.options.tls_key = NULL;
  test_start(&t);
  /* One server a folder. */
  server_service *second;
  assert_int_equal(server_service_build(&second, &t.options), CKKS_ERROR_IO);
  assert_null(second);
  test_teardown(&t);
}

static int count_lines(const char *state) {
  server_audit_report report;
  OK(server_audit_read_verify(&report, state, NULL));
  return (int)report.n_lines;
}

/* Requests without a token are counted, not logged one by one: how many a minute does not matter to
 * the disk. A hundred times as many: tests/e2e/server_load.sh. */
static void test_refusals_are_counted(void **state) {
  (void)state;
  enum { N = 10000, EACH = 50 };
  server_limits limits = generous();
  open_with(&limits);
  test_start(&t);
  char many[64 * EACH] = "";
  for (int i = 1; i < EACH; i++)
    strcat(many, "GET /v2/models HTTP/1.1\r\nHost: x\r\n\r\n");
  strcat(many, "GET /v2/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (int i = 0; i < N / EACH; i++) {
    int fd = test_connect(&t);
    test_reply reply;
    test_send(fd, many, strlen(many));
    test_receive(&reply, fd, false);
    assert_int_equal(reply.status, 401);
    test_reply_clear(&reply);
    close(fd);
  }
  assert_int_equal(test_status(&t, "GET", "/v2/models", t.client[0].token, "", NULL, 0), 200);
  server_audit_figures figures;
  server_audit_look(&figures, t.service->audit);
  assert_true(figures.n_counted >= N - N / EACH); /* some of the last may still be on their way */
  test_stop(&t);
  assert_in_range(count_lines(t.state), 2, 3);
  test_teardown(&t);
}

/* The command and the service agree on when the next file begins. */
static void test_rotate_while_running(void **state) {
  (void)state;
  char closed[32];
  server_audit_report report;
  server_limits limits = generous();
  open_with(&limits);
  test_start(&t);
  assert_int_equal(test_status(&t, "GET", "/v2/models", t.client[0].token, "", NULL, 0), 200);
  OK(server_audit_rotate(closed, t.state));
  assert_string_equal(closed, "audit.db");
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  test_stop(&t);
  OK(server_audit_read_verify(&report, t.state, NULL));
  assert_int_equal(report.n_lines, 3);
  assert_int_equal(strlen(report.key), 64);
  test_teardown(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests),
                                     cmocka_unit_test(test_predictions),
                                     cmocka_unit_test(test_key_bytes),
                                     cmocka_unit_test(test_revoked),
                                     cmocka_unit_test(test_queue),
                                     cmocka_unit_test(test_cache_ceiling),
                                     cmocka_unit_test(test_ceilings_follow_models),
                                     cmocka_unit_test(test_patience),
                                     cmocka_unit_test(test_broken_upload),
                                     cmocka_unit_test(test_open_to_others),
                                     cmocka_unit_test(test_refusals_are_counted),
                                     cmocka_unit_test(test_rotate_while_running)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
