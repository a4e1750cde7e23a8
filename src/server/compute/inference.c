/* SPDX-License-Identifier: Apache-2.0 */
#include "server/compute/inference.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "server/compute/failure.h"
#include "server/store/clock.h"
#include "server/store/key_row.h"
#include "wire/sample.h"

#define REFRESH_S 3600 /* how exactly the last use of a key is known */

static void fail(server_inference *in, int status, const char *code, const char *field,
                 const char *message) {
  in->status = status;
  snprintf(in->code, sizeof in->code, "%s", code);
  snprintf(in->message, sizeof in->message, "%s", message);
  in->field = field;
}

static void fail_status(server_inference *in, ckks_status status, const char *field) {
  in->status = server_failure_translate(in->code, in->message, status);
  in->field = field;
}

/* Whether the token has this key; writes down now and then that it is in use. */
static bool find_key(server_inference *in) {
  server_database *database = in->service->database;
  int64_t now = (int64_t)time(NULL), used = 0;
  server_database_lock(database);
  sqlite3_stmt *row = server_database_query(
      database, "SELECT used FROM keys WHERE token = ? AND id = ? AND state = 1", "ss", in->token,
      in->key);
  int found = row != NULL ? server_database_step(database, row) : -1;
  if (found > 0) {
    used = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    if (now - used > REFRESH_S)
      (void)server_database_run(database, NULL,
                                "UPDATE keys SET used = ? WHERE token = ? AND id = ?", "iss", now,
                                in->token, in->key);
  }
  server_database_unlock(database);
  if (found == 0)
    fail(in, 404, "key", "key", "there is no such key");
  else if (found < 0)
    fail_status(in, CKKS_ERROR_IO, NULL);
  return found > 0;
}

/* One session for each model and worker: registers and scratch; the keys come and go. */
static ckks_status ready_session(exec_session **out, const server_inference *in,
                                 const ckks_evaluation_keys *keys) {
  exec_session **session = &in->model->session[in->worker];
  *out = NULL;
  if (*session == NULL)
    BASE_TRY(exec_session_build(session, in->model->engine, keys));
  BASE_TRY(exec_session_use(*session, keys));
  *out = *session;
  return CKKS_OK;
}

static void evaluate(server_inference *in, const server_cache_entry *entry) {
  exec_session *session;
  int64_t started = server_clock_us();
  ckks_status status = ready_session(&session, in, server_cache_keys(entry));
  if (status == CKKS_OK)
    status = exec_infer(&in->result, &in->n_result, in->sample, in->n_sample, "sample", session);
  int64_t us = server_clock_us() - started;
  server_metrics_time(&in->service->metrics, SERVER_STAGE_EVALUATE, us);
  atomic_fetch_add(&in->model->n_requests, 1);
  atomic_fetch_add(&in->model->evaluate_us, (uint64_t)us);
  if (status != CKKS_OK)
    fail_status(in, status, "sample");
}

static void run_with_keys(server_inference *in) {
  server_service *service = in->service;
  server_cache_entry *entry;
  char path[4096];
  int64_t started = server_clock_us();
  server_key_row_path(path, service, in->token, in->key);
  ckks_status status =
      server_cache_get(&entry, service->cache, in->token, in->key, path, in->model);
  server_metrics_time(&service->metrics, SERVER_STAGE_KEYS, server_clock_us() - started);
  if (status != CKKS_OK) {
    if (find_key(in)) /* else it was deleted meanwhile */
      fail_status(in, status, "key");
    return;
  }
  evaluate(in, entry);
  server_cache_release(service->cache, entry);
}

void server_inference_give_back(server_inference *in) {
  server_usage_return(in->service->usage, in->token, in->n_counted);
  in->n_counted = 0;
}

static void refuse_budget(server_inference *in) {
  const plan_interface *interface = &in->model->plan.interface;
  char text[300], why[160] = "";
  if (wire_head_peek_packing(in->sample, in->n_sample) == PLAN_THROUGHPUT)
    snprintf(why, sizeof why, " (a batch counts for the next power of two of its rows)");
  else if (plan_pack_counted(interface) > 1)
    snprintf(
        why, sizeof why, " (%zu for each row, whose answer carries %zu numbers for %zu outputs)",
        plan_pack_counted(interface), interface->layout[PLAN_LATENCY].period, interface->n_outputs);
  snprintf(text, sizeof text,
           "it counts for %zu predictions, and fewer of this token's %" PRIu64 " a day are left%s",
           in->n_counted, in->predictions_per_day, why);
  fail(in, 429, "predictions", NULL, text);
}

void server_inference_run(server_inference *in) {
  server_service *service = in->service;
  bool granted;
  in->status = 200;
  if (!find_key(in))
    return;
  in->n_counted = wire_head_peek_predictions(in->sample, in->n_sample, &in->model->plan.interface);
  /* Taken before it runs: parallel requests cannot share the last one. */
  ckks_status status = server_usage_take(&granted, service->usage, in->token, in->n_counted,
                                         in->predictions_per_day);
  if (status != CKKS_OK) {
    fail_status(in, status, NULL);
  } else if (!granted) {
    refuse_budget(in);
    in->n_counted = 0;
    return;
  } else {
    run_with_keys(in);
  }
  if (in->status == 200) {
    atomic_fetch_add(&service->metrics.predictions, in->n_counted);
    atomic_fetch_add(&in->model->n_predictions, in->n_counted);
  } else {
    if (granted)
      server_inference_give_back(in);
    in->n_counted = 0;
  }
}
