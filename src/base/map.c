/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* MAP_POPULATE, where there is one */
#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif

static ckks_status fail_system(const char *path) {
  return base_fail(CKKS_ERROR_IO, "%s: cannot read: %s", path, strerror(errno));
}

/* Asked of the open file, not of the name: nobody can exchange the two. */
static ckks_status check_file(size_t *n_bytes, int fd, const char *path, size_t limit_bytes) {
  struct stat info;
  if (fstat(fd, &info) != 0)
    return fail_system(path);
  if (!S_ISREG(info.st_mode))
    return base_fail(CKKS_ERROR_IO, "%s: cannot read: not a regular file", path);
  if ((info.st_mode & 077) != 0)
    return base_fail(CKKS_ERROR_IO,
                     "%s: group or others can read this secret file (mode %03o): make it 600 "
                     "(chmod 600)",
                     path, (unsigned)info.st_mode & 0777);
  if (info.st_size == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty file", path);
  if ((uintmax_t)info.st_size > limit_bytes)
    return base_fail(CKKS_ERROR_FORMAT, "%s: larger than the limit of %zu bytes", path,
                     limit_bytes);
  *n_bytes = (size_t)info.st_size;
  return CKKS_OK;
}

ckks_status base_map_open(base_map *out, const char *path, size_t limit_bytes) {
  size_t n_bytes = 0;
  *out = (base_map){0};
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return fail_system(path);
  ckks_status status = check_file(&n_bytes, fd, path, limit_bytes);
  if (status == CKKS_OK) {
    void *bytes = mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes != MAP_FAILED)
      *out = (base_map){bytes, n_bytes};
    else
      status = fail_system(path);
  }
  close(fd);
  return status;
}

void base_map_close(base_map *map) {
  if (map->bytes != NULL)
    munmap(map->bytes, map->n_bytes);
  *map = (base_map){0};
}
