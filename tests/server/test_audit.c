/* SPDX-License-Identifier: Apache-2.0 */
/* The log holds every line, in order, and tells when one was touched. */
#define _GNU_SOURCE
#include "server/fixture.h"
#include "server/store/audit_file.h"
#include "server/store/audit_seal.h"

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
  OK(server_audit_build(&audit, folder, &test_audit_limits));
  for (int i = 0; i < 4; i++) /* more than the queue holds */
    assert_int_equal(pthread_create(&thread[i], NULL, add_many, audit), 0);
  for (int i = 0; i < 4; i++)
    pthread_join(thread[i], NULL);
  server_audit_free(audit);
  OK(server_audit_read_verify(&report, folder, NULL));
  assert_int_equal(report.n_lines, 6000);
  OK(server_audit_build(&audit, folder, &test_audit_limits));
  add(audit, 200);
  server_audit_free(audit);
  OK(server_audit_read_verify(&later, folder, report.head)); /* the old head is in the chain */
  assert_int_equal(later.n_lines, 6001);
  assert_string_not_equal(later.head, report.head);
  assert_int_equal(server_audit_read_verify(&later, folder, "abc"), CKKS_ERROR_ARGUMENT);
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
  OK(server_audit_read_each(folder, count, &n));
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
  OK(server_audit_read_verify(&report, folder, NULL));
  memcpy(head, report.head, sizeof head);
  assert_int_not_equal(run("UPDATE audit SET line = 'x' WHERE seq = 5"), SQLITE_OK);
  assert_int_not_equal(run("DELETE FROM audit WHERE seq = 5"), SQLITE_OK);
  OK(server_audit_read_verify(&report, folder, NULL));
  assert_int_equal(run("DROP TRIGGER audit_fix; DROP TRIGGER audit_keep;"
                       "UPDATE audit SET line = replace(line, '200', '201') WHERE seq = 6001"),
                   SQLITE_OK);
  assert_int_equal(server_audit_read_verify(&report, folder, NULL), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "6001"));
  assert_int_equal(run("DROP TRIGGER audit_keep; DELETE FROM audit WHERE seq = 6001"), SQLITE_OK);
  OK(server_audit_read_verify(&report, folder, NULL)); /* a cut end looks whole, */
  assert_int_equal(server_audit_read_verify(&report, folder, head),
                   CKKS_ERROR_FORMAT); /* but for this */
  assert_int_equal(run("DROP TRIGGER audit_keep; DELETE FROM audit WHERE seq = 77"), SQLITE_OK);
  assert_int_equal(server_audit_read_verify(&report, folder, NULL), CKKS_ERROR_FORMAT);
  assert_non_null(strstr(ckks_last_error(), "line 77 is missing"));
}

/* --- from file to file */

static int count_logs(void) {
  int *number;
  size_t n;
  OK(server_audit_file_list(&number, &n, folder));
  base_free(number);
  return (int)n;
}

static void begin_anew(void) {
  test_remove(folder);
  assert_int_equal(mkdir(folder, 0700), 0);
}

static void write_many(const server_audit_limits *limits, int n) {
  server_audit *audit;
  server_audit_record record = {.time_ms = 1, .method = "GET", .path = "/v2"};
  OK(server_audit_build(&audit, folder, limits));
  for (int i = 0; i < n; i++) {
    record.status = i;
    if (i % 10 == 0)
      OK(server_audit_write(audit, &record));
    else
      server_audit_add(audit, &record);
  }
  server_audit_free(audit);
}

/* Each file is closed with a seal in the next one, and the chain goes through all. */
static void test_rotated(void **state) {
  (void)state;
  server_audit_report report, later;
  char closed[32];
  begin_anew();
  write_many(&test_audit_limits, 20);
  OK(server_audit_read_verify(&report, folder, NULL));
  assert_string_equal(report.key, "");
  OK(server_audit_rotate(closed, folder));
  assert_string_equal(closed, "audit.db");
  assert_int_equal(count_logs(), 2);
  OK(server_audit_rotate(closed, folder)); /* nothing but the seal */
  assert_string_equal(closed, "");
  write_many(&test_audit_limits, 5);
  OK(server_audit_rotate(closed, folder));
  assert_string_equal(closed, "audit.2.db");
  OK(server_audit_read_verify(&later, folder, report.head));
  assert_int_equal(later.n_lines, 20 + 1 + 5 + 1);
  assert_int_equal(strlen(later.key), 64);
  /* The first file is moved away: what is left says so, and still knows its head. */
  assert_true(server_audit_file_remove(folder, 1));
  OK(server_audit_read_verify(&later, folder, report.head));
  assert_int_equal(later.first, 21);
  assert_int_equal(later.n_lines, 7);
  /* One in the middle is missed. */
  write_many(&test_audit_limits, 1);
  OK(server_audit_rotate(closed, folder));
  assert_true(server_audit_file_remove(folder, 3));
  assert_int_equal(server_audit_read_verify(&later, folder, NULL), CKKS_ERROR_FORMAT);
}

