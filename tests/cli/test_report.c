/* SPDX-License-Identifier: Apache-2.0 */
/* report.html of a made-up run: its text, its plots, what it escapes; running out of memory. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/page/report.h"
#include "cli/story.h"

static char folder[] = "/tmp/test_report.XXXXXX", path[64];

static char *write_page(cli_demo_story *story) {
  uint8_t *page;
  size_t n;
  story->options.out = folder;
  assert_int_equal(cli_report_write(story), CKKS_OK);
  assert_int_equal(base_file_read(&page, &n, path, (size_t)1 << 24), CKKS_OK);
  assert_int_equal(strlen((const char *)page), n);
  return (char *)page;
}

static int count(const char *page, const char *word) {
  int n = 0;
  for (const char *at = page; (at = strstr(at, word)) != NULL; at += strlen(word))
    n++;
  return n;
}

static void expect(const char *page, const char *text) {
  if (strstr(page, text) == NULL)
    fail_msg("the page does not say: %s", text);
}

static void figures_are_those_of_the_run(void **state) {
  cli_demo_story *story = *state;
  char *page = write_page(story);
  expect(page, "<b>83.33&#8239;%</b><span>accuracy in clear");
  expect(page, "<b>83.33&#8239;%</b><span>accuracy under encryption");
  expect(page, "<b>0</b><span>predictions that differ");
  expect(page, "<b>2.0&#8239;&middot;&#8239;10<sup>&#8722;7</sup></b><span>largest error");
  expect(page, "<b>3.0 ms</b>");
  expect(page, "<b>141 kB</b>");
  expect(page, "<b>1.23 MB</b>");
  expect(page, "Every prediction is the same as in clear");
  expect(page, "log<sub>2</sub>(QP) = 176.5 where 214 is the most at N = 2<sup>13</sup>");
  expect(page, "Q 40 + 36 bits; P 41 bits");
  expect(page, "3 features &rarr; 2 &rarr; 2");
  base_free(page);
}

/* Every element that is opened is closed, in order; void ones apart. */
static void elements_are_nested(const char *page) {
  const char *stack[64];
  size_t length[64], depth = 0;
  for (const char *at = strchr(page, '<'); at != NULL; at = strchr(at + 1, '<')) {
    const char *end = strchr(at, '>'), *name = at + 1 + (at[1] == '/');
    size_t n = strcspn(name, " >/\n");
    assert_non_null(end);
    if (at[1] == '!' || end[-1] == '/' || (n == 4 && memcmp(name, "meta", 4) == 0) ||
        (n == 2 && memcmp(name, "br", 2) == 0))
      continue;
    if (at[1] != '/') {
      assert_true(depth < 64);
      stack[depth] = name;
      length[depth++] = n;
    } else if (depth == 0 || length[depth - 1] != n || memcmp(stack[depth - 1], name, n) != 0)
      fail_msg("</%.*s> closes nothing", (int)n, name);
    else
      depth--;
  }
  assert_int_equal(depth, 0);
}

static void the_page_stands_alone(void **state) {
  char *page = write_page(*state);
  static const char *const foreign[] = {"http:", "https:", "src=",    "href=",   "<script",
                                        "<link", "url(",   "@import", "onclick", "<iframe"};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
    if (strstr(page, foreign[i]) != NULL)
      fail_msg("the page holds %s", foreign[i]);
  assert_int_equal(count(page, "<svg "), 8);
  assert_int_equal(count(page, "aria-label="), 8);
  elements_are_nested(page);
  base_free(page);
}

static void names_are_escaped(void **state) {
  char *page = write_page(*state);
  assert_null(strstr(page, "<b>one"));
  assert_null(strstr(page, "& \""));
  assert_null(strstr(page, "a<b>"));
  expect(page, "&#60;b&#62;one&#60;/b&#62;");
  expect(page, "two &#38; &#34;more&#34;");
  expect(page, "a&#60;b&#62;.csv");
  base_free(page);
}

static void every_client_has_a_line(void **state) {
  char *page = write_page(*state), line[200];
  for (size_t i = 0; i < STORY_CLIENTS; i++) {
    snprintf(line, sizeof line, "<tr><td>%zu</td><td class=\"n\">%zu</td><td>", i + 1, 2 * i);
    expect(page, line);
    snprintf(line, sizeof line, "<td class=\"n\">%.8f</td><td class=\"n\">%.8f</td>",
             story_output(2 * i, 0, 0), story_output(2 * i, 0, -1));
    expect(page, line);
  }
  base_free(page);
}

static void a_broken_story_says_so(void **state) {
  cli_demo_story *story = *state;
  story->n_flips = 7;
  char *page = write_page(story);
  assert_null(strstr(page, "Every prediction is the same"));
  expect(page, "verdict broken\">the story breaks: 7 predictions differ");
  base_free(page);
}

/* Neither zero nor what is beyond all axes upsets a plot. */
static void odd_numbers_are_drawn(void **state) {
  cli_demo_story *story = *state;
  const double odd[] = {0.0, 1e300, 1e-300, 5.0};
  for (size_t i = 0; i < 4; i++)
    story->pass[0].error[i] = odd[i];
  story->pass[1].outputs[0] = 1e200;
  for (size_t i = 0; i < STORY_EPOCHS; i++)
    story->train_loss[i] = story->validation_loss[i] = 0.25; /* an axis without length */
  char *page = write_page(story);
  assert_null(strstr(page, "nan"));
  assert_null(strstr(page, "\"inf"));
  static const char *const outside[] = {" x=\"-", " y=\"-", "cx=\"-", "cy=\"-", "h=\"-", "t=\"-"};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
    assert_null(strstr(page, outside[i]));
  elements_are_nested(page);
  base_free(page);
}

static void more_classes(void **state) {
  (void)state;
  cli_demo_story story;
  assert_int_equal(story_init(&story, 4), 0);
  char *page = write_page(&story);
  assert_int_equal(count(page, "<svg "), 7); /* there is no ROC curve */
  expect(page, "largest output, encrypted");
  elements_are_nested(page);
  base_free(page);
  story_clear(&story);
}

static void every_allocation_may_fail(void **state) {
  cli_demo_story *story = *state;
  story->options.out = folder;
  long k = 1;
  for (;; k++) {
    unlink(path);
    base_alloc_fail_at(k);
    ckks_status status = cli_report_write(story);
    base_alloc_fail_at(0);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_int_not_equal(access(path, F_OK), 0);
  }
  assert_true(k > 3);
}

static void folders_that_are_not_there(void **state) {
  cli_demo_story *story = *state;
  story->options.out = "/nowhere/at/all";
  assert_int_equal(cli_report_write(story), CKKS_ERROR_IO);
  assert_non_null(strstr(base_last_error(), "/nowhere/at/all/report.html"));
}

static int set_up(void **state) {
  static cli_demo_story story;
  *state = &story;
  return story_init(&story, 2);
}

static int tear_down(void **state) {
  story_clear(*state);
  return 0;
}

static int make_folder(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof path, "%s/report.html", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(figures_are_those_of_the_run),
      TEST(the_page_stands_alone),
      TEST(names_are_escaped),
      TEST(every_client_has_a_line),
      TEST(a_broken_story_says_so),
      TEST(odd_numbers_are_drawn),
      cmocka_unit_test(more_classes),
      TEST(every_allocation_may_fail),
      TEST(folders_that_are_not_there),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
