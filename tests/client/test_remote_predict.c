/* SPDX-License-Identifier: Apache-2.0 */
/* Row after row over one connection: what is shown meanwhile, and what ends it. Several
 * connections, and what a real service does with them, are in tests/e2e/predict_many.sh. */
#define _DEFAULT_SOURCE
#include "client/world.h"

#include <pthread.h>

#define N_ROWS 4
#define INFER "POST /v2/models/m/versions/3/infer "

static const char whole[] = "HTTP/1.1 200 OK\r\nUpload-Offset: 9\r\nUpload-Complete: ?1\r\n\r\n";

/* The result of one row, as any row's answer. */
static struct {
  uint8_t *result;
  size_t n_result;
  char head[96];
} answer;

static int make_answer(void **state) {
  blindsight_session *session;
  uint8_t *sample;
  size_t n_sample;
  if (make_world(state) != 0)
    return 1;
  assert_int_equal(blindsight_session_build(&session, world.server, world.keys, world.n_keys, 1),
                   CKKS_OK);
  assert_int_equal(client_encrypt(&sample, &n_sample, test_rows, 1, PLAN_LATENCY, NULL,
                                  world.secret, world.interface),
                   CKKS_OK);
  assert_int_equal(
      blindsight_session_infer(&answer.result, &answer.n_result, sample, n_sample, session),
      CKKS_OK);
  snprintf(answer.head, sizeof answer.head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
           answer.n_result);
  base_free(sample);
  blindsight_session_free(session);
  return 0;
}

static int clear_answer(void **state) {
  base_free(answer.result);
  return clear_world(state);
}

typedef struct shown {
  pthread_t caller;
  int n;
  const char *stop_at; /* the stage */
  bool elsewhere;      /* called by another thread, or beyond the end */
} shown;

static int show(void *context, const char *stage, double fraction) {
  shown *s = context;
  s->elsewhere = s->elsewhere || !pthread_equal(pthread_self(), s->caller) || fraction > 1;
  s->n++;
  return strncmp(stage, s->stop_at, strlen(s->stop_at)) == 0;
}

/* Four rows, by a server that answers `n_answers` of them. */
static ckks_status predict(double outputs[2 * N_ROWS], shown *s, size_t n_answers,
                           const scripted_line *last) {
  scripted_line lines[8] = {file_line("GET "), SCRIPTED_LINE(world.head_of_key, whole)};
  const scripted_line good = {
      .expect = INFER, .answer = answer.head, .body = answer.result, .n_body = answer.n_result};
  double rows[8 * N_ROWS];
  scripted server;
  client_remote remote;
  size_t n_lines = 2, n_features = world.interface->n_features;
  assert_true(n_features <= 8);
  for (int row = 0; row < N_ROWS; row++)
    memcpy(rows + (size_t)row * n_features, test_rows, n_features * sizeof *rows);
  for (size_t i = 0; i < n_answers; i++)
    lines[n_lines++] = good;
  if (last != NULL)
    lines[n_lines++] = *last;
  start(&server, &remote, lines, n_lines);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_OK);
  remote.n_parallel = 1;
  s->caller = pthread_self();
  client_http_show_to(remote.http, show, s);
  ckks_status status =
      client_remote_predict(outputs, rows, N_ROWS, PLAN_LATENCY, world.secret, &remote);
  client_remote_clear(&remote);
  scripted_end(&server);
  return status;
}

static void test_row_after_row(void **state) {
  double outputs[2 * N_ROWS];
  shown s = {.stop_at = "never"};
  (void)state;
  assert_int_equal(predict(outputs, &s, N_ROWS, NULL), CKKS_OK);
  for (int row = 1; row < N_ROWS; row++)
    assert_memory_equal(outputs + 2 * row, outputs, 2 * sizeof *outputs);
  assert_true(outputs[0] != 0 && s.n > 0);
  assert_false(s.elsewhere);
}

/* The first error ends it, in its own words, and no output is left. */
static void test_an_error_among_them(void **state) {
  static const double none[2 * N_ROWS];
  const scripted_line refused = SCRIPTED_LINE(
      INFER, "HTTP/1.1 422 No\r\nContent-Length: ?\r\n\r\n{\"message\": \"of another key\"}");
  double outputs[2 * N_ROWS];
  shown s = {.stop_at = "never"};
  (void)state;
  assert_fails(predict(outputs, &s, 2, &refused), CKKS_ERROR_MISMATCH, "of another key (HTTP 422)");
  assert_memory_equal(outputs, none, sizeof none);
}

static void test_stopped_on_request(void **state) {
  double outputs[2 * N_ROWS];
  const scripted_line silent = {.expect = INFER};
  shown s = {.stop_at = "waiting for the server"};
  (void)state;
  assert_fails(predict(outputs, &s, 1, &silent), CKKS_ERROR_CANCELLED, "stopped on request");
  assert_false(s.elsewhere);
}

static void test_how_many_at_a_time(void **state) {
  static const unsigned bad[] = {0, CLIENT_REMOTE_MOST_PARALLEL + 1};
  double outputs[2];
  client_remote remote = {.n_parallel = 0};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    remote.n_parallel = bad[i];
    assert_fails(client_remote_predict(outputs, test_rows, 1, PLAN_LATENCY, world.secret, &remote),
                 CKKS_ERROR_ARGUMENT, "requests at a time: must be 1 to 64");
  }
}

/* A whole, valid result of two rows for one that was asked: the second has no room. */
static void test_more_rows_than_asked(void **state) {
  double rows[2 * 8], outputs[2 * N_ROWS + 2], untouched = 4711;
  blindsight_session *session;
  uint8_t *sample, *result;
  size_t n_sample, n_result, n_features = world.interface->n_features;
  char head[96];
  (void)state;
  assert_true(n_features <= 8);
  for (int row = 0; row < 2; row++)
    memcpy(rows + (size_t)row * n_features, test_rows, n_features * sizeof *rows);
  assert_int_equal(blindsight_session_build(&session, world.server, world.keys, world.n_keys, 1),
                   CKKS_OK);
  assert_int_equal(client_encrypt(&sample, &n_sample, rows, 2, PLAN_LATENCY, NULL, world.secret,
                                  world.interface),
                   CKKS_OK);
  assert_int_equal(blindsight_session_infer(&result, &n_result, sample, n_sample, session),
                   CKKS_OK);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n_result);
  const scripted_line both = {.expect = INFER, .answer = head, .body = result, .n_body = n_result};
  shown s = {.stop_at = "never"};
  outputs[2 * N_ROWS] = outputs[2 * N_ROWS + 1] = untouched;
  assert_fails(predict(outputs, &s, N_ROWS - 1, &both), CKKS_ERROR_FORMAT,
               "2 rows where 1 were sent");
  assert_true(outputs[2 * N_ROWS] == untouched && outputs[2 * N_ROWS + 1] == untouched);
  base_free(result);
  base_free(sample);
  blindsight_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_more_rows_than_asked), cmocka_unit_test(test_row_after_row),
      cmocka_unit_test(test_an_error_among_them), cmocka_unit_test(test_stopped_on_request),
      cmocka_unit_test(test_how_many_at_a_time)};
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  return cmocka_run_group_tests(tests, make_answer, clear_answer);
}
