/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/tensor.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "server/http/reply.h"

#define PREFIX SERVER_QUESTION_PREFIX

/* All but the output's data, or their size. */
static json_t *describe(const server_question *q, const server_inference *in, json_t *output) {
  json_t *head = json_pack("{s:s, s:s, s:[o]}", "model_name", in->model->name, "model_version",
                           in->model->version, "outputs", output);
  json_t *id = json_object_get(q->head, "id");
  if (id != NULL)
    json_object_set(head, "id", id);
  return head;
}

static json_t *describe_output(const char *name, json_t *value) {
  return json_pack("{s:s, s:s, s:[i], s:o}", "name", "ciphertext", "datatype", "BYTES", "shape", 1,
                   name, value);
}

/* JSON head and tensor in one buffer. */
static void answer_binary(server_request *request, const server_question *q,
                          const server_inference *in) {
  json_int_t size = (json_int_t)in->n_result + PREFIX;
  json_t *head =
      describe(q, in, describe_output("parameters", json_pack("{s:I}", "binary_data_size", size)));
  size_t n_head = head != NULL ? json_dumpb(head, NULL, 0, JSON_COMPACT) : 0;
  size_t n = n_head + PREFIX + in->n_result;
  uint8_t *bytes = n_head > 0 ? base_alloc(n) : NULL;
  if (bytes == NULL) {
    server_reply_status(request, base_fail_memory(n), NULL);
  } else {
    json_dumpb(head, (char *)bytes, n_head, JSON_COMPACT);
    for (int i = 0; i < PREFIX; i++)
      bytes[n_head + (size_t)i] = (uint8_t)(in->n_result >> (8 * i));
    memcpy(bytes + n_head + PREFIX, in->result, in->n_result);
    server_reply_header(request, "Inference-Header-Content-Length", "%zu", n_head);
    server_reply_bytes(request, 200, "application/octet-stream", bytes, n);
  }
  json_decref(head);
}

static void answer_json(server_request *request, const server_question *q,
                        const server_inference *in) {
  size_t n = sodium_base64_encoded_len(in->n_result, sodium_base64_VARIANT_ORIGINAL);
  char *text = base_alloc(n);
  json_t *head = NULL;
  if (text != NULL) {
    sodium_bin2base64(text, n, in->result, in->n_result, sodium_base64_VARIANT_ORIGINAL);
    head = describe(q, in, describe_output("data", json_pack("[s]", text)));
  }
  base_free(text);
  server_reply_json(request, 200, head); /* none: out of memory */
}

void server_tensor_answer(server_request *request, const server_question *q, server_inference *in) {
  if (q->binary)
    answer_binary(request, q, in);
  else
    answer_json(request, q, in);
  base_free(in->result);
  in->result = NULL;
}
