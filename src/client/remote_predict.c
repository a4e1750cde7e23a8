/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many rows: a crew of threads takes request after request, each over a connection of its own, so
 * that a server with several workers has something for each of them while samples travel. The
 * caller's thread only looks on: it shows the progress, and stops the others when it must.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "client/client.h"
#include "client/http_link.h"
#include "client/remote.h"
#include "wire/sample.h"

#define LOOK_NS 100000000L
/* Of a request's time, as the progress counts it: the rest is the server's. */
#define SENDING_PART 0.5

typedef struct crew {
  double *outputs;
  uint8_t *marks; /* of each row, client_mark */
  const double *rows;
  size_t n_rows, step, n_requests;
  plan_packing packing;
  bool outside; /* rows that the plan does not answer for */
  const ckks_secret_key *secret;
  atomic_size_t next, n_done; /* requests */
  atomic_bool stop;
  _Atomic(const char *) stage;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int n_busy;
  ckks_status status; /* the first error, and its words */
  char message[512];
} crew;

typedef struct worker {
  crew *crew;
  client_remote remote; /* the caller's, but for the connection */
  pthread_t thread;
  atomic_int sent; /* of the present request, per mille */
} worker;

/* --- one request */

/* Encrypts, sends, decrypts; the result must be of as many rows as the sample. */
static ckks_status predict_some(crew *c, size_t row, size_t n_rows, client_remote *remote) {
  const plan_interface *interface = &remote->interface;
  const double *rows = c->rows + row * interface->n_features;
  uint8_t *sample = NULL, *result = NULL, *marks = NULL;
  double *values = NULL;
  size_t n_sample, n_result, n = 0, n_outside, n_outputs = interface->n_outputs;
  ckks_status status = client_encrypt(&sample, &n_sample, rows, n_rows, c->packing,
                                      c->outside ? &n_outside : NULL, c->secret, interface);
  if (status == CKKS_OK)
    status = client_remote_infer(&result, &n_result, sample, n_sample, c->packing, n_rows, remote);
  if (status == CKKS_OK)
    status = client_decrypt_marked(&values, &marks, &n, result, n_result, "result", c->secret,
                                   interface);
  if (status == CKKS_OK && n != n_rows)
    status = base_fail(CKKS_ERROR_FORMAT, "result: %zu rows where %zu were sent", n, n_rows);
  if (status == CKKS_OK) {
    memcpy(c->outputs + row * n_outputs, values, n * n_outputs * sizeof *values);
    memcpy(c->marks + row, marks, n);
  }
  if (values != NULL)
    base_wipe(values, n * n_outputs * sizeof *values);
  base_free(values);
  base_free(marks);
  base_free(sample);
  base_free(result);
  return status;
}

/* --- the crew's threads */

static int note_progress(void *context, const char *stage, double fraction) {
  worker *w = context;
  atomic_store(&w->crew->stage, stage);
  if (fraction > 0)
    atomic_store(&w->sent, (int)(1000 * fraction));
  return atomic_load(&w->crew->stop);
}

static ckks_status predict_request(worker *w, size_t request) {
  crew *c = w->crew;
  size_t row = request * c->step, left = c->n_rows - row;
  return predict_some(c, row, left < c->step ? left : c->step, &w->remote);
}

/* The first error is told; others only follow from its stopping them. */
static void keep_error(crew *c, ckks_status status) {
  pthread_mutex_lock(&c->lock);
  if (c->status == CKKS_OK) {
    c->status = status;
    snprintf(c->message, sizeof c->message, "%s", base_last_error());
  }
  pthread_mutex_unlock(&c->lock);
  atomic_store(&c->stop, true);
}

static void *work(void *argument) {
  worker *w = argument;
  crew *c = w->crew;
  size_t request;
  while (!atomic_load(&c->stop) && (request = atomic_fetch_add(&c->next, 1)) < c->n_requests) {
    ckks_status status = predict_request(w, request);
    if (status != CKKS_OK)
      keep_error(c, status);
    atomic_store(&w->sent, 0);
    atomic_fetch_add(&c->n_done, 1);
  }
  pthread_mutex_lock(&c->lock);
  c->n_busy--;
  pthread_cond_signal(&c->changed);
  pthread_mutex_unlock(&c->lock);
  return NULL;
}

/* --- the caller's thread */

static ckks_status show(crew *c, const worker *workers, int n, const client_http_options *shown) {
  double done = (double)atomic_load(&c->n_done);
  for (int i = 0; i < n; i++)
    done += SENDING_PART * atomic_load(&workers[i].sent) / 1000;
  if (shown->progress == NULL ||
      shown->progress(shown->context, atomic_load(&c->stage), done / (double)c->n_requests) == 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_CANCELLED, "stopped on request");
}

