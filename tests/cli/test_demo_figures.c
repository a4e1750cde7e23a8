/* SPDX-License-Identifier: Apache-2.0 */
/* What the demonstration compares and promises, and report.json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/story.h"

static void errors_are_relative_above_one(void **state) {
  (void)state;
  const double clear[] = {0.5, -0.25, 100.0, -200.0}, near[] = {0.5, -0.2500001, 100.001, -200.0};
  double error[4], most;
  size_t n_flips;
  cli_demo_compare(error, &most, &n_flips, near, clear, 2, 2);
  assert_true(error[0] == 0.0 && error[3] == 0.0);
  assert_true(fabs(error[1] - 1e-7) < 1e-15);
  assert_true(fabs(error[2] - 1e-5) < 1e-13);
  assert_true(most == error[2]);
  assert_int_equal(n_flips, 0);
}

static void flips_are_counted(void **state) {
  (void)state;
  const double clear[] = {1, 0, 0, 1, 1, 1}, other[] = {0, 1, 0, 1, 0.9, 1};
  double most;
  size_t n_flips;
  cli_demo_compare(NULL, &most, &n_flips, other, clear, 3, 2);
  assert_int_equal(n_flips, 2); /* the last row's tie went to the first output */
  assert_true(most == 1.0);
}

/* A NaN is the largest error of all, wherever it stands. */
static void nan_is_an_error(void **state) {
  (void)state;
  const double clear[] = {1, 2, 3, 4};
  for (size_t at = 0; at < 4; at++) {
    double outputs[] = {1, 2, 3, 4}, most;
    size_t n_flips;
    outputs[at] = NAN;
    cli_demo_compare(NULL, &most, &n_flips, outputs, clear, 2, 2);
    assert_true(isnan(most));
  }
}

static void promises_are_held(void **state) {
  cli_demo_story *story = *state;
  assert_int_equal(cli_demo_check(story), CKKS_OK);
  double was = story->max_error;
  story->max_error = CLI_DEMO_ERROR_LIMIT;
  assert_int_equal(cli_demo_check(story), CKKS_OK);
  const double broken[] = {1.001 * CLI_DEMO_ERROR_LIMIT, INFINITY, NAN};
  for (size_t i = 0; i < 3; i++) {
    story->max_error = broken[i];
    assert_int_equal(cli_demo_check(story), CKKS_ERROR_RANGE);
    assert_non_null(strstr(base_last_error(), "largest error"));
  }
  story->max_error = was;
  story->n_flips = 2;
  assert_int_equal(cli_demo_check(story), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "2 predictions differ"));
  story->n_flips = 0;
  story->pass[1].metrics->accuracy += 0.1;
  assert_int_equal(cli_demo_check(story), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "accuracy"));
  story->pass[1].metrics->accuracy -= 0.1;
}

static void medians(void **state) {
  cli_demo_story *story = *state;
  assert_true(cli_demo_median(story, cli_demo_cost_keygen) == 29.0); /* 30, 29, 28 */
  assert_true(cli_demo_median(story, cli_demo_cost_load_keys) == 11.0);
  assert_true(cli_demo_median(story, cli_demo_cost_infer) == 3.0); /* 3, 4, 3 */
  assert_true(cli_demo_median(story, cli_demo_cost_encrypt) == 5.0);
  assert_true(cli_demo_median(story, cli_demo_cost_decrypt) == 4.0);
  story->options.n_clients = 2;
  assert_true(cli_demo_median(story, cli_demo_cost_keygen) == 29.5);
  story->options.n_clients = 1;
  assert_true(cli_demo_median(story, cli_demo_cost_keygen) == 30.0);
  story->options.n_clients = STORY_CLIENTS;
  assert_int_equal(cli_demo_peak_rss_bytes(story), 20000002);
}

static void rows_that_take_part(void **state) {
  cli_demo_story *story = *state;
  char text[64];
  assert_string_equal(cli_demo_rows(text, story), "All 6 validation rows");
  story->rows->n_rows = 1000000;
  assert_string_equal(cli_demo_rows(text, story), "The first 6 of 1000000 validation rows");
  story->rows->n_rows = STORY_ROWS;
}

static double number(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  assert_true(json_is_number(value));
  return json_number_value(value);
}

static void json_says_it_all(void **state) {
  cli_demo_story *story = *state;
  json_t *json = cli_demo_json(story);
  assert_non_null(json);
  assert_true(number(json, "accuracy_clear") == story->metrics->accuracy);
  assert_true(number(json, "accuracy_encrypted") == story->pass[0].metrics->accuracy);
  assert_true(number(json, "f1_clear") == story->metrics->f1);
  assert_true(number(json, "max_error") == story->max_error);
  assert_true(number(json, "label_flips") == 0);
  assert_true(number(json, "security_bits") == 128 && number(json, "log2_n") == 13);
  assert_true(number(json, "log2_qp") == 176.5 && number(json, "depth") == 3);
  assert_true(number(json, "evaluation_key_bytes") == 1234567);
  assert_true(number(json, "sample_bytes") == 141000 && number(json, "result_bytes") == 37000);
  assert_true(number(json, "infer_ms_median") == 3.0);
  assert_true(number(json, "throughput_row_ms") == 2.0);
  assert_true(number(json, "infer_peak_rss_bytes") == 20000002);
  const json_t *clients = json_object_get(json, "private_clients");
  assert_int_equal(json_array_size(clients), STORY_CLIENTS);
  const json_t *second = json_array_get(clients, 1);
  assert_true(number(second, "row") == 2);
  assert_string_equal(json_string_value(json_object_get(second, "label")), "<b>one</b>");
  assert_true(json_number_value(json_array_get(json_object_get(second, "outputs_clear"), 1)) ==
              story->clear[2 * story->names->n_labels + 1]);
  assert_true(number(json_object_get(json, "throughput"), "max_error") == story->pass[1].max_error);
  json_decref(json);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_relative_above_one),
      cmocka_unit_test(flips_are_counted),
      cmocka_unit_test(nan_is_an_error),
      cmocka_unit_test_setup_teardown(promises_are_held, set_up, tear_down),
      cmocka_unit_test_setup_teardown(medians, set_up, tear_down),
      cmocka_unit_test_setup_teardown(rows_that_take_part, set_up, tear_down),
      cmocka_unit_test_setup_teardown(json_says_it_all, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
