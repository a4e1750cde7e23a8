/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a model and its client file. */
#include "client/remote.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "plan/files.h"

#define MAX_LIST_BYTES ((size_t)4 << 20)
#define LEAST_PLAN_DIGITS 16

void client_remote_hex(char *out, const uint8_t *bytes, size_t n) {
  static const char digit[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digit[bytes[i] >> 4];
    out[2 * i + 1] = digit[bytes[i] & 15];
  }
  out[2 * n] = '\0';
}

/* An answer that is not the one expected is an error in the server's words. */
static ckks_status call(client_http_answer *answer, const client_http_request *request,
                        client_remote *remote) {
  ckks_status status = client_http_call(answer, request, remote->http);
  if (status == CKKS_OK && answer->status != 200)
    status = client_http_fail(answer, request, remote->http);
  return status;
}

/* --- which model */

/* Names go into paths as they are. */
static bool is_name(const char *text) {
  size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
  return n > 0 && text[n] == '\0';
}

static ckks_status take_name(client_remote *remote, const char *text) {
  const char *at = strchr(text, '@');
  size_t n = at != NULL ? (size_t)(at - text) : strlen(text);
  if (n < sizeof remote->model && (at == NULL || strlen(at + 1) < sizeof remote->version)) {
    memcpy(remote->model, text, n);
    if (at != NULL)
      memcpy(remote->version, at + 1, strlen(at + 1));
    if (is_name(remote->model) && (at == NULL || is_name(remote->version)))
      return CKKS_OK;
  }
  return base_fail(CKKS_ERROR_ARGUMENT, "%.100s: must be the name of a model, or NAME@VERSION",
                   text);
}

/* The one name in the list; versions of it may be several. */
static ckks_status choose_only(client_remote *remote, const json_t *models) {
  char names[256] = "";
  const char *only = NULL;
  size_t n_names = 0;
  for (size_t i = 0; i < json_array_size(models); i++) {
    const char *name = json_string_value(json_object_get(json_array_get(models, i), "name"));
    if (name == NULL || (only != NULL && strcmp(name, only) == 0))
      continue;
    size_t n = strlen(names);
    snprintf(names + n, sizeof names - n, "%s%.60s", n_names > 0 ? ", " : "", name);
    only = name;
    n_names++;
  }
  if (n_names == 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "the server has no model");
  if (n_names > 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "the server has several models: name one of %s", names);
  return take_name(remote, only);
}

static ckks_status find_only(client_remote *remote) {
  client_http_answer answer;
  const client_http_request request = {
      .method = "GET", .path = "/v2/models", .max_answer_bytes = MAX_LIST_BYTES};
  ckks_status status = call(&answer, &request, remote);
  if (status == CKKS_OK) {
    json_t *list = json_loadb((const char *)answer.body.bytes, answer.body.n_bytes,
                              JSON_REJECT_DUPLICATES, NULL);
    const json_t *models = json_object_get(list, "models");
    status = json_is_array(models)
                 ? choose_only(remote, models)
                 : base_fail(CKKS_ERROR_FORMAT, "/v2/models: is no list of models");
    json_decref(list);
  }
  client_http_answer_clear(&answer);
  return status;
}

/* --- the client file */

static ckks_status check_plan(const client_remote *remote, const char *plan) {
  char id[2 * PLAN_ID_BYTES + 1];
  size_t n = strlen(plan);
  client_remote_hex(id, remote->interface.id, PLAN_ID_BYTES);
  if (n < LEAST_PLAN_DIGITS || n >= sizeof id || strspn(plan, "0123456789abcdef") != n)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "%.80s: a plan is named by %d to %d hex digits in lower case", plan,
                     LEAST_PLAN_DIGITS, 2 * PLAN_ID_BYTES);
  if (strncmp(id, plan, n) != 0)
    return base_fail(CKKS_ERROR_MISMATCH,
                     "%s: its plan is %.16s..., not the one asked for, %.16s...", remote->model, id,
                     plan);
  return CKKS_OK;
}

/* The tag is the digest of the file: whatever happened on the way shows. */
static ckks_status check_tag(const client_http_answer *answer) {
  char id[CLIENT_REMOTE_ID_CHARS + 1], quoted[CLIENT_REMOTE_ID_CHARS + 3];
  client_remote_key_id(id, answer->body.bytes, answer->body.n_bytes);
  snprintf(quoted, sizeof quoted, "\"%s\"", id);
  if (strcmp(answer->tag, quoted) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "the client file is not the one that its tag names");
  return CKKS_OK;
}

static ckks_status take_client_file(client_remote *remote, const client_http_answer *answer) {
  BASE_TRY(check_tag(answer));
  /* Later requests name the version that this file belongs to. */
  if (is_name(answer->version))
    memcpy(remote->version, answer->version, strlen(answer->version) + 1);
  return plan_files_client_parse(&remote->interface, answer->body.bytes, answer->body.n_bytes,
                                 "client file");
}

void client_remote_path(char path[256], const client_remote *remote, const char *end) {
  bool versioned = remote->version[0] != '\0';
  snprintf(path, 256, "/v2/models/%s%s%s%s", remote->model, versioned ? "/versions/" : "",
           remote->version, end);
}

static ckks_status fetch_client_file(client_remote *remote) {
  client_http_answer answer;
  char path[256];
  client_remote_path(path, remote, "/client");
  const client_http_request request = {
      .method = "GET", .path = path, .max_answer_bytes = PLAN_FILES_MAX_CLIENT_BYTES};
  ckks_status status = call(&answer, &request, remote);
  if (status == CKKS_OK && (status = take_client_file(remote, &answer)) != CKKS_OK)
    status = base_fail_in(status, "%s", path);
  client_http_answer_clear(&answer);
  return status;
}

ckks_status client_remote_init(client_remote *remote, const client_http_options *http,
                               const char *model, const char *plan) {
  *remote = (client_remote){.n_parallel = CLIENT_REMOTE_USUAL_PARALLEL};
  BASE_TRY(client_http_build(&remote->http, http));
  ckks_status status = model != NULL ? take_name(remote, model) : find_only(remote);
  if (status == CKKS_OK)
    status = fetch_client_file(remote);
  if (status == CKKS_OK && plan != NULL)
    status = check_plan(remote, plan);
  if (status != CKKS_OK)
    client_remote_clear(remote);
  return status;
}

void client_remote_clear(client_remote *remote) {
  client_http_free(remote->http);
  plan_interface_clear(&remote->interface);
  *remote = (client_remote){0};
}

/* --- keys */

void client_remote_key_id(char id[CLIENT_REMOTE_ID_CHARS + 1], const uint8_t *keys, size_t n_keys) {
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, keys, n_keys);
  client_remote_hex(id, digest, sizeof digest);
}
