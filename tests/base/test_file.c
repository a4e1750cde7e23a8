/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "base/file.h"
#include "heap.h"

#include "base/alloc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[128]; /* of the file each test writes */

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/base_file_XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  umask(022);
  return 0;
}

static int count_entries(void) {
  DIR *open_folder = opendir(folder);
  int n = 0;
  for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
    n += entry->d_name[0] != '.';
  closedir(open_folder);
  return n;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void assert_content(const void *expected, size_t n_expected) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  assert_int_equal(base_file_read(&bytes, &n_bytes, path, n_expected), CKKS_OK);
  assert_int_equal(n_bytes, n_expected);
  assert_memory_equal(bytes, expected, n_expected);
  assert_int_equal(bytes[n_bytes], 0); /* the NUL behind */
  base_free(bytes);
}

static void assert_unreadable(const char *name, size_t limit, ckks_status expected,
                              const char *reason) {
  uint8_t *bytes = (uint8_t *)"untouched";
  size_t n_bytes = 5;
  assert_int_equal(base_file_read(&bytes, &n_bytes, name, limit), expected);
  assert_null(bytes);
  assert_int_equal(n_bytes, 0);
  if (strstr(base_last_error(), reason) == NULL)
    fail_msg("\"%s\" where \"%s\" was expected", base_last_error(), reason);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  static uint8_t bytes[200000];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 2654435761U >> 13);
  static const size_t sizes[] = {0, 1, 4095, 4096, 4097, sizeof bytes};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(base_file_write(path, bytes, sizes[i], 0644), CKKS_OK);
    assert_content(bytes, sizes[i]);
    assert_int_equal(count_entries(), 1);
  }
}

static void the_limit_holds(void **state) {
  (void)state;
  assert_int_equal(base_file_write(path, "12345", 5, 0644), CKKS_OK);
  assert_content("12345", 5);
  assert_unreadable(path, 4, CKKS_ERROR_FORMAT, "limit of 4 bytes");
  assert_unreadable(path, 0, CKKS_ERROR_FORMAT, path);
}

static void unreadable_paths_are_named(void **state) {
  (void)state;
  char other[160];
  snprintf(other, sizeof other, "%s/missing", folder);
  assert_unreadable(other, 100, CKKS_ERROR_IO, other);
  assert_unreadable(other, 100, CKKS_ERROR_IO, "No such file");
  assert_unreadable(folder, 100, CKKS_ERROR_IO, "not a regular file");
  assert_unreadable("/dev/zero", 100, CKKS_ERROR_IO, "not a regular file");
  assert_unreadable("", 100, CKKS_ERROR_IO, "No such file");
  snprintf(other, sizeof other, "%s/fifo", folder);
  assert_int_equal(mkfifo(other, 0600), 0);
  assert_unreadable(other, 100, CKKS_ERROR_IO, "not a regular file"); /* and does not hang */
  unlink(other);
}

static mode_t mode_of(const char *name) {
  struct stat info;
  assert_int_equal(stat(name, &info), 0);
  return info.st_mode & 07777;
}

static void secret_files_are_the_owners(void **state) {
  (void)state;
  umask(0);
  assert_int_equal(base_file_write(path, "key", 3, 0600), CKKS_OK);
  assert_int_equal(mode_of(path), 0600);
  umask(022);
  /* A file that everybody could read is replaced by one that they cannot. */
  assert_int_equal(chmod(path, 0666), 0);
  assert_int_equal(base_file_write(path, "key", 3, 0600), CKKS_OK);
  assert_int_equal(mode_of(path), 0600);
  assert_int_equal(base_file_write(path, "open", 4, 0666), CKKS_OK);
  assert_int_equal(mode_of(path), 0644);
}

/* Who has the old file open goes on reading the old file. */
static void replacing_is_atomic(void **state) {
  (void)state;
  assert_int_equal(base_file_write(path, "old content", 11, 0644), CKKS_OK);
  int fd = open(path, O_RDONLY);
  struct stat before, after;
  fstat(fd, &before);
  assert_int_equal(base_file_write(path, "new", 3, 0644), CKKS_OK);
  stat(path, &after);
  assert_true(before.st_ino != after.st_ino);
  char old[20];
  assert_int_equal(read(fd, old, sizeof old), 11);
  assert_memory_equal(old, "old content", 11);
  close(fd);
  assert_content("new", 3);
  assert_int_equal(count_entries(), 1);
}

