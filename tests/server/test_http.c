/* SPDX-License-Identifier: Apache-2.0 */
/* The service as its clients see it: every endpoint, every refusal. */
#define _GNU_SOURCE
#include "server/fixture.h"

static test_service t;

static void check_error(const char *method, const char *path, const char *token,
                        const char *headers, const void *body, size_t n, int status,
                        const char *code) {
  test_reply reply;
  assert_int_equal(test_call(&reply, &t, method, path, token, headers, body, n), status);
  assert_string_equal(test_member(&reply, "code"), code);
  assert_true(strlen(test_member(&reply, "message")) > 5);
  assert_string_equal(test_header(&reply, "Content-Type"), "application/json");
  test_reply_clear(&reply);
}

static void test_open(void **state) {
  (void)state;
  test_reply reply;
  assert_int_equal(test_call(&reply, &t, "GET", "/v2", NULL, "", NULL, 0), 200);
  assert_string_equal(test_member(&reply, "name"), "blindsight");
  assert_string_equal(test_member(&reply, "version"), ckks_version());
  test_reply_clear(&reply);
  assert_int_equal(test_call(&reply, &t, "GET", "/v2/health/live", NULL, "", NULL, 0), 200);
  assert_int_equal(reply.n_body, 0);
  test_reply_clear(&reply);
  assert_int_equal(test_status(&t, "GET", "/v2/health/ready", NULL, "", NULL, 0), 200);
  assert_int_equal(test_call(&reply, &t, "HEAD", "/openapi.json", NULL, "", NULL, 0), 200);
  assert_int_equal(reply.n_body, 0);
  assert_true(atoi(test_header(&reply, "Content-Length")) > 5000);
  test_reply_clear(&reply);
}

static void test_closed(void **state) {
  (void)state;
  test_reply reply;
  static const char *const paths[] = {"/v2/models", "/v2/models/small", "/metrics",
                                      "/v2/models/small/client", "/v2/models/none"};
  char wrong[SERVER_TOKEN_CHARS];
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    check_error("GET", paths[i], NULL, "", NULL, 0, 401, "token");
  snprintf(wrong, sizeof wrong, "%s", t.client[0].token);
  wrong[80] = wrong[80] == '0' ? '1' : '0';
  check_error("GET", "/v2/models", wrong, "", NULL, 0, 401, "token");
  check_error("GET", "/v2/models", "bst_nothing", "", NULL, 0, 401, "token");
  check_error("GET", "/v2/models", NULL, "Authorization: Basic YTpi\r\n", NULL, 0, 401, "token");
  test_call(&reply, &t, "GET", "/v2/models", NULL, "", NULL, 0);
  assert_true(strncmp(test_header(&reply, "WWW-Authenticate"), "Bearer", 6) == 0);
  test_reply_clear(&reply);
}

static void test_paths(void **state) {
  (void)state;
  test_reply reply;
  const char *token = t.client[0].token;
  check_error("GET", "/", token, "", NULL, 0, 404, "path");
  check_error("GET", "/v2/models/small/infer/x", token, "", NULL, 0, 404, "path");
  check_error("GET", "/v2/keys/../../etc/passwd", token, "", NULL, 0, 404, "path");
  check_error("GET", "/v2/models/a%2fb", token, "", NULL, 0, 404, "path");
  check_error("GET", "/v2/models/none", token, "", NULL, 0, 404, "model");
  check_error("GET", "/v2/models/small/versions/9", token, "", NULL, 0, 404, "model");
  check_error("POST", "/v2/models", token, "", "{}", 2, 405, "method");
  assert_int_equal(test_call(&reply, &t, "DELETE", "/v2/models/small/infer", token, "", NULL, 0),
                   405);
  assert_string_equal(test_header(&reply, "Allow"), "POST, OPTIONS");
  test_reply_clear(&reply);
  assert_int_equal(test_call(&reply, &t, "PATCH", "/v2/keys/00", token, "", "x", 1), 405);
  assert_string_equal(test_header(&reply, "Allow"), "PUT, GET, HEAD, DELETE, OPTIONS");
  test_reply_clear(&reply);
}

