/* SPDX-License-Identifier: Apache-2.0 */
/* Key files on their way in, and out. */
#define _GNU_SOURCE /* posix_fallocate keeps its promise on every file system */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rand/rand.h"
#include "server/stores.h"

void server_uploads_init(server_uploads *uploads, const char *state) {
  *uploads = (server_uploads){.state = state};
  pthread_mutex_init(&uploads->lock, NULL);
}

void server_upload_path(char path[4096], const char *state, const char *folder, const char *token,
                        const char *id) {
  snprintf(path, 4096, "%.3900s/%s/%s.%s", state, folder, token, id);
}

/* Held: the lock. */
static bool is_busy(const server_uploads *uploads, const char *token, const char *id) {
  for (const server_upload *u = uploads->first; u != NULL; u = u->next)
    if (strcmp(u->token, token) == 0 && strcmp(u->id, id) == 0)
      return true;
  return false;
}

static bool open_file(server_upload *upload, const char *state) {
  char path[4096];
  struct stat info;
  server_upload_path(path, state, "partial", upload->token, upload->id);
  upload->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (upload->fd < 0)
    return false;
  if (fstat(upload->fd, &info) != 0) {
    close(upload->fd);
    return false;
  }
  upload->at = (uint64_t)info.st_size;
  return true;
}

server_upload *server_upload_begin(server_uploads *uploads, const char *token, const char *id) {
  server_upload *upload = base_alloc(sizeof *upload);
  if (upload == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  snprintf(upload->token, sizeof upload->token, "%s", token);
  snprintf(upload->id, sizeof upload->id, "%s", id);
  pthread_mutex_lock(&uploads->lock);
  int error = is_busy(uploads, token, id) ? EBUSY : 0;
  if (error == 0 && !open_file(upload, uploads->state))
    error = errno;
  if (error == 0) {
    upload->next = uploads->first;
    uploads->first = upload;
  }
  pthread_mutex_unlock(&uploads->lock);
  if (error == 0)
    return upload;
  base_free(upload);
  errno = error;
  return NULL;
}

void server_upload_write(server_upload *upload, const void *bytes, size_t n_bytes) {
  for (size_t done = 0; done < n_bytes && upload->error == 0;) {
    ssize_t put = pwrite(upload->fd, (const uint8_t *)bytes + done, n_bytes - done,
                         (off_t)(upload->at + done));
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0) {
      upload->error = errno;
      return;
    }
    done += (size_t)put;
  }
  if (upload->error == 0)
    upload->at += n_bytes;
}

void server_upload_end(server_uploads *uploads, server_upload *upload) {
  if (upload == NULL)
    return;
  pthread_mutex_lock(&uploads->lock);
  server_upload **at = &uploads->first;
  while (*at != upload)
    at = &(*at)->next;
  *at = upload->next;
  pthread_mutex_unlock(&uploads->lock);
  close(upload->fd);
  base_free(upload);
}

bool server_upload_sync_folder(const char *state, const char *folder) {
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

bool server_upload_shred(const char *path) {
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
