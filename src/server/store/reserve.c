/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_fallocate keeps its promise on every file system */
#include "server/store/reserve.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOST_BYTES ((uint64_t)8 << 20)
#define LEAST_BYTES ((uint64_t)64 << 10)
#define SHARE 16
/* Spent, it is made again only when there is room for this beside it: else the next upload would
 * take the room, and the reserve would come and go. */
#define ROOM 4

/* One state folder a process. The path is kept for whoever meets the full disk: deep in a
 * statement, far from anybody who knows the folder. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char path[4096];
static bool there, spent;

/* Held: the lock. */
static bool make(void) {
  struct statvfs disk;
  struct stat info;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return false;
  bool good = fstat(fd, &info) == 0 && fstatvfs(fd, &disk) == 0;
  uint64_t space = good ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
  uint64_t n = space / SHARE < MOST_BYTES ? space / SHARE : MOST_BYTES;
  if (good && (uint64_t)info.st_size >= LEAST_BYTES && !spent)
    n = 0; /* that of a former start */
  else
    good = n >= LEAST_BYTES && space >= ROOM * n && posix_fallocate(fd, 0, (off_t)n) == 0;
  if (!good)
    (void)!ftruncate(fd, 0);
  close(fd);
  return good;
}

bool server_reserve_fill(const char *state) {
  pthread_mutex_lock(&lock);
  char wanted[sizeof path];
  snprintf(wanted, sizeof wanted, "%.3900s/reserve", state);
  if (strcmp(wanted, path) != 0) { /* the first time, or another service of this process */
    memcpy(path, wanted, sizeof path);
    there = spent = false;
  }
  if (!there) {
    there = make();
    spent = !there;
  }
  bool good = there;
  pthread_mutex_unlock(&lock);
  return good;
}

bool server_reserve_spend(void) {
  pthread_mutex_lock(&lock);
  bool given = there && truncate(path, 0) == 0;
  spent = spent || there;
  there = false;
  pthread_mutex_unlock(&lock);
  return given;
}

bool server_reserve_is_spent(void) {
  pthread_mutex_lock(&lock);
  bool is = spent;
  pthread_mutex_unlock(&lock);
  return is;
}