static void test_models_described(void **state) {
  (void)state;
  test_reply reply;
  const char *token = t.client[0].token;
  assert_int_equal(test_call(&reply, &t, "GET", "/v2/models/small", token, "", NULL, 0), 200);
  json_t *model = json_loadb((const char *)reply.body, reply.n_body, 0, NULL);
  assert_string_equal(json_string_value(json_object_get(model, "platform")), "blindsight");
  json_t *input = json_array_get(json_object_get(model, "inputs"), 0);
  assert_string_equal(json_string_value(json_object_get(input, "datatype")), "BYTES");
  json_t *plan = json_object_get(model, "parameters");
  assert_int_equal(json_integer_value(json_object_get(plan, "security")), 128);
  assert_int_equal(json_integer_value(json_object_get(plan, "key_bytes")),
                   t.plan.interface.key_bytes);
  assert_int_equal(json_array_size(json_object_get(plan, "keys")), t.plan.interface.n_keys);
  json_decref(model);
  test_reply_clear(&reply);
  assert_int_equal(
      test_call(&reply, &t, "GET", "/v2/models/small/versions/1/ready", token, "", NULL, 0), 200);
  assert_string_equal(test_member(&reply, "ready"), "true");
  test_reply_clear(&reply);
}

static void test_client_file(void **state) {
  (void)state;
  test_reply reply;
  char line[320];
  plan_interface interface;
  assert_int_equal(
      test_call(&reply, &t, "GET", "/v2/models/small/client", t.client[0].token, "", NULL, 0), 200);
  assert_int_equal(atoi(test_header(&reply, "Content-Length")), (int)reply.n_body);
  OK(plan_files_client_parse(&interface, reply.body, reply.n_body, "client"));
  assert_memory_equal(interface.id, t.plan.interface.id, PLAN_ID_BYTES);
  plan_interface_clear(&interface);
  snprintf(line, sizeof line, "If-None-Match: \"x\", %s\r\n", test_header(&reply, "ETag"));
  test_reply_clear(&reply);
  assert_int_equal(
      test_call(&reply, &t, "GET", "/v2/models/small/client", t.client[0].token, line, NULL, 0),
      304);
  assert_int_equal(reply.n_body, 0);
  test_reply_clear(&reply);
  assert_int_equal(test_status(&t, "GET", "/v2/models/small/client", t.client[0].token,
                               "If-None-Match: \"x\"\r\n", NULL, 0),
                   200);
}

static void test_keys_kept(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  check_error("GET", test_key_path(c), c->token, "", NULL, 0, 404, "key");
  assert_int_equal(test_upload(&t, c), 201);
  assert_int_equal(test_upload(&t, c), 200); /* again changes nothing */
  assert_int_equal(test_call(&reply, &t, "GET", test_key_path(c), c->token, "", NULL, 0), 200);
  assert_string_equal(test_member(&reply, "complete"), "true");
  assert_int_equal(atoi(test_member(&reply, "bytes")), (int)c->n_keys);
  test_reply_clear(&reply);
  assert_int_equal(test_call(&reply, &t, "HEAD", test_key_path(c), c->token, "", NULL, 0), 200);
  assert_int_equal(atoi(test_header(&reply, "Upload-Offset")), (int)c->n_keys);
  assert_string_equal(test_header(&reply, "Upload-Complete"), "?1");
  test_reply_clear(&reply);
  check_error("PUT", "/v2/keys/00", c->token, "", "abc", 3, 400, "key_id");
}

static int put_part(test_reply *reply, const test_client *c, size_t first, size_t n) {
  char line[128];
  snprintf(line, sizeof line, "Content-Range: bytes %zu-%zu/%zu\r\n", first, first + n - 1,
           c->n_keys);
  return test_call(reply, &t, "PUT", test_key_path(c), c->token, line, c->keys + first, n);
}

static void test_keys_resumed(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[1];
  size_t part = c->n_keys / 3;
  char line[64];
  assert_int_equal(put_part(&reply, c, 0, part), 202);
  assert_int_equal(atoi(test_header(&reply, "Upload-Offset")), (int)part);
  test_reply_clear(&reply);
  assert_int_equal(test_call(&reply, &t, "HEAD", test_key_path(c), c->token, "", NULL, 0), 200);
  assert_string_equal(test_header(&reply, "Upload-Complete"), "?0");
  assert_int_equal(atoi(test_header(&reply, "Upload-Offset")), (int)part);
  test_reply_clear(&reply);
  /* A gap, and a part that came before. */
  assert_int_equal(put_part(&reply, c, part + 7, 10), 409);
  assert_int_equal(atoi(test_header(&reply, "Upload-Offset")), (int)part);
  test_reply_clear(&reply);
  assert_int_equal(put_part(&reply, c, 0, part), 409);
  test_reply_clear(&reply);
  assert_int_equal(put_part(&reply, c, part, part), 202);
  test_reply_clear(&reply);
  /* Not whole: it cannot be used yet. */
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, ""), 404);
  test_reply_clear(&reply);
  assert_int_equal(put_part(&reply, c, 2 * part, c->n_keys - 2 * part), 201);
  test_reply_clear(&reply);
  assert_int_equal(test_status(&t, "DELETE", test_key_path(c), c->token, "", NULL, 0), 204);
  assert_int_equal(test_status(&t, "DELETE", test_key_path(c), c->token, "", NULL, 0), 404);
  snprintf(line, sizeof line, "Content-Range: bytes 5-3/%zu\r\n", c->n_keys);
  check_error("PUT", test_key_path(c), c->token, line, "abc", 3, 400, "range");
  check_error("PUT", test_key_path(c), c->token, "Content-Range: bytes 0-2/2\r\n", "abc", 3, 400,
              "range");
  check_error("PUT", test_key_path(c), c->token, "Content-Range: lines 0-2/9\r\n", "abc", 3, 400,
              "range");
}

