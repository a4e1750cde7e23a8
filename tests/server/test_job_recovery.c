/* SPDX-License-Identifier: Apache-2.0 */
/* A job that ended between its line in the audit log and its row: the next start reads the line.
 * The crash is made by hand, in the database of a server that has ended. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <sqlite3.h>

static test_service t;

typedef struct job_lines {
  const char *id;
  size_t n_ran, n_accepted;
  json_int_t status;
} job_lines;

static void count_lines(void *context, const char *line) {
  job_lines *l = context;
  json_t *value = json_loads(line, 0, NULL);
  const char *method = json_string_value(json_object_get(value, "method"));
  if (strcmp(json_string_value(json_object_get(value, "job")), l->id) == 0) {
    l->n_ran += strcmp(method, "JOB") == 0;
    l->n_accepted += strcmp(method, "POST") == 0;
    if (strcmp(method, "JOB") == 0)
      l->status = json_integer_value(json_object_get(value, "status"));
  }
  json_decref(value);
}

/* One line for the 202, one for the outcome. */
static void check_lines(const char *id, int status) {
  job_lines l = {.id = id};
  server_audit_report report;
  OK(server_audit_read_verify(&report, t.state, NULL));
  OK(server_audit_read_each(t.state, count_lines, &l));
  assert_int_equal(l.n_accepted, 1);
  assert_int_equal(l.n_ran, 1);
  assert_int_equal(l.status, status);
}

static void make_job(char id[33], const char *key) {
  test_reply reply;
  assert_int_equal(test_infer(&reply, &t, t.client[0].token, key, "Prefer: respond-async\r\n"),
                   202);
  snprintf(id, 33, "%.32s", test_member(&reply, "id"));
  test_reply_clear(&reply);
}

/* Asks until it is no longer queued. */
static void wait_for(test_reply *reply, const char *id) {
  char path[80];
  snprintf(path, sizeof path, "/v2/jobs/%s", id);
  for (;; usleep(2000)) {
    assert_int_equal(test_call(reply, &t, "GET", path, t.client[0].token, "", NULL, 0), 200);
    if (strcmp(test_member(reply, "state"), "queued") != 0)
      return;
    test_reply_clear(reply);
  }
}

static void check_state(const char *id, const char *state) {
  test_reply reply;
  wait_for(&reply, id);
  assert_string_equal(test_member(&reply, "state"), state);
  test_reply_clear(&reply);
}

static void job_path(char path[160], const char *id, const char *end) {
  snprintf(path, 160, "%s/jobs/%s.%s", t.state, id, end);
}

/* As if the server had been killed behind the line: the row waits, the sample is there. */
static void crash(const char *id) {
  sqlite3 *handle;
  char path[160], sql[200];
  test_stop(&t);
  snprintf(path, sizeof path, "%s/blindsight.db", t.state);
  assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
  snprintf(sql, sizeof sql,
           "UPDATE jobs SET state = 0, status = 0, code = '', message = '', rows = 0, bytes = 0,"
           " ended = 0 WHERE id = '%s'",
           id);
  assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_changes(handle), 1);
  sqlite3_close(handle);
  job_path(path, id, "in");
  OK(base_file_write(path, t.sample, t.n_sample, 0600));
}

static void test_done(void **state) {
  (void)state;
  test_reply reply;
  char id[33], path[160];
  make_job(id, t.client[0].id);
  check_state(id, "done");
  crash(id);
  test_start(&t);
  wait_for(&reply, id);
  assert_string_equal(test_member(&reply, "state"), "done");
  assert_string_equal(test_member(&reply, "predictions"), "1");
  test_reply_clear(&reply);
  snprintf(path, sizeof path, "/v2/jobs/%s/result", id);
  assert_int_equal(test_call(&reply, &t, "GET", path, t.client[0].token, "", NULL, 0), 200);
  test_check_result(&t, reply.body, reply.n_body);
  test_reply_clear(&reply);
  assert_int_equal(atomic_load(&t.service->metrics.predictions), 0); /* it did not run again */
  check_lines(id, 200);
  assert_int_equal(test_count_files(t.state, "jobs", id), 1); /* nor is its sample kept */
}

static void test_failed(void **state) {
  (void)state;
  test_reply reply;
  char id[33], nobodys[65];
  snprintf(nobodys, sizeof nobodys, "%064d", 9);
  make_job(id, nobodys);
  check_state(id, "failed");
  crash(id);
  test_start(&t);
  wait_for(&reply, id);
  assert_string_equal(test_member(&reply, "state"), "failed");
  json_t *body = json_loadb((const char *)reply.body, reply.n_body, 0, NULL);
  const json_t *error = json_object_get(body, "error");
  assert_int_equal(json_integer_value(json_object_get(error, "status")), 404);
  assert_string_equal(json_string_value(json_object_get(error, "code")), "key");
  json_decref(body);
  test_reply_clear(&reply);
  check_lines(id, 404);
}

/* Before the line: it runs, and has its one line then. */
static void test_not_logged(void **state) {
  (void)state;
  static const char *const ending[] = {"", "-wal", "-shm"};
  char id[33], path[160];
  job_lines l = {.id = id};
  make_job(id, t.client[0].id);
  check_state(id, "done");
  crash(id);
  for (size_t i = 0; i < 3; i++) { /* a log that never heard of it */
    snprintf(path, sizeof path, "%s/audit.db%s", t.state, ending[i]);
    unlink(path);
  }
  test_start(&t);
  check_state(id, "done");
  assert_int_equal(atomic_load(&t.service->metrics.predictions), 1);
  OK(server_audit_read_each(t.state, count_lines, &l));
  assert_int_equal(l.n_ran, 1);
}

/* A line without the result that it speaks of is worth nothing. */
static void test_result_lost(void **state) {
  (void)state;
  char id[33], path[160];
  make_job(id, t.client[0].id);
  check_state(id, "done");
  crash(id);
  job_path(path, id, "out");
  assert_int_equal(unlink(path), 0);
  test_start(&t);
  check_state(id, "done");
  assert_int_equal(atomic_load(&t.service->metrics.predictions), 1);
  assert_int_equal(access(path, F_OK), 0);
}

static void make_file(const char *name) {
  char path[200];
  snprintf(path, sizeof path, "%s/jobs/%s", t.state, name);
  OK(base_file_write(path, "stray", 5, 0600));
}

/* Files that no row speaks for do not outlive a start; those of jobs that are there do. */
static void test_strays(void **state) {
  (void)state;
  char id[33], name[64];
  make_job(id, t.client[0].id);
  check_state(id, "done");
  test_stop(&t);
  int before = test_count_files(t.state, "jobs", "");
  make_file("00112233445566778899aabbccddeeff.in");
  make_file("00112233445566778899aabbccddeeff.out");
  make_file(".00112233445566778899aabbccddeeff.in.a1B2c3");
  make_file("nothing");
  snprintf(name, sizeof name, "%s.in", id); /* was left when its result was written down */
  make_file(name);
  test_start(&t);
  assert_int_equal(test_count_files(t.state, "jobs", ""), before);
  check_state(id, "done");
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  test_start(&t);
  assert_int_equal(test_upload(&t, &t.client[0]), 201);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_done), cmocka_unit_test(test_failed),
                                     cmocka_unit_test(test_result_lost),
                                     cmocka_unit_test(test_not_logged),
                                     cmocka_unit_test(test_strays)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