static void what_exists_is_not_made_again(void **state) {
  (void)state;
  bool made;
  assert_int_equal(base_file_create(&made, path, "first", 5, 0600), CKKS_OK);
  assert_true(made);
  assert_int_equal(mode_of(path), 0600);
  assert_int_equal(base_file_create(&made, path, "second", 6, 0644), CKKS_OK);
  assert_false(made);
  assert_content("first", 5);
  assert_int_equal(mode_of(path), 0600);
  assert_int_equal(count_entries(), 1); /* no temporary file either */
  char other[PATH_MAX];
  snprintf(other, sizeof other, "%s/missing/file", folder);
  assert_int_equal(base_file_create(&made, other, "x", 1, 0644), CKKS_ERROR_IO);
  assert_false(made);
}

static void unwritable_paths_are_named(void **state) {
  (void)state;
  char other[PATH_MAX + 10];
  snprintf(other, sizeof other, "%s/missing/file", folder);
  assert_int_equal(base_file_write(other, "x", 1, 0644), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), other));
  assert_int_equal(base_file_write(folder, "x", 1, 0644), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), folder));
  snprintf(other, sizeof other, "%s/sub", folder);
  assert_int_equal(mkdir(other, 0700), 0);
  assert_int_equal(base_file_write(other, "x", 1, 0644), CKKS_ERROR_IO); /* a folder stays one */
  assert_int_equal(count_entries(), 1);                                  /* nothing left behind */
  rmdir(other);
  memset(other, 'x', sizeof other - 1);
  other[sizeof other - 1] = '\0';
  assert_int_equal(base_file_write(other, "x", 1, 0644), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), "too long"));
}

/* A disk without room: the old file stays and nothing is left behind. */
static void a_failed_write_leaves_the_old_file(void **state) {
  (void)state;
  assert_int_equal(base_file_write(path, "old", 3, 0644), CKKS_OK);
  struct rlimit limit, small;
  getrlimit(RLIMIT_FSIZE, &limit);
  small = limit;
  small.rlim_cur = 3; /* the write stops after three of five bytes */
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  ckks_status status = base_file_write(path, "12345", 5, 0644);
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), path));
  assert_content("old", 3);
  assert_int_equal(count_entries(), 1);
  assert_int_equal(base_file_write("/dev/full", "x", 1, 0644), CKKS_ERROR_IO);
}

static void devices_are_written_to_not_replaced(void **state) {
  (void)state;
  struct stat before, after;
  stat("/dev/null", &before);
  assert_int_equal(base_file_write("/dev/null", "x", 1, 0644), CKKS_OK);
  stat("/dev/null", &after);
  assert_true(S_ISCHR(after.st_mode) && before.st_ino == after.st_ino);
}

/* Stale temporary names (of a process that was killed and had our number) are stepped over. */
static void names_that_exist_are_left_alone(void **state) {
  (void)state;
  char stale[160];
  snprintf(stale, sizeof stale, "%s.%ld-0.tmp", path, (long)getpid());
  int fd = open(stale, O_CREAT | O_WRONLY, 0600);
  close(fd);
  assert_int_equal(base_file_write(path, "new", 3, 0644), CKKS_OK);
  assert_content("new", 3);
  assert_int_equal(count_entries(), 2);
  base_file_abandon(); /* nothing is being written */
  assert_int_equal(count_entries(), 2);
  unlink(stale);
}

static void failing_allocations_are_reported(void **state) {
  (void)state;
  assert_int_equal(base_file_write(path, "x", 1, 0644), CKKS_OK);
  base_alloc_fail_at(1);
  assert_unreadable(path, 10, CKKS_ERROR_MEMORY, "memory");
}

static void assert_not_private(const char *name, const char *reason) {
  uint8_t *bytes = (uint8_t *)"untouched";
  size_t n_bytes = 5;
  assert_int_equal(base_file_read_private(&bytes, &n_bytes, name, 100), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), reason));
  assert_null(bytes);
  assert_int_equal(n_bytes, 0);
}

static void secrets_are_read_from_private_files(void **state) {
  (void)state;
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  assert_int_equal(base_file_write(path, "key", 3, 0600), CKKS_OK);
  static const mode_t owner[] = {0400, 0600, 0700};
  for (int i = 0; i < 3; i++) {
    chmod(path, owner[i]);
    assert_int_equal(base_file_read_private(&bytes, &n_bytes, path, 3), CKKS_OK);
    assert_memory_equal(bytes, "key", 4);
    base_free(bytes);
    assert_int_equal(base_file_read_private(&bytes, &n_bytes, path, 2), CKKS_ERROR_FORMAT);
    assert_null(bytes);
  }
  for (mode_t bit = 1; bit <= 040; bit <<= 1) { /* any right of group or others */
    chmod(path, 0600 | bit);
    assert_not_private(path, "chmod 600");
  }
  assert_not_private("-", "standard input");
}

