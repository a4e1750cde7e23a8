/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "cli/output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/wipe.h"

/* A secret key of the largest ring takes 32 KiB. */
#define MOST_KEY_BYTES ((size_t)1 << 16)
#define KIND_AT 10

char *cli_output_name(const char *stem, const char *ending) {
  size_t n_bytes = strlen(stem) + strlen(ending) + 1;
  char *name = base_alloc(n_bytes);
  if (name != NULL)
    snprintf(name, n_bytes, "%s%s", stem, ending);
  else
    (void)base_fail_memory(n_bytes);
  return name;
}

/* Something is there, and no file: a pipe would be waited for, with whoever is to read it. */
static bool is_special(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

bool cli_output_is_file(const char *path) {
  return strcmp(path, "-") != 0 && !is_special(path);
}

static bool is_secret_key(const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  if (is_special(path))
    return false;
  if (base_file_read(&bytes, &n_bytes, path, MOST_KEY_BYTES) != CKKS_OK)
    return false; /* none of ours, or not there: whatever stands in the way is told on writing */
  bool is_key = n_bytes > KIND_AT && memcmp(bytes, "BLINDSGT", 8) == 0 &&
                bytes[KIND_AT] == BASE_FRAME_SECRET_KEY;
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return is_key;
}

/* --- files of the same command */

#define MOST_FILES 64 /* of one command */
static const char *named[MOST_FILES];
static int n_named;

void cli_output_note(const char *path) {
  if (path == NULL)
    n_named = 0;
  else if (n_named < MOST_FILES)
    named[n_named++] = path;
}

/* The folder that a path stands in; false where there is none. */
static bool folder_of(const char *path, struct stat *folder) {
  char *name = cli_output_name(path, "");
  if (name == NULL)
    return false;
  char *slash = strrchr(name, '/');
  name[slash != NULL ? slash - name + 1 : 0] = '\0';
  bool found = stat(name[0] != '\0' ? name : ".", folder) == 0;
  base_free(name);
  return found;
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static bool is_same_place(const struct stat *one, const struct stat *other) {
  return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Files that are not there yet are the same where their folders and last names are. */
static bool is_same_file(const char *a, const char *b) {
  struct stat one, other;
  if (strcmp(a, b) == 0)
    return true;
  if (stat(a, &one) == 0 && stat(b, &other) == 0)
    return S_ISREG(one.st_mode) && is_same_place(&one, &other);
  return strcmp(last_name(a), last_name(b)) == 0 && folder_of(a, &one) && folder_of(b, &other) &&
         is_same_place(&one, &other);
}

/* n_allowed: 1 where the path itself was noted. */
static ckks_status check_others(const char *path, int n_allowed) {
  int n = 0;
  if (!cli_output_is_file(path))
    return CKKS_OK;
  for (int i = 0; i < n_named; i++)
    n += is_same_file(named[i], path);
  if (n <= n_allowed)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_IO,
                   "%s: would be written over another file of the same command: name a new one",
                   path);
}

static ckks_status check(const char *path, int n_allowed) {
  if (strcmp(path, "-") == 0)
    return CKKS_OK;
  char *folder = cli_output_name(path, "/.");
  if (folder == NULL)
    return CKKS_ERROR_MEMORY;
  ckks_status status = CKKS_OK;
  if (access(folder, F_OK) == 0)
    status = base_fail(CKKS_ERROR_IO, "%s: cannot write: this is a folder", path);
  char *slash = strrchr(path, '/');
  folder[slash != NULL ? slash - path + 1 : 0] = '\0';
  /* What exists and is not replaced, such as /dev/null, needs no folder to write to. */
  if (status == CKKS_OK && access(path, F_OK) != 0 &&
      access(folder[0] != '\0' ? folder : ".", W_OK) != 0)
    status = base_fail(CKKS_ERROR_IO, "%s: cannot write: %s", path, strerror(errno));
  base_free(folder);
  if (status == CKKS_OK && is_secret_key(path))
    status = base_fail(CKKS_ERROR_IO, "%s: is a secret key, which is not overwritten", path);
  return status == CKKS_OK ? check_others(path, n_allowed) : status;
}

ckks_status cli_output_check(const char *path) {
  return check(path, 1);
}

ckks_status cli_output_check_made(const char *path) {
  return check(path, 0);
}

ckks_status cli_output_check_file(const char *path) {
  if (is_special(path))
    return base_fail(CKKS_ERROR_IO, "%s: is no file: a pipe or a device takes none of a pair",
                     path);
  return CKKS_OK;
}

/* --- interruption */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { N_SIGNALS = sizeof signals / sizeof signals[0] };

static void interrupted(int number) {
  base_file_abandon();
  _exit(128 + number);
}

static void set_of_signals(sigset_t *set) {
  sigemptyset(set);
  for (int i = 0; i < N_SIGNALS; i++)
    sigaddset(set, signals[i]);
}

void cli_output_guard(void) {
  struct sigaction action = {.sa_handler = interrupted}, before;
  set_of_signals(&action.sa_mask);
  for (int i = 0; i < N_SIGNALS; i++)
    /* nohup and shells that start jobs behind the scene ignore some: so it stays. */
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(signals[i], &action, NULL);
}

void cli_output_hold(void) {
  sigset_t set;
  set_of_signals(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

void cli_output_release(void) {
  sigset_t set;
  set_of_signals(&set);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}
