/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping, axes and what plots draw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/page/report_svg.h"
#include "random.h"

static void expect_text(base_buffer *buffer, const char *expected) {
  base_buffer_u8(buffer, 0);
  assert_int_equal(base_buffer_status(buffer), CKKS_OK);
  assert_string_equal((const char *)buffer->bytes, expected);
  base_buffer_clear(buffer);
}

static void text_is_escaped(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"plain", "plain"},
      {"", ""},
      {"<a href='x'>&\"", "&#60;a href=&#39;x&#39;&#62;&#38;&#34;"},
      {"&amp;", "&#38;amp;"},
      {"grün", "grün"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    base_buffer out;
    base_buffer_init(&out, 1000);
    cli_report_text(&out, cases[i][0]);
    expect_text(&out, cases[i][1]);
  }
}

/* Characters are counted, not bytes, and none is cut in two. */
static void long_text_is_cut(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"abcd", "abcd"},
                                         {"abcde", "abc&hellip;"},
                                         {"üüüü", "üüüü"},
                                         {"üüüüü", "üüü&hellip;"},
                                         {"<<<<<", "&#60;&#60;&#60;&hellip;"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    base_buffer out;
    base_buffer_init(&out, 1000);
    cli_report_short_text(&out, cases[i][0], 4);
    expect_text(&out, cases[i][1]);
  }
}

static void expect_round(double low, double high) {
  cli_report_axis axis = cli_report_axis_round("x", low, high);
  double n = (axis.high - axis.low) / axis.step;
  double digit = axis.step / pow(10.0, floor(log10(axis.step) + 1e-9));
  assert_true(axis.low <= low + 1e-9 * axis.step && axis.high >= high - 1e-9 * axis.step);
  assert_true(axis.low > low - 1.001 * axis.step && axis.high < high + 1.001 * axis.step);
  assert_true(fabs(n - round(n)) < 1e-6);
  assert_true(n > 2.5 && n < 9.5);
  assert_true(fabs(digit - 1.0) < 1e-6 || fabs(digit - 2.0) < 1e-6 || fabs(digit - 5.0) < 1e-6);
  /* Ticks are told apart by the digits that are shown. */
  assert_true(axis.step * pow(10.0, axis.decimals) > 0.999);
}

static double uniform(uint64_t *seed) {
  return (double)(test_random(seed) >> 11) * 0x1p-53;
}

static void axes_are_round(void **state) {
  (void)state;
  uint64_t seed = 5;
  expect_round(0.0, 250.0);
  expect_round(0.35, 0.7);
  expect_round(0.0, 1.0);
  for (int i = 0; i < 20000; i++) {
    double size = pow(10.0, 12.0 * uniform(&seed) - 6.0);
    double low = size * (uniform(&seed) - 0.5);
    expect_round(low, low + size * (0.01 + uniform(&seed)));
  }
}

static void an_axis_of_one_number(void **state) {
  (void)state;
  cli_report_axis axis = cli_report_axis_round("x", 3.0, 3.0);
  assert_true(axis.low < axis.high && axis.low <= 3.0 && axis.high >= 3.0);
}

/* The numbers behind `before`, wherever it stands, lie in [low, high]. */
static int in_range(const char *text, const char *before, double low, double high) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, before)) != NULL; n++) {
    char *end;
    at += strlen(before);
    double value = strtod(at, &end);
    assert_true(end != at && value >= low && value <= high);
  }
  return n;
}

