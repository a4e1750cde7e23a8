/* SPDX-License-Identifier: Apache-2.0 */
/* Valid requests for every route, made of the route table: a route that needs more than a path, a
 * token and a body of a known kind fails here, and so gets a shape of its own. */
#ifndef TESTS_SERVER_SHAPES_H
#define TESTS_SERVER_SHAPES_H
#include "server/fixture.h"

#define TEST_MAX_SHAPES 64

typedef struct test_shape {
  const server_route *route;
  bool head; /* asked by HEAD */
  char *bytes;
  size_t n;
} test_shape;

/* What a client has: its keys there, a sample under its own key, a job that is done. */
typedef struct test_world {
  const test_service *t;
  const test_client *client;
  uint8_t *sample;
  size_t n_sample;
  char job[33];
  test_shape shape[TEST_MAX_SHAPES];
  int n_shapes;
} test_world;

static inline int test_job_status(const test_world *w) {
  char path[80];
  snprintf(path, sizeof path, "/v2/jobs/%s/result", w->job);
  return test_status(w->t, "GET", path, w->client->token, "", NULL, 0);
}

static inline void test_make_job(test_world *w) {
  test_reply reply;
  char lines[160];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\nPrefer: respond-async\r\n",
           w->client->id);
  assert_int_equal(test_call(&reply, w->t, "POST", "/v2/models/small/infer", w->client->token,
                             lines, w->sample, w->n_sample),
                   202);
  snprintf(w->job, sizeof w->job, "%.32s", test_member(&reply, "id"));
  test_reply_clear(&reply);
  while (test_job_status(w) == 409)
    usleep(2000);
}

/* Makes again what a request may have removed. */
static inline void test_restore(test_world *w) {
  int status = test_upload(w->t, w->client);
  assert_true(status == 200 || status == 201);
  if (w->job[0] == '\0' || test_job_status(w) != 200)
    test_make_job(w);
}

/* The route's path with the client's own names in it. */
static inline void test_fill_path(char path[300], const test_world *w, const char *template) {
  static const char *const names[] = {"{model}", "{version}", "{key}", "{job}"};
  const char *const values[] = {"small", "1", w->client->id, w->job};
  path[0] = '\0';
  while (*template != '\0') {
    size_t n = strlen(path), name = 0;
    if (*template != '{') {
      path[n] = *template ++;
      path[n + 1] = '\0';
      continue;
    }
    while (name < 4 && strncmp(template, names[name], strlen(names[name])) != 0)
      name++;
    assert_true(name < 4); /* a new kind of name: say what stands for it */
    snprintf(path + n, 300 - n, "%s", values[name]);
    template += strlen(names[name]);
  }
}

static inline void test_add_shape(test_world *w, const server_route *route, bool head,
                                  const char *lines, const void *body, size_t n_body) {
  char path[300];
  assert_true(w->n_shapes < TEST_MAX_SHAPES);
  test_shape *shape = &w->shape[w->n_shapes++];
  test_fill_path(path, w, route->path);
  *shape = (test_shape){.route = route, .head = head};
  shape->n = test_compose(&shape->bytes, head ? "HEAD" : route->method, path, w->client->token,
                          lines, body, n_body);
}

static inline void test_add_samples(test_world *w, const server_route *route) {
  char lines[200];
  uint8_t *body;
  size_t n_head, n = test_tensor(&body, &n_head, w->client->id, w->sample, w->n_sample);
  static int n_named; /* a name that is new, and then one that is known */
  char named[80];
  snprintf(named, sizeof named, "Prefer: respond-async\r\nIdempotency-Key: n%d\r\n", n_named++ / 2);
  const char *const prefer[] = {"", "Prefer: respond-async\r\n", named};
  for (int i = 0; i < 3; i++) {
    snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\n%s", w->client->id, prefer[i]);
    test_add_shape(w, route, false, lines, w->sample, w->n_sample);
    snprintf(lines, sizeof lines, "Inference-Header-Content-Length: %zu\r\n%s", n_head, prefer[i]);
    test_add_shape(w, route, false, lines, body, n);
  }
  free(body);
}

