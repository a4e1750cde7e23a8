/* SPDX-License-Identifier: Apache-2.0 */
/* What the service writes is its owner's alone, whatever the umask and whoever wrote it before. */
#define _GNU_SOURCE
#include "server/fixture.h"

static test_service t;

static mode_t mode_of(const char *path) {
  struct stat info;
  assert_int_equal(lstat(path, &info), 0);
  return info.st_mode & 0777;
}

/* Folders 0700, files 0600, all the way down; their number. */
static int check_modes(const char *folder) {
  int n = 0;
  DIR *files = opendir(folder);
  assert_non_null(files);
  for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
    char path[512];
    struct stat info;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    snprintf(path, sizeof path, "%.200s/%.255s", folder, entry->d_name);
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(mode_of(path), S_ISDIR(info.st_mode) ? 0700 : 0600);
    n += S_ISDIR(info.st_mode) ? check_modes(path) : 1;
  }
  closedir(files);
  return n;
}

static void use(void) {
  assert_true(test_upload(&t, &t.client[0]) / 100 == 2);
  test_check_inference(&t);
}

static void test_private(void **state) {
  (void)state;
  static const char *const name[] = {"blindsight.db", "blindsight.db-wal", "blindsight.db-shm",
                                     "audit.db",      "audit.db-wal",      "audit.db-shm"};
  char path[160];
  mode_t before = umask(0);
  test_setup(&t);
  test_start(&t);
  use();
  assert_true(check_modes(t.state) >= 8); /* with the lock and a key */
  for (size_t i = 0; i < 6; i++) {
    snprintf(path, sizeof path, "%s/%s", t.state, name[i]);
    assert_int_equal(chmod(path, 0644), 0); /* as former versions left them */
  }
  server_audit_report report;
  OK(server_audit_read_verify(&report, t.state, NULL)); /* by another handle, beside the service */
  use();
  snprintf(path, sizeof path, "%s/audit.db-wal", t.state);
  assert_int_equal(mode_of(path), 0600);
  test_stop(&t);
  test_start(&t);
  use();
  check_modes(t.state);
  assert_int_equal(mode_of(t.state), 0700);
  test_teardown(&t);
  umask(before);
}

static void start_and_stop(void *unused) {
  (void)unused;
  test_start(&t);
  test_stop(&t);
}

/* A folder that is open to others is said, and served. */
static void test_open_folder(void **state) {
  (void)state;
  static const mode_t modes[] = {0700, 0750, 0701};
  char text[1000], wanted[200];
  test_setup(&t);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    assert_int_equal(chmod(t.state, modes[i]), 0);
    test_captured(text, sizeof text, start_and_stop, NULL);
    snprintf(wanted, sizeof wanted, "blindsight: warning: %s: open to others (mode %04o)", t.state,
             (unsigned)modes[i]);
    assert_int_equal(strstr(text, wanted) != NULL, modes[i] != 0700);
    assert_int_equal(strstr(text, "warning") != NULL, modes[i] != 0700);
  }
  test_teardown(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_private),
                                     cmocka_unit_test(test_open_folder)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
