/* SPDX-License-Identifier: Apache-2.0 */
/* The log holds every line, in order, and tells when one was touched. */
#define _GNU_SOURCE
#include "server/fixture.h"

#include <pthread.h>
#include <sqlite3.h>

static char folder[64];

static int setup(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/blindsight-test-XXXXXX");
  assert_non_null(mkdtemp(folder));
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_remove(folder);
  return 0;
}

static void add(server_audit *audit, int status) {
  server_audit_record record = {.time_ms = 1, .method = "GET", .path = "/v2", .status = status};
  server_audit_add(audit, &record);
}

static void *add_many(void *audit) {
  for (int i = 0; i < 1500; i++)
    add(audit, i);
  return NULL;
}

static void test_whole(void **state) {
  (void)state;
  server_audit *audit;
  server_audit_report report, later;
  pthread_t thread[4];
  OK(server_audit_build(&audit, folder));
  for (int i = 0; i < 4; i++) /* more than the queue holds */
    assert_int_equal(pthread_create(&thread[i], NULL, add_many, audit), 0);
  for (int i = 0; i < 4; i++)
    pthread_join(thread[i], NULL);
  server_audit_free(audit);
  OK(server_audit_verify(&report, folder, NULL));
  assert_int_equal(report.n_lines, 6000);
  OK(server_audit_build(&audit, folder));
  add(audit, 200);
  server_audit_free(audit);
  OK(server_audit_verify(&later, folder, report.head)); /* the old head is in the chain */
  assert_int_equal(later.n_lines, 6001);
  assert_string_not_equal(later.head, report.head);
  assert_int_equal(server_audit_verify(&later, folder, "abc"), CKKS_ERROR_ARGUMENT);
}

static void count(void *context, const char *line) {
  size_t *n = context;
  json_t *value = json_loads(line, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(value, "seq")), ++*n);
  assert_string_equal(json_string_value(json_object_get(value, "route")), "/v2");
  json_decref(value);
}

static void test_lines(void **state) {
  (void)state;
  size_t n = 0;
  OK(server_audit_each(folder, count, &n));
  assert_int_equal(n, 6001);
}

/* Whoever may write the file can get around the triggers, but not around the chain. */
static int run(const char *sql) {
  sqlite3 *handle;
  char path[96];
  snprintf(path, sizeof path, "%s/audit.db", folder);
  assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
  int code = sqlite3_exec(handle, sql, NULL, NULL, NULL);
  sqlite3_close(handle);
  return code;
}

static void test_touched(void **state) {
  (void)state;
  server_audit_report report;
  char head[65];
  OK(server_audit_verify(&report, folder, NULL));
  memcpy(head, report.head, sizeof head);
  assert_int_not_equal(run("UPDATE audit SET line = 'x' WHERE seq = 5"), SQLITE_OK);
  assert_int_not_equal(run("DELETE FROM audit WHERE seq = 5"), SQLITE_OK);
  OK(server_audit_verify(&report, folder, NULL));
  assert_int_equal(run("DROP TRIGGER audit_fix; DROP TRIGGER audit_keep;"
                       "UPDATE audit SET line = replace(line, '200', '201') WHERE seq = 6001"),
                   SQLITE_OK);
  assert_int_equal(server_audit_verify(&report, folder, NULL), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "6001"));
  assert_int_equal(run("DROP TRIGGER audit_keep; DELETE FROM audit WHERE seq = 6001"), SQLITE_OK);
  OK(server_audit_verify(&report, folder, NULL)); /* a cut end looks whole, */
  assert_int_equal(server_audit_verify(&report, folder, head),
                   CKKS_ERROR_FORMAT); /* but for this */
  assert_int_equal(run("DROP TRIGGER audit_keep; DELETE FROM audit WHERE seq = 77"), SQLITE_OK);
  assert_int_equal(server_audit_verify(&report, folder, NULL), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "line 77 is missing"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_lines),
                                     cmocka_unit_test(test_touched)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