/* Ten times a second, and when somebody is at the end. */
static void watch(crew *c, const worker *workers, int n, const client_http_options *shown) {
  pthread_mutex_lock(&c->lock);
  while (c->n_busy > 0) {
    pthread_mutex_unlock(&c->lock);
    ckks_status status = atomic_load(&c->stop) ? CKKS_OK : show(c, workers, n, shown);
    if (status != CKKS_OK)
      keep_error(c, status);
    pthread_mutex_lock(&c->lock);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (c->n_busy > 0)
      pthread_cond_timedwait(&c->changed, &c->lock, &until);
  }
  pthread_mutex_unlock(&c->lock);
}

/* The first has the caller's connection, which is open already. */
static ckks_status start_workers(int *n_started, worker *workers, int n, crew *c,
                                 const client_remote *remote) {
  for (int i = 0; i < n; i++) {
    worker *w = &workers[i];
    *w = (worker){.crew = c, .remote = *remote};
    if (i > 0)
      BASE_TRY(client_http_build_another(&w->remote.http, remote->http, note_progress, w));
    else
      client_http_show_to(remote->http, note_progress, w);
    pthread_mutex_lock(&c->lock);
    bool started = pthread_create(&w->thread, NULL, work, w) == 0;
    c->n_busy += started;
    pthread_mutex_unlock(&c->lock);
    if (!started) {
      if (i > 0)
        client_http_free(w->remote.http);
      return base_fail(CKKS_ERROR_MEMORY, "only %d of %d threads could be started", i, n);
    }
    *n_started = i + 1;
  }
  return CKKS_OK;
}

static ckks_status run(crew *c, worker *workers, int n, client_remote *remote) {
  const client_http_options shown = remote->http->options;
  int n_started = 0;
  ckks_status status = show(c, workers, 0, &shown); /* whoever wants to stop it is heard */
  if (status == CKKS_OK)
    status = start_workers(&n_started, workers, n, c, remote);
  if (status != CKKS_OK)
    keep_error(c, status);
  watch(c, workers, n_started, &shown);
  for (int i = 0; i < n_started; i++) {
    pthread_join(workers[i].thread, NULL);
    if (i > 0)
      client_http_free(workers[i].remote.http);
  }
  client_http_show_to(remote->http, shown.progress, shown.context);
  return c->status == CKKS_OK ? CKKS_OK : base_fail(c->status, "%s", c->message);
}

/* All requests of c, whose rows, packing and key are set. */
static ckks_status run_crew(crew *c, client_remote *remote) {
  size_t step = plan_pack_rows(&remote->interface, c->packing);
  if (c->n_rows == 0)
    return CKKS_OK;
  c->stage = "predicting";
  c->step = step < WIRE_MAX_ROWS ? step : WIRE_MAX_ROWS;
  c->n_requests = (c->n_rows + c->step - 1) / c->step;
  size_t n = remote->n_parallel < c->n_requests ? remote->n_parallel : c->n_requests;
  worker *workers = base_alloc_array(n, sizeof *workers);
  if (workers == NULL)
    return base_fail_memory(n * sizeof *workers);
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->changed, NULL);
  ckks_status status = run(c, workers, (int)n, remote);
  pthread_cond_destroy(&c->changed);
  pthread_mutex_destroy(&c->lock);
  base_free(workers);
  return status;
}

/* --- rows that share a fate */

typedef struct part {
  size_t n, *number; /* of each, in the whole */
  double *rows, *outputs;
  uint8_t *marks;
} part;

static ckks_status part_build(part *p, size_t n, const plan_interface *interface) {
  *p = (part){.n = n};
  p->number = base_alloc_array(n + 1, sizeof *p->number);
  p->rows = base_alloc_array(n + 1, interface->n_features * sizeof *p->rows);
  p->outputs = base_alloc_array(n + 1, interface->n_outputs * sizeof *p->outputs);
  p->marks = base_alloc_array(n + 1, sizeof *p->marks);
  return p->number && p->rows && p->outputs && p->marks
             ? CKKS_OK
             : base_fail_memory((n + 1) * interface->n_features * sizeof *p->rows);
}

static void part_clear(part *p, const plan_interface *interface) {
  if (p->rows != NULL)
    base_wipe(p->rows, p->n * interface->n_features * sizeof *p->rows);
  if (p->outputs != NULL)
    base_wipe(p->outputs, p->n * interface->n_outputs * sizeof *p->outputs);
  base_free(p->number);
  base_free(p->rows);
  base_free(p->outputs);
  base_free(p->marks);
}

