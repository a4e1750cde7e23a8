/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of what there is: matching, Allow, metrics and /openapi.json all read it. */
#include "server/http/route.h"

#include <stdio.h>
#include <string.h>

#include "server/compute/metrics.h"
#include "server/http/answer.h"

#define JSON "application/json"
#define BYTES "application/octet-stream"
#define MODEL "/v2/models/{model}"
#define VERSION MODEL "/versions/{version}"

static const server_route table[] = {
    {"GET", "/v2", server_answer_about, .open = true, .id = "about",
     .summary = "Name, version and extensions of the server",
     .answer = {{200, JSON, "Server", "the server"}}},
    {"GET", "/v2/health/live", server_answer_live, .open = true, .quiet = true, .id = "live",
     .summary = "Whether the process runs", .answer = {{200, NULL, NULL, "it does"}}},
    {"GET", "/v2/health/ready", server_answer_ready, .open = true, .quiet = true, .id = "ready",
     .summary = "Whether requests are welcome; not while draining",
     .answer = {{200, NULL, NULL, "they are"}, {503, JSON, "Error", "draining"}}},
    {"GET", "/v2/models", server_answer_models, .id = "listModels",
     .summary = "All models and versions", .answer = {{200, JSON, "Models", "the models"}}},
    {"GET", MODEL, server_answer_model, .id = "getModel",
     .summary = "Metadata of a model's highest version",
     .answer = {{200, JSON, "Model", "the metadata"}, {404, JSON, "Error", "no such model"}}},
    {"GET", VERSION, server_answer_model, .id = "getModelVersion",
     .summary = "Metadata of one version",
     .answer = {{200, JSON, "Model", "the metadata"}, {404, JSON, "Error", "no such model"}}},
    {"GET", MODEL "/ready", server_answer_model_ready, .id = "getModelReady",
     .summary = "Whether the model is loaded",
     .answer = {{200, JSON, "Ready", "it is"}, {404, JSON, "Error", "no such model"}}},
    {"GET", VERSION "/ready", server_answer_model_ready, .id = "getModelVersionReady",
     .summary = "Whether this version is loaded",
     .answer = {{200, JSON, "Ready", "it is"}, {404, JSON, "Error", "no such model"}}},
    {"POST", MODEL "/infer", server_answer_infer, .work = true, .recorded = true,
     .body = SERVER_BODY_SAMPLE, .id = "infer",
     .summary = "Evaluate the model on an encrypted sample",
     .answer = {{200, BYTES, NULL, "the encrypted result"},
                {202, JSON, "Job", "a job, when asked with Prefer: respond-async"},
                {422, JSON, "Error", "not for this model, or another question of this name"},
                {503, JSON, "Error", "the queue is full: see Retry-After"}}},
    {"POST", VERSION "/infer", server_answer_infer, .work = true, .recorded = true,
     .body = SERVER_BODY_SAMPLE, .id = "inferVersion", .summary = "The same, by one version",
     .answer = {{200, BYTES, NULL, "the encrypted result"},
                {202, JSON, "Job", "a job, when asked with Prefer: respond-async"},
                {422, JSON, "Error", "not for this model, or another question of this name"},
                {503, JSON, "Error", "the queue is full: see Retry-After"}}},
    {"GET", MODEL "/client", server_answer_client, .id = "getClientFile",
     .summary = "The public client file: all that a client needs to encrypt",
     .answer = {{200, BYTES, NULL, "the file"}, {304, NULL, NULL, "as named by If-None-Match"}}},
    {"GET", VERSION "/client", server_answer_client, .id = "getVersionClientFile",
     .summary = "The client file of one version",
     .answer = {{200, BYTES, NULL, "the file"}, {304, NULL, NULL, "as named by If-None-Match"}}},
    {"PUT", "/v2/keys/{key}", server_answer_key_put, .work = true, .recorded = true,
     .body = SERVER_BODY_KEYS, .id = "putKey",
     .summary = "Upload evaluation keys; {key} is their BLAKE2b-256 in hex",
     .answer = {{200, JSON, "Key", "they were there before"},
                {201, JSON, "Key", "they are stored, and stay"},
                {202, JSON, "Key", "a part was stored: Upload-Offset tells how much there is"},
                {409, JSON, "Error", "the part does not begin at Upload-Offset"}}},
    {"GET", "/v2/keys/{key}", server_answer_key_get, .id = "getKey",
     .summary = "What is stored of a key of one's own",
     .answer = {{200, JSON, "Key", "its metadata"}, {404, JSON, "Error", "no such key of yours"}}},
    {"DELETE", "/v2/keys/{key}", server_answer_key_delete, .work = true, .recorded = true,
     .id = "deleteKey", .summary = "Overwrite and remove a key",
     .answer = {{204, NULL, NULL, "gone"}, {404, JSON, "Error", "no such key of yours"}}},
    {"GET", "/v2/jobs/{job}", server_answer_job_get, .id = "getJob", .summary = "How a job stands",
     .answer = {{200, JSON, "Job", "its state"}, {404, JSON, "Error", "no such job of yours"}}},
    {"GET", "/v2/jobs/{job}/result", server_answer_job_result, .recorded = true,
     .id = "getJobResult", .summary = "The encrypted result of a job that is done",
     .answer = {{200, BYTES, NULL, "the encrypted result"},
                {404, JSON, "Error", "no such job of yours"},
                {409, JSON, "Error", "not done yet, or failed"}}},
    {"DELETE", "/v2/jobs/{job}", server_answer_job_delete, .work = true, .recorded = true,
     .id = "deleteJob", .summary = "Forget a job and its result",
     .answer = {{204, NULL, NULL, "gone"}, {404, JSON, "Error", "no such job of yours"}}},
    {"GET", "/metrics", server_answer_metrics, .scope = SERVER_SCOPE_METRICS, .quiet = true,
     .id = "metrics", .summary = "Figures in Prometheus' text form",
     .answer = {{200, "text/plain; version=0.0.4", NULL, "the figures"}}},
    {"GET", "/openapi.json", server_answer_openapi, .open = true, .id = "openapi",
     .summary = "This document", .answer = {{200, JSON, NULL, "OpenAPI 3.1"}}},
};
const server_routes server_route_all = {table, sizeof table / sizeof table[0]};

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