static void test_keys_refused(void **state) {
  (void)state;
  const test_client *c = &t.client[1];
  uint8_t *bytes = malloc(c->n_keys);
  char id[65], path[96];
  memcpy(bytes, c->keys, c->n_keys);
  bytes[c->n_keys / 2] ^= 1;
  check_error("PUT", test_key_path(c), c->token, "", bytes, c->n_keys, 422, "digest");
  test_name_keys(id, bytes, c->n_keys);
  snprintf(path, sizeof path, "/v2/keys/%s", id);
  check_error("PUT", path, c->token, "", bytes, c->n_keys, 400, "format");
  check_error("GET", path, c->token, "", NULL, 0, 404, "key");
  test_name_keys(id, t.sample, t.n_sample); /* a sample is no key */
  snprintf(path, sizeof path, "/v2/keys/%s", id);
  check_error("PUT", path, c->token, "", t.sample, t.n_sample, 400, "format");
  free(bytes);
}

static void test_keys_of_another_model(void **state) {
  (void)state;
  test_service other = {0};
  ckks_secret_key *secret;
  uint8_t *keys;
  size_t n;
  char id[65], path[96];
  test_make_plan(&other, 8);
  OK(client_keygen(&secret, &keys, &n, &other.plan.interface));
  test_name_keys(id, keys, n);
  snprintf(path, sizeof path, "/v2/keys/%s", id);
  check_error("PUT", path, t.client[0].token, "", keys, n, 422, "mismatch");
  check_error("GET", path, t.client[0].token, "", NULL, 0, 404, "key");
  ckks_secret_key_free(secret);
  base_free(keys);
  ckks_params_free(other.params);
  plan_clear(&other.plan);
  network_clear(&other.model);
}

static void test_inference(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  assert_int_equal(test_upload(&t, c), 200);
  for (int i = 0; i < 3; i++)
    test_check_inference(&t);
  check_error("POST", "/v2/models/small/infer", c->token, TEST_RAW, t.sample, t.n_sample, 400,
              "request");
  check_error("POST", "/v2/models/small/infer", c->token, "Content-Type: text/plain\r\n", t.sample,
              t.n_sample, 415, "type");
  assert_int_equal(test_infer(&reply, &t, c->token, t.client[1].id, ""), 404);
  test_reply_clear(&reply);
}

/* The Open Inference Protocol's binary form, both ways. */
static void test_binary_tensor(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  char lines[200];
  uint8_t *body;
  size_t n_head, n = test_tensor(&body, &n_head, c->id, t.sample, t.n_sample);
  snprintf(lines, sizeof lines, TEST_RAW "Inference-Header-Content-Length: %zu\r\n", n_head);
  assert_int_equal(
      test_call(&reply, &t, "POST", "/v2/models/small/versions/1/infer", c->token, lines, body, n),
      200);
  size_t n_answer = (size_t)atoi(test_header(&reply, "Inference-Header-Content-Length"));
  json_t *answer = json_loadb((const char *)reply.body, n_answer, 0, NULL);
  assert_string_equal(json_string_value(json_object_get(answer, "id")), "q7");
  assert_string_equal(json_string_value(json_object_get(answer, "model_name")), "small");
  json_t *output = json_array_get(json_object_get(answer, "outputs"), 0);
  assert_int_equal(json_integer_value(
                       json_object_get(json_object_get(output, "parameters"), "binary_data_size")),
                   reply.n_body - n_answer);
  json_decref(answer);
  test_check_result(&t, reply.body + n_answer + 4, reply.n_body - n_answer - 4);
  test_reply_clear(&reply);
  body[n_head] ^= 1; /* the element's length */
  check_error("POST", "/v2/models/small/infer", c->token, lines, body, n, 400, "request");
  body[n_head] ^= 1;
  check_error("POST", "/v2/models/small/infer", c->token, lines, body, n - 1, 400, "request");
  body[3] = '\1';
  check_error("POST", "/v2/models/small/infer", c->token, lines, body, n, 400, "request");
  free(body);
}

