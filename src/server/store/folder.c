/* SPDX-License-Identifier: Apache-2.0 */
/* The state folder's files. */
#define _POSIX_C_SOURCE 200809L
#include "server/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rand/rand.h"

void server_folder_path(char path[4096], const char *state, const char *folder, const char *token,
                        const char *id) {
  snprintf(path, 4096, "%.3900s/%s/%s.%s", state, folder, token, id);
}

bool server_folder_sync(const char *state, const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%.3900s/%s", state, folder);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  bool synced = fsync(fd) == 0;
  int error = errno;
  close(fd);
  errno = error;
  return synced;
}

static bool overwrite(int fd, uint64_t n_bytes) {
  enum { PIECE_BYTES = 65536 };
  static const uint8_t zeros[PIECE_BYTES];
  uint8_t *random = base_alloc(PIECE_BYTES);
  rand_stream stream;
  bool seeded = random != NULL && rand_stream_init_entropy(&stream) == CKKS_OK;
  bool good = true;
  for (uint64_t at = 0; at < n_bytes && good;) {
    size_t n = n_bytes - at < PIECE_BYTES ? (size_t)(n_bytes - at) : PIECE_BYTES;
    if (seeded)
      rand_stream_read(&stream, random, n);
    ssize_t put = pwrite(fd, seeded ? random : zeros, n, (off_t)at);
    good = put > 0 || (put < 0 && errno == EINTR);
    at += put > 0 ? (uint64_t)put : 0;
  }
  if (seeded)
    rand_stream_clear(&stream);
  base_free(random);
  return good && fsync(fd) == 0;
}

bool server_folder_shred(const char *path) {
  struct stat info;
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return errno == ENOENT;
  bool good = fstat(fd, &info) == 0 && overwrite(fd, (uint64_t)info.st_size);
  int error = errno;
  close(fd);
  errno = error;
  return good && unlink(path) == 0;
}