/* Part by part; what stands for {name} has only characters that need no care anywhere. */
static bool match(char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS], const char *template,
                  const char *path) {
  for (int i = 0; i < SERVER_MAX_PARAMS; i++) /* those that the route has not are empty */
    param[i][0] = '\0';
  for (int n = 0; *template != '\0';) {
    if (*template != '{') {
      if (*template ++ != *path++)
        return false;
      continue;
    }
    size_t length = strspn(path, allowed);
    if (length == 0 || length >= SERVER_NAME_CHARS || (path[length] != '/' && path[length] != 0))
      return false;
    memcpy(param[n], path, length);
    param[n++][length] = '\0';
    path += length;
    template = strchr(template, '}') + 1;
  }
  return *path == '\0';
}

const server_route *server_route_find(char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS],
                                      char allow[64], const char *method, const char *path) {
  char tried[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
  allow[0] = '\0';
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &table[i];
    if (!match(tried, route->path, path))
      continue;
    if (strcmp(route->method, wanted) == 0) {
      memcpy(param, tried, sizeof tried);
      return route;
    }
    size_t n = strlen(allow);
    snprintf(allow + n, 64 - n, "%s%s%s", n > 0 ? ", " : "", route->method,
             strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
  }
  if (allow[0] != '\0')
    strcat(allow, ", OPTIONS");
  return NULL;
}

size_t server_route_number(const server_route *route) {
  for (size_t i = 0; i < server_route_all.n; i++)
    if (route == &table[i])
      return i;
  return SERVER_MAX_ROUTES;
}
