/* SPDX-License-Identifier: Apache-2.0 */
/* /openapi.json: the table of routes in the words of OpenAPI 3.1. */
#include "server/http/openapi.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "server/server.h"

#define JSON "application/json"
#define BYTES "application/octet-stream"

static const char tags[] =
    "[{\"name\":\"server\",\"description\":\"the server, its health and its figures\"},"
    "{\"name\":\"models\",\"description\":\"what is served\"},"
    "{\"name\":\"inference\",\"description\":\"predictions on encrypted rows\"},"
    "{\"name\":\"keys\",\"description\":\"evaluation keys of one's own\"},"
    "{\"name\":\"jobs\",\"description\":\"inferences that nobody waits for\"}]";

/* The shapes of what is answered, as JSON Schema. */
static const char schemas[] =
    "{\"Error\":{\"type\":\"object\",\"required\":[\"error\",\"code\",\"message\",\"field\"],"
    "\"properties\":{\"error\":{\"type\":\"string\"},\"code\":{\"type\":\"string\"},"
    "\"message\":{\"type\":\"string\"},\"field\":{\"type\":[\"string\",\"null\"]}}},"
    "\"Server\":{\"type\":\"object\",\"required\":[\"name\",\"version\",\"extensions\"],"
    "\"properties\":{\"name\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
    "\"extensions\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}},"
    "\"Models\":{\"type\":\"object\",\"required\":[\"models\"],\"properties\":{\"models\":{"
    "\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\",\"version\",\"plan\"]"
    ","
    "\"properties\":{\"name\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},"
    "\"plan\":{\"type\":\"string\"}}}}}},"
    "\"Model\":{\"type\":\"object\",\"required\":[\"name\",\"versions\",\"platform\",\"inputs\","
    "\"outputs\",\"parameters\"],\"properties\":{\"name\":{\"type\":\"string\"},\"versions\":{"
    "\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"platform\":{\"const\":\"blindsight\"},"
    "\"inputs\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},\"outputs\":{\"type\":"
    "\"array\",\"items\":{\"type\":\"object\"}},\"parameters\":{\"type\":"
    "\"object\"}}},"
    "\"Ready\":{\"type\":\"object\",\"required\":[\"name\",\"version\",\"ready\"],\"properties\":{"
    "\"name\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},\"ready\":{\"type\":"
    "\"boolean\"}}},"
    "\"Key\":{\"type\":\"object\",\"required\":[\"id\",\"bytes\",\"offset\",\"complete\",\"plan\","
    "\"created\",\"expires\"],\"properties\":{\"id\":{\"type\":\"string\"},\"bytes\":{\"type\":"
    "\"integer\"},\"offset\":{\"type\":\"integer\"},\"complete\":{\"type\":\"boolean\"},\"plan\":{"
    "\"type\":\"string\"},\"created\":{\"type\":\"integer\"},\"expires\":{\"type\":\"integer\"}}},"
    "\"Job\":{\"type\":\"object\",\"required\":[\"id\",\"state\",\"model\",\"version\",\"key\","
    "\"predictions\",\"created\",\"ended\",\"expires\"],\"properties\":{\"id\":{\"type\":"
    "\"string\"},"
    "\"state\":{\"enum\":[\"queued\",\"done\",\"failed\"]},\"model\":{\"type\":\"string\"},"
    "\"version\":{\"type\":\"string\"},\"key\":{\"type\":\"string\"},\"predictions\":{\"type\":"
    "\"integer\",\"description\":\"that it counts "
    "for\"},\"created\":{\"type\":\"integer\"},\"ended\":{\"type\":\"integer\"},"
    "\"expires\":{\"type\":\"integer\"},\"result\":{\"type\":\"string\"},\"error\":{\"type\":"
    "\"object\"}}}}";

static json_t *header(const char *name, const char *text, bool required) {
  return json_pack("{s:s, s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "header", "description",
                   text, "required", (int)required, "schema", "type", "string");
}

/* {name} in the path, then the headers that matter for the kind of body. */
static json_t *parameters(const server_route *route) {
  json_t *list = json_array();
  for (const char *at = strchr(route->path, '{'); at != NULL; at = strchr(at + 1, '{')) {
    size_t length = strcspn(at + 1, "}");
    json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", at + 1, length, "in",
                                          "path", "required", 1, "schema", "type", "string"));
  }
  if (route->body == SERVER_BODY_SAMPLE) {
    json_array_append_new(
        list, header("Blindsight-Key", "the evaluation keys, when the body is the sample", false));
    json_array_append_new(list, header("Inference-Header-Content-Length",
                                       "length of the JSON head, when the body has one", false));
    json_array_append_new(list, header("Prefer", "respond-async for a job", false));
    json_array_append_new(list, header("Idempotency-Key",
                                       "a name of your own, of 1 to 128 visible characters, for a "
                                       "request for a job: sent again it gives the same job",
                                       false));
  }
  if (route->body == SERVER_BODY_KEYS)
    json_array_append_new(list,
                          header("Content-Range", "bytes A-B/TOTAL for a part of the keys", false));
  if (route->body != SERVER_BODY_NONE)
    json_array_append_new(list, header("Content-Encoding", "gzip, deflate or identity", false));
  return list;
}

