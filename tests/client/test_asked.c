/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of libcurl, which does as it is told: the oldest TLS, whom to believe, where to
 * go. Each option passes by here on its way (cmake/tests.cmake). */
#define _DEFAULT_SOURCE
#include "client/world.h"

#include <curl/curl.h>
#include <stdarg.h>

#undef curl_easy_setopt
CURLcode __real_curl_easy_setopt(CURL *curl, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...);

#define MAX_OPTIONS 20000

static long asked[MAX_OPTIONS];
static int n_asked[MAX_OPTIONS];

/* Numbers, pointers and functions are all of one word; the last number of each option is kept. */
CURLcode __wrap_curl_easy_setopt(CURL *curl, CURLoption option, ...) {
  va_list arguments;
  va_start(arguments, option);
  if (option >= CURLOPTTYPE_OFF_T) {
    curl_off_t value = va_arg(arguments, curl_off_t);
    va_end(arguments);
    return __real_curl_easy_setopt(curl, option, value);
  }
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  if (option < CURLOPTTYPE_OBJECTPOINT && (size_t)option < MAX_OPTIONS) {
    asked[option] = (long)(intptr_t)value;
    n_asked[option]++;
  }
  return __real_curl_easy_setopt(curl, option, value);
}

static void test_what_is_asked(void **state) {
  const scripted_line lines[] = {file_line("GET ")};
  scripted server;
  client_remote remote;
  (void)state;
  START(&server, &remote, lines);
  client_remote_clear(&remote);
  scripted_end(&server);
  assert_true(n_asked[CURLOPT_SSLVERSION] > 0);
  assert_true(asked[CURLOPT_SSLVERSION] >= CURL_SSLVERSION_TLSv1_2);
  /* Nobody turns off what libcurl does by itself. */
  assert_true(n_asked[CURLOPT_SSL_VERIFYPEER] == 0 || asked[CURLOPT_SSL_VERIFYPEER] == 1);
  assert_true(n_asked[CURLOPT_SSL_VERIFYHOST] == 0 || asked[CURLOPT_SSL_VERIFYHOST] == 2);
  assert_true(n_asked[CURLOPT_FOLLOWLOCATION] == 0 || asked[CURLOPT_FOLLOWLOCATION] == 0);
  assert_true(n_asked[CURLOPT_NOSIGNAL] > 0 && asked[CURLOPT_NOSIGNAL] == 1);
  assert_true(n_asked[CURLOPT_LOW_SPEED_TIME] > 0 && asked[CURLOPT_LOW_SPEED_TIME] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_asked)};
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  return cmocka_run_group_tests(tests, make_world, clear_world);
}