static void test_too_large(void **state) {
  (void)state;
  test_reply reply;
  char *bytes;
  /* Only the head is sent: the answer must come without the body. */
  size_t n = test_compose(&bytes, "POST", "/v2/models/small/infer", t.client[0].token,
                          "Content-Length: 99999999999\r\nBlindsight-Key: 0\r\n", NULL, 0);
  test_exchange(&reply, &t, bytes, n);
  assert_int_equal(reply.status, 413);
  test_reply_clear(&reply);
  free(bytes);
  n = test_compose(&bytes, "POST", "/v2/models/small/infer", t.client[0].token, "", NULL, 0);
  test_exchange(&reply, &t, bytes, n);
  assert_int_equal(reply.status, 411);
  test_reply_clear(&reply);
  free(bytes);
  check_error("DELETE", "/v2/jobs/00", t.client[0].token, "", "abc", 3, 413, "too_large");
}

/* Two requests and more on one connection. */
static void test_keep_alive(void **state) {
  (void)state;
  test_reply reply;
  char text[1024];
  int n = snprintf(text, sizeof text,
                   "GET /v2/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
                   "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
                   "GET /v2/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                   t.client[0].token);
  test_exchange(&reply, &t, text, (size_t)n);
  assert_int_equal(reply.status, 200);
  assert_non_null(memmem(reply.body, reply.n_body, "\"models\"", 8));
  assert_non_null(memmem(reply.body, reply.n_body, "HTTP/1.1 404", 12));
  test_reply_clear(&reply);
}

static const char *wait_for_job(const char *path, const char *token) {
  static char kept[600];
  for (int i = 0; i < 1000; i++) {
    test_reply reply;
    assert_int_equal(test_call(&reply, &t, "GET", path, token, "", NULL, 0), 200);
    snprintf(kept, sizeof kept, "%s", test_member(&reply, "state"));
    test_reply_clear(&reply);
    if (strcmp(kept, "queued") != 0)
      break;
    usleep(5000);
  }
  return kept;
}

static void test_jobs(void **state) {
  (void)state;
  test_reply reply;
  const test_client *c = &t.client[0];
  char path[256], result[300];
  assert_int_equal(test_infer(&reply, &t, c->token, c->id, "Prefer: respond-async\r\n"), 202);
  snprintf(path, sizeof path, "%s", test_header(&reply, "Location"));
  test_reply_clear(&reply);
  assert_string_equal(wait_for_job(path, c->token), "done");
  snprintf(result, sizeof result, "%s/result", path);
  assert_int_equal(test_call(&reply, &t, "GET", result, c->token, "", NULL, 0), 200);
  test_check_result(&t, reply.body, reply.n_body);
  test_reply_clear(&reply);
  /* Nobody else's. */
  check_error("GET", path, t.client[1].token, "", NULL, 0, 404, "job");
  check_error("GET", result, t.client[1].token, "", NULL, 0, 404, "job");
  check_error("DELETE", path, t.client[1].token, "", NULL, 0, 404, "job");
  assert_int_equal(test_status(&t, "DELETE", path, c->token, "", NULL, 0), 204);
  check_error("GET", path, c->token, "", NULL, 0, 404, "job");
  /* One that fails says why. */
  assert_int_equal(test_infer(&reply, &t, c->token, t.client[1].id, "Prefer: respond-async\r\n"),
                   202);
  snprintf(path, sizeof path, "%s", test_header(&reply, "Location"));
  test_reply_clear(&reply);
  assert_string_equal(wait_for_job(path, c->token), "failed");
  snprintf(result, sizeof result, "%s/result", path);
  check_error("GET", result, c->token, "", NULL, 0, 409, "job");
}

static void test_metrics(void **state) {
  (void)state;
  test_reply reply;
  assert_int_equal(test_call(&reply, &t, "GET", "/metrics", t.client[0].token, "", NULL, 0), 200);
  const char *text = (const char *)reply.body;
  assert_non_null(strstr(text, "blindsight_requests_total{method=\"POST\",route=\"/v2/models/"
                               "{model}/infer\",status=\"2xx\"}"));
  assert_non_null(strstr(text, "blindsight_stage_seconds_bucket{stage=\"evaluate\",le=\"+Inf\"}"));
  assert_non_null(strstr(text, "\nblindsight_key_cache_entries 1\n"));
  assert_non_null(strstr(text, "\nblindsight_queue_depth 0\n"));
  assert_null(strstr(text, "blindsight_predictions_total 0\n"));
  test_reply_clear(&reply);
}

static void check_figure(const char *text, const char *line, bool there) {
  if ((strstr(text, line) != NULL) != there)
    fail_msg("%s: %s", line, there ? "is missing" : "is there");
}

/* A token is for what it was made for, and for nothing else; what one tenant asked is its own. */
static void test_scopes(void **state) {
  (void)state;
  const unsigned scopes[] = {SERVER_SCOPE_INFER, SERVER_SCOPE_METRICS, SERVER_SCOPE_ADMIN};
  char token[3][SERVER_TOKEN_CHARS], mine[128];
  test_reply reply;
  for (int i = 0; i < 3; i++) {
    server_token row;
    server_limits limits;
    server_token_defaults(&limits);
    limits.scopes = scopes[i];
    OK(server_token_create(token[i], &row, t.state, "scoped", &limits));
  }
  check_error("GET", "/metrics", token[0], "", NULL, 0, 403, "scope");
  assert_int_equal(test_status(&t, "GET", "/v2/models", token[0], "", NULL, 0), 200);
  check_error("GET", "/v2/models", token[1], "", NULL, 0, 403, "scope");
  check_error("POST", "/v2/models/small/infer", token[1], TEST_RAW, "x", 1, 403, "scope");
  check_error("DELETE", test_key_path(&t.client[0]), token[1], "", NULL, 0, 403, "scope");
  assert_int_equal(test_status(&t, "GET", "/v2/models", token[2], "", NULL, 0), 200);
  snprintf(mine, sizeof mine, "blindsight_token_predictions_today{token=\"%s\"} ",
           t.client[0].row.id);
  for (int i = 1; i < 3; i++) {
    assert_int_equal(test_call(&reply, &t, "GET", "/metrics", token[i], "", NULL, 0), 200);
    const char *text = (const char *)reply.body;
    check_figure(text, mine, i == 2);
    check_figure(text, "token=\"", i == 2);
    check_figure(text, "blindsight_model_predictions_total{model=\"small\",version=\"1\"} ", true);
    check_figure(text, "\nblindsight_model_predictions_total{model=\"small\",version=\"1\"} 0\n",
                 false);
    check_figure(text, "\nprocess_resident_memory_bytes 0\n", false);
    check_figure(text, "\nprocess_start_time_seconds ", true);
    check_figure(text, "\nblindsight_disk_full 0\n", true);
    test_reply_clear(&reply);
  }
}

static void test_restart(void **state) {
  (void)state;
  server_audit_report report;
  test_stop(&t);
  test_start(&t);
  test_check_inference(&t); /* without a new upload */
  test_stop(&t);
  OK(server_audit_read_verify(&report, t.state, NULL));
  assert_true(report.n_lines > 50);
  test_start(&t);
}

static void test_draining(void **state) {
  (void)state;
  test_reply reply;
  server_service_drain(t.service, 5);
  assert_int_equal(test_status(&t, "GET", "/v2/health/live", NULL, "", NULL, 0), 200);
  check_error("GET", "/v2/health/ready", NULL, "", NULL, 0, 503, "draining");
  assert_int_equal(test_infer(&reply, &t, t.client[0].token, t.client[0].id, ""), 503);
  assert_true(atoi(test_header(&reply, "Retry-After")) > 0);
  test_reply_clear(&reply);
}

static int setup(void **state) {
  (void)state;
  test_setup(&t);
  test_start(&t);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  test_teardown(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_open),
                                     cmocka_unit_test(test_closed),
                                     cmocka_unit_test(test_paths),
                                     cmocka_unit_test(test_models_described),
                                     cmocka_unit_test(test_client_file),
                                     cmocka_unit_test(test_keys_kept),
                                     cmocka_unit_test(test_keys_resumed),
                                     cmocka_unit_test(test_keys_refused),
                                     cmocka_unit_test(test_keys_of_another_model),
                                     cmocka_unit_test(test_inference),
                                     cmocka_unit_test(test_binary_tensor),
                                     cmocka_unit_test(test_too_large),
                                     cmocka_unit_test(test_keep_alive),
                                     cmocka_unit_test(test_jobs),
                                     cmocka_unit_test(test_metrics),
                                     cmocka_unit_test(test_scopes),
                                     cmocka_unit_test(test_restart),
                                     cmocka_unit_test(test_draining)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
