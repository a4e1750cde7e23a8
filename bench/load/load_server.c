/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Load on a running service: N clients with keys of their own, each on a connection of its own,
 * ask as fast as they are answered.
 *
 *   load_server --port PORT --client FILE --token TOKEN [--clients 8] [--seconds 5]
 *     [--requests N] [--rows 1] [--pid PID --server FILE --workers N]
 *
 * Prints requests a second and latencies; with the last three also what share that is of the
 * pure evaluation rate of the cores (docs/operations.md has the definition) and the server's
 * memory after the first quarter and at the end. Ends with 1 when anything but 200 and 503 was
 * answered, or a result was wrong.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "load.h"

#define LOOK_US 20000
#define PURE_S 3.0
#define MOST_TIMES_LONGER 4 /* than asked for, until enough requests were answered */

double load_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

_Noreturn void load_fail(const char *what) {
  fprintf(stderr, "load_server: %s: %s\n", what, ckks_last_error());
  exit(2);
}

/* --- the load */

typedef struct memory {
  double quarter, most, end; /* bytes: after the first quarter of the time, from then on */
} memory;

static void watch_memory(memory *m, const load *l, double part) {
  m->end = load_cores_memory(l);
  if (part < 0.25)
    m->quarter = m->most = m->end;
  else if (m->end > m->most)
    m->most = m->end;
}

/* Until both the time is over and the requests are answered. */
static void run(memory *m, load_client *clients, load *l) {
  double start = load_now(), took = 0;
  for (int i = 0; i < l->n_clients; i++)
    if (pthread_create(&clients[i].thread, NULL, load_client_ask, &clients[i]) != 0)
      load_fail("threads");
  while (took < l->seconds ||
         (l->n_done < l->n_requests && took < MOST_TIMES_LONGER * l->seconds)) {
    usleep(LOOK_US);
    took = load_now() - start;
    watch_memory(m, l, took / l->seconds);
  }
  atomic_store(&l->stop, true);
  for (int i = 0; i < l->n_clients; i++)
    pthread_join(clients[i].thread, NULL);
}

/* --- what is told */

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void report_load(load *l, double seconds) {
  long n = l->n_done < LOAD_MAX_TIMES ? l->n_done : LOAD_MAX_TIMES;
  qsort(l->times, (size_t)n, sizeof *l->times, compare);
  printf("answered %ld, refused with 503 %ld, wrong %ld\n", (long)l->n_done, (long)l->n_busy,
         (long)l->n_wrong);
  if (n == 0)
    return;
  printf("rate %.1f rows a second, in requests of %zu\n",
         (double)l->n_done * (double)l->n_rows / seconds, l->n_rows);
  printf("latency ms: p50 %.2f p95 %.2f p99 %.2f max %.2f\n", 1e3 * l->times[n / 2],
         1e3 * l->times[n * 95 / 100], 1e3 * l->times[n * 99 / 100], 1e3 * l->times[n - 1]);
}

/* What the cores had left for the service, and what pure evaluation would have made of it. */
static void report_share(const load *l, load_cores before, load_cores after, double pure_s) {
  double seconds = after.at - before.at, all = seconds * after.n;
  double own = after.own - before.own, server = after.server - before.server;
  double others = after.busy - before.busy - own - server, stolen = after.stolen - before.stolen;
  others = others > 0 ? others : 0;
  double left = all - own - others - stolen, most = seconds * l->n_workers;
  left = left < most ? left : most;
  printf("evaluation %.3f ms a request, %.1f requests a second in %.1f s of cores\n", 1e3 * pure_s,
         left / pure_s / seconds, left);
  printf("cores: %d for %.1f s; load %.1f s, other programs %.1f s, stolen %.1f s; left %.1f s; "
         "server %.1f s\n",
         after.n, seconds, own, others, stolen, left, server);
  printf("server: %.3f ms a request, of all cores %.3f ms\n", 1e3 * server / (double)l->n_done,
         1e3 * left / (double)l->n_done);
  printf("share of the pure evaluation rate: %.3f\n", (double)l->n_done * pure_s / left);
}

