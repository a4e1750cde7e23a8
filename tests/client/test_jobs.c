/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that are answered later: what a server may say of a job, and what may happen meanwhile.
 */
#define _DEFAULT_SOURCE
#include "client/world.h"

#define INFER "POST /v2/models/m/versions/3/infer "
#define JOB "/v2/jobs/0123456789abcdef0123456789abcdef"
#define JSON(status, text) "HTTP/1.1 " status "\r\nContent-Length: ?\r\n\r\n" text

static const char accepted[] =
    JSON("202 Later", "{\"id\": \"0123456789abcdef0123456789abcdef\", \"state\": \"queued\"}");
static const char queued[] = "HTTP/1.1 200 OK\r\nRetry-After: 0\r\nContent-Length: ?\r\n\r\n"
                             "{\"state\": \"queued\"}";
static const char done[] = JSON("200 OK", "{\"state\": \"done\"}");
static const char result[] = JSON("200 OK", "the result");
static const char gone[] = "HTTP/1.1 204 Gone\r\n\r\n";
static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
static const char whole[] = "HTTP/1.1 200 OK\r\nUpload-Offset: 9\r\nUpload-Complete: ?1\r\n\r\n";

/* One sample by a server that says these lines; its head and its keys come first. */
static void infer_by(scripted *server, const scripted_line *line, size_t n_lines,
                     blindsight_jobs jobs, ckks_status expected, const char *words) {
  scripted_line all[16] = {file_line("GET "), SCRIPTED_LINE(world.head_of_key, whole)};
  static const uint8_t sample[100] = "a sample";
  client_remote remote;
  uint8_t *came;
  size_t n_came;
  memcpy(all + 2, line, n_lines * sizeof *line);
  start(server, &remote, all, n_lines + 2);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_OK);
  remote.jobs = jobs;
  ckks_status status =
      client_remote_infer(&came, &n_came, sample, sizeof sample, PLAN_THROUGHPUT, 100, &remote);
  client_remote_clear(&remote);
  scripted_end(server);
  if (expected != CKKS_OK) {
    assert_fails(status, expected, words);
    assert_null(came);
    return;
  }
  assert_int_equal(status, CKKS_OK);
  assert_int_equal(n_came, 10);
  assert_memory_equal(came, "the result", 10);
  base_free(came);
}
#define INFER_BY(server, lines, ...)                                                               \
  infer_by(server, lines, sizeof(lines) / sizeof(lines)[0], __VA_ARGS__)

#define NAME_BYTES 33
/* The name by which a server knows the question: 32 hex digits. */
static void name_of(char name[NAME_BYTES], const char *head) {
  static const char start[] = "\r\nIdempotency-Key: ";
  const char *at = strstr(head, start);
  assert_non_null(at);
  at += sizeof start - 1;
  assert_int_equal(strspn(at, "0123456789abcdef"), 32);
  assert_int_equal(at[32], '\r');
  snprintf(name, NAME_BYTES, "%.32s", at);
}

/* Busy, gone in the middle of an answer, still at it, done. */
static void test_a_job(void **state) {
  const scripted_line lines[] = {SCRIPTED_LINE(INFER, busy),
                                 SCRIPTED_LINE(INFER, accepted),
                                 SCRIPTED_LINE("GET " JOB " ", busy),
                                 SCRIPTED_LINE("GET " JOB " ", NULL),
                                 SCRIPTED_LINE("GET " JOB " ", queued),
                                 SCRIPTED_LINE("GET " JOB " ", done),
                                 SCRIPTED_LINE("GET " JOB "/result ", NULL),
                                 SCRIPTED_LINE("GET " JOB "/result ", result),
                                 SCRIPTED_LINE("DELETE " JOB " ", gone)};
  scripted server;
  char key[96], id[CLIENT_REMOTE_ID_CHARS + 1];
  (void)state;
  INFER_BY(&server, lines, BLINDSIGHT_JOBS_AUTO, CKKS_OK, NULL);
  client_remote_key_id(id, world.keys, world.n_keys);
  snprintf(key, sizeof key, "Blindsight-Key: %s\r\n", id);
  assert_non_null(strstr(server.head[3], "Prefer: respond-async\r\n"));
  for (int i = 2; i <= 10; i++) /* proxies find the server by it */
    assert_non_null(strstr(server.head[i], key));
  for (int i = 4; i <= 10; i++)
    assert_null(strstr(server.head[i], "Prefer"));
  char name[NAME_BYTES], again[NAME_BYTES];
  name_of(name, server.head[2]);
  name_of(again, server.head[3]); /* sent once more, the same question */
  assert_string_equal(name, again);
}

