/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "base/file.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ckks_status fail_system(const char *path, const char *what) {
  return base_fail(CKKS_ERROR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

static ckks_status fail_limit(const char *path, size_t limit_bytes) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: larger than the limit of %zu bytes", path, limit_bytes);
}

/* ------------------------------------------------------------------ reading */

/* Up to n bytes, fewer only at the end of the file; -1 with errno on failure. */
static ssize_t read_fully(int fd, uint8_t *out, size_t n_bytes) {
  size_t done = 0;
  while (done < n_bytes) {
    ssize_t got = read(fd, out + done, n_bytes - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return -1;
    if (got == 0)
      break;
    done += (size_t)got;
  }
  return (ssize_t)done;
}

static ckks_status read_regular(uint8_t **out, size_t *n_bytes, int fd, const char *path,
                                size_t limit_bytes) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return fail_system(path, "read");
  if (!S_ISREG(info.st_mode))
    return base_fail(CKKS_ERROR_IO, "%s: cannot read: not a regular file", path);
  if ((uintmax_t)info.st_size > limit_bytes)
    return fail_limit(path, limit_bytes);
  size_t size = (size_t)info.st_size;
  uint8_t *bytes = size < SIZE_MAX ? base_alloc(size + 1) : NULL;
  if (bytes == NULL)
    return base_fail_memory(size);
  ssize_t got = read_fully(fd, bytes, size);
  if (got == (ssize_t)size) {
    *out = bytes;
    *n_bytes = size;
    return CKKS_OK;
  }
  ckks_status status = got < 0 ? fail_system(path, "read")
                               : base_fail(CKKS_ERROR_IO, "%s: shrank while it was read", path);
  base_wipe(bytes, size);
  base_free(bytes);
  return status;
}

/* A stream has no size in advance: take pieces until it ends or the limit is passed. */
static ckks_status read_stream(uint8_t **out, size_t *n_bytes, int fd, const char *path,
                               size_t limit_bytes) {
  enum { PIECE_BYTES = 8192 };
  uint8_t piece[PIECE_BYTES];
  base_buffer buffer;
  base_buffer_init(&buffer, limit_bytes < SIZE_MAX ? limit_bytes + 1 : limit_bytes);
  ckks_status status = CKKS_OK;
  ssize_t got;
  do {
    got = read_fully(fd, piece, sizeof piece);
    if (got < 0)
      status = fail_system(path, "read");
    else if ((size_t)got > limit_bytes - buffer.n_bytes)
      status = fail_limit(path, limit_bytes);
    else
      base_buffer_append(&buffer, piece, (size_t)got);
  } while (status == CKKS_OK && !buffer.failed && got == (ssize_t)sizeof piece);
  base_wipe(piece, sizeof piece);
  if (status == CKKS_OK) {
    base_buffer_u8(&buffer, 0);
    status = base_buffer_status(&buffer);
  }
  if (status != CKKS_OK) {
    base_buffer_clear(&buffer);
    return status;
  }
  *out = buffer.bytes;
  *n_bytes = buffer.n_bytes - 1;
  return CKKS_OK;
}

/* Asked of the open file, not of the name: nobody can exchange the two. */
static ckks_status check_private(int fd, const char *path) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return fail_system(path, "read");
  unsigned mode = (unsigned)info.st_mode & 0777;
  if ((mode & 077) != 0)
    return base_fail(CKKS_ERROR_IO,
                     "%s: group or others can read this secret file (mode %03o): make it 600 "
                     "(chmod 600), and a new key if it was exposed",
                     path, mode);
  return CKKS_OK;
}

