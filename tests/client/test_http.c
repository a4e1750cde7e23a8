/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as a server sees them, answers that are not what they should be, pauses. */
#define _DEFAULT_SOURCE
#include "client/http.h"

#include <stdbool.h>
#include <time.h>

#include "base/alloc.h"
#include "base/file.h"
#include "client/scripted.h"

static client_http_options quick(const char *url) {
  client_http_options options;
  client_http_options_default(&options);
  options.url = url;
  options.pause_ms = 1;
  options.patience_s = 5;
  options.timeout_s = 10;
  return options;
}

static client_http *connect_to(const client_http_options *options) {
  client_http *http = NULL;
  assert_int_equal(client_http_build(&http, options), CKKS_OK);
  return http;
}

#define assert_says(words)                                                                         \
  do {                                                                                             \
    if (strstr(ckks_last_error(), words) == NULL)                                                  \
      fail_msg("\"%s\" does not say \"%s\"", ckks_last_error(), words);                            \
  } while (0)

static void assert_body(const client_http_answer *answer, const char *text) {
  assert_int_equal(answer->body.n_bytes, strlen(text));
  assert_memory_equal(answer->body.bytes, text, strlen(text));
}

static const client_http_request get = {.method = "GET", .path = "/v2/x", .max_answer_bytes = 64};

static void test_what_is_sent_and_read(void **state) {
  static const scripted_line lines[] = {
      SCRIPTED_LINE(
          "GET /v2/x HTTP/1.1\r\n",
          "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nBlindsight-Version:  7 \r\nUpload-Offset: 12\r\n"
          "upload-complete: ?1\r\nContent-Length: 5\r\n\r\nhello"),
      SCRIPTED_LINE("HEAD /v2/x HTTP/1.1\r\n", "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n"),
      SCRIPTED_LINE("POST /v2/x HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("PUT /v2/x HTTP/1.1\r\n", "HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("DELETE /v2/x HTTP/1.1\r\n", "HTTP/1.1 204 Gone\r\n\r\n")};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  char url[80];
  snprintf(url, sizeof url, "%s//", server.url); /* slashes at the end are not sent twice */
  client_http_options options = quick(url);
  options.token = "bst_1";
  client_http *http = connect_to(&options);

  assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
  assert_int_equal(answer.status, 200);
  assert_body(&answer, "hello");
  assert_string_equal(answer.tag, "\"abc\"");
  assert_string_equal(answer.version, "7");
  assert_true(answer.has_offset && answer.complete && !answer.has_retry_after);
  assert_int_equal(answer.offset, 12);
  client_http_answer_clear(&answer);
  assert_non_null(strstr(server.head[0], "\r\nAuthorization: Bearer bst_1\r\n"));
  assert_non_null(strstr(server.head[0], "\r\nUser-Agent: blindsight/"));
  assert_null(strstr(server.head[0], "Accept-Encoding"));

  client_http_request request = get;
  request.method = "HEAD";
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_OK);
  assert_int_equal(answer.status, 404);
  assert_false(answer.has_offset || answer.complete);
  assert_string_equal(answer.tag, "");
  client_http_answer_clear(&answer);

  request = (client_http_request){.method = "POST",
                                  .path = "/v2/x",
                                  .header = {"Content-Type: a/b", "Blindsight-Key: k"},
                                  .body = (const uint8_t *)"sample",
                                  .n_body = 6,
                                  .max_answer_bytes = 1};
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_OK);
  assert_int_equal(answer.body.n_bytes, 0);
  client_http_answer_clear(&answer);
  assert_non_null(strstr(server.head[2], "\r\nBlindsight-Key: k\r\n"));
  assert_non_null(strstr(server.head[2], "\r\nContent-Length: 6\r\n"));
  assert_int_equal(server.n_body[2], 6);
  assert_memory_equal(server.last_body, "sample", 6);

  request.method = "PUT";
  request.n_body = 0; /* nothing is a body too */
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_OK);
  client_http_answer_clear(&answer);
  assert_non_null(strstr(server.head[3], "\r\nContent-Length: 0\r\n"));

  request = get;
  request.method = "DELETE";
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_OK);
  assert_int_equal(answer.status, 204);
  client_http_answer_clear(&answer);
  client_http_free(http);
  scripted_end(&server);
}