/* A server without jobs answers at once; a client that wants none does not ask for one. */
static void test_no_job(void **state) {
  const scripted_line at_once[] = {SCRIPTED_LINE(INFER, result)};
  const scripted_line unasked[] = {SCRIPTED_LINE(INFER, accepted)};
  scripted server;
  (void)state;
  INFER_BY(&server, at_once, BLINDSIGHT_JOBS_AUTO, CKKS_OK, NULL);
  assert_non_null(strstr(server.head[2], "Prefer: respond-async\r\n"));
  INFER_BY(&server, at_once, BLINDSIGHT_JOBS_NEVER, CKKS_OK, NULL);
  assert_null(strstr(server.head[2], "Prefer"));
  assert_null(strstr(server.head[2], "Idempotency-Key"));
  INFER_BY(&server, unasked, BLINDSIGHT_JOBS_NEVER, CKKS_ERROR_IO, "HTTP 202");
}

/* With the disk of a server its jobs and keys may go: once more from the beginning, not twice. */
static void test_a_job_that_is_lost(void **state) {
  const scripted_line lost[] = {SCRIPTED_LINE(INFER, accepted),
                                SCRIPTED_LINE("GET " JOB " ", no_key),
                                SCRIPTED_LINE(world.head_of_key, no_key),
                                SCRIPTED_LINE(world.put, stored),
                                SCRIPTED_LINE(INFER, accepted),
                                SCRIPTED_LINE("GET " JOB " ", done),
                                SCRIPTED_LINE("GET " JOB "/result ", result),
                                SCRIPTED_LINE("DELETE " JOB " ", gone)};
  const scripted_line twice[] = {SCRIPTED_LINE(INFER, accepted),
                                 SCRIPTED_LINE("GET " JOB " ", done),
                                 SCRIPTED_LINE("GET " JOB "/result ", no_key),
                                 SCRIPTED_LINE(world.head_of_key, whole),
                                 SCRIPTED_LINE(INFER, accepted),
                                 SCRIPTED_LINE("GET " JOB " ", no_key)};
  scripted server;
  (void)state;
  INFER_BY(&server, lost, BLINDSIGHT_JOBS_AUTO, CKKS_OK, NULL);
  char name[NAME_BYTES], again[NAME_BYTES];
  name_of(name, server.head[2]);
  name_of(again, server.head[6]); /* another attempt is another question */
  assert_string_not_equal(name, again);
  INFER_BY(&server, twice, BLINDSIGHT_JOBS_AUTO, CKKS_ERROR_IO, "HTTP 404");
}