static ckks_status read_named(uint8_t **out, size_t *n_bytes, const char *path, size_t limit_bytes,
                              bool private) {
  /* O_NONBLOCK: opening a FIFO that nobody writes to must fail here, not hang. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return fail_system(path, "open");
  ckks_status status = private ? check_private(fd, path) : CKKS_OK;
  if (status == CKKS_OK)
    status = read_regular(out, n_bytes, fd, path, limit_bytes);
  close(fd);
  return status;
}

const char *base_file_name(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

ckks_status base_file_read(uint8_t **out, size_t *n_bytes, const char *path, size_t limit_bytes) {
  *out = NULL;
  *n_bytes = 0;
  if (strcmp(path, "-") == 0)
    return read_stream(out, n_bytes, STDIN_FILENO, "standard input", limit_bytes);
  return read_named(out, n_bytes, path, limit_bytes, false);
}

ckks_status base_file_read_private(uint8_t **out, size_t *n_bytes, const char *path,
                                   size_t limit_bytes) {
  *out = NULL;
  *n_bytes = 0;
  if (strcmp(path, "-") == 0)
    return base_fail(CKKS_ERROR_IO, "standard input: a secret is only read from a file");
  return read_named(out, n_bytes, path, limit_bytes, true);
}

/* ------------------------------------------------------------------ writing */

/*
 * The one temporary file being written, where a signal handler finds it: the
 * name is complete before the flag goes up and stays until it is down again.
 * Writers take turns.
 */
static char temporary[PATH_MAX];
static atomic_bool temporary_exists;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

void base_file_abandon(void) {
  if (atomic_load(&temporary_exists))
    unlink(temporary);
}

static ckks_status write_fully(int fd, const uint8_t *bytes, size_t n_bytes, const char *path) {
  size_t done = 0;
  while (done < n_bytes) {
    ssize_t put = write(fd, bytes + done, n_bytes - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return fail_system(path, "write");
    done += (size_t)put;
  }
  return CKKS_OK;
}

/* Opens a new file beside `path`, named so that two writers cannot meet. */
static ckks_status open_temporary(int *fd, const char *path, unsigned mode) {
  for (unsigned attempt = 0; attempt < 100; attempt++) {
    int length =
        snprintf(temporary, sizeof temporary, "%s.%ld-%u.tmp", path, (long)getpid(), attempt);
    if (length < 0 || (size_t)length >= sizeof temporary)
      return base_fail(CKKS_ERROR_IO, "cannot write: a file name of %d bytes is too long", length);
    *fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (*fd >= 0) {
      atomic_store(&temporary_exists, true);
      return CKKS_OK;
    }
    if (errno != EEXIST)
      break;
  }
  return fail_system(path, "write");
}

/* The rename itself must reach the disk; not every file system can promise it, so no error. */
static void sync_folder(const char *path) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  if (length >= sizeof folder)
    return;
  memcpy(folder, path, length);
  folder[length] = '\0';
  int fd = open(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync(fd);
  close(fd);
}

/* The temporary file, whole and synced; on failure it is gone. Held: the lock. */
static ckks_status write_temporary(const char *path, const uint8_t *bytes, size_t n_bytes,
                                   unsigned mode) {
  int fd = -1;
  BASE_TRY(open_temporary(&fd, path, mode));
  ckks_status status = write_fully(fd, bytes, n_bytes, path);
  if (status == CKKS_OK && fsync(fd) != 0)
    status = fail_system(path, "write");
  if (close(fd) != 0 && status == CKKS_OK)
    status = fail_system(path, "write");
  if (status != CKKS_OK) {
    unlink(temporary);
    atomic_store(&temporary_exists, false);
  }
  return status;
}

static ckks_status replace(const char *path, const uint8_t *bytes, size_t n_bytes, unsigned mode) {
  ckks_status status = CKKS_OK;
  BASE_TRY(write_temporary(path, bytes, n_bytes, mode));
  if (rename(temporary, path) != 0) {
    status = fail_system(path, "replace");
    unlink(temporary);
  }
  atomic_store(&temporary_exists, false);
  if (status == CKKS_OK)
    sync_folder(path);
  return status;
}

/* A link, unlike a rename, never replaces. */
static ckks_status create(bool *made, const char *path, const uint8_t *bytes, size_t n_bytes,
                          unsigned mode) {
  ckks_status status = CKKS_OK;
  BASE_TRY(write_temporary(path, bytes, n_bytes, mode));
  *made = link(temporary, path) == 0;
  if (!*made && errno != EEXIST)
    status = fail_system(path, "make");
  unlink(temporary);
  atomic_store(&temporary_exists, false);
  if (*made)
    sync_folder(path);
  return status;
}

/* A device or a pipe is written to: it must not be replaced by a file of its name. */
static ckks_status write_in_place(const char *path, const uint8_t *bytes, size_t n_bytes) {
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return fail_system(path, "open");
  ckks_status status = write_fully(fd, bytes, n_bytes, path);
  if (close(fd) != 0 && status == CKKS_OK)
    status = fail_system(path, "write");
  return status;
}

ckks_status base_file_write(const char *path, const void *bytes, size_t n_bytes, unsigned mode) {
  if (strcmp(path, "-") == 0)
    return write_fully(STDOUT_FILENO, bytes, n_bytes, "standard output");
  struct stat info;
  if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
    return write_in_place(path, bytes, n_bytes);
  pthread_mutex_lock(&writing);
  ckks_status status = replace(path, bytes, n_bytes, mode);
  pthread_mutex_unlock(&writing);
  return status;
}

ckks_status base_file_create(bool *made, const char *path, const void *bytes, size_t n_bytes,
                             unsigned mode) {
  *made = false;
  pthread_mutex_lock(&writing);
  ckks_status status = create(made, path, bytes, n_bytes, mode);
  pthread_mutex_unlock(&writing);
  return status;
}