/* Runs `body` in a child with its standard input and output in our hands; its exit status. */
static int in_child(int (*body)(void), const void *input, size_t n_input, void *output,
                    ssize_t *n_output) {
  int in[2], out[2];
  assert_int_equal(pipe(in), 0);
  assert_int_equal(pipe(out), 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[1]);
    close(out[0]);
    _exit(body());
  }
  close(in[0]);
  close(out[1]);
  if (n_input > 0)
    assert_int_equal(write(in[1], input, n_input), n_input);
  close(in[1]);
  *n_output = read(out[0], output, 1000);
  close(out[0]);
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int copy_with_limit(size_t limit) {
  uint8_t *bytes = NULL;
  size_t n_bytes = 0;
  ckks_status status = base_file_read(&bytes, &n_bytes, "-", limit);
  if (status == CKKS_OK && bytes[n_bytes] != 0)
    return 99;
  if (status == CKKS_OK)
    status = base_file_write("-", bytes, n_bytes, 0);
  base_free(bytes);
  return (int)status;
}

static int copy_up_to_10(void) {
  return copy_with_limit(10);
}
static int copy_up_to_9(void) {
  return copy_with_limit(9);
}
static int copy_without_memory(void) {
  base_alloc_fail_at(1);
  return copy_with_limit(10);
}

/* Ctrl-C in the midst of a write: played by the signal that a limit on file sizes raises. */
static void abandon(int signal_number) {
  (void)signal_number;
  base_file_abandon();
  _exit(7);
}

static int write_too_much(void) {
  struct rlimit small = {.rlim_cur = 3, .rlim_max = 3};
  signal(SIGXFSZ, abandon);
  setrlimit(RLIMIT_FSIZE, &small);
  return (int)base_file_write(path, "12345", 5, 0644);
}

static void an_abandoned_write_leaves_the_old_file(void **state) {
  (void)state;
  char out[1000];
  ssize_t n_out;
  assert_int_equal(base_file_write(path, "old", 3, 0644), CKKS_OK);
  assert_int_equal(in_child(write_too_much, "", 0, out, &n_out), 7);
  assert_content("old", 3);
  assert_int_equal(count_entries(), 1);
}

static void a_dash_is_a_standard_stream(void **state) {
  (void)state;
  char out[1000];
  ssize_t n_out;
  assert_int_equal(in_child(copy_up_to_10, "0123456789", 10, out, &n_out), CKKS_OK);
  assert_int_equal(n_out, 10);
  assert_memory_equal(out, "0123456789", 10);
  assert_int_equal(in_child(copy_up_to_10, "", 0, out, &n_out), CKKS_OK);
  assert_int_equal(n_out, 0);
  assert_int_equal(in_child(copy_up_to_9, "0123456789", 10, out, &n_out), CKKS_ERROR_FORMAT);
  assert_int_equal(n_out, 0);
  assert_int_equal(in_child(copy_without_memory, "0123", 4, out, &n_out), CKKS_ERROR_MEMORY);
}

/* The bytes before the rename, the name after it: else a crash leaves an empty file. */
static void what_is_written_reaches_the_disk(void **state) {
  (void)state;
  char synced[4096];
  bool made;
  snprintf(synced, sizeof synced, "%s/synced", folder);
  long before = test_fsync_count();
  assert_int_equal(base_file_write(synced, "a", 1, 0600), CKKS_OK);
  assert_int_equal(test_fsync_count(), before + 2);
  unlink(synced);
  assert_int_equal(base_file_create(&made, synced, "b", 1, 0600), CKKS_OK);
  assert_true(made);
  assert_int_equal(test_fsync_count(), before + 4);
  unlink(synced);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_reaches_the_disk),
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
      IN_FOLDER(what_is_written_is_read),
      IN_FOLDER(the_limit_holds),
      IN_FOLDER(unreadable_paths_are_named),
      IN_FOLDER(secret_files_are_the_owners),
      IN_FOLDER(replacing_is_atomic),
      IN_FOLDER(what_exists_is_not_made_again),
      IN_FOLDER(unwritable_paths_are_named),
      IN_FOLDER(a_failed_write_leaves_the_old_file),
      IN_FOLDER(devices_are_written_to_not_replaced),
      IN_FOLDER(names_that_exist_are_left_alone),
      IN_FOLDER(failing_allocations_are_reported),
      IN_FOLDER(secrets_are_read_from_private_files),
      IN_FOLDER(an_abandoned_write_leaves_the_old_file),
      cmocka_unit_test(a_dash_is_a_standard_stream),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
