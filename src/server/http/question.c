/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A sample comes in one of three forms. As the whole body (application/octet-stream), the key
 * named by the header Blindsight-Key; or in the Open Inference Protocol's two: JSON with the sample
 * in base64 as the one element of a BYTES tensor, or a JSON head of Inference-Header-Content-Length
 * bytes and behind it the tensor, which is a length of four bytes and the sample.
 */
#include "server/http/question.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "server/http/field.h"
#include "server/http/reply.h"

#define MAX_HEAD_BYTES 65536
#define BYTES "application/octet-stream"
#define JSON "application/json"

static bool refuse(server_request *request, const char *field, const char *text) {
  server_reply_error(request, 400, "request", field, "%s", text);
  return false;
}

static bool is_text(const json_t *object, const char *name, const char *expected) {
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL && strcmp(text, expected) == 0;
}

/* --- the tensor */

static bool read_binary(server_request *request, server_question *q, const json_t *size,
                        const uint8_t *bytes, size_t n) {
  if (!json_is_integer(size) || json_integer_value(size) < 0 ||
      (uint64_t)json_integer_value(size) != n || n < SERVER_QUESTION_PREFIX)
    return refuse(request, "binary_data_size", "is not the number of bytes behind the head");
  uint32_t length = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
  if (length != n - SERVER_QUESTION_PREFIX)
    return refuse(request, "inputs", "the element's length is not that of the tensor");
  q->sample = bytes + SERVER_QUESTION_PREFIX;
  q->n_sample = length;
  return true;
}

