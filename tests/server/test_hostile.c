/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that lie on purpose about what every request says of itself: its length, its method, who
 * asks, and which part of a key it brings. Each is told so, on every route, and nothing stays. */
#define _GNU_SOURCE
#include "server/shapes.h"

static test_service t;
static test_world world;

/* --- uploads */

/* $T is the length of the key, $U one more; the body has ten bytes. */
static void test_ranges(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    "bytes",
                                    "bytes ",
                                    "bytes 0-9",
                                    "bytes 0-9/",
                                    "bytes 0-9/*",
                                    "bytes */100",
                                    "bytes -9/100",
                                    "bytes 0-/100",
                                    "bytes 0-8/100",
                                    "bytes 0-10/100",
                                    "bytes 9-0/100",
                                    "bytes 0-9/9",
                                    "bytes 0-9/0",
                                    "bytes 0-9/-100",
                                    "bytes 0-9/100x",
                                    "bytes 0-9/100, 20-29/100",
                                    "bytes  0-9/100",
                                    "bytes 0 - 9/100",
                                    "Bytes 0-9/100",
                                    "lines 0-9/100",
                                    "bytes 0x0-0x9/0x64",
                                    "bytes 95-104/100",
                                    "bytes 18446744073709551606-18446744073709551615/100",
                                    "bytes 18446744073709551615-8/100",
                                    "bytes 18446744073709551616-18446744073709551625/100",
                                    "bytes 0-9/18446744073709551616",
                                    "bytes 9223372036854775807-9223372036854775816/100"};
  /* Well formed, but larger than a key may be, or than this token's keys; or not its beginning. */
  static const char *const large[] = {"bytes 0-9/18446744073709551615",
                                      "bytes 0-9/9223372036854775808", "bytes 0-9/268435457",
                                      "bytes 10-19/100"};
  char lines[200], path[96];
  snprintf(path, sizeof path, "/v2/keys/%064d", 5);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(lines, sizeof lines, "Content-Range: %s\r\n", bad[i]);
    test_refuse(&world, bad[i], "PUT", path, lines, "0123456789", 10, 400);
  }
  for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
    snprintf(lines, sizeof lines, "Content-Range: %s\r\n", large[i]);
    test_refuse(&world, large[i], "PUT", path, lines, "0123456789", 10, i < 3 ? 413 : 409);
  }
  /* An end without a beginning only says where it would begin. */
  assert_int_equal(
      test_status(&t, "PUT", path, world.client->token, "Content-Range: bytes */100\r\n", "", 0),
      202);
  assert_int_equal(test_status(&t, "DELETE", path, world.client->token, "", NULL, 0), 204);
  test_refuse(&world, "an empty key", "PUT", path, "", "", 0, 400);
  test_refuse(&world, "nothing there", "GET", path, "", NULL, 0, 404);
  assert_int_equal(test_count_files(t.state, "partial", ""), 0);
}

/* --- what every route has in common */

/* The head of each shape with other framing lines, and the body as it was. */
static int reframe(test_reply *reply, const test_shape *shape, const char *lines) {
  char *bytes = malloc(shape->n + 4096),
       *length = memmem(shape->bytes, shape->n, "\r\nContent-Length", 16);
  const char *body = (const char *)memmem(shape->bytes, shape->n, "\r\n\r\n", 4) + 4;
  size_t n_head = (size_t)((length != NULL ? length + 2 : body - 2) - shape->bytes);
  size_t n_body = shape->n - (size_t)(body - shape->bytes);
  memcpy(bytes, shape->bytes, n_head);
  size_t n = n_head + (size_t)snprintf(bytes + n_head, 4096, "%s\r\n", lines);
  memcpy(bytes + n, body, n_body);
  int fd = test_connect(&t);
  test_send(fd, bytes, n + n_body);
  test_receive(reply, fd, true);
  close(fd);
  free(bytes);
  return reply->status;
}

static void test_framing(void **state) {
  (void)state;
  static const char *const bad[] = {
      "Content-Length: -1\r\n",
      "Content-Length: x\r\n",
      "Content-Length: 1x\r\n",
      "Content-Length: 18446744073709551616\r\n",
      "Content-Length: 18446744073709551615\r\n",
      "Content-Length: 99999999999\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: nonsense\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 99999999999\r\nContent-Length: 99999999998\r\n",
      "Expect: 100-continue\r\nContent-Length: 99999999999\r\n"};
  for (int s = 0; s < world.n_shapes; s++) {
    const test_shape *shape = &world.shape[s];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      test_reply reply;
      const char *body = (const char *)memmem(shape->bytes, shape->n, "\r\n\r\n", 4) + 4;
      if (strcmp(bad[i], "Transfer-Encoding: chunked\r\n") == 0 &&
          body == shape->bytes + shape->n && shape->route->body != SERVER_BODY_NONE)
        continue; /* its first chunk may still come */
      int status = reframe(&reply, shape, bad[i]);
      bool coding = strstr(bad[i], "Encoding: gzip") || strstr(bad[i], "Encoding: nonsense");
      if (coding ? status != 501
                 : status < 400 || status >= 500 || !test_is_error(&reply, shape->head))
        fail_msg("%s %s, %s: %d", shape->route->method, shape->route->path, bad[i], status);
      test_reply_clear(&reply);
    }
  }
}