static void test_a_job_that_fails(void **state) {
  const scripted_line without_key[] = {
      SCRIPTED_LINE(INFER, accepted),
      SCRIPTED_LINE("GET " JOB " ",
                    JSON("200 OK", "{\"state\": \"failed\", \"error\": {\"status\": 404}}")),
      SCRIPTED_LINE("DELETE " JOB " ", gone),
      SCRIPTED_LINE(world.head_of_key, no_key),
      SCRIPTED_LINE(world.put, stored),
      SCRIPTED_LINE(INFER, result)};
  const scripted_line refused[] = {
      SCRIPTED_LINE(INFER, accepted),
      SCRIPTED_LINE("GET " JOB " ",
                    JSON("200 OK", "{\"state\": \"failed\", \"error\": {\"status\": 422, "
                                   "\"message\": \"sample: of another key\"}}")),
      SCRIPTED_LINE("DELETE " JOB " ", gone)};
  scripted server;
  (void)state;
  INFER_BY(&server, without_key, BLINDSIGHT_JOBS_ALWAYS, CKKS_OK, NULL);
  INFER_BY(&server, refused, BLINDSIGHT_JOBS_ALWAYS, CKKS_ERROR_MISMATCH,
           "sample: of another key (HTTP 422)");
}

static void test_answers_that_are_none(void **state) {
  static const char *const bad[] = {
      "", "{}", "{\"id\": \"\"}", "{\"id\": \"../keys/1\"}", "{\"id\": \"ABC\"}", "{\"id\": 5}",
      "{\"id\": \"",
      /* 65 digits */
      "{\"id\": \"00000000000000000000000000000000000000000000000000000000000000000\"}"};
  scripted server;
  char answer[256];
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    snprintf(answer, sizeof answer, "HTTP/1.1 202 Later\r\nContent-Length: ?\r\n\r\n%s", bad[i]);
    const scripted_line lines[] = {SCRIPTED_LINE(INFER, answer)};
    INFER_BY(&server, lines, BLINDSIGHT_JOBS_AUTO, CKKS_ERROR_FORMAT,
             "the answer is none to a question about a job");
  }
  const scripted_line stateless[] = {SCRIPTED_LINE(INFER, accepted),
                                     SCRIPTED_LINE("GET " JOB " ", JSON("200 OK", "[1]"))};
  INFER_BY(&server, stateless, BLINDSIGHT_JOBS_AUTO, CKKS_ERROR_FORMAT,
           "the answer is none to a question about a job");
  const scripted_line large[] = {SCRIPTED_LINE(INFER, accepted),
                                 SCRIPTED_LINE("GET " JOB " ", done),
                                 {.expect = "GET " JOB "/result ",
                                  .answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
                                  .then_close = true}};
  INFER_BY(&server, large, BLINDSIGHT_JOBS_AUTO, CKKS_ERROR_FORMAT, "larger than the limit");
}

static int stop_waiting(void *context, const char *stage, double fraction) {
  int *n_waits = context;
  (void)fraction;
  return strcmp(stage, "waiting for the result") == 0 && (*n_waits)++ > 0;
}

/* The caller wants no more of it: the pause before the second look is the last thing. */
static void test_waiting_can_be_stopped(void **state) {
  const scripted_line lines[] = {file_line("GET "), SCRIPTED_LINE(world.head_of_key, whole),
                                 SCRIPTED_LINE(INFER, accepted)};
  static const uint8_t sample[1];
  scripted server;
  client_remote remote;
  uint8_t *came;
  size_t n_came;
  int n_waits = 0;
  (void)state;
  START(&server, &remote, lines);
  assert_int_equal(client_remote_upload(&remote, world.keys, world.n_keys, NULL), CKKS_OK);
  client_http_show_to(remote.http, stop_waiting, &n_waits);
  remote.jobs = BLINDSIGHT_JOBS_ALWAYS;
  assert_fails(client_remote_infer(&came, &n_came, sample, sizeof sample, PLAN_LATENCY, 1, &remote),
               CKKS_ERROR_CANCELLED, "stopped on request");
  assert_true(n_waits >= 2);
  client_remote_clear(&remote);
  scripted_end(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_job),
                                     cmocka_unit_test(test_no_job),
                                     cmocka_unit_test(test_a_job_that_is_lost),
                                     cmocka_unit_test(test_a_job_that_fails),
                                     cmocka_unit_test(test_answers_that_are_none),
                                     cmocka_unit_test(test_waiting_can_be_stopped)};
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
