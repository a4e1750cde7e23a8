/* SPDX-License-Identifier: Apache-2.0 */
/* Of what one token has, another cannot even learn that it is there: on every route that takes the
 * name of a key or of a job, by whatever way, the answer is that for a name that nobody has. */
#define _GNU_SOURCE
#include "server/shapes.h"

static test_service t;
static test_world owner; /* client 0; client 1 is the stranger */
static char partial[65]; /* a key of the owner's that is there in part */

/* Names and numbers do not count: runs of 16 hex digits and more become H, other numbers 0. */
static void normalise(char *text) {
  char *out = text;
  for (const char *at = text; *at != '\0';) {
    size_t n_hex = strspn(at, "0123456789abcdef"), n = strspn(at, "0123456789");
    n = n_hex >= 16 ? n_hex : n;
    *out++ = n_hex >= 16 ? 'H' : n > 0 ? '0' : *at;
    at += n > 0 ? n : 1;
  }
  *out = '\0';
}

/* Status line, headers and body. */
static char *answer(const char *method, const char *path, const char *lines, const void *body,
                    size_t n) {
  test_reply reply;
  test_call(&reply, &t, method, path, t.client[1].token, lines, body, n);
  assert_true(reply.status != 0);
  char *text = malloc(reply.n_bytes + 2);
  snprintf(text, reply.n_bytes + 2, "%s\n%.*s", reply.head, (int)reply.n_body,
           (const char *)reply.body);
  test_reply_clear(&reply);
  normalise(text);
  return text;
}

static void same(const char *method, const char *path, const char *nobodys, const char *lines,
                 const char *other_lines, const void *body, const void *other_body, size_t n) {
  char *present = answer(method, path, lines, body, n);
  char *absent = answer(method, nobodys, other_lines, other_body, n);
  assert_string_equal(present, absent);
  free(present);
  free(absent);
}

/* Until a job of the stranger's has failed; what it says then. */
static char *job_says(const char *path) {
  for (;;) {
    char *text = answer("GET", path, "", NULL, 0);
    if (strstr(text, "\"queued\"") == NULL)
      return text;
    free(text);
    usleep(2000);
  }
}

static void make_job(char path[64], const char *infer, const char *key) {
  test_reply reply;
  char lines[200];
  snprintf(lines, sizeof lines, TEST_RAW "Blindsight-Key: %s\r\nPrefer: respond-async\r\n", key);
  assert_int_equal(
      test_call(&reply, &t, "POST", infer, t.client[1].token, lines, t.sample, t.n_sample), 202);
  snprintf(path, 64, "%.63s", test_header(&reply, "Location"));
  test_reply_clear(&reply);
}

/* By header, in the JSON head, and by a job, which says later what became of it. */
static void check_sample(const char *path, const char *key, const char *nobodys) {
  char lines[2][200], jobs[2][64];
  uint8_t *body[2];
  size_t n_head, n = 0;
  const char *const keys[2] = {key, nobodys};
  for (int i = 0; i < 2; i++)
    snprintf(lines[i], sizeof lines[i], TEST_RAW "Blindsight-Key: %s\r\n", keys[i]);
  same("POST", path, path, lines[0], lines[1], t.sample, t.sample, t.n_sample);
  for (int i = 0; i < 2; i++) {
    n = test_tensor(&body[i], &n_head, keys[i], t.sample, t.n_sample);
    snprintf(lines[i], sizeof lines[i], "Inference-Header-Content-Length: %zu\r\n", n_head);
  }
  same("POST", path, path, lines[0], lines[1], body[0], body[1], n);
  for (int i = 0; i < 2; i++) {
    free(body[i]);
    make_job(jobs[i], path, keys[i]);
  }
  char *present = job_says(jobs[0]), *absent = job_says(jobs[1]);
  assert_non_null(strstr(present, "\"failed\""));
  assert_string_equal(present, absent);
  free(present);
  free(absent);
}

/* A part, the rest of what the owner began, the end of it, and bytes that are not the key. */
static void check_put(const char *path, const char *nobodys) {
  static const char *const ranges[] = {
      "Content-Range: bytes 10-19/100\r\n", "Content-Range: bytes */100\r\n",
      "Content-Range: bytes 0-9/100\r\n",   "Content-Range: bytes */100\r\n",
      "Content-Range: bytes 10-19/100\r\n", ""};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    same("PUT", path, nobodys, ranges[i], ranges[i], "0123456789", "0123456789",
         strchr(ranges[i], '*') != NULL ? 0 : 10);
  same("GET", path, nobodys, "", "", NULL, NULL, 0);
}

