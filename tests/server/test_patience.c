/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that dribble, and clients that vanish, at every stage of a request: each is ended, leaves
 * nothing behind, and the others are answered meanwhile. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <pthread.h>

static test_service t;

static void open_world(void) {
  test_setup(&t);
  t.options.grace_s = 1;
}

/* The requests that have a body: a head as it should be, and what is to follow it. */
#define N_BODIES 3
typedef struct slow {
  char *bytes;
  size_t n, n_head, at;
  int fd;
} slow;

static void compose(slow *s, const char *method, const char *path, const test_client *c,
                    const char *lines, const void *body, size_t n) {
  s->n = test_compose(&s->bytes, method, path, c->token, lines, body, n);
  s->n_head = s->n - n;
}

static void compose_infer(slow *s) {
  char lines[160];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n", t.client[0].id);
  compose(s, "POST", "/v2/models/small/infer", &t.client[0], lines, t.sample, t.n_sample);
}

static void compose_bodies(slow s[N_BODIES]) {
  uint8_t *body;
  char lines[96];
  const test_client *c = &t.client[1];
  size_t n_head, n = test_tensor(&body, &n_head, t.client[0].id, t.sample, t.n_sample);
  compose(&s[0], "PUT", test_key_path(c), c, "", c->keys, c->n_keys);
  compose_infer(&s[1]);
  snprintf(lines, sizeof lines, "Inference-Header-Content-Length: %zu\r\n", n_head);
  compose(&s[2], "POST", "/v2/models/small/versions/1/infer", &t.client[0], lines, body, n);
  free(body);
}

/* The head at once and so much of the body. */
static void begin(slow *s, size_t n_body) {
  s->fd = test_connect(&t);
  s->at = s->n_head + n_body;
  test_send(s->fd, s->bytes, s->at);
}

static void finish(slow *s) {
  close(s->fd);
  free(s->bytes);
}

static bool is_closed(int fd) {
  char byte;
  ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got == 0 || (got < 0 && errno != EAGAIN);
}

static size_t key_offset(const test_client *c) {
  test_reply reply;
  test_call(&reply, &t, "HEAD", test_key_path(c), c->token, "", NULL, 0);
  size_t at = (size_t)atoi(test_header(&reply, "Upload-Offset"));
  test_reply_clear(&reply);
  return at;
}

static void wait_for_quiet(void) {
  for (int i = 0; i < 2000 && atomic_load(&t.service->n_requests) > 0; i++)
    usleep(5000);
  assert_int_equal(atomic_load(&t.service->n_requests), 0);
}

/* A byte of the body now and then: ended soon after the time of grace. What came of a key stays,
 * and the upload goes on from there. */
static void test_slow_bodies(void **state) {
  (void)state;
  slow s[N_BODIES];
  int n_open = N_BODIES;
  open_world();
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  compose_bodies(s);
  for (int i = 0; i < N_BODIES; i++)
    begin(&s[i], 0);
  for (int round = 0; round < 400 && n_open > 0; round++) {
    n_open = 0;
    for (int i = 0; i < N_BODIES; i++)
      if (!is_closed(s[i].fd)) {
        n_open++;
        s[i].at += send(s[i].fd, s[i].bytes + s[i].at, 1, MSG_NOSIGNAL) == 1;
      }
    test_check_inference(&t);
    usleep(25000);
  }
  assert_int_equal(n_open, 0);
  wait_for_quiet();
  const test_client *c = &t.client[1];
  size_t at = key_offset(c);
  assert_true(at > 0 && at <= s[0].at - s[0].n_head);
  char line[96];
  snprintf(line, sizeof line, "Content-Range: bytes %zu-%zu/%zu\r\n", at, c->n_keys - 1, c->n_keys);
  assert_int_equal(
      test_status(&t, "PUT", test_key_path(c), c->token, line, c->keys + at, c->n_keys - at), 201);
  for (int i = 0; i < N_BODIES; i++)
    finish(&s[i]);
  test_teardown(&t);
}

