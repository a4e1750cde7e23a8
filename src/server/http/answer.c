/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered at once: the server, its health, its models, its figures. */
#include "server/http/answer.h"

#include <string.h>

#include "base/alloc.h"
#include "server/http/figures.h"
#include "server/http/openapi.h"
#include "server/http/reply.h"

void server_answer_about(server_request *request) {
  server_reply_json(request, 200,
                    json_pack("{s:s, s:s, s:[s, s]}", "name", "blindsight", "version",
                              ckks_version(), "extensions", "binary_tensor_data", "blindsight"));
}

void server_answer_live(server_request *request) {
  server_reply_bytes(request, 200, NULL, NULL, 0);
}

void server_answer_ready(server_request *request) {
  if (!atomic_load(&request->service->draining))
    server_reply_bytes(request, 200, NULL, NULL, 0);
  else
    server_reply_error(request, 503, "draining", NULL, "the server is about to end");
}

void server_answer_models(server_request *request) {
  server_model **models;
  size_t n = server_model_set_all(&models, request->service->models);
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", models[i]->name, "version",
                                          models[i]->version, "plan", models[i]->digest));
    server_model_release(models[i]);
  }
  base_free(models);
  server_reply_json(request, 200, json_pack("{s:o}", "models", list));
}

static json_t *describe_key_spec(const ckks_key_spec *spec) {
  return json_pack("{s:i, s:i, s:i}", "galois", (int)spec->galois, "level", spec->level,
                   "n_special", spec->n_special);
}

static json_t *describe_packing(const plan_interface *interface, plan_packing packing) {
  const plan_cost *cost = &interface->cost[packing];
  if (!interface->layout[packing].available)
    return json_null();
  size_t counted = packing == PLAN_LATENCY ? plan_pack_counted(interface) : 1;
  return json_pack("{s:I, s:I, s:I, s:f, s:f}", "predictions_each", (json_int_t)counted,
                   "input_bytes", (json_int_t)cost->input_bytes, "output_bytes",
                   (json_int_t)cost->output_bytes, "predicted_ms", cost->predicted_ms,
                   "predicted_error", cost->predicted_error);
}

static json_t *texts(char *const *text, size_t n) {
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++)
    json_array_append_new(list, json_string(text[i]));
  return list;
}

/* What the client file says, for people and programs that do not read it. */
static json_t *describe_plan(const server_model *model) {
  const plan_interface *interface = &model->plan.interface;
  json_t *keys = json_array();
  for (size_t i = 0; i < interface->n_keys; i++)
    json_array_append_new(keys, describe_key_spec(&interface->key[i]));
  return json_pack(
      "{s:s, s:s, s:i, s:i, s:o, s:o, s:I, s:o, s:o, s:o}", "plan", model->digest, "client_file",
      model->tag, "log2_n", interface->literal.log2_n, "security", (int)interface->literal.security,
      "features", texts(interface->feature, interface->n_features), "labels",
      texts(interface->label, interface->n_outputs), "key_bytes", (json_int_t)interface->key_bytes,
      "keys", keys, "latency", describe_packing(interface, PLAN_LATENCY), "throughput",
      describe_packing(interface, PLAN_THROUGHPUT));
}

static json_t *versions(server_request *request) {
  server_model **models;
  size_t n = server_model_set_all(&models, request->service->models);
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    if (strcmp(models[i]->name, request->model->name) == 0)
      json_array_append_new(list, json_string(models[i]->version));
    server_model_release(models[i]);
  }
  base_free(models);
  return list;
}

/* The Open Inference Protocol's form; ours stands under "parameters". */
void server_answer_model(server_request *request) {
  const server_model *model = request->model;
  server_reply_json(request, 200,
                    json_pack("{s:s, s:o, s:s, s:[{s:s, s:s, s:[i]}], s:[{s:s, s:s, s:[i]}], s:o}",
                              "name", model->name, "versions", versions(request), "platform",
                              "blindsight", "inputs", "name", "ciphertext", "datatype", "BYTES",
                              "shape", 1, "outputs", "name", "ciphertext", "datatype", "BYTES",
                              "shape", 1, "parameters", describe_plan(model)));
}

void server_answer_model_ready(server_request *request) {
  server_reply_json(request, 200,
                    json_pack("{s:s, s:s, s:b}", "name", request->model->name, "version",
                              request->model->version, "ready", 1));
}

void server_answer_client(server_request *request) {
  const server_model *model = request->model;
  server_reply_header(request, "Blindsight-Version", "%s", model->version);
  if (server_reply_unchanged(request, model->tag))
    return;
  uint8_t *bytes = base_alloc(model->n_client);
  if (bytes == NULL) {
    server_reply_status(request, base_fail_memory(model->n_client), NULL);
    return;
  }
  memcpy(bytes, model->client, model->n_client);
  server_reply_bytes(request, 200, "application/octet-stream", bytes, model->n_client);
}

void server_answer_openapi(server_request *request) {
  server_reply_json(request, 200, server_openapi_build(request->service->routes));
}

void server_answer_metrics(server_request *request) {
  base_buffer text;
  base_buffer_init(&text, (size_t)1 << 20);
  server_figures_write(&text, request->service,
                       (request->token.limits.scopes & SERVER_SCOPE_ADMIN) != 0);
  ckks_status status = base_buffer_status(&text);
  if (status == CKKS_OK) {
    server_reply_bytes(request, 200, "text/plain; version=0.0.4", text.bytes, text.n_bytes);
  } else {
    base_buffer_clear(&text);
    server_reply_status(request, status, NULL);
  }
}
