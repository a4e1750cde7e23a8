/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs at work: a job is evaluated, stands in the audit log, and then in its row. What a crash
 * interrupts before it is in the log runs again at the next start; behind that it does not. */
#define _POSIX_C_SOURCE 200809L
#include "server/compute/job_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "server/compute/failure.h"
#include "server/compute/inference.h"
#include "server/store/clock.h"
#include "server/store/job_row.h"

static void fail_job(server_inference *in, int status, const char *code, const char *text) {
  in->status = status;
  snprintf(in->code, sizeof in->code, "%s", code);
  snprintf(in->message, sizeof in->message, "%s", text);
}

/* What was computed cannot be given out: it costs the client nothing. */
static void drop_result(server_inference *in, const server_job *j, ckks_status status) {
  char path[4096];
  in->status = server_failure_translate(in->code, in->message, status);
  server_job_row_path(path, j->service, j->id, "out");
  unlink(path);
  server_inference_give_back(in);
  in->n_result = 0;
}

static void compute(server_inference *in, const server_job *j) {
  char path[4096];
  uint8_t *sample;
  server_job_row_path(path, j->service, j->id, "in");
  ckks_status status = base_file_read(&sample, &in->n_sample, path, j->service->ceiling.body_bytes);
  if (status != CKKS_OK) {
    in->status = server_failure_translate(in->code, in->message, status);
    return;
  }
  in->sample = sample;
  server_inference_run(in);
  base_free(sample);
  if (in->status != 200)
    return;
  server_job_row_path(path, j->service, j->id, "out");
  status = base_file_write(path, in->result, in->n_result, 0600);
  base_free(in->result);
  if (status != CKKS_OK)
    drop_result(in, j, status);
}

/* The evaluation has a line of its own in the audit log: the request that made the job said 202
 * before any row was evaluated. What cannot be logged is not given out. */
static void note(const server_job *j, server_inference *in, int64_t us) {
  server_audit_record record = {.time_ms = server_clock_wall_ms(),
                                .method = "JOB",
                                .path = "/v2/jobs/{job}",
                                .us = (uint64_t)us,
                                .predictions = in->n_counted,
                                .bytes_in = in->n_sample,
                                .bytes_out = in->n_result,
                                .status = in->status};
  memcpy(record.token, j->token, sizeof record.token);
  memcpy(record.model, j->model, sizeof record.model);
  memcpy(record.version, j->version, sizeof record.version);
  memcpy(record.key, j->key, sizeof record.key);
  memcpy(record.job, j->id, sizeof record.job);
  memcpy(record.code, in->code, sizeof record.code);
  ckks_status status = server_audit_write(j->service->audit, &record);
  if (status == CKKS_OK)
    return;
  drop_result(in, j, status);
  record.status = in->status;
  record.predictions = record.bytes_out = 0;
  memcpy(record.code, in->code, sizeof record.code);
  server_audit_add(j->service->audit, &record);
}

static void run_job(void *context, int worker) {
  server_job *j = context;
  char path[4096];
  server_inference in = {.service = j->service,
                         .token = j->token,
                         .key = j->key,
                         .worker = worker,
                         .predictions_per_day = j->predictions_per_day};
  int64_t started = server_clock_us();
  in.model = server_model_set_find(j->service->models, j->model, j->version);
  if (in.model == NULL)
    fail_job(&in, 404, "model", "the model is not served any more");
  else
    compute(&in, j);
  server_model_release(in.model);
  note(j, &in, server_clock_us() - started);
  if (server_job_row_end(j->service, j->id, in.status, in.code, in.message, (int64_t)in.n_counted,
                         (int64_t)in.n_result) == CKKS_OK) {
    server_job_row_path(path, j->service, j->id, "in");
    unlink(path);
  } /* else the next start reads its line */
  base_free(j);
}

/* Its row stays, and queues it at the next start. */
static void drop_job(void *context) {
  base_free(context);
}

void server_job_run_queue(server_job *j) {
  j->task = (server_task){.run = run_job, .drop = drop_job, .context = j};
  server_pool_add_background(j->service->pool, &j->task);
}