/* Busy, broken, cut short, gone: each is tried again, and the answer is the last one's. */
static void test_attempts(void **state) {
  static const scripted_line lines[] = {
      SCRIPTED_LINE("GET ", "HTTP/1.1 503 Busy\r\nContent-Length: ?\r\n\r\n{}"),
      SCRIPTED_LINE("GET ", NULL),
      {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly a part", .then_close = true},
      {"GET ", "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", .then_close = true},
      SCRIPTED_LINE("GET ", "HTTP/1.1 429 Slowly\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  client_http *http = connect_to(&options);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
  assert_int_equal(answer.status, 200);
  assert_body(&answer, "done");
  client_http_answer_clear(&answer);
  client_http_free(http);
  scripted_end(&server);
}

/* What does not pass by itself is not asked for again. */
static void test_answers_that_stay(void **state) {
  static const scripted_line lines[] = {
      SCRIPTED_LINE("GET ", "HTTP/1.1 401 Who\r\nContent-Length: ?\r\n\r\n"
                            "{\"message\":\"a token is needed \\n\"}"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 422 No\r\nContent-Length: ?\r\n\r\n{\"m"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 429 Enough\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE(
          "GET ",
          "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")};
  static const long statuses[] = {401, 422, 429, 302};
  static const char *const words[] = {"a token is needed ? (HTTP 401)", "/v2/x: HTTP 422",
                                      "/v2/x: HTTP 429", "/v2/x: HTTP 302"};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  client_http *http = connect_to(&options);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
    assert_int_equal(answer.status, statuses[i]);
    assert_int_equal(client_http_fail(&answer, &get, http),
                     statuses[i] == 422 ? CKKS_ERROR_MISMATCH : CKKS_ERROR_IO);
    assert_says(words[i]);
    client_http_answer_clear(&answer);
  }
  client_http_free(http);
  scripted_end(&server);
}

static void test_limits(void **state) {
  static const uint8_t bytes[4096];
  static const scripted_line lines[] = {
      {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n", bytes, 65, .then_close = true},
      {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", bytes, 4096,
       .then_close = true},
      {"GET ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n", bytes, 4096,
       .then_close = true},
      {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n", bytes, 64, .then_close = true},
      {"GET ", "Hello\r\n\r\n", .then_close = true}};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  options.patience_s = 0;
  client_http *http = connect_to(&options);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(client_http_call(&answer, &get, http), CKKS_ERROR_FORMAT);
    assert_says("larger than the limit of 64 bytes");
    client_http_answer_clear(&answer);
  }
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
  assert_int_equal(answer.body.n_bytes, 64);
  client_http_answer_clear(&answer);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_ERROR_IO);
  client_http_answer_clear(&answer);
  client_http_free(http);
  scripted_end(&server);
}

static void test_patience(void **state) {
  static const scripted_line lines[] = {
      SCRIPTED_LINE("GET ", "HTTP/1.1 503 Busy\r\nRetry-After: 100\r\nContent-Length: ?\r\n\r\n"
                            "{\"message\": \"full\"}"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
      SCRIPTED_LINE("GET ", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
  scripted server;
  client_http_answer answer;
  struct timespec before, after;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  client_http *http = connect_to(&options);
  /* Longer than we would wait: told at once. */
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_ERROR_IO);
  assert_says("try again in 100 s: ");
  assert_says("full (HTTP 503)");
  client_http_answer_clear(&answer);
  /* Retry-After is kept. */
  clock_gettime(CLOCK_MONOTONIC, &before);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert_int_equal(answer.status, 200);
  assert_true((double)(after.tv_sec - before.tv_sec) +
                  1e-9 * (double)(after.tv_nsec - before.tv_nsec) >
              0.99);
  client_http_answer_clear(&answer);
  client_http_free(http);
  scripted_end(&server);
  /* Nobody there: pauses double, until they are longer than what is left. */
  options.patience_s = 1;
  options.pause_ms = 100;
  http = connect_to(&options);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_ERROR_IO);
  assert_int_equal(answer.status, 0);
  assert_true(answer.broken);
  assert_says("given up after ");
  client_http_answer_clear(&answer);
  client_http_patience patience = client_http_patience_begin(http);
  const client_http_answer broken = {.broken = true};
  double last = 0;
  while (client_http_pause(&patience, &broken, &get, http) == CKKS_OK) {
    assert_true(patience.next_s > last && patience.next_s <= 8);
    last = patience.next_s;
  }
  assert_true(patience.n_pauses >= 3 && patience.n_pauses <= 6);
  client_http_free(http);
}

/* A byte now and then keeps nobody waiting: an attempt ends as if none had come. */
static void test_drips(void **state) {
  static const scripted_line lines[] = {
      {"GET ", "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n", .drips = true}};
  static const client_http_request longer = {.method = "GET", .path = "/", .max_answer_bytes = 999};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  options.timeout_s = 1;
  options.patience_s = 0;
  client_http *http = connect_to(&options);
  assert_int_equal(client_http_call(&answer, &longer, http), CKKS_ERROR_IO);
  assert_true(answer.broken);
  assert_says("less than a kilobyte a second");
  client_http_answer_clear(&answer);
  client_http_free(http);
  scripted_end(&server);
}

typedef struct watcher {
  int n_calls, stop_at;
  double last;
} watcher;

static int watch(void *context, const char *stage, double fraction) {
  watcher *w = context;
  assert_non_null(stage);
  assert_true(fraction >= 0 && fraction <= 1);
  w->last = fraction;
  return ++w->n_calls == w->stop_at;
}

static void test_progress_and_stopping(void **state) {
  static const scripted_line lines[] = {
      {"PUT ", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .then_close = true},
      SCRIPTED_LINE("PUT ", NULL)};
  scripted server;
  client_http_answer answer;
  watcher w = {0};
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick(server.url);
  options.progress = watch;
  options.context = &w;
  options.patience_s = 0;
  client_http *http = connect_to(&options);
  uint8_t *body = base_alloc(3 << 20);
  const client_http_request request = {.method = "PUT",
                                       .path = "/k",
                                       .body = body,
                                       .n_body = 3 << 20,
                                       .n_before = 1 << 20,
                                       .stage = "sending",
                                       .max_answer_bytes = 64};
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_OK);
  assert_int_equal(server.n_body[0], 3 << 20);
  assert_true(w.n_calls > 1 && w.last == 1);
  client_http_answer_clear(&answer);
  w = (watcher){.stop_at = 1};
  assert_int_equal(client_http_call(&answer, &request, http), CKKS_ERROR_CANCELLED);
  assert_int_equal(w.n_calls, 1);
  client_http_answer_clear(&answer);
  client_http_free(http);
  base_free(body);
  /* The connection of the stopped request may never have said a word. */
  shutdown(server.listener, SHUT_RDWR);
  close(server.listener);
  pthread_join(server.thread, NULL);
  free(server.last_body);
}

/* The usual variables of the environment name the proxy, and what needs none. */
static void test_proxies(void **state) {
  static const scripted_line lines[] = {
      SCRIPTED_LINE("GET http://localhost:9/v2/x HTTP/1.1\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: ?\r\n\r\n{\"by\": \"proxy\"}")};
  scripted server;
  client_http_answer answer;
  (void)state;
  SCRIPTED_START(&server, lines);
  client_http_options options = quick("http://localhost:9");
  options.patience_s = 0;
  setenv("http_proxy", server.url, 1);
  setenv("no_proxy", "example.org", 1);
  client_http *http = connect_to(&options);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_OK);
  assert_body(&answer, "{\"by\": \"proxy\"}");
  client_http_answer_clear(&answer);
  setenv("no_proxy", "localhost", 1);
  assert_int_equal(client_http_call(&answer, &get, http), CKKS_ERROR_IO);
  client_http_answer_clear(&answer);
  client_http_free(http);
  unsetenv("http_proxy");
  unsetenv("no_proxy");
  scripted_end(&server);
}

static void test_urls_and_tokens(void **state) {
  static const struct {
    const char *url, *words;
  } bad[] = {{"", "1 to 2048"},
             {"localhost", "must begin with http"},
             {"ftp://localhost", "must begin with http"},
             {"file:///etc/passwd", "must begin with http"},
             {"http://", "is no URL"},
             {"https://user:word@host", "holds no user"},
             {"https://host/?a", "holds no user"},
             {"https://host/#a", "holds no user"},
             {"http://example.org", "use https"},
             {"http://127.evil.org", "use https"},
             {"http://localhost.evil.org", "use https"}};
  static const char *const good[] = {"http://127.0.0.1:1", "http://localhost/a/", "http://[::1]:80",
                                     "https://example.org/b"};
  client_http *http;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    client_http_options options = quick(bad[i].url);
    assert_int_equal(client_http_build(&http, &options), CKKS_ERROR_ARGUMENT);
    assert_null(http);
    assert_says(bad[i].words);
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    client_http_options options = quick(good[i]);
    client_http_free(connect_to(&options));
  }
  client_http_options options = quick("http://example.org");
  options.plain = true;
  client_http_free(connect_to(&options));
  static const char *const tokens[] = {"", "a b", "a\r\nHost: b", "\x80"};
  for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
    options.token = tokens[i];
    assert_int_equal(client_http_build(&http, &options), CKKS_ERROR_ARGUMENT);
    assert_null(http);
  }
  client_http_free(NULL);
}

static void test_where_tokens_come_from(void **state) {
  char path[] = "/tmp/blindsight_token_XXXXXX", *token;
  (void)state;
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(base_file_write(path, "from_file\r\nmore", 15, 0600), CKKS_OK);
  setenv("BLINDSIGHT_TOKEN", "from_environment", 1);
  assert_int_equal(client_http_token(&token, "given", path), CKKS_OK);
  assert_string_equal(token, "given");
  base_free(token);
  assert_int_equal(client_http_token(&token, NULL, path), CKKS_OK);
  assert_string_equal(token, "from_file");
  base_free(token);
  assert_int_equal(client_http_token(&token, NULL, NULL), CKKS_OK);
  assert_string_equal(token, "from_environment");
  base_free(token);
  unsetenv("BLINDSIGHT_TOKEN");
  assert_int_equal(client_http_token(&token, NULL, NULL), CKKS_OK);
  assert_null(token);
  assert_int_equal(base_file_write(path, "seen", 4, 0644), CKKS_OK);
  assert_int_equal(client_http_token(&token, NULL, path), CKKS_ERROR_IO);
  assert_null(token);
  unlink(path);
}

static void test_memory_that_fails(void **state) {
  client_http *http = NULL;
  client_http_options options = quick("http://127.0.0.1:1");
  long k = 1;
  (void)state;
  options.token = "t";
  options.cacert = "/none";
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = client_http_build(&http, &options);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(http);
  }
  assert_true(k > 5);
  client_http_free(http);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_sent_and_read),
                                     cmocka_unit_test(test_attempts),
                                     cmocka_unit_test(test_answers_that_stay),
                                     cmocka_unit_test(test_limits),
                                     cmocka_unit_test(test_patience),
                                     cmocka_unit_test(test_drips),
                                     cmocka_unit_test(test_progress_and_stopping),
                                     cmocka_unit_test(test_proxies),
                                     cmocka_unit_test(test_urls_and_tokens),
                                     cmocka_unit_test(test_where_tokens_come_from),
                                     cmocka_unit_test(test_memory_that_fails)};
  /* Straight to the server of this test. */
  static const char *const proxies[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
  for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
    unsetenv(proxies[i]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
