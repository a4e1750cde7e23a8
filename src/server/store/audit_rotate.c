/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* flock */
#include "server/store/audit_rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/store/audit_chain.h"
#include "server/store/audit_file.h"

#define WANTED_TRIES 200
#define WANTED_NS 50000000L

void server_audit_rotate_wanted(char path[4096], const char *state) {
  snprintf(path, 4096, "%.3900s/rotate", state);
}

/* The service that runs has its own handle: it is asked, and looks every second. */
static ckks_status ask_service(const char *state) {
  const struct timespec pause = {0, WANTED_NS};
  char path[4096];
  server_audit_rotate_wanted(path, state);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  close(fd);
  for (int i = 0; i < WANTED_TRIES; i++) {
    if (access(path, F_OK) != 0)
      return CKKS_OK;
    nanosleep(&pause, NULL);
  }
  return base_fail(CKKS_ERROR_IO, "%s: the service does not answer; its log says why", path);
}

static ckks_status rotate_here(const char *state) {
  static const server_audit_limits none = {UINT64_MAX / 4, UINT_MAX, UINT64_MAX};
  server_audit_chain *chain = base_alloc(sizeof *chain);
  if (chain == NULL)
    return base_fail_memory(sizeof *chain);
  ckks_status status = server_audit_chain_open(chain, state, &none);
  if (status == CKKS_OK)
    status = server_audit_chain_rotate(chain);
  server_audit_chain_close(chain);
  base_free(chain);
  return status;
}

static ckks_status newest(int *number, const char *state) {
  int *list;
  size_t n;
  BASE_TRY(server_audit_file_list(&list, &n, state));
  *number = n > 0 ? list[n - 1] : 0;
  base_free(list);
  return CKKS_OK;
}

ckks_status server_audit_rotate(char closed[32], const char *state) {
  char path[4096];
  int before, after;
  snprintf(path, sizeof path, "%.3900s/lock", state);
  BASE_TRY(newest(&before, state));
  if (before == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: there is no audit log here", state);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  ckks_status status = flock(fd, LOCK_EX | LOCK_NB) == 0 ? rotate_here(state) : ask_service(state);
  close(fd);
  BASE_TRY(status);
  BASE_TRY(newest(&after, state));
  closed[0] = '\0';
  if (after > before)
    server_audit_file_name(closed, before);
  return CKKS_OK;
}
