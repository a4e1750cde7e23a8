/* SPDX-License-Identifier: Apache-2.0 */
/* The service as a whole: built from the stores upwards, taken down the other way. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "server/service.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/compute/job_recovery.h"
#include "server/compute/key_recovery.h"
#include "server/http/http.h"
#include "server/http/page.h"
#include "server/http/tls.h"
#include "server/store/clock.h"
#include "server/store/job_row.h"
#include "server/store/reserve.h"

#define SWEEP_S 60
#define LOOK_NS 5000000L

typedef struct running {
  server_service service; /* first: the one is the other */
  int lock_fd;
  pthread_t sweeper;
  bool sweeping;
  pthread_mutex_t lock;
  pthread_cond_t stopped;
  bool stop;
} running;

void server_service_defaults(server_options *options) {
  *options = (server_options){.address = "127.0.0.1",
                              .port = 8080,
                              .n_queue = 64,
                              .n_connections = 1024,
                              .n_connections_each = 256,
                              .weights_bytes = EXEC_WEIGHTS_BYTES,
                              .n_jobs = 100,
                              .jobs_bytes = (size_t)1 << 30,
                              .key_ttl_s = 30 * 86400,
                              .job_ttl_s = 86400,
                              .audit_bytes = (uint64_t)1 << 30,
                              .audit_file_bytes = (uint64_t)64 << 20,
                              .audit_file_s = 30 * 86400,
                              .idle_s = 60,
                              .grace_s = 20,
                              .least_bytes_s = 1024};
}

static int count_cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Two servers on one folder would each believe in a queue and counters of their own. */
static ckks_status take_folder(running *r) {
  char path[4096];
  snprintf(path, sizeof path, "%.3900s/lock", r->service.options.state);
  r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (r->lock_fd < 0)
    return base_fail(CKKS_ERROR_IO, "%s: %s", path, strerror(errno));
  if (flock(r->lock_fd, LOCK_EX | LOCK_NB) != 0)
    return base_fail(CKKS_ERROR_IO, "%s: another server uses this folder",
                     r->service.options.state);
  return CKKS_OK;
}

/* What lies in it is its owner's alone; names and sizes tell something, too. */
static void check_folder(const char *state) {
  struct stat info;
  if (stat(state, &info) == 0 && (info.st_mode & 077) != 0)
    fprintf(stderr, "blindsight: warning: %s: open to others (mode %04o): chmod 700 it\n", state,
            (unsigned)info.st_mode & 07777);
}

/* Out of date keys and jobs, and what revoked tokens left, once a minute. */
static void *sweep(void *argument) {
  running *r = argument;
  pthread_mutex_lock(&r->lock);
  while (!r->stop) {
    pthread_mutex_unlock(&r->lock);
    server_key_recovery_sweep(&r->service);
    server_job_row_sweep(&r->service);
    (void)server_reserve_fill(r->service.options.state);
    server_tls_remind(r->service.tls);
    pthread_mutex_lock(&r->lock);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SWEEP_S;
    if (!r->stop)
      pthread_cond_timedwait(&r->stopped, &r->lock, &until);
  }
  pthread_mutex_unlock(&r->lock);
  return NULL;
}

static ckks_status start(running *r) {
  server_service *s = &r->service;
  int n_workers = s->options.n_workers;
  BASE_TRY(server_database_build(&s->database, s->options.state));
  BASE_TRY(take_folder(r));
  check_folder(s->options.state);
  /* Two files at least, so that what was just closed is still there. */
  uint64_t most = s->options.audit_bytes / 2, wanted = s->options.audit_file_bytes;
  const server_audit_limits limits = {wanted < most ? wanted : most, s->options.audit_file_s,
                                      s->options.audit_bytes};
  if (!server_reserve_fill(s->options.state))
    fprintf(stderr, "blindsight: warning: %s: the disk is full: nothing is taken in\n",
            s->options.state);
  BASE_TRY(server_audit_build(&s->audit, s->options.state, &limits));
  BASE_TRY(server_usage_build(&s->usage, s->database));
  BASE_TRY(server_cache_build(&s->cache));
  server_upload_init(&s->uploads, s->options.state);
  BASE_TRY(
      server_model_set_build(&s->models, s->options.models, n_workers, s->options.weights_bytes));
  server_ceiling_fit(&s->ceiling, s->cache, s->models, &s->options);
  BASE_TRY(server_key_recovery_run(s));
  BASE_TRY(server_pool_build(&s->pool, n_workers, s->options.n_queue));
  BASE_TRY(server_job_recovery_run(s));
  if (s->options.web != NULL)
    BASE_TRY(server_page_build(&s->page, s->options.web));
  BASE_TRY(server_http_start(s));
  r->sweeping = pthread_create(&r->sweeper, NULL, sweep, r) == 0;
  return r->sweeping ? CKKS_OK
                     : base_fail(CKKS_ERROR_MEMORY, "the thread that sweeps cannot be started");
}

ckks_status server_service_build(server_service **out, const server_options *options) {
  running *r = base_alloc(sizeof *r);
  *out = NULL;
  if (r == NULL)
    return base_fail_memory(sizeof *r);
  r->service.options = *options;
  r->service.metrics.started_ms = server_clock_wall_ms();
  if (options->n_workers <= 0)
    r->service.options.n_workers = count_cores();
  r->lock_fd = -1;
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->stopped, NULL);
  ckks_status status = start(r);
  if (status != CKKS_OK) {
    server_service_free(&r->service);
    return status;
  }
  *out = &r->service;
  return CKKS_OK;
}

uint16_t server_service_port(const server_service *service) {
  return service->port;
}

ckks_status server_service_reload(server_service *service) {
  if (service->tls != NULL && server_tls_reload(service->tls) != CKKS_OK)
    fprintf(stderr, "blindsight: the certificate stays as it was: %s\n", base_last_error());
  else if (service->tls != NULL)
    fprintf(stderr, "blindsight: certificate read anew\n");
  BASE_TRY(server_model_set_reload(service->models));
  server_ceiling_fit(&service->ceiling, service->cache, service->models, &service->options);
  return CKKS_OK;
}

void server_service_drain(server_service *service, unsigned limit_s) {
  const struct timespec pause = {0, LOOK_NS};
  int64_t until = server_clock_us() + (int64_t)limit_s * 1000000;
  atomic_store(&service->draining, true);
  while (atomic_load(&service->n_requests) > 0 && server_clock_us() < until)
    nanosleep(&pause, NULL);
}

/* The pool before the daemon, which must not meet suspended connections; what they use after. */
void server_service_free(server_service *service) {
  if (service == NULL)
    return;
  running *r = (running *)service;
  atomic_store(&service->draining, true);
  server_pool_stop(service->pool);
  server_http_stop(service);
  server_pool_free(service->pool);
  if (r->sweeping) {
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->stopped);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->sweeper, NULL);
  }
  server_tls_free(service->tls);
  server_page_free(service->page);
  base_free(service->client_ca);
  server_cache_free(service->cache);
  server_model_set_free(service->models);
  server_usage_free(service->usage);
  server_audit_free(service->audit);
  server_database_free(service->database);
  if (r->lock_fd >= 0)
    close(r->lock_fd);
  pthread_cond_destroy(&r->stopped);
  pthread_mutex_destroy(&r->lock);
  base_free(r);
}
