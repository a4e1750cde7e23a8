/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from files. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

static const char table[] = "bmi,name,age,glucose,truth\n"
                            "22,Anna,25,100,healthy\n"
                            "40,Bert,60,180,ill\n"
                            "28,Carl,47,,ill\n";

static blindsight_rows_options with_label(const char *label) {
  blindsight_rows_options options;
  blindsight_rows_options_default(&options, sizeof options);
  options.label = label;
  return options;
}

static void columns_are_found_by_name(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  const blindsight_names *names = blindsight_model_names(model);
  const blindsight_rows_options truth = with_label("truth");
  blindsight_rows *rows;
  const char *path = test_file("t.csv", table);
  assert_int_equal(blindsight_rows_load(&rows, path, names, &truth), CKKS_OK);
  assert_int_equal(rows->n_rows, 3);
  assert_int_equal(rows->n_features, 3);
  for (size_t i = 0; i < 9; i++)
    if (i == 7)
      assert_true(isnan(rows->value[i]));
    else
      assert_true(rows->value[i] == test_rows[i]);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(rows->label[i], i > 0);
    assert_int_equal(rows->index[i], i);
    assert_int_equal(rows->line[i], i + 2);
  }
  blindsight_rows_free(rows);
  assert_int_equal(blindsight_rows_load(&rows, path, names, NULL), CKKS_OK);
  assert_null(rows->label);
  blindsight_rows_free(rows);
  blindsight_rows_free(NULL);
  blindsight_model_free(model);
}

static void rows_can_be_chosen(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  const blindsight_rows_options truth = with_label("truth");
  const size_t places[] = {2, 0, 2, 1}, beyond[] = {0, 3};
  blindsight_rows *rows;
  assert_int_equal(
      blindsight_rows_load(&rows, test_file("t.csv", table), blindsight_model_names(model), &truth),
      CKKS_OK);
  assert_fails(blindsight_rows_keep(rows, beyond, 2), CKKS_ERROR_ARGUMENT, "place[1] = 3");
  assert_fails(blindsight_rows_keep(rows, places, 0), CKKS_ERROR_ARGUMENT, "n = 0");
  assert_int_equal(rows->n_rows, 3); /* as they were */
  assert_survives_failing_memory(blindsight_rows_keep(rows, places, 4),
                                 assert_int_equal(rows->n_rows, 3));
  assert_int_equal(rows->n_rows, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(rows->index[i], places[i]);
    assert_int_equal(rows->line[i], places[i] + 2);
    assert_int_equal(rows->label[i], places[i] > 0);
    assert_true(rows->value[3 * i] == test_rows[3 * places[i]]);
  }
  blindsight_rows_free(rows);
  blindsight_model_free(model);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  const blindsight_names *names = blindsight_model_names(model);
  const blindsight_rows_options truth = with_label("truth"), diagnosis = with_label("diagnosis");
  blindsight_rows_options more = with_label(NULL), newer = more;
  blindsight_rows *rows = (blindsight_rows *)1;
  assert_fails(blindsight_rows_load(NULL, "x", names, NULL), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_rows_load(&rows, NULL, names, NULL), CKKS_ERROR_ARGUMENT, "path");
  assert_null(rows);
  assert_fails(blindsight_rows_load(&rows, "x", NULL, NULL), CKKS_ERROR_ARGUMENT, "names");
  assert_fails(blindsight_rows_load(&rows, test_path("none"), names, NULL), CKKS_ERROR_IO, "none");
  const char *lacking = test_file("lacking.csv", "bmi,age\n1,2\n");
  assert_fails(blindsight_rows_load(&rows, lacking, names, NULL), CKKS_ERROR_FORMAT, "glucose");
  const char *text = test_file("text.csv", "bmi,age,glucose\n1,old,3\n");
  assert_fails(blindsight_rows_load(&rows, text, names, NULL), CKKS_ERROR_FORMAT, "age");
  const char *foreign = test_file("foreign.csv", "bmi,age,glucose,truth\n1,2,3,dead\n");
  assert_fails(blindsight_rows_load(&rows, foreign, names, &truth), CKKS_ERROR_FORMAT, "dead");
  assert_fails(blindsight_rows_load(&rows, foreign, names, &diagnosis), CKKS_ERROR_FORMAT,
               "no column \"diagnosis\"");
  more.n_more = 1;
  assert_fails(blindsight_rows_load(&rows, foreign, names, &more), CKKS_ERROR_ARGUMENT, "more");
  newer.size++;
  assert_fails(blindsight_rows_load(&rows, foreign, names, &newer), CKKS_ERROR_ARGUMENT,
               "options.size");
  assert_null(rows);
  blindsight_model_free(model);
}

static void allocations_may_fail(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  const blindsight_rows_options truth = with_label("truth");
  blindsight_rows *rows;
  const char *path = test_file("f.csv", table);
  assert_survives_failing_memory(
      blindsight_rows_load(&rows, path, blindsight_model_names(model), &truth), assert_null(rows));
  blindsight_rows_free(rows);
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_found_by_name),
      cmocka_unit_test(rows_can_be_chosen),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
