/* SPDX-License-Identifier: Apache-2.0 */
/* Targets and field values, by the letter of RFC 3986, 9110 and 9112. */
#define _GNU_SOURCE
#include "server/fixture.h"
#include "server/http/cors.h"
#include "server/http/field.h"
#include "server/http/target.h"

static void test_targets(void **state) {
  (void)state;
  static const struct {
    const char *target, *path; /* NULL = refused */
  } table[] = {{"/v2", "/v2"},
               {"/v2/", "/v2"},
               {"/", "/"},
               {"*", "*"},
               {"/v2?x=/y", "/v2"},
               {"/v2/models/a?", "/v2/models/a"},
               {"/v2/%6dodels/%41%2D%2e%5F%7e", "/v2/models/A-._~"},
               {"/v2/keys/%00", "/v2/keys/%00"},
               {"/v2/models/a%2Fb", "/v2/models/a%2Fb"},
               {"/v2/models/a%252Fb", "/v2/models/a%252Fb"},
               {"http://example.org/v2/models", "/v2/models"},
               {"HTTPS://example.org:8080/v2/", "/v2"},
               {"http://example.org", "/"},
               {"http://example.org?x", "/"},
               {"http:///v2", NULL},
               {"ftp://example.org/v2", NULL},
               {"v2", NULL},
               {"", NULL},
               {"/v2/%", NULL},
               {"/v2/%4", NULL},
               {"/v2/%zz", NULL},
               {"/v2/%4g", NULL},
               {"/v2#x", NULL},
               {"/v2/\x7f", NULL},
               {"/v2/\xc3\xa9", NULL},
               {"**", NULL}};
  char path[SERVER_TARGET_CHARS], longest[2 * SERVER_TARGET_CHARS] = "";
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    bool good = server_target_read(path, table[i].target);
    if (good != (table[i].path != NULL) || (good && strcmp(path, table[i].path) != 0))
      fail_msg("%s: %s", table[i].target, good ? path : "refused");
  }
  memset(longest, '/', SERVER_TARGET_CHARS - 1);
  assert_true(server_target_read(path, longest));
  memset(longest, '/', SERVER_TARGET_CHARS);
  assert_false(server_target_read(path, longest));
}

static void test_lists(void **state) {
  (void)state;
  static const char *const in[] = {"respond-async",
                                   "Respond-Async",
                                   "wait=10, respond-async",
                                   "respond-async;x=\"a, b\", other",
                                   " \trespond-async ,",
                                   "x=\"a,\\\"respond-sync\", respond-async"},
                           *const out[] = {"",
                                           "respond-asynchronously",
                                           "x-respond-async",
                                           "x=\"respond-async\"",
                                           "x=\", respond-async",
                                           "respond async",
                                           "x=\"\\\", respond-async\""};
  for (size_t i = 0; i < sizeof in / sizeof *in; i++)
    if (!server_field_lists(in[i], "respond-async"))
      fail_msg("%s", in[i]);
  for (size_t i = 0; i < sizeof out / sizeof *out; i++)
    if (server_field_lists(out[i], "respond-async"))
      fail_msg("%s", out[i]);
  assert_false(server_field_lists(NULL, "x"));
}

static void test_values(void **state) {
  (void)state;
  unsigned long long n;
  assert_true(server_field_is_type("Application/Octet-Stream", "application/octet-stream"));
  assert_true(server_field_is_type("application/json; charset=utf-8", "application/json"));
  assert_true(server_field_is_type("application/json ;x", "application/json"));
  assert_false(server_field_is_type("application/octet-streaming", "application/octet-stream"));
  assert_false(server_field_is_type("", "application/json"));
  assert_false(server_field_is_type(NULL, "application/json"));
  assert_true(server_field_is_token("Transfer-Encoding", 17));
  assert_false(server_field_is_token("Transfer-Encoding ", 18));
  assert_false(server_field_is_token("", 0));
  assert_true(server_field_number(&n, "999999999999999999") && n == 999999999999999999u);
  static const char *const none[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1000000000000000000"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    assert_false(server_field_number(&n, none[i]));
}

static void test_origins(void **state) {
  (void)state;
  static const char *const good[] = {"*", "https://example.org",
                                     "http://localhost:3000,https://example.org"},
                           *const bad[] = {"",
                                           "example.org",
                                           "https://",
                                           "https://example.org/",
                                           "*,*",
                                           "https://example.org,",
                                           "https://*.example.org"};
  OK(server_cors_check(NULL));
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    OK(server_cors_check(good[i]));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(server_cors_check(bad[i]), CKKS_ERROR_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_lists),
                                     cmocka_unit_test(test_values), cmocka_unit_test(test_origins)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