/* Whole, a part of it, and the empty end of what is there. */
static inline void test_add_keys(test_world *w, const server_route *route) {
  const test_client *c = w->client;
  char lines[96];
  test_add_shape(w, route, false, "", c->keys, c->n_keys);
  snprintf(lines, sizeof lines, "Content-Range: bytes 0-%zu/%zu\r\n", c->n_keys / 4 - 1, c->n_keys);
  test_add_shape(w, route, false, lines, c->keys, c->n_keys / 4);
  snprintf(lines, sizeof lines, "Content-Range: bytes */%zu\r\n", c->n_keys);
  test_add_shape(w, route, false, lines, "", 0);
}

static inline void test_clear_shapes(test_world *w) {
  while (w->n_shapes > 0)
    free(w->shape[--w->n_shapes].bytes);
}

/* One and more for each route; those of before are gone. */
static inline void test_make_shapes(test_world *w) {
  test_clear_shapes(w);
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &server_route_all.route[i];
    int n_before = w->n_shapes;
    switch (route->body) {
    case SERVER_BODY_NONE:
      test_add_shape(w, route, false, "", NULL, 0);
      if (strcmp(route->method, "GET") == 0)
        test_add_shape(w, route, true, "", NULL, 0);
      break;
    case SERVER_BODY_SAMPLE:
      test_add_samples(w, route);
      break;
    case SERVER_BODY_KEYS:
      test_add_keys(w, route);
      break;
    }
    assert_true(w->n_shapes > n_before); /* a new kind of body */
  }
}

static inline void test_make_world(test_world *w, const test_service *t, const test_client *c) {
  *w = (test_world){.t = t, .client = c};
  OK(client_encrypt(&w->sample, &w->n_sample, t->row, 1, PLAN_LATENCY, NULL, c->secret,
                    &t->plan.interface));
  test_restore(w);
  test_make_shapes(w);
}

static inline void test_clear_world(test_world *w) {
  test_clear_shapes(w);
  base_free(w->sample);
}

/* Whether a refusal has the form that is promised: JSON with error, code and message; or is
 * libmicrohttpd's own, of what is not HTTP, and ends the connection. */
static inline bool test_is_error(const test_reply *reply, bool head) {
  if (reply->status < 400 || head)
    return reply->status >= 400;
  if (strcmp(test_header(reply, "Content-Type"), "application/json") == 0)
    return strlen(test_member(reply, "code")) > 0 && strlen(test_member(reply, "message")) > 0 &&
           strlen(test_member(reply, "error")) > 0;
  static const int own[] = {400, 413, 414, 431, 500, 501, 505};
  bool known = false;
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    known = known || reply->status == own[i];
  return known && strcasecmp(test_header(reply, "Connection"), "close") == 0 &&
         memmem(reply->body, reply->n_body, "<html>", 6) != NULL;
}
/* A refusal between 400 and 499 in JSON; `what` names the case when it is not. */
static inline void test_check_refused(const test_reply *reply, const char *what) {
  if (reply->status < 400 || reply->status > 499 || !test_is_error(reply, false) ||
      strcmp(test_header(reply, "Content-Type"), "application/json") != 0)
    fail_msg("%s: %d %.200s", what, reply->status, (const char *)reply->body);
}

/* A server that runs, the first client's keys in it, and a world of the second's. */
static inline void test_start_world(test_world *w, test_service *t) {
  test_start(t);
  assert_int_equal(test_upload(t, &t->client[0]), 201);
  test_make_world(w, t, &t->client[1]);
}

static inline void test_end_world(test_world *w, test_service *t) {
  test_clear_world(w);
  test_teardown(t);
}

static inline void test_refuse(const test_world *w, const char *what, const char *method,
                               const char *path, const char *lines, const void *body, size_t n,
                               int status) {
  test_reply reply;
  test_call(&reply, w->t, method, path, w->client->token, lines, body, n);
  test_check_refused(&reply, what);
  if (status != 0 && reply.status != status)
    fail_msg("%s: %d where %d is expected", what, reply.status, status);
  test_reply_clear(&reply);
}
#endif