/* A chain that somebody wrote anew behind a head of his own has no seal of ours. */
static void test_forged_seal(void **state) {
  (void)state;
  server_audit_seal seal;
  uint8_t head[BASE_DIGEST_BYTES] = {1};
  OK(server_audit_seal_make(&seal, folder, head, 7));
  assert_true(server_audit_seal_is_good(&seal, head, 7));
  assert_false(server_audit_seal_is_good(&seal, head, 8));
  head[31] ^= 1;
  assert_false(server_audit_seal_is_good(&seal, head, 7));
  head[31] ^= 1;
  seal.signature[5] = seal.signature[5] == '0' ? '1' : '0';
  assert_false(server_audit_seal_is_good(&seal, head, 7));
  seal.signature[5] = '\0';
  assert_false(server_audit_seal_is_good(&seal, head, 7));
  struct stat info;
  char path[96];
  snprintf(path, sizeof path, "%s/audit.key", folder);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

/* Files of a megabyte, three together: ten times as many lines stay below that. */
static void test_ceiling(void **state) {
  (void)state;
  const server_audit_limits limits = {1 << 20, UINT32_MAX, 3 << 20};
  server_audit_report report;
  int *number;
  size_t n;
  uint64_t total = 0;
  begin_anew();
  for (int i = 0; i < 60; i++)
    write_many(&limits, 1000);
  OK(server_audit_file_list(&number, &n, folder));
  for (size_t i = 0; i < n; i++)
    total += server_audit_file_bytes(folder, number[i]);
  assert_true(n >= 2 && number[0] > 3);
  base_free(number);
  assert_true(total <= (uint64_t)4 << 20);
  OK(server_audit_read_verify(&report, folder, NULL));
  assert_true(report.first > 20000 && report.first + report.n_lines > 60000);
}

/* Lines of the year 1970 are old; a file with nothing but its seal is not. */
static void test_age(void **state) {
  (void)state;
  const server_audit_limits limits = {1 << 26, 86400, 1 << 30};
  begin_anew();
  write_many(&limits, 3);
  assert_int_equal(count_logs(), 1); /* it was begun just now, whatever its lines say */
  write_many(&limits, 3);
  assert_int_equal(count_logs(), 2);
  write_many(&limits, 3);
  assert_int_equal(count_logs(), 2);
}

/* A crash between the making of a file and its first line. */
static void test_unsealed(void **state) {
  (void)state;
  sqlite3 *handle;
  server_audit_report report;
  begin_anew();
  write_many(&test_audit_limits, 3);
  OK(server_audit_file_open(&handle, folder, 2));
  sqlite3_close(handle);
  write_many(&test_audit_limits, 3);
  OK(server_audit_read_verify(&report, folder, NULL));
  assert_int_equal(report.n_lines, 7);
  assert_int_equal(strlen(report.key), 64);
}

/* --- what is only counted */

typedef struct counts {
  json_int_t requests, refused;
  int n;
} counts;

static void add_counts(void *context, const char *line) {
  counts *c = context;
  json_t *value = json_loads(line, 0, NULL);
  assert_non_null(value);
  c->requests += json_integer_value(json_object_get(value, "requests"));
  c->refused += json_integer_value(json_object_get(value, "refused"));
  c->n += json_object_get(value, "requests") != NULL;
  json_decref(value);
}

static void test_counted(void **state) {
  (void)state;
  server_audit *audit;
  counts c = {0};
  char address[64];
  begin_anew();
  OK(server_audit_build(&audit, folder, &test_audit_limits));
  for (int i = 0; i < 100000; i++) {
    snprintf(address, sizeof address, "10.0.%d.%d", i % 20, i % 50);
    server_audit_count(audit, "", address, i % 4 != 0);
  }
  for (int i = 0; i < 1000; i++) { /* one network, and then more of them than are told apart */
    snprintf(address, sizeof address, "2001:db8::%x", i);
    server_audit_count(audit, "", address, true);
    snprintf(address, sizeof address, "2001:db8:%x::1", i);
    server_audit_count(audit, "", address, true);
  }
  server_audit_free(audit);
  OK(server_audit_read_each(folder, add_counts, &c));
  assert_int_equal(c.requests, 102000);
  assert_int_equal(c.refused, 77000);
  assert_true(c.n <= SERVER_TALLY_MOST);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole),       cmocka_unit_test(test_lines),
      cmocka_unit_test(test_touched),     cmocka_unit_test(test_rotated),
      cmocka_unit_test(test_forged_seal), cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_age),         cmocka_unit_test(test_unsealed),
      cmocka_unit_test(test_counted)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