static ckks_status part_run(part *p, plan_packing packing, bool outside,
                            const ckks_secret_key *secret, client_remote *remote) {
  crew c = {.outputs = p->outputs,
            .marks = p->marks,
            .rows = p->rows,
            .n_rows = p->n,
            .packing = packing,
            .outside = outside,
            .secret = secret};
  return run_crew(&c, remote);
}

/* A row of a part whose answer is final. */
static void give_row(double *outputs, client_rows *sorted, const part *p, size_t i,
                     size_t n_outputs) {
  size_t row = p->number[i];
  memcpy(outputs + row * n_outputs, p->outputs + i * n_outputs, n_outputs * sizeof *outputs);
  if (p->marks[i] != CLIENT_MARK_NONE)
    sorted->state[row] =
        p->marks[i] == CLIENT_MARK_SPOILT ? CLIENT_ROWS_SPOILT : CLIENT_ROWS_BEYOND;
}

/* Rows whose batch was spoilt by another are right, or wrong, by themselves. */
static ckks_status repeat_spoilt(double *outputs, client_rows *sorted, const part *batch,
                                 const ckks_secret_key *secret, client_remote *remote) {
  const plan_interface *interface = &remote->interface;
  bool can_repeat = interface->layout[PLAN_LATENCY].available;
  size_t n = 0, n_features = interface->n_features;
  part again;
  for (size_t i = 0; i < batch->n; i++)
    n += can_repeat && batch->marks[i] == CLIENT_MARK_SPOILT;
  ckks_status status = part_build(&again, n, interface);
  for (size_t i = 0, k = 0; i < batch->n && status == CKKS_OK; i++) {
    if (!can_repeat || batch->marks[i] != CLIENT_MARK_SPOILT) {
      give_row(outputs, sorted, batch, i, interface->n_outputs);
      continue;
    }
    memcpy(again.rows + k * n_features, batch->rows + i * n_features,
           n_features * sizeof *again.rows);
    again.number[k++] = batch->number[i];
  }
  if (status == CKKS_OK)
    status = part_run(&again, PLAN_LATENCY, false, secret, remote);
  for (size_t i = 0; i < n && status == CKKS_OK; i++)
    give_row(outputs, sorted, &again, i, interface->n_outputs);
  part_clear(&again, interface);
  return status;
}

/* Those that go alone are outside the box. */
static ckks_status predict_part(double *outputs, client_rows *sorted, bool alone,
                                plan_packing packing, const ckks_secret_key *secret,
                                client_remote *remote) {
  const plan_interface *interface = &remote->interface;
  size_t n = alone ? sorted->n_alone : sorted->n_shared;
  part p;
  ckks_status status = part_build(&p, n, interface);
  if (status == CKKS_OK) {
    memcpy(p.number, alone ? sorted->alone : sorted->shared, n * sizeof *p.number);
    memcpy(p.rows, alone ? sorted->alone_value : sorted->shared_value,
           n * interface->n_features * sizeof *p.rows);
    status = part_run(&p, alone ? PLAN_LATENCY : packing, alone, secret, remote);
  }
  if (status == CKKS_OK)
    status = repeat_spoilt(outputs, sorted, &p, secret, remote);
  part_clear(&p, interface);
  return status;
}

ckks_status client_remote_predict_rows(double *outputs, client_rows *sorted, plan_packing packing,
                                       const ckks_secret_key *secret, client_remote *remote) {
  size_t n_values = sorted->n_rows * remote->interface.n_outputs;
  if (remote->n_parallel < 1 || remote->n_parallel > CLIENT_REMOTE_MOST_PARALLEL)
    return base_fail(CKKS_ERROR_ARGUMENT, "%u requests at a time: must be 1 to %d",
                     remote->n_parallel, CLIENT_REMOTE_MOST_PARALLEL);
  for (size_t i = 0; i < n_values; i++)
    outputs[i] = (double)NAN;
  ckks_status status = predict_part(outputs, sorted, false, packing, secret, remote);
  if (status == CKKS_OK)
    status = predict_part(outputs, sorted, true, packing, secret, remote);
  if (status != CKKS_OK)
    base_wipe(outputs, n_values * sizeof *outputs);
  return status;
}

ckks_status client_remote_predict(double *outputs, const double *rows, size_t n_rows,
                                  plan_packing packing, const ckks_secret_key *secret,
                                  client_remote *remote) {
  client_rows sorted;
  ckks_status status =
      client_rows_sort(&sorted, rows, n_rows, CLIENT_ROWS_REFUSE, &remote->interface);
  if (status == CKKS_OK)
    status = client_remote_predict_rows(outputs, &sorted, packing, secret, remote);
  client_rows_clear(&sorted);
  return status;
}