static bool read_base64(server_request *request, server_question *q, const json_t *data) {
  const json_t *element = json_array_get(data, 0);
  const char *text = json_string_value(element);
  size_t n = json_string_length(element), n_room = n / 4 * 3 + 3;
  if (json_array_size(data) != 1 || text == NULL)
    return refuse(request, "data", "must be one text: the sample in base64");
  q->decoded = base_alloc(n_room);
  if (q->decoded == NULL) {
    server_reply_status(request, base_fail_memory(n_room), NULL);
    return false;
  }
  if (sodium_base642bin(q->decoded, n_room, text, n, NULL, &q->n_sample, NULL,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return refuse(request, "data", "is not base64 (RFC 4648, 4)");
  q->sample = q->decoded;
  return true;
}

/* The tensor's declaration must be what stands behind the head. */
static bool read_input(server_request *request, server_question *q, const uint8_t *bytes,
                       size_t n) {
  const json_t *inputs = json_object_get(q->head, "inputs"), *input = json_array_get(inputs, 0);
  const json_t *shape = json_object_get(input, "shape"), *data = json_object_get(input, "data");
  const json_t *size = json_object_get(json_object_get(input, "parameters"), "binary_data_size");
  if (json_array_size(inputs) != 1 || !is_text(input, "name", "ciphertext") ||
      !is_text(input, "datatype", "BYTES"))
    return refuse(request, "inputs", "one input is needed, \"ciphertext\", of datatype BYTES");
  if (json_array_size(shape) != 1 || json_integer_value(json_array_get(shape, 0)) != 1)
    return refuse(request, "shape", "must be [1]");
  if (size != NULL && data != NULL)
    return refuse(request, "inputs", "data and binary_data_size exclude each other");
  if (size != NULL)
    return read_binary(request, q, size, bytes, n);
  if (n > 0)
    return refuse(request, "binary_data_size", "is missing, and there are bytes behind the head");
  return read_base64(request, q, data);
}

/* --- what is wanted of the answer */

/* A parameter that is a truth value; false = answered. */
static bool read_flag(server_request *request, bool *out, const json_t *parameters,
                      const char *name) {
  const json_t *value = json_object_get(parameters, name);
  if (value != NULL && !json_is_boolean(value))
    return refuse(request, name, "must be true or false");
  if (value != NULL)
    *out = json_is_true(value);
  return true;
}

/* As the protocol has it: JSON, unless binary data are asked for. */
static bool read_outputs(server_request *request, server_question *q) {
  const json_t *outputs = json_object_get(q->head, "outputs");
  const json_t *output = json_array_get(outputs, 0);
  if (outputs != NULL && !json_is_array(outputs))
    return refuse(request, "outputs", "must be a list");
  if (json_array_size(outputs) > 1 || (output != NULL && !is_text(output, "name", "ciphertext")))
    return refuse(request, "outputs", "there is one output, \"ciphertext\"");
  return read_flag(request, &q->binary, json_object_get(q->head, "parameters"),
                   "binary_data_output") &&
         read_flag(request, &q->binary, json_object_get(output, "parameters"), "binary_data");
}

/* --- the head */

static bool read_names(server_request *request, server_question *q) {
  const json_t *id = json_object_get(q->head, "id");
  const json_t *parameters = json_object_get(q->head, "parameters");
  const json_t *key = json_object_get(parameters, "key");
  if (id != NULL && !json_is_string(id))
    return refuse(request, "id", "must be text");
  if (parameters != NULL && !json_is_object(parameters))
    return refuse(request, "parameters", "must be an object");
  if (key == NULL)
    return true;
  if (!json_is_string(key) || (*q->key != '\0' && strcmp(q->key, json_string_value(key)) != 0))
    return refuse(request, "key", "parameters.key and the header Blindsight-Key differ");
  q->key = json_string_value(key);
  return true;
}

static bool read_head(server_request *request, server_question *q, size_t n_head) {
  const uint8_t *bytes = request->body.map;
  json_error_t error;
  q->head = json_loadb((const char *)bytes, n_head, JSON_REJECT_DUPLICATES, &error);
  if (!json_is_object(q->head))
    return refuse(request, "body", "the head is not a JSON object");
  return read_names(request, q) && read_outputs(request, q) &&
         read_input(request, q, bytes + n_head, (size_t)(request->body.n_bytes - n_head));
}

static bool refuse_type(server_request *request) {
  server_reply_error(
      request, 415, "type", "Content-Type",
      "send " BYTES ", or " JSON
      ", or a JSON head and binary tensor data with Inference-Header-Content-Length");
  return false;
}

/* By its type; of a body without one by its first byte: no frame begins with a brace. */
static bool read_form(server_request *request, server_question *q) {
  const char *length = server_request_header(request, "Inference-Header-Content-Length");
  const char *type = server_request_header(request, "Content-Type");
  unsigned long long n_head;
  if (length != NULL) {
    if (!server_field_number(&n_head, length) || n_head > MAX_HEAD_BYTES ||
        n_head > request->body.n_bytes)
      return refuse(request, "Inference-Header-Content-Length",
                    "must be the length of the JSON head, at most 65536");
    return read_head(request, q, (size_t)n_head);
  }
  if (type != NULL ? server_field_is_type(type, JSON) : request->body.map[0] == '{')
    return read_head(request, q, (size_t)request->body.n_bytes);
  if (type != NULL && !server_field_is_type(type, BYTES))
    return refuse_type(request);
  q->sample = request->body.map;
  q->n_sample = (size_t)request->body.n_bytes;
  return true;
}

bool server_question_read(server_question *q, server_request *request) {
  const char *key = server_request_header(request, "Blindsight-Key");
  *q = (server_question){.key = key != NULL ? key : ""};
  if (!server_body_map(&request->body)) {
    if (request->body.n_bytes == 0)
      return refuse(request, "body", "is empty");
    server_reply_errno(request, request->body.error, "request body");
    return false;
  }
  if (!read_form(request, q))
    return false;
  if (strlen(q->key) != 64 || strspn(q->key, "0123456789abcdef") != 64)
    return refuse(request, "key",
                  "name the evaluation keys: header Blindsight-Key, or parameters.key");
  snprintf(request->key, sizeof request->key, "%s", q->key);
  return true;
}

void server_question_clear(server_question *q) {
  json_decref(q->head);
  base_free(q->decoded);
  *q = (server_question){0};
}
