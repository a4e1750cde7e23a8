/* SPDX-License-Identifier: Apache-2.0 */
/* What changes something or gives predictions stands in the audit log when it is answered: a
 * second reader of the file sees it there, without waiting. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <sqlite3.h>

static test_service t;

typedef struct last_line {
  char line[1024];
  size_t n;
} last_line;

static void keep(void *context, const char *line) {
  last_line *last = context;
  snprintf(last->line, sizeof last->line, "%s", line);
  last->n++;
}

static last_line look(void) {
  last_line last = {.n = 0};
  server_audit_report report;
  OK(server_audit_read_verify(&report, t.state, NULL));
  OK(server_audit_read_each(t.state, keep, &last));
  assert_int_equal(report.n_lines, last.n);
  return last;
}

static void check_last(const char *method, const char *route, int status) {
  char wanted[200];
  last_line last = look();
  snprintf(wanted, sizeof wanted, "\"method\":\"%s\",\"route\":\"%s\"", method, route);
  assert_non_null(strstr(last.line, wanted));
  snprintf(wanted, sizeof wanted, "\"status\":%d,", status);
  assert_non_null(strstr(last.line, wanted));
}

static void make_job(char path[64]) {
  test_reply reply;
  assert_int_equal(
      test_infer(&reply, &t, t.client[0].token, t.client[0].id, "Prefer: respond-async\r\n"), 202);
  snprintf(path, 64, "%.63s", test_header(&reply, "Location"));
  test_reply_clear(&reply);
  for (bool done = false; !done; usleep(2000)) {
    assert_int_equal(test_call(&reply, &t, "GET", path, t.client[0].token, "", NULL, 0), 200);
    done = strcmp(test_member(&reply, "state"), "queued") != 0;
    test_reply_clear(&reply);
  }
}

static int call(const char *method, const char *path) {
  return test_status(&t, method, path, t.client[0].token, "", NULL, 0);
}

/* Each route that is marked, in an order in which each has something to do. */
static void test_there_at_once(void **state) {
  (void)state;
  const test_client *c = &t.client[0];
  char job[64], result[80];
  for (int round = 0; round < 5; round++) {
    assert_int_equal(test_upload(&t, c), 201);
    check_last("PUT", "/v2/keys/{key}", 201);
    test_check_inference(&t);
    check_last("POST", "/v2/models/{model}/infer", 200);
    make_job(job);
    snprintf(result, sizeof result, "%s/result", job);
    assert_int_equal(call("GET", result), 200);
    check_last("GET", "/v2/jobs/{job}/result", 200);
    assert_int_equal(call("DELETE", job), 204);
    check_last("DELETE", "/v2/jobs/{job}", 204);
    assert_int_equal(call("DELETE", test_key_path(c)), 204);
    check_last("DELETE", "/v2/keys/{key}", 204);
  }
}

/* Whatever is no mere look is marked. */
static void test_marked(void **state) {
  (void)state;
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &server_route_all.route[i];
    bool result = strcmp(route->id, "getJobResult") == 0;
    assert_int_equal(route->recorded, strcmp(route->method, "GET") != 0 || result);
    assert_false(route->recorded && route->quiet);
  }
}

static void write_log(const char *sql) {
  sqlite3 *handle;
  char path[96];
  snprintf(path, sizeof path, "%s/audit.db", t.state);
  assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
  sqlite3_busy_timeout(handle, 10000);
  assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(handle);
}

/* The log cannot be written: no prediction is given, no change confirmed; what was asked is logged
 * when it can be again. */
static void test_unwritable(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  char job[64], result[80];
  assert_int_equal(test_upload(&t, c), 201);
  make_job(job);
  snprintf(result, sizeof result, "%s/result", job);
  write_log("CREATE TRIGGER stuck BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'stuck'); END");
  size_t before = look().n;
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), 500);
  assert_string_equal(test_member(&reply, "code"), "io");
  test_reply_clear(&reply);
  assert_int_equal(call("GET", result), 500);
  assert_int_equal(call("DELETE", job), 500);
  assert_int_equal(call("GET", "/v2/models"), 200); /* looking goes on */
  assert_int_equal(look().n, before);
  write_log("DROP TRIGGER stuck");
  test_check_inference(&t);
  last_line last = look();
  assert_true(last.n >= before + 5); /* and those that waited */
  assert_non_null(strstr(last.line, "\"status\":200,"));
}