/* Two lengths, of which one is within the limits: neither is believed, and nothing that follows. */
static void test_two_lengths(void **state) {
  (void)state;
  static const char *const lengths[] = {"Content-Length: 10\r\nContent-Length: 20\r\n",
                                        "Content-Length: 20\r\ncontent-length: 10\r\n",
                                        "Content-Length: 10\r\nContent-Length: 99999999999\r\n",
                                        "Content-Length: 10\r\nContent-Length: 10\r\n"};
  for (int s = 0; s < world.n_shapes; s++)
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
      test_reply reply;
      const test_shape *shape = &world.shape[s];
      assert_int_equal(reframe(&reply, shape, lengths[i]), 400);
      if (!shape->head)
        assert_string_equal(test_member(&reply, "code"), "length");
      assert_string_equal(test_header(&reply, "Connection"), "close");
      test_reply_clear(&reply);
    }
}

/* Every method on every path: in the table, or 405 with what is. */
static void test_methods(void **state) {
  (void)state;
  static const char *const methods[] = {"GET",   "HEAD",    "POST", "PUT",     "DELETE", "PATCH",
                                        "TRACE", "OPTIONS", "BREW", "CONNECT", "get"};
  char path[300], allow[64], param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  for (size_t r = 0; r < server_route_all.n; r++) {
    test_fill_path(path, &world, server_route_all.route[r].path);
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
      test_reply reply;
      if (server_route_find(param, allow, methods[m], path) != NULL)
        continue;
      if (strcmp(methods[m], "OPTIONS") == 0) {
        assert_int_equal(test_status(&t, methods[m], path, NULL, "", NULL, 0), 204);
        continue;
      }
      assert_int_equal(test_call(&reply, &t, methods[m], path, world.client->token, "", NULL, 0),
                       405);
      assert_true(test_is_error(&reply, strcmp(methods[m], "HEAD") == 0));
      assert_string_equal(test_header(&reply, "Allow"), allow);
      test_reply_clear(&reply);
    }
  }
}

/* What is not a token, on every route that needs one. */
static void test_tokens(void **state) {
  (void)state;
  const char *right = world.client->token;
  char upper[SERVER_TOKEN_CHARS], shorter[SERVER_TOKEN_CHARS], other[SERVER_TOKEN_CHARS];
  char twice[2 * SERVER_TOKEN_CHARS], path[300];
  snprintf(upper, sizeof upper, "BST%s", right + 3);
  snprintf(shorter, sizeof shorter, "%.*s", SERVER_TOKEN_CHARS - 2, right);
  snprintf(other, sizeof other, "%s", right);
  other[SERVER_TOKEN_CHARS - 2] = other[SERVER_TOKEN_CHARS - 2] == '0' ? '1' : '0';
  snprintf(twice, sizeof twice, "%s%s", right, right);
  const char *const wrong[] = {NULL, " ", "bst_", upper, shorter, other, twice, "bst_' OR 1=1 --"};
  for (size_t r = 0; r < server_route_all.n; r++) {
    test_fill_path(path, &world, server_route_all.route[r].path);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong && !server_route_all.route[r].open; i++) {
      test_reply reply;
      assert_int_equal(
          test_call(&reply, &t, server_route_all.route[r].method, path, wrong[i], "", NULL, 0),
          401);
      test_check_refused(&reply, path);
      test_reply_clear(&reply);
    }
  }
}

/* Heads and names above their limits. */
static void test_large_heads(void **state) {
  (void)state;
  enum { N = 40000 };
  char path[600], *bytes = malloc(N + 1000);
  static const char *const before[] = {"/v2/keys/", "/v2/jobs/", "/v2/models/",
                                       "/v2/models/small/versions/"};
  for (size_t i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s%0300d", before[i], 0);
    test_refuse(&world, before[i], "GET", path, "", NULL, 0, 404);
  }
  for (int many = 0; many < 3; many++) { /* one line, many lines, a long path */
    test_reply reply;
    int n = snprintf(bytes, 1000, "GET /v2%s", many == 2 ? "/" : " HTTP/1.1\r\nHost: x\r\n");
    for (; n < N; n += 6)
      memcpy(bytes + n, many == 1 ? "a: b\r\n" : many == 0 && n < 40 ? "abc: d" : "aaaaaa", 6);
    n += snprintf(bytes + n, 900, "%s\r\n\r\n", many == 2 ? " HTTP/1.1\r\nHost: x" : "");
    test_exchange(&reply, &t, bytes, (size_t)n);
    assert_true(reply.status == 431 || reply.status == 414 || reply.status == 413);
    assert_true(test_is_error(&reply, false));
    test_reply_clear(&reply);
  }
  free(bytes);
}

/* And after all of it nothing is left, and everybody is served. */
static void test_afterwards(void **state) {
  (void)state;
  for (int i = 0; i < 2000 && atomic_load(&t.service->n_requests) > 0; i++)
    usleep(5000);
  assert_int_equal(atomic_load(&t.service->n_requests), 0);
  assert_int_equal(test_count_files(t.state, "keys", ""), N_CLIENTS);
  assert_int_equal(test_count_files(t.state, "partial", ""), 0);
  assert_int_equal(test_job_status(&world), 200);
  test_check_inference(&t);
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  t.options.idle_s = 5;
  test_start_world(&world, &t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_end_world(&world, &t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ranges),      cmocka_unit_test(test_framing),
      cmocka_unit_test(test_two_lengths), cmocka_unit_test(test_methods),
      cmocka_unit_test(test_tokens),      cmocka_unit_test(test_large_heads),
      cmocka_unit_test(test_afterwards)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
