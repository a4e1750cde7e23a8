/* SPDX-License-Identifier: Apache-2.0 */
/* Matching, and the description that is made of the same table. */
#define _GNU_SOURCE
#include "server/fixture.h"

static const server_route *find(const char *method, const char *path, char allow[64]) {
  static char param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  return server_route_find(param, allow, method, path);
}

static void test_find(void **state) {
  (void)state;
  char allow[64], param[SERVER_MAX_PARAMS][SERVER_NAME_CHARS];
  const server_route *route =
      server_route_find(param, allow, "POST", "/v2/models/a.b-c_1/versions/7/infer");
  assert_non_null(route);
  assert_string_equal(route->id, "inferVersion");
  assert_string_equal(param[0], "a.b-c_1");
  assert_string_equal(param[1], "7");
  assert_ptr_equal(find("HEAD", "/v2", allow), find("GET", "/v2", allow));
  assert_null(find("POST", "/v2", allow));
  assert_string_equal(allow, "GET, HEAD, OPTIONS");
  static const char *const unknown[] = {"",
                                        "/",
                                        "/v2/",
                                        "/v3",
                                        "/v2/models/",
                                        "/v2/models//infer",
                                        "/v2/keys/",
                                        "/v2/keys/a b",
                                        "/v2/keys/a/b",
                                        "/v2/keys/\xc3\xa9"};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    assert_null(find("GET", unknown[i], allow));
    assert_string_equal(allow, "");
  }
}

/* Names have a length. */
static void test_long_names(void **state) {
  (void)state;
  char path[400] = "/v2/keys/", allow[64];
  memset(path + 9, 'a', SERVER_NAME_CHARS - 1);
  assert_non_null(find("GET", path, allow));
  memset(path + 9, 'a', SERVER_NAME_CHARS);
  assert_null(find("GET", path, allow));
}

/* Each route can be reached by a path of its own shape, and each answers what it may. */
static void test_table(void **state) {
  (void)state;
  assert_true(server_route_all.n <= SERVER_MAX_ROUTES);
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &server_route_all.route[i];
    char path[128] = "", allow[64];
    for (const char *at = route->path; *at != '\0'; at++) {
      size_t n = strlen(path);
      path[n] = *at == '{' ? 'x' : *at;
      path[n + 1] = '\0';
      if (*at == '{')
        at = strchr(at, '}');
    }
    assert_ptr_equal(find(route->method, path, allow), route);
    assert_true(route->answer[0].status >= 200 && route->answer[0].status < 300);
    assert_true(route->work || route->body == SERVER_BODY_NONE);
  }
}

static size_t count_operations(const json_t *paths) {
  size_t n = 0;
  const char *path;
  json_t *item;
  json_object_foreach((json_t *)(uintptr_t)paths, path, item) n += json_object_size(item);
  return n;
}

static void check_operation(const server_route *route, const json_t *operation,
                            const json_t *document) {
  char method[8], status[8];
  snprintf(method, sizeof method, "%s", route->method);
  assert_string_equal(json_string_value(json_object_get(operation, "operationId")), route->id);
  const json_t *responses = json_object_get(operation, "responses");
  for (int i = 0; i < SERVER_MAX_ANSWERS && route->answer[i].status != 0; i++) {
    snprintf(status, sizeof status, "%d", route->answer[i].status);
    const json_t *response = json_object_get(responses, status);
    assert_non_null(response);
    if (route->answer[i].schema != NULL)
      assert_non_null(
          json_object_get(json_object_get(json_object_get(document, "components"), "schemas"),
                          route->answer[i].schema));
    assert_true((json_object_get(response, "content") != NULL) == (route->answer[i].type != NULL));
  }
  assert_true((json_object_get(operation, "requestBody") != NULL) ==
              (route->body != SERVER_BODY_NONE));
  assert_true((json_object_get(operation, "security") != NULL) == route->open);
}

/* HEAD goes where GET does. */
static size_t expected_operations(void) {
  size_t n = server_route_all.n;
  for (size_t i = 0; i < server_route_all.n; i++)
    n += strcmp(server_route_all.route[i].method, "GET") == 0;
  return n;
}

static void test_openapi(void **state) {
  (void)state;
  json_t *document = server_openapi_build(&server_route_all);
  assert_non_null(document);
  assert_string_equal(json_string_value(json_object_get(document, "openapi")), "3.1.0");
  const json_t *paths = json_object_get(document, "paths");
  assert_int_equal(count_operations(paths), expected_operations());
  for (size_t i = 0; i < server_route_all.n; i++) {
    const server_route *route = &server_route_all.route[i];
    const char *method = strcmp(route->method, "GET") == 0    ? "get"
                         : strcmp(route->method, "PUT") == 0  ? "put"
                         : strcmp(route->method, "POST") == 0 ? "post"
                                                              : "delete";
    const json_t *operation = json_object_get(json_object_get(paths, route->path), method);
    assert_non_null(operation);
    check_operation(route, operation, document);
  }
  json_decref(document);
}

/* Any allocation may fail: there is no document then, or one with all its operations. */
static void test_openapi_memory(void **state) {
  (void)state;
  int n_without = 0;
  json_set_alloc_funcs(base_alloc, base_free);
  for (long k = 1;; k++) {
    long before = base_alloc_count();
    base_alloc_fail_at(k);
    json_t *document = server_openapi_build(&server_route_all);
    base_alloc_fail_at(0);
    if (document != NULL)
      assert_int_equal(count_operations(json_object_get(document, "paths")), expected_operations());
    n_without += document == NULL;
    json_decref(document);
    if (base_alloc_count() - before < k)
      break;
  }
  json_set_alloc_funcs(malloc, free);
  assert_true(n_without > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_find), cmocka_unit_test(test_long_names),
                                     cmocka_unit_test(test_table), cmocka_unit_test(test_openapi),
                                     cmocka_unit_test(test_openapi_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
