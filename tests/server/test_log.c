/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers cannot fill the log: what libmicrohttpd says of them is limited, cleaned and counted.
 */
#define _GNU_SOURCE
#include "server/fixture.h"

#define MINUTE ((int64_t)60000000)

static void test_some_a_minute(void **state) {
  (void)state;
  server_log log = {0};
  unsigned n_dropped, n = 0;
  for (int i = 0; i < 1000; i++) {
    n += server_log_admit(&log, &n_dropped, 5 + i);
    assert_int_equal(n_dropped, 0);
  }
  assert_int_equal(n, 10);
  assert_false(server_log_admit(&log, &n_dropped, 5 + MINUTE - 1));
  assert_true(server_log_admit(&log, &n_dropped, 5 + MINUTE));
  assert_int_equal(n_dropped, 991);
  assert_true(server_log_admit(&log, &n_dropped, 6 + MINUTE));
  assert_int_equal(n_dropped, 0); /* said once */
  assert_true(server_log_admit(&log, &n_dropped, 5 + 3 * MINUTE));
  assert_int_equal(n_dropped, 0); /* there were none */
  assert_int_equal(atomic_load(&log.n_lines), 1004);
}

__attribute__((format(printf, 2, 3))) static void say(server_log *log, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  server_log_write(log, format, arguments);
  va_end(arguments);
}

static void say_some(void *context) {
  char large[1000];
  memset(large, 'x', sizeof large - 1);
  large[sizeof large - 1] = '\0';
  say(context, "closed (%d)\n", 400);
  say(context, "GET /\x1b[2J\r\nblindsight: forged\x7f\xff\n");
  say(context, "%s", large);
}

static void test_one_clean_line(void **state) {
  (void)state;
  server_log log = {0};
  char text[2000], *line = text;
  test_captured(text, sizeof text, say_some, &log);
  static const char *const wanted[] = {"blindsight: closed (400)",
                                       "blindsight: GET /?[2J??blindsight: forged??"};
  for (size_t i = 0; i < 2; i++) {
    assert_memory_equal(line, wanted[i], strlen(wanted[i]));
    line += strlen(wanted[i]);
    assert_int_equal(*line++, '\n');
  }
  assert_true(strlen(line) < 300);
  assert_int_equal(line[strlen(line) - 1], '\n');
}

static void send_nonsense(void *context) {
  static const char nonsense[] = "GET /\r\nnot: HTTP at all\r\n\r\n";
  const test_service *t = context;
  for (int i = 0; i < 200; i++) {
    test_reply reply;
    test_exchange(&reply, t, nonsense, sizeof nonsense - 1);
    assert_int_equal(reply.status, 400);
    test_reply_clear(&reply);
  }
}

static int count_lines(const char *text) {
  int n = 0;
  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

/* Two hundred bad requests: ten lines in the log, all of them in the figures. */
static void test_bad_requests(void **state) {
  (void)state;
  test_service t;
  test_reply reply;
  char text[8192];
  test_setup(&t);
  test_start(&t);
  test_captured(text, sizeof text, send_nonsense, &t);
  assert_in_range(count_lines(text), 1, 10);
  assert_int_equal(test_call(&reply, &t, "GET", "/metrics", t.client[0].token, "", NULL, 0), 200);
  const char *at = strstr((const char *)reply.body, "\nblindsight_malformed_total ");
  assert_non_null(at);
  assert_true(atoi(at + strlen("\nblindsight_malformed_total ")) >= 200);
  test_reply_clear(&reply);
  test_teardown(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_some_a_minute),
                                     cmocka_unit_test(test_one_clean_line),
                                     cmocka_unit_test(test_bad_requests)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
