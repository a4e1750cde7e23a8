/* SPDX-License-Identifier: Apache-2.0 */
/* Key files on their way in, and out. */
#define _GNU_SOURCE /* posix_fallocate keeps its promise on every file system */
#include "server/store/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rand/rand.h"
#include "server/store/folder.h"

void server_upload_init(server_uploads *uploads, const char *state) {
  *uploads = (server_uploads){.state = state};
  pthread_mutex_init(&uploads->lock, NULL);
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
  server_folder_path(path, state, "partial", upload->token, upload->id);
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