static json_t *content(const char *type, const char *schema) {
  json_t *shape = schema != NULL
                      ? json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", schema))
                      : json_object();
  return json_pack("{s:{s:o}}", type, "schema", shape);
}

static json_t *response(const char *text, const char *type, const char *schema) {
  json_t *value = json_pack("{s:s}", "description", text);
  if (type != NULL)
    json_object_set_new(value, "content", content(type, schema));
  return value;
}

/* Errors that any request may meet are said once, as "4XX" and "default". HEAD has no bodies. */
static json_t *responses(const server_route *route, bool head) {
  json_t *value = json_object();
  for (int i = 0; i < SERVER_MAX_ANSWERS && route->answer[i].status != 0; i++) {
    const server_answer *answer = &route->answer[i];
    char status[8];
    snprintf(status, sizeof status, "%d", answer->status);
    json_t *good =
        response(answer->text, head || answer->status == 304 ? NULL : answer->type, answer->schema);
    if (route->body == SERVER_BODY_SAMPLE && answer->status == 200)
      json_object_update_new(json_object_get(good, "content"), content(JSON, NULL));
    json_object_set_new(value, status, good);
  }
  const char *type = head ? NULL : JSON;
  json_object_set_new(value, "4XX", response("refused, and why", type, "Error"));
  json_object_set_new(value, "default", response("an error", type, "Error"));
  return value;
}

/* What a route is about: the tag that documents group it by. */
static const char *tag_of(const server_route *route) {
  static const struct {
    const char *start, *tag;
  } table[] = {{"/v2/models", "models"}, {"/v2/keys", "keys"}, {"/v2/jobs", "jobs"}};
  if (route->body == SERVER_BODY_SAMPLE)
    return "inference";
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strncmp(route->path, table[i].start, strlen(table[i].start)) == 0)
      return table[i].tag;
  return "server";
}

static const char *scope_of(const server_route *route) {
  return route->open                            ? "Open to all."
         : route->scope == SERVER_SCOPE_METRICS ? "Needs a token of scope metrics."
                                                : "Needs a token of scope infer.";
}

static json_t *operation(const server_route *route, bool head) {
  json_t *value = json_pack(
      "{s:o, s:s, s:o, s:[s], s:o, s:o}", "operationId",
      json_sprintf("%s%s", route->id, head ? "Head" : ""), "summary", route->summary, "description",
      json_sprintf("%s%s. %s", route->summary, head ? " (without its body)" : "", scope_of(route)),
      "tags", tag_of(route), "parameters", parameters(route), "responses", responses(route, head));
  if (route->body != SERVER_BODY_NONE) {
    json_t *forms = content(BYTES, NULL);
    if (route->body == SERVER_BODY_SAMPLE)
      json_object_update_new(forms, content(JSON, NULL));
    json_object_set_new(value, "requestBody",
                        json_pack("{s:b, s:o}", "required", 1, "content", forms));
  }
  if (route->open)
    json_object_set_new(value, "security", json_array());
  return value;
}

static void lower(char *out, size_t size, const char *text) {
  size_t i = 0;
  for (; text[i] != '\0' && i + 1 < size; i++)
    out[i] = (char)(text[i] + ('a' - 'A'));
  out[i] = '\0';
}

/* What stands at a path so far; NULL when out of memory. */
static json_t *open_path(json_t *paths, const char *name) {
  json_t *path = json_object_get(paths, name);
  if (path != NULL)
    return path;
  path = json_object();
  return json_object_set_new(paths, name, path) == 0 ? path : NULL; /* which has freed it */
}

json_t *server_openapi_build(const server_routes *routes) {
  json_t *paths = json_object();
  bool whole = true;
  for (size_t i = 0; i < routes->n; i++) {
    const server_route *route = &routes->route[i];
    char method[8];
    lower(method, sizeof method, route->method);
    json_t *path = open_path(paths, route->path);
    whole = json_object_set_new(path, method, operation(route, false)) == 0 && whole;
    if (strcmp(route->method, "GET") == 0)
      whole = json_object_set_new(path, "head", operation(route, true)) == 0 && whole;
  }
  if (!whole) {
    json_decref(paths);
    return NULL;
  }
  json_t *info = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "title", "Blindsight",
                           "version", ckks_version(), "description",
                           "Private inference under CKKS: the Open Inference Protocol v2, "
                           "evaluation keys and jobs.",
                           "license", "name", "Apache-2.0", "identifier", "Apache-2.0", "contact",
                           "name", "the owner of this server");
  return json_pack("{s:s, s:o, s:[{s:s}], s:o, s:[{s:[]}], s:o, s:{s:o, s:{s:{s:s, s:s}}}}",
                   "openapi", "3.1.0", "info", info, "servers", "url", "/", "tags",
                   json_loads(tags, 0, NULL), "security", "token", "paths", paths, "components",
                   "schemas", json_loads(schemas, 0, NULL), "securitySchemes", "token", "type",
                   "http", "scheme", "bearer");
}