static void check_key(const server_route *route, const char *key) {
  char path[300], nobodys[300], absent[65];
  snprintf(absent, sizeof absent, "%064d", 9);
  snprintf(path, sizeof path, "/v2/keys/%s", key);
  snprintf(nobodys, sizeof nobodys, "/v2/keys/%s", absent);
  if (route->body == SERVER_BODY_SAMPLE) {
    test_fill_path(path, &owner, route->path);
    check_sample(path, key, absent);
  } else if (route->body == SERVER_BODY_KEYS) {
    check_put(path, nobodys);
  } else {
    assert_string_equal(route->path, "/v2/keys/{key}");
    same(route->method, path, nobodys, "", "", NULL, NULL, 0);
    if (strcmp(route->method, "GET") == 0)
      same("HEAD", path, nobodys, "", "", NULL, NULL, 0);
  }
}

static void check_job(const server_route *route) {
  char path[300], nobodys[300];
  test_world other = owner;
  memset(other.job, '9', 32);
  test_fill_path(path, &owner, route->path);
  test_fill_path(nobodys, &other, route->path);
  same(route->method, path, nobodys, "", "", NULL, NULL, 0);
  if (strcmp(route->method, "GET") == 0)
    same("HEAD", path, nobodys, "", "", NULL, NULL, 0);
}

/* Of the table: whatever takes a name. The others take a model's at most, and models are for all
 * who have a token. */
static void test_every_route(void **state) {
  (void)state;
  int n_checked = 0;
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &server_route_all.route[i];
    if (strstr(route->path, "{key}") != NULL || route->body != SERVER_BODY_NONE) {
      check_key(route, owner.client->id);
      check_key(route, partial);
    } else if (strstr(route->path, "{job}") != NULL) {
      check_job(route);
    } else {
      const char *brace = strchr(route->path, '{'); /* nothing else is anybody's own */
      assert_true(brace == NULL || strncmp(brace, "{model}", 7) == 0);
      continue;
    }
    n_checked++;
  }
  assert_int_equal(n_checked, 8);
}

/* The owner has all of it still, and it works. */
static void test_untouched(void **state) {
  (void)state;
  test_reply reply;
  char path[96];
  const test_client *c = owner.client;
  assert_int_equal(test_status(&t, "GET", test_key_path(c), c->token, "", NULL, 0), 200);
  assert_int_equal(test_job_status(&owner), 200);
  snprintf(path, sizeof path, "/v2/keys/%s", partial);
  assert_int_equal(test_call(&reply, &t, "HEAD", path, c->token, "", NULL, 0), 200);
  assert_int_equal(atoi(test_header(&reply, "Upload-Offset")), 5);
  test_reply_clear(&reply);
  test_check_inference(&t);
}

/* The same bytes, uploaded by the other, are the other's own: and go without the first's. */
static void test_same_bytes(void **state) {
  (void)state;
  const test_client *a = &t.client[0], *b = &t.client[1];
  test_status(&t, "DELETE", test_key_path(a), b->token, "", NULL, 0);
  assert_int_equal(test_status(&t, "PUT", test_key_path(a), b->token, "", a->keys, a->n_keys), 201);
  assert_int_equal(test_status(&t, "DELETE", test_key_path(a), b->token, "", NULL, 0), 204);
  test_check_inference(&t);
}

static int setup(void **state) {
  (void)state;
  char path[96];
  test_setup(&t);
  test_start(&t);
  test_make_world(&owner, &t, &t.client[0]);
  snprintf(partial, sizeof partial, "%064d", 3);
  snprintf(path, sizeof path, "/v2/keys/%s", partial);
  assert_int_equal(test_status(&t, "PUT", path, t.client[0].token,
                               "Content-Range: bytes 0-4/100\r\n", "abcde", 5),
                   202);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_clear_world(&owner);
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_route),
                                     cmocka_unit_test(test_untouched),
                                     cmocka_unit_test(test_same_bytes)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