/* Slow, but above the least rate: longer than the time of grace, and answered. */
static void test_steady_body(void **state) {
  (void)state;
  slow s;
  test_reply reply;
  open_world();
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  compose_infer(&s);
  begin(&s, 0);
  for (int piece = 0; piece < 30; piece++) { /* 1.5 s and more */
    size_t n = (s.n - s.at) / (size_t)(30 - piece);
    test_send(s.fd, s.bytes + s.at, n);
    s.at += n;
    usleep(50000);
  }
  test_receive(&reply, s.fd, false);
  assert_int_equal(reply.status, 200);
  test_check_result(&t, reply.body, reply.n_body);
  test_reply_clear(&reply);
  finish(&s);
  test_teardown(&t);
}

/* Whoever holds all of the connections that an address may have, holds those alone. */
static void test_many_slow(void **state) {
  (void)state;
  enum { EACH = 16 };
  slow s[EACH];
  open_world();
  t.options.grace_s = t.options.idle_s = 30;
  t.options.n_connections = EACH + 8;
  t.options.n_connections_each = EACH;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  wait_for_quiet();
  while (atomic_load(&t.service->metrics.connections) > 0)
    usleep(2000);
  for (int i = 0; i < EACH; i++) {
    compose_infer(&s[i]);
    begin(&s[i], 1);
  }
  for (int i = 0; i < 5; i++) { /* one more from there, and one from elsewhere */
    test_reply reply;
    assert_int_equal(test_call(&reply, &t, "GET", "/v2", NULL, "", NULL, 0), 0);
    test_reply_clear(&reply);
    t.from = "127.0.0.2";
    test_check_inference(&t);
    t.from = NULL;
  }
  for (int i = 0; i < EACH; i++)
    finish(&s[i]);
  wait_for_quiet();
  test_check_inference(&t);
  test_teardown(&t);
}

/* A token's bodies share a room, whether their bytes come or not; other tokens have their own. */
static void test_share(void **state) {
  (void)state;
  slow s;
  test_reply reply;
  open_world();
  t.options.grace_s = 30;
  t.options.bodies_bytes = t.n_sample + t.n_sample / 2;
  test_start(&t);
  const test_client *c = &t.client[0], *other = &t.client[1];
  assert_int_equal(test_upload(&t, c), 201);
  for (int vanishes = 0; vanishes < 2; vanishes++) {
    compose_infer(&s);
    wait_for_quiet();
    begin(&s, 10);
    /* A byte of our own goes as long as there is nothing else of the token's. */
    while (server_usage_body(t.service->usage, c->row.id, 1, 0)) {
      server_usage_body_end(t.service->usage, c->row.id, 1);
      usleep(2000);
    }
    assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), 429);
    assert_string_equal(test_member(&reply, "code"), "bodies");
    assert_string_equal(test_header(&reply, "Retry-After"), "1");
    test_reply_clear(&reply);
    assert_int_equal(test_infer(&reply, &t, other->token, other->id, ""), 404);
    test_reply_clear(&reply);
    if (!vanishes) {
      test_send(s.fd, s.bytes + s.at, s.n - s.at);
      test_receive(&reply, s.fd, false);
      assert_int_equal(reply.status, 200);
      test_reply_clear(&reply);
    }
    finish(&s);
    wait_for_quiet();
    test_check_inference(&t);
  }
  test_teardown(&t);
}

/* --- vanishing */

/* A task that keeps a worker from others until it is told. */
typedef struct gate {
  server_task task;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool entered, open;
} gate;

static void hold(void *context, int worker) {
  gate *g = context;
  (void)worker;
  pthread_mutex_lock(&g->lock);
  g->entered = true;
  pthread_cond_broadcast(&g->changed);
  while (!g->open)
    pthread_cond_wait(&g->changed, &g->lock);
  pthread_mutex_unlock(&g->lock);
}

static void shut(gate *g) {
  *g = (gate){.task = {.run = hold, .context = g}};
  pthread_mutex_init(&g->lock, NULL);
  pthread_cond_init(&g->changed, NULL);
  assert_true(server_pool_add(t.service->pool, &g->task));
  pthread_mutex_lock(&g->lock);
  while (!g->entered)
    pthread_cond_wait(&g->changed, &g->lock);
  pthread_mutex_unlock(&g->lock);
}

