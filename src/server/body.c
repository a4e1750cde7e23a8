/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body: a file without a name, so that nothing is left of it whatever happens. */
#define _GNU_SOURCE /* O_TMPFILE */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/request.h"

/* File systems without O_TMPFILE: a name for a moment. */
static int open_unnamed(const char *state) {
  char path[4096];
  int fd = open(state, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return fd;
  if (snprintf(path, sizeof path, "%s/partial/body.XXXXXX", state) >= (int)sizeof path)
    return -1;
  fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0)
    unlink(path);
  return fd;
}

bool server_body_open(server_body *body, const char *state, uint64_t n_expected) {
  *body = (server_body){.fd = open_unnamed(state), .n_expected = n_expected};
  if (body->fd < 0)
    body->error = errno;
  else if (n_expected > 0)
    body->error = posix_fallocate(body->fd, 0, (off_t)n_expected);
  return body->error == 0;
}

void server_body_write(server_body *body, const void *bytes, size_t n_bytes) {
  const uint8_t *at = bytes;
  while (n_bytes > 0 && body->error == 0) {
    ssize_t put = pwrite(body->fd, at, n_bytes, (off_t)body->n_bytes);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0) {
      body->error = errno;
      return;
    }
    at += put;
    n_bytes -= (size_t)put;
    body->n_bytes += (uint64_t)put;
  }
}

bool server_body_map(server_body *body) {
  if (body->map != NULL || body->n_bytes == 0)
    return body->n_bytes > 0;
  void *map = mmap(NULL, body->n_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, body->fd, 0);
  if (map == MAP_FAILED) {
    body->error = errno;
    return false;
  }
  body->map = map;
  return true;
}

void server_body_close(server_body *body) {
  if (body->map != NULL)
    munmap((void *)(uintptr_t)body->map, body->n_bytes);
  if (body->fd >= 0)
    close(body->fd);
  *body = (server_body){.fd = -1};
}
