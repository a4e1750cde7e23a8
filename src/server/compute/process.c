/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(struct timeval t) {
  return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* The second number of /proc/self/statm, in pages. */
static uint64_t count_resident(void) {
  char text[128];
  uint64_t pages = 0;
  int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close(fd);
  text[n > 0 ? n : 0] = '\0';
  return sscanf(text, "%*u %" SCNu64, &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t count_files(void) {
  uint64_t n = 0;
  DIR *files = opendir("/proc/self/fd");
  for (const struct dirent *entry; files != NULL && (entry = readdir(files)) != NULL;)
    n += entry->d_name[0] != '.';
  if (files != NULL)
    closedir(files);
  return n > 0 ? n - 1 : 0; /* that of the list itself */
}

void server_process_look(server_process_figures *out) {
  struct rusage usage;
  struct rlimit limit;
  *out = (server_process_figures){.resident_bytes = count_resident(), .open_files = count_files()};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    out->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out->most_files = (uint64_t)limit.rlim_cur;
}