static void let_go(gate *g) {
  pthread_mutex_lock(&g->lock);
  g->open = true;
  pthread_cond_broadcast(&g->changed);
  pthread_mutex_unlock(&g->lock);
}

static void count_aborted(void *context, const char *line) {
  size_t *n = context;
  *n += strstr(line, "/infer\"") != NULL && strstr(line, "\"code\":\"aborted\"") != NULL;
}

/* In the queue: a prediction is not made, a change is. */
static void test_gone_in_queue(void **state) {
  (void)state;
  slow s, erase;
  gate g;
  size_t n_aborted = 0;
  open_world();
  t.options.n_workers = 1;
  test_start(&t);
  const test_client *c = &t.client[1];
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  assert_int_equal(test_upload(&t, c), 201);
  test_check_inference(&t);
  shut(&g);
  compose_infer(&s);
  begin(&s, t.n_sample);
  compose(&erase, "DELETE", test_key_path(c), c, "", NULL, 0);
  begin(&erase, 0);
  while (server_pool_depth(t.service->pool) < 2)
    usleep(2000);
  finish(&s);
  finish(&erase);
  usleep(20000); /* the loopback's time */
  let_go(&g);
  wait_for_quiet();
  assert_int_equal(atomic_load(&t.service->metrics.predictions), 1);
  assert_int_equal(test_status(&t, "GET", test_key_path(c), c->token, "", NULL, 0), 404);
  test_check_inference(&t);
  test_stop(&t);
  OK(server_audit_read_each(t.state, count_aborted, &n_aborted));
  assert_int_equal(n_aborted, 1);
  test_teardown(&t);
}

/* Within the head, within each body, and while it is evaluated. */
static void test_gone_anywhere(void **state) {
  (void)state;
  slow s[N_BODIES];
  open_world();
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  compose_bodies(s);
  for (int i = 0; i < N_BODIES; i++)
    for (size_t part = 0; part <= 8; part++) {
      int fd = test_connect(&t);
      size_t n_body = s[i].n - s[i].n_head;
      test_send(fd, s[i].bytes, part == 0 ? s[i].n_head / 2 : s[i].n_head + n_body * part / 8);
      close(fd);
      if (part % 4 == 0)
        test_check_inference(&t);
    }
  wait_for_quiet();
  for (int i = 0; i < N_BODIES; i++)
    free(s[i].bytes);
  while (atomic_load(&t.service->metrics.connections) > 0)
    usleep(2000);
  test_check_inference(&t);
  test_teardown(&t);
}

/* While the answer is written: a client that takes none of it is ended, like one that goes. */
static void test_gone_at_answer(void **state) {
  (void)state;
  static const char ask[] = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
  enum { N_ASKED = 1000 }; /* more than the system buffers */
  open_world();
  t.options.idle_s = 2;
  t.options.least_bytes_s = 1 << 24;
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  char *bytes = malloc(N_ASKED * sizeof ask);
  for (size_t i = 0; i < N_ASKED; i++)
    memcpy(bytes + i * (sizeof ask - 1), ask, sizeof ask);
  for (int stays = 0; stays < 2; stays++) {
    int fd = test_connect(&t);
    test_send(fd, bytes, N_ASKED * (sizeof ask - 1));
    if (!stays)
      close(fd);
    test_check_inference(&t);
    for (int i = 0; i < 2000 && atomic_load(&t.service->metrics.connections) > 0; i++)
      usleep(5000);
    assert_int_equal(atomic_load(&t.service->metrics.connections), 0);
    wait_for_quiet();
    if (stays)
      close(fd);
  }
  free(bytes);
  test_check_inference(&t);
  test_teardown(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_slow_bodies),   cmocka_unit_test(test_steady_body),
      cmocka_unit_test(test_many_slow),     cmocka_unit_test(test_share),
      cmocka_unit_test(test_gone_in_queue), cmocka_unit_test(test_gone_anywhere),
      cmocka_unit_test(test_gone_at_answer)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
