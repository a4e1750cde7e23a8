/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A sample's way to its result: the answer to the request, or a job. A job is the server's
 * promise (202): it is on disk there, so a connection that breaks, or a server that restarts,
 * costs a wait and no second upload.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/remote.h"
#include "rand/rand.h"
#include "wire/sample.h"

#define RESULT_SLACK_BYTES ((size_t)65536)
#define MAX_TEXT_BYTES ((size_t)65536)
/* The first looks come soon, for a job that is short; the later ones as the server says. */
#define FIRST_PAUSE_S 0.1
#define LONGEST_PAUSE_S 8.0
#define SENDING "sending the rows"
#define WAITING "waiting for the result"

typedef struct inference {
  client_remote *remote;
  const uint8_t *sample;
  size_t n_sample, max_result_bytes;
  bool batch, job;
  char key[96];      /* the header that names the evaluation keys: proxies go by it, too */
  char name[96];     /* the header by which a server knows the same question again */
  char job_path[96]; /* "" until there is one */
} inference;

/* What the plan announces for these rows, and a little: more is refused unread. */
static size_t result_limit(const plan_interface *interface, plan_packing packing, size_t n_rows) {
  size_t unit = plan_pack_rows(interface, packing);
  size_t n_units = (n_rows + unit - 1) / unit, bytes = interface->cost[packing].output_bytes;
  if (bytes > WIRE_MAX_SAMPLE_BYTES || n_units > (WIRE_MAX_SAMPLE_BYTES >> 1) / (bytes + 1))
    return WIRE_MAX_SAMPLE_BYTES;
  return n_units * bytes + RESULT_SLACK_BYTES;
}

static ckks_status send_sample(client_http_answer *answer, const inference *i) {
  char path[256];
  client_remote_path(path, i->remote, "/infer");
  const client_http_request request = {.method = "POST",
                                       .path = path,
                                       .header = {"Content-Type: application/octet-stream", i->key,
                                                  i->job ? "Prefer: respond-async" : NULL, i->name},
                                       .body = i->sample,
                                       .n_body = i->n_sample,
                                       .stage = i->batch ? SENDING : "predicting",
                                       .max_answer_bytes = i->max_result_bytes};
  BASE_TRY(client_http_call(answer, &request, i->remote->http));
  if (answer->status == 200 || answer->status == 404 || (answer->status == 202 && i->job))
    return CKKS_OK;
  return client_http_fail(answer, &request, i->remote->http);
}

/* --- jobs */

static ckks_status fail_answer(const char *what) {
  return base_fail(CKKS_ERROR_FORMAT, "%s: the answer is none to a question about a job", what);
}

/* Its id becomes part of paths. */
static ckks_status take_job(inference *i, const client_http_answer *answer) {
  static const char hex[] = "0123456789abcdef";
  json_t *body = json_loadb((const char *)answer->body.bytes, answer->body.n_bytes,
                            JSON_REJECT_DUPLICATES, NULL);
  const char *id = json_string_value(json_object_get(body, "id"));
  size_t n = id != NULL ? strlen(id) : 0;
  bool good = n > 0 && n <= CLIENT_REMOTE_ID_CHARS && strspn(id, hex) == n;
  if (good)
    snprintf(i->job_path, sizeof i->job_path, "/v2/jobs/%s", id);
  json_decref(body);
  return good ? CKKS_OK : fail_answer("202");
}

/* One request about the job, however often it must be made. */
static ckks_status ask(client_http_answer *answer, const char *method, const char *end,
                       size_t max_answer_bytes, const inference *i) {
  char path[128];
  snprintf(path, sizeof path, "%s%s", i->job_path, end);
  const client_http_request request = {.method = method,
                                       .path = path,
                                       .header = {i->key},
                                       .stage = WAITING,
                                       .max_answer_bytes = max_answer_bytes};
  BASE_TRY(client_http_call(answer, &request, i->remote->http));
  if (answer->status == 200 || answer->status == 404)
    return CKKS_OK;
  return client_http_fail(answer, &request, i->remote->http);
}

/* The server would forget it by itself, in a day; until then it counts against the token. */
static void forget_job(const inference *i) {
  client_http_answer answer;
  const client_http_request request = {.method = "DELETE",
                                       .path = i->job_path,
                                       .header = {i->key},
                                       .max_answer_bytes = MAX_TEXT_BYTES};
  (void)client_http_attempt(&answer, &request, i->remote->http);
  client_http_answer_clear(&answer);
}

/* Why the job failed, in the server's words. That its keys are gone is the same as for a request
 * that was answered at once: status 404. */
static ckks_status take_failure(client_http_answer *answer, const json_t *body,
                                const inference *i) {
  const json_t *error = json_object_get(body, "error");
  long status = (long)json_integer_value(json_object_get(error, "status"));
  const char *message = json_string_value(json_object_get(error, "message"));
  forget_job(i);
  answer->status = status;
  if (status == 404)
    return CKKS_OK;
  return base_fail(status == 422 ? CKKS_ERROR_MISMATCH : CKKS_ERROR_IO, "%.120s: %.240s (HTTP %ld)",
                   i->job_path, message != NULL ? message : "failed", status);
}