static void measure(load_client *clients, load *l) {
  bool shares = l->pid > 0 && l->server_file != NULL;
  double pure_s = 0;
  memory m = {0};
  if (shares)
    pure_s = load_pure_measure(clients, l, PURE_S);
  load_cores before = load_cores_look(l);
  run(&m, clients, l);
  load_cores after = load_cores_look(l);
  report_load(l, after.at - before.at);
  if (!shares || l->n_done == 0)
    return;
  pure_s = (pure_s + load_pure_measure(clients, l, PURE_S)) / 2;
  report_share(l, before, after, pure_s);
  printf("memory of the server %.1f MB, at most %.1f MB; since the first quarter %+.0f kB\n",
         m.end / 1e6, m.most / 1e6, (m.end - m.quarter) / 1024);
}

/* --- the command line */

static void usage(void) {
  fprintf(
      stderr,
      "usage: load_server --port PORT --client FILE --token TOKEN [--clients N]\n"
      "         [--seconds S] [--requests N] [--rows N] [--pid PID --server FILE --workers N]\n");
  exit(2);
}

static void parse(load *l, int argc, char **argv) {
  for (int i = 1; i < argc; i += 2) {
    const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (value == NULL)
      usage();
    if (strcmp(name, "--port") == 0)
      l->port = atoi(value);
    else if (strcmp(name, "--client") == 0)
      l->client_file = value;
    else if (strcmp(name, "--token") == 0)
      l->token = value;
    else if (strcmp(name, "--clients") == 0)
      l->n_clients = atoi(value);
    else if (strcmp(name, "--seconds") == 0)
      l->seconds = atof(value);
    else if (strcmp(name, "--requests") == 0)
      l->n_requests = atol(value);
    else if (strcmp(name, "--rows") == 0)
      l->n_rows = (size_t)atol(value);
    else if (strcmp(name, "--pid") == 0)
      l->pid = atoi(value);
    else if (strcmp(name, "--server") == 0)
      l->server_file = value;
    else if (strcmp(name, "--workers") == 0)
      l->n_workers = atoi(value);
    else
      usage();
  }
  if (l->port <= 0 || l->client_file == NULL || l->token == NULL || l->n_clients < 1 ||
      l->n_clients > LOAD_MAX_CLIENTS || l->n_workers < 1 || l->n_rows < 1)
    usage();
}

/* The model has the name of its file. */
static void read_model(load *l) {
  const char *slash = strrchr(l->client_file, '/');
  const char *file = slash != NULL ? slash + 1 : l->client_file;
  snprintf(l->model, sizeof l->model, "%.*s", (int)strcspn(file, "."), file);
  if (plan_files_client_read(&l->interface, l->client_file) != CKKS_OK)
    load_fail(l->client_file);
  l->packing = plan_pack_choose(&l->interface, l->n_rows);
}

static void clear(load_client *c) {
  ckks_secret_key_free(c->secret);
  base_free(c->keys);
  base_free(c->sample);
  free(c->answer);
}

int main(int argc, char **argv) {
  static load l = {.n_clients = 8, .n_workers = 1, .n_rows = 1, .seconds = 5};
  static load_client clients[LOAD_MAX_CLIENTS];
  parse(&l, argc, argv);
  read_model(&l);
  l.times = calloc(LOAD_MAX_TIMES, sizeof *l.times);
  if (l.times == NULL)
    load_fail("memory");
  for (int i = 0; i < l.n_clients; i++) {
    clients[i].load = &l;
    load_client_prepare(&clients[i]);
  }
  measure(clients, &l);
  for (int i = 0; i < l.n_clients; i++)
    clear(&clients[i]);
  plan_interface_clear(&l.interface);
  plan_interface_clear(&l.interface);
  free(l.times);
  return l.n_wrong > 0;
}
