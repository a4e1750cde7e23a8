/* SPDX-License-Identifier: Apache-2.0 */
/* Where the cores' time went, as Linux counts it. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

static double seconds_of(struct timeval t) {
  return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* user, nice and system time of the cores that are ours; interrupts stay with the service, whose
 * network most of them are. */
static void look_at_cores(load_cores *out, double tick) {
  cpu_set_t set;
  char line[512];
  FILE *file = fopen("/proc/stat", "r");
  if (file == NULL || sched_getaffinity(0, sizeof set, &set) != 0)
    load_fail("/proc/stat");
  while (fgets(line, sizeof line, file) != NULL) {
    unsigned cpu;
    double user, nice, system, stolen;
    if (sscanf(line, "cpu%u %lf %lf %lf %*f %*f %*f %*f %lf", &cpu, &user, &nice, &system,
               &stolen) != 5 ||
        !CPU_ISSET(cpu, &set))
      continue;
    out->n++;
    out->busy += tick * (user + nice + system);
    out->stolen += tick * stolen;
  }
  fclose(file);
}

static void look_at_server(load_cores *out, const load *l, double tick) {
  char path[64], text[1024];
  double user = 0, system = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", l->pid);
  FILE *file = l->pid > 0 ? fopen(path, "r") : NULL;
  if (file == NULL)
    return;
  size_t n = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[n] = '\0';
  const char *end = strrchr(text, ')'); /* of the name, which may hold anything */
  if (end != NULL)
    (void)sscanf(end, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lf %lf", &user, &system);
  out->server = tick * (user + system);
}

load_cores load_cores_look(const load *l) {
  load_cores out = {.at = load_now()};
  struct rusage own;
  double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
  getrusage(RUSAGE_SELF, &own);
  out.own = seconds_of(own.ru_utime) + seconds_of(own.ru_stime);
  look_at_cores(&out, tick);
  look_at_server(&out, l, tick);
  return out;
}

double load_cores_memory(const load *l) {
  char path[64], line[256];
  double kilobytes = 0;
  snprintf(path, sizeof path, "/proc/%d/status", l->pid);
  FILE *file = l->pid > 0 ? fopen(path, "r") : NULL;
  if (file == NULL)
    return 0;
  while (fgets(line, sizeof line, file) != NULL && sscanf(line, "VmRSS: %lf", &kilobytes) != 1) {
  }
  fclose(file);
  return 1024 * kilobytes;
}