static void plots_stay_in_their_frame(void **state) {
  (void)state;
  const double x[] = {-100.0, 0.0, 0.5, 1.0, 1e9}, y[] = {0.5, -7.0, 0.25, 99.0, 1.0};
  base_buffer out;
  base_buffer_init(&out, 100000);
  cli_report_axis axis = {.title = "t", .low = 0.0, .high = 1.0, .step = 0.25, .decimals = 2};
  cli_report_plot plot = {.out = &out, .x = axis, .y = axis};
  cli_report_plot_begin(&plot, "a plot");
  cli_report_plot_line(&plot, x, y, 5, 1);
  for (int i = 0; i < 5; i++) {
    cli_report_plot_dot(&plot, x[i], y[i], 0);
    cli_report_plot_bar(&plot, x[i], x[i] + 0.1, y[i], 0);
  }
  cli_report_plot_mark(&plot, 0.0, 0.0, 1.0, 1.0, "name");
  cli_report_plot_end(&plot);
  base_buffer_u8(&out, 0);
  const char *text = (const char *)out.bytes;
  assert_int_equal(in_range(text, "cx=\"", 0.0, 480.0), 5);
  assert_int_equal(in_range(text, "cy=\"", 0.0, 320.0), 5);
  assert_int_equal(in_range(text, " width=\"", 0.0, 480.0), 4); /* one has no height */
  assert_int_equal(in_range(text, " height=\"", 0.0, 320.0), 4);
  assert_non_null(strstr(text, "<polyline class=\"s1\" points=\""));
  assert_non_null(strstr(text, ">0.75</text>"));
  assert_non_null(strstr(text, "aria-label=\"a plot\""));
  base_buffer_clear(&out);
}

static void powers_are_written_as_such(void **state) {
  (void)state;
  base_buffer out;
  base_buffer_init(&out, 100000);
  cli_report_axis axis = {.title = "t", .low = -3.0, .high = 1.0, .step = 1.0, .powers = true};
  cli_report_plot plot = {.out = &out, .x = axis, .y = axis};
  cli_report_plot_begin(&plot, "a plot");
  cli_report_plot_end(&plot);
  base_buffer_u8(&out, 0);
  assert_non_null(
      strstr((const char *)out.bytes, "10<tspan class=\"up\" dy=\"-6\">&#8722;3</tspan>"));
  assert_non_null(strstr((const char *)out.bytes, "10<tspan class=\"up\" dy=\"-6\">1</tspan>"));
  base_buffer_clear(&out);
}

/* Widths are in proportion; nothing is so small that it is not seen. */
static void bars_are_in_proportion(void **state) {
  (void)state;
  const cli_report_bar bars[] = {
      {"a", "", 100.0, "100", 0}, {"b", "", 50.0, "50", 1}, {"c", "", 0.0, "0", 0}};
  const double expected[] = {476.0, 238.0, 3.0};
  base_buffer out;
  base_buffer_init(&out, 100000);
  cli_report_bars(&out, "bars", bars, 3);
  base_buffer_u8(&out, 0);
  const char *at = (const char *)out.bytes;
  for (int i = 0; i < 3; i++) {
    at = strstr(at, "rx=\"3\"/><rect");
    assert_non_null(at);
    at = strstr(at, "width=\"") + 7;
    assert_true(fabs(strtod(at, NULL) - expected[i]) < 0.06);
  }
  base_buffer_clear(&out);
}

static void confusion_is_shown(void **state) {
  (void)state;
  static char one[] = "<one>", two[] = "two";
  const char *const label[] = {one, two};
  const size_t confusion[] = {41, 3, 5, 67};
  base_buffer out;
  base_buffer_init(&out, 100000);
  cli_report_confusion(&out, "matrix", confusion, label, 2, 1);
  base_buffer_u8(&out, 0);
  const char *at = (const char *)out.bytes;
  static const char *const in_order[] = {"&#60;one&#62;", "&#60;one&#62;", ">41<", ">3<",
                                         ">two<",         ">two<",         ">5<",  ">67<"};
  for (size_t i = 0; i < 8; i++) {
    at = strstr(at, in_order[i]);
    assert_non_null(at);
    at++;
  }
  base_buffer_clear(&out);
  /* A class that does not occur. */
  const size_t none[] = {0, 0, 5, 67};
  base_buffer_init(&out, 100000);
  cli_report_confusion(&out, "matrix", none, label, 2, 0);
  base_buffer_u8(&out, 0);
  assert_null(strstr((const char *)out.bytes, "nan"));
  base_buffer_clear(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_escaped),
      cmocka_unit_test(long_text_is_cut),
      cmocka_unit_test(axes_are_round),
      cmocka_unit_test(an_axis_of_one_number),
      cmocka_unit_test(plots_stay_in_their_frame),
      cmocka_unit_test(powers_are_written_as_such),
      cmocka_unit_test(bars_are_in_proportion),
      cmocka_unit_test(confusion_is_shown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
