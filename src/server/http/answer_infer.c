/* SPDX-License-Identifier: Apache-2.0 */
/* One inference that is waited for, or the job that is made instead. */
#include "base/alloc.h"
#include "server/http/answer.h"
#include "server/http/job_create.h"
#include "server/http/reply.h"
#include "server/http/tensor.h"

static void answer(server_request *request, const server_question *q) {
  server_inference in = {.service = request->service,
                         .model = request->model,
                         .token = request->token.id,
                         .key = q->key,
                         .predictions_per_day = request->token.limits.predictions_per_day,
                         .sample = q->sample,
                         .n_sample = q->n_sample,
                         .worker = request->worker};
  server_inference_run(&in);
  if (in.status != 200) {
    if (in.status == 503)
      server_reply_header(request, "Retry-After", "5");
    server_reply_error(request, in.status, in.code, in.field, "%s", in.message);
  } else if (q->head != NULL) {
    server_tensor_answer(request, q, &in);
  } else {
    server_reply_bytes(request, 200, "application/octet-stream", in.result, in.n_result);
  }
  if (request->reply.status != 200)
    server_inference_give_back(&in);
  request->n_counted = in.n_counted;
}

void server_answer_infer(server_request *request) {
  server_question q;
  if (server_question_read(&q, request)) {
    if (server_request_lists(request, "Prefer", "respond-async"))
      server_job_create(request, q.key, q.sample, q.n_sample);
    else
      answer(request, &q);
  }
  server_question_clear(&q);
}
