/* SPDX-License-Identifier: Apache-2.0 */
/* The rate that the cores would have if a service were nothing but evaluation. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "exec/exec.h"
#include "load.h"

typedef struct pure {
  const load *load;
  load_client *clients;
  exec_engine *engine;
  ckks_evaluation_keys *keys[LOAD_MAX_CLIENTS];
  double until;
} pure;

typedef struct loop {
  pure *pure;
  pthread_t thread;
  int number;
  double spent_s;
  long n;
} loop;

/* The thread's own time: what others take of the core meanwhile is not counted. */
static double thread_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void evaluate(loop *self, exec_session *session, const load_client *client) {
  uint8_t *result;
  size_t n_result;
  double start = thread_now();
  if (exec_infer(&result, &n_result, client->sample, client->n_sample, "sample", session) !=
      CKKS_OK)
    load_fail("pure evaluation");
  self->spent_s += thread_now() - start;
  base_free(result);
}

/* The server's workers meet another client's keys each time, too. */
static void *run(void *argument) {
  loop *self = argument;
  pure *p = self->pure;
  exec_session *session;
  if (exec_session_build(&session, p->engine, p->keys[0]) != CKKS_OK)
    load_fail("pure evaluation");
  for (int i = self->number; load_now() < p->until || self->n == 0; i++) {
    int client = i % p->load->n_clients;
    if (exec_session_use(session, p->keys[client]) != CKKS_OK)
      load_fail("pure evaluation");
    evaluate(self, session, &p->clients[client]);
    self->n++;
  }
  exec_session_free(session);
  return NULL;
}

static double run_loops(pure *p) {
  int n = p->load->n_workers;
  loop *loops = calloc((size_t)n, sizeof *loops);
  double spent_s = 0, n_done = 0;
  if (loops == NULL)
    load_fail("memory");
  for (int i = 0; i < n; i++) {
    loops[i] = (loop){.pure = p, .number = i};
    if (pthread_create(&loops[i].thread, NULL, run, &loops[i]) != 0)
      load_fail("threads");
  }
  for (int i = 0; i < n; i++) {
    pthread_join(loops[i].thread, NULL);
    spent_s += loops[i].spent_s;
    n_done += (double)loops[i].n;
  }
  free(loops);
  return spent_s / n_done;
}

double load_pure_measure(load_client *clients, const load *l, double seconds) {
  pure p = {.load = l, .clients = clients};
  plan_plan plan;
  if (plan_files_server_read(&plan, l->server_file) != CKKS_OK ||
      exec_engine_build(&p.engine, &plan, EXEC_WEIGHTS_BYTES) != CKKS_OK)
    load_fail(l->server_file);
  for (int i = 0; i < l->n_clients; i++)
    if (exec_keys_read(&p.keys[i], clients[i].keys, clients[i].n_keys, "keys", p.engine, NULL) !=
        CKKS_OK)
      load_fail("keys");
  p.until = load_now() + seconds;
  double out = run_loops(&p);
  for (int i = 0; i < l->n_clients; i++)
    ckks_evaluation_keys_free(p.keys[i]);
  exec_engine_free(p.engine);
  plan_clear(&plan);
  return out;
}
