/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body: a small one in memory, a large one in a file without a name, so that nothing
 * is left of it whatever happens. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "server/http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"

/* Samples of a row and of a batch: a file for one costs more than all else that is done beside
 * evaluating it. */
#define SMALL_BYTES ((uint64_t)16 << 20)
/* What all bodies hold together, however many clients announce much and send it slowly. */
#define MEMORY_BYTES ((size_t)64 << 20)

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

/* False: then it goes to disk. */
static bool take_memory(server_body *body) {
  size_t n = (size_t)body->n_expected;
  if (body->n_expected == 0 || body->n_expected > SMALL_BYTES)
    return false;
  if (atomic_fetch_add(body->taken, n) + n <= MEMORY_BYTES)
    body->memory = base_alloc(n);
  if (body->memory == NULL)
    atomic_fetch_sub(body->taken, n);
  return body->memory != NULL;
}

bool server_body_open(server_body *body, atomic_size_t *taken, const char *state,
                      uint64_t n_expected) {
  *body = (server_body){.fd = -1, .n_expected = n_expected, .taken = taken};
  if (take_memory(body))
    return true;
  body->fd = open_unnamed(state);
  if (body->fd < 0)
    body->error = errno;
  else if (n_expected > 0)
    body->error = posix_fallocate(body->fd, 0, (off_t)n_expected);
  return body->error == 0;
}

static void write_file(server_body *body, const uint8_t *at, size_t n_bytes) {
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

void server_body_write(server_body *body, const void *bytes, size_t n_bytes) {
  if (body->memory == NULL) {
    write_file(body, bytes, n_bytes);
  } else if (n_bytes > body->n_expected - body->n_bytes) {
    body->error = EFBIG; /* libmicrohttpd ends bodies at their Content-Length: cannot be */
  } else {
    memcpy(body->memory + body->n_bytes, bytes, n_bytes);
    body->n_bytes += n_bytes;
  }
}

bool server_body_map(server_body *body) {
  if (body->map != NULL || body->n_bytes == 0)
    return body->n_bytes > 0;
  if (body->memory != NULL) {
    body->map = body->memory;
    return true;
  }
  void *map = mmap(NULL, body->n_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, body->fd, 0);
  if (map == MAP_FAILED) {
    body->error = errno;
    return false;
  }
  body->map = map;
  return true;
}

void server_body_close(server_body *body) {
  if (body->memory != NULL) {
    base_free(body->memory);
    atomic_fetch_sub(body->taken, (size_t)body->n_expected);
  } else if (body->map != NULL) {
    munmap((void *)(uintptr_t)body->map, body->n_bytes);
  }
  if (body->fd >= 0)
    close(body->fd);
  *body = (server_body){.fd = -1};
}