/* Whether the job is done; false = not yet, or an error. */
static bool is_done(ckks_status *status, client_http_answer *answer, const inference *i) {
  json_t *body = json_loadb((const char *)answer->body.bytes, answer->body.n_bytes,
                            JSON_REJECT_DUPLICATES, NULL);
  const char *state = json_string_value(json_object_get(body, "state"));
  bool done = state != NULL && strcmp(state, "done") == 0;
  if (state == NULL)
    *status = fail_answer(i->job_path);
  else if (strcmp(state, "failed") == 0)
    *status = take_failure(answer, body, i);
  json_decref(body);
  return done;
}

/* Asks until the job is done or failed. answer->status 404: the job, or its key, is gone. */
static ckks_status wait_for_job(client_http_answer *answer, const inference *i) {
  ckks_status status = CKKS_OK;
  for (double pause = FIRST_PAUSE_S;;) {
    client_http_answer_clear(answer);
    BASE_TRY(client_http_rest(pause, WAITING, i->remote->http));
    BASE_TRY(ask(answer, "GET", "", MAX_TEXT_BYTES, i));
    if (answer->status == 404 || is_done(&status, answer, i) || status != CKKS_OK ||
        answer->status == 404)
      return status;
    double usual = answer->has_retry_after ? answer->retry_after_s : LONGEST_PAUSE_S;
    usual = usual < LONGEST_PAUSE_S ? usual : LONGEST_PAUSE_S;
    if (pause < usual)
      pause = pause * 2 < usual ? pause * 2 : usual;
  }
}

static ckks_status run_job(client_http_answer *answer, inference *i) {
  BASE_TRY(take_job(i, answer));
  BASE_TRY(wait_for_job(answer, i));
  if (answer->status == 404)
    return CKKS_OK;
  client_http_answer_clear(answer);
  BASE_TRY(ask(answer, "GET", "/result", i->max_result_bytes, i));
  if (answer->status == 200)
    forget_job(i);
  return CKKS_OK;
}

/* --- both */

/* Should the answer be lost the sample goes once more, and the job that it made already is found
 * by this. Another attempt at the whole is another question. */
static ckks_status name_question(inference *i) {
  uint8_t random[16];
  char hex[2 * sizeof random + 1];
  BASE_TRY(rand_entropy(random, sizeof random));
  client_remote_hex(hex, random, sizeof random);
  snprintf(i->name, sizeof i->name, "Idempotency-Key: %s", hex);
  return CKKS_OK;
}

static ckks_status infer(client_http_answer *answer, inference *i) {
  if (i->job)
    BASE_TRY(name_question(i));
  BASE_TRY(send_sample(answer, i));
  return answer->status == 202 ? run_job(answer, i) : CKKS_OK;
}

/* Keys that are not used for long are removed there, and a job with a server's disk. When it was
 * something else that is not there, the second attempt says so. */
static ckks_status infer_twice(client_http_answer *answer, inference *i) {
  client_remote *remote = i->remote;
  BASE_TRY(infer(answer, i));
  if (answer->status != 404)
    return CKKS_OK;
  client_http_answer_clear(answer);
  BASE_TRY(client_remote_upload(remote, remote->keys, remote->n_keys, NULL));
  BASE_TRY(infer(answer, i));
  if (answer->status != 404)
    return CKKS_OK;
  const client_http_request request = {.path = i->job ? i->job_path : "/infer"};
  return client_http_fail(answer, &request, remote->http);
}

ckks_status client_remote_infer(uint8_t **result, size_t *n_result, const uint8_t *sample,
                                size_t n_sample, plan_packing packing, size_t n_rows,
                                client_remote *remote) {
  client_http_answer answer = {0};
  inference i = {.remote = remote, .sample = sample, .n_sample = n_sample};
  *result = NULL;
  *n_result = 0;
  if (remote->key_id[0] == '\0')
    return base_fail(CKKS_ERROR_KEY, "%s: the evaluation keys were not uploaded", remote->model);
  i.batch = packing == PLAN_THROUGHPUT;
  i.job =
      remote->jobs == BLINDSIGHT_JOBS_ALWAYS || (remote->jobs == BLINDSIGHT_JOBS_AUTO && i.batch);
  i.max_result_bytes = result_limit(&remote->interface, packing, n_rows);
  snprintf(i.key, sizeof i.key, "Blindsight-Key: %s", remote->key_id);
  ckks_status status = infer_twice(&answer, &i);
  if (status == CKKS_OK) {
    *result = answer.body.bytes;
    *n_result = answer.body.n_bytes;
    answer.body.bytes = NULL;
    answer.body.n_bytes = answer.body.capacity_bytes = 0;
  }
  client_http_answer_clear(&answer);
  return status;
}
