/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One inference. A sample comes as the whole body (application/octet-stream, the key named by
 * the header Blindsight-Key) or in the Open Inference Protocol's binary form: a JSON head of
 * Inference-Header-Content-Length bytes, then one BYTES tensor, which is a length of four
 * bytes and the sample. The answer has the form of the question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "server/http/answer.h"
#include "server/http/job_create.h"
#include "server/http/reply.h"
#include "server/work/inference.h"
#include "wire/sample.h"

#define MAX_HEAD_BYTES ((uint64_t)65536)
#define TENSOR_PREFIX 4
#define REFRESH_S 3600 /* how exactly the last use of a key is known */

/* --- the question */

typedef struct question {
  const char *key;
  const uint8_t *sample;
  size_t n_sample;
  json_t *head; /* NULL: raw */
} question;

static bool refuse(server_request *request, const char *field, const char *text) {
  server_reply_error(request, 400, "request", field, "%s", text);
  return false;
}

static const char *text_of(const json_t *object, const char *name) {
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "";
}

/* The tensor's declaration must be what stands behind the head. */
static bool read_tensor(server_request *request, question *q, const uint8_t *bytes, size_t n) {
  const json_t *inputs = json_object_get(q->head, "inputs"), *input = json_array_get(inputs, 0);
  const json_t *shape = json_object_get(input, "shape");
  const json_t *size = json_object_get(json_object_get(input, "parameters"), "binary_data_size");
  if (json_array_size(inputs) != 1 || strcmp(text_of(input, "name"), "ciphertext") != 0 ||
      strcmp(text_of(input, "datatype"), "BYTES") != 0)
    return refuse(request, "inputs", "one input is needed, \"ciphertext\", of datatype BYTES");
  if (json_array_size(shape) != 1 || json_integer_value(json_array_get(shape, 0)) != 1)
    return refuse(request, "shape", "must be [1]");
  if (!json_is_integer(size))
    return refuse(request, "binary_data_size", "a ciphertext comes as binary data only");
  if ((uint64_t)json_integer_value(size) != n || n < TENSOR_PREFIX)
    return refuse(request, "binary_data_size", "is not the number of bytes behind the head");
  uint32_t length = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
  if (length != n - TENSOR_PREFIX)
    return refuse(request, "inputs", "the element's length is not that of the tensor");
  q->sample = bytes + TENSOR_PREFIX;
  q->n_sample = length;
  return true;
}

static bool read_head(server_request *request, question *q, const char *length) {
  char *end;
  uint64_t n_head = strtoull(length, &end, 10);
  const uint8_t *bytes = request->body.map;
  if (*length < '0' || *length > '9' || *end != '\0' || n_head > MAX_HEAD_BYTES ||
      n_head > request->body.n_bytes)
    return refuse(request, "Inference-Header-Content-Length",
                  "must be the length of the JSON head, at most 65536");
  json_error_t error;
  q->head = json_loadb((const char *)bytes, (size_t)n_head, JSON_REJECT_DUPLICATES, &error);
  if (!json_is_object(q->head))
    return refuse(request, "body", "the head is not a JSON object");
  q->key = text_of(json_object_get(q->head, "parameters"), "key");
  return read_tensor(request, q, bytes + n_head, (size_t)(request->body.n_bytes - n_head));
}

static bool read_question(server_request *request, question *q) {
  const char *length = server_request_header(request, "Inference-Header-Content-Length");
  const char *type = server_request_header(request, "Content-Type");
  const char *key = server_request_header(request, "Blindsight-Key");
  *q = (question){.key = key != NULL ? key : ""};
  if (!server_body_map(&request->body)) {
    if (request->body.n_bytes == 0)
      return refuse(request, "body", "is empty");
    server_reply_errno(request, request->body.error, "request body");
    return false;
  }
  if (length == NULL && (type == NULL || strncmp(type, "application/octet-stream", 24) != 0)) {
    server_reply_error(request, 415, "type", "Content-Type",
                       "send application/octet-stream, or a JSON head and binary tensor data with "
                       "Inference-Header-Content-Length");
    return false;
  }
  if (length != NULL && !read_head(request, q, length))
    return false;
  if (length == NULL) {
    q->sample = request->body.map;
    q->n_sample = (size_t)request->body.n_bytes;
  }
  if (strlen(q->key) != 64 || strspn(q->key, "0123456789abcdef") != 64)
    return refuse(request, "key",
                  "name the evaluation keys: header Blindsight-Key, or parameters.key");
  snprintf(request->key, sizeof request->key, "%s", q->key);
  return true;
}

/* --- the answer */

/* JSON head and tensor in one buffer. */
static void answer_tensor(server_request *request, const question *q, server_inference *in) {
  json_t *head = json_pack("{s:s, s:s, s:[{s:s, s:s, s:[i], s:{s:I}}]}", "model_name",
                           in->model->name, "model_version", in->model->version, "outputs", "name",
                           "ciphertext", "datatype", "BYTES", "shape", 1, "parameters",
                           "binary_data_size", (json_int_t)in->n_result + TENSOR_PREFIX);
  json_t *id = json_object_get(q->head, "id");
  if (json_is_string(id))
    json_object_set(head, "id", id);
  size_t n_head = head != NULL ? json_dumpb(head, NULL, 0, JSON_COMPACT) : 0;
  size_t n = n_head + TENSOR_PREFIX + in->n_result;
  uint8_t *bytes = n_head > 0 ? base_alloc(n) : NULL;
  if (bytes == NULL) {
    server_reply_status(request, base_fail_memory(n), NULL);
  } else {
    json_dumpb(head, (char *)bytes, n_head, JSON_COMPACT);
    for (int i = 0; i < TENSOR_PREFIX; i++)
      bytes[n_head + (size_t)i] = (uint8_t)(in->n_result >> (8 * i));
    memcpy(bytes + n_head + TENSOR_PREFIX, in->result, in->n_result);
    server_reply_header(request, "Inference-Header-Content-Length", "%zu", n_head);
    server_reply_bytes(request, 200, "application/octet-stream", bytes, n);
  }
  json_decref(head);
  base_free(in->result);
}

static void answer(server_request *request, const question *q) {
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
    answer_tensor(request, q, &in);
  } else {
    server_reply_bytes(request, 200, "application/octet-stream", in.result, in.n_result);
  }
  if (request->reply.status != 200)
    server_inference_give_back(&in);
  request->n_rows = in.n_rows;
}

void server_answer_infer(server_request *request) {
  question q;
  const char *prefer = server_request_header(request, "Prefer");
  if (read_question(request, &q)) {
    if (prefer != NULL && strstr(prefer, "respond-async") != NULL)
      server_job_create(request, q.key, q.sample, q.n_sample);
    else
      answer(request, &q);
  }
  json_decref(q.head);
}