/* What a job computed is not given out unlogged either. */
static void test_unwritable_job(void **state) {
  (void)state;
  const test_client *c = &t.client[0];
  test_reply reply;
  char job[64], state_now[16];
  write_log(
      "CREATE TRIGGER stuck BEFORE INSERT ON audit WHEN NEW.line LIKE '%\"method\":\"JOB\"%' BEGIN"
      " SELECT RAISE(ABORT, 'stuck'); END");
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, "Prefer: respond-async\r\n"), 202);
  snprintf(job, sizeof job, "%.63s", test_header(&reply, "Location"));
  test_reply_clear(&reply);
  do {
    usleep(2000);
    assert_int_equal(test_call(&reply, &t, "GET", job, c->token, "", NULL, 0), 200);
    snprintf(state_now, sizeof state_now, "%.15s", test_member(&reply, "state"));
    test_reply_clear(&reply);
  } while (strcmp(state_now, "queued") == 0);
  assert_string_equal(state_now, "failed");
  write_log("DROP TRIGGER stuck");
  test_check_inference(&t);
}

/* Its code, or the id of its job. */
static int code_of_infer(char code[33], const char *prefer) {
  test_reply reply;
  int status = test_infer(&reply, &t, t.client[1].token, t.client[0].id, prefer);
  snprintf(code, 33, "%.32s",
           status == 202 ? test_member(&reply, "id") : test_member(&reply, "code"));
  test_reply_clear(&reply);
  return status;
}

/* What became of a job of client 1: the HTTP status that it stands for. */
static int job_outcome(const char *id) {
  char path[64];
  snprintf(path, sizeof path, "/v2/jobs/%s", id);
  for (;; usleep(2000)) {
    test_reply reply;
    assert_int_equal(test_call(&reply, &t, "GET", path, t.client[1].token, "", NULL, 0), 200);
    json_t *body = json_loadb((const char *)reply.body, reply.n_body, 0, NULL);
    bool queued = strcmp(test_member(&reply, "state"), "queued") == 0;
    bool done = strcmp(test_member(&reply, "state"), "done") == 0;
    int status = (int)json_integer_value(json_object_get(json_object_get(body, "error"), "status"));
    json_decref(body);
    test_reply_clear(&reply);
    if (!queued)
      return done ? 200 : status;
  }
}

/* Predictions that are not given out are not counted: of three a day three are left after any
 * number of them, by request and by job. */
static void test_budget(void **state) {
  (void)state;
  static const char stuck[] =
      "CREATE TRIGGER stuck BEFORE INSERT ON audit WHEN NEW.line LIKE '%\"predictions\":1,%' BEGIN"
      " SELECT RAISE(ABORT, 'stuck'); END";
  char code[33];
  const test_client *a = &t.client[0], *b = &t.client[1];
  assert_int_equal(test_status(&t, "PUT", test_key_path(a), b->token, "", a->keys, a->n_keys), 201);
  write_log(stuck);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(code_of_infer(code, ""), 500);
    assert_string_equal(code, "io");
  }
  for (int i = 0; i < 5; i++) {
    assert_int_equal(code_of_infer(code, "Prefer: respond-async\r\n"), 202);
    assert_int_equal(job_outcome(code), 500);
  }
  write_log("DROP TRIGGER stuck");
  assert_int_equal(code_of_infer(code, ""), 200);
  assert_int_equal(code_of_infer(code, "Prefer: respond-async\r\n"), 202);
  assert_int_equal(job_outcome(code), 200);
  assert_int_equal(code_of_infer(code, ""), 200);
  assert_int_equal(code_of_infer(code, ""), 429);
  assert_string_equal(code, "predictions");
}

static void set_budget(const char *token, int n) {
  sqlite3 *handle;
  char path[96], sql[120];
  snprintf(path, sizeof path, "%s/blindsight.db", t.state);
  snprintf(sql, sizeof sql, "UPDATE tokens SET predictions_per_day = %d WHERE id = '%s'", n, token);
  assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
  assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(handle);
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  set_budget(t.client[1].row.id, 3);
  test_start(&t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_marked), cmocka_unit_test(test_there_at_once),
      cmocka_unit_test(test_unwritable), cmocka_unit_test(test_unwritable_job),
      cmocka_unit_test(test_budget)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
