/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from files. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

static const char table[] = "bmi,name,age,glucose,truth\n"
                            "22,Anna,25,100,healthy\n"
                            "40,Bert,60,180,ill\n"
                            "28,Carl,47,,ill\n";

static void columns_are_found_by_name(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_names names = blindsight_model_names(model);
  blindsight_rows rows;
  const char *path = test_file("t.csv", table);
  assert_int_equal(blindsight_rows_load(&rows, path, &names, "truth"), CKKS_OK);
  assert_int_equal(rows.n_rows, 3);
  assert_int_equal(rows.n_features, 3);
  for (size_t i = 0; i < 9; i++)
    if (i == 7)
      assert_true(isnan(rows.value[i]));
    else
      assert_true(rows.value[i] == test_rows[i]);
  assert_int_equal(rows.label[0], 0);
  assert_int_equal(rows.label[1], 1);
  assert_int_equal(rows.label[2], 1);
  blindsight_rows_clear(&rows);
  assert_null(rows.value);
  assert_null(rows.label);
  assert_int_equal(rows.n_rows, 0);
  /* Not asked for, and not there. */
  assert_int_equal(blindsight_rows_load(&rows, path, &names, NULL), CKKS_OK);
  assert_null(rows.label);
  blindsight_rows_clear(&rows);
  assert_int_equal(blindsight_rows_load(&rows, path, &names, "diagnosis"), CKKS_OK);
  assert_null(rows.label);
  blindsight_rows_clear(&rows);
  blindsight_rows_clear(&rows);
  blindsight_rows_clear(NULL);
  blindsight_model_free(model);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_names names = blindsight_model_names(model);
  blindsight_rows rows = {.n_rows = 3};
  assert_fails(blindsight_rows_load(NULL, "x", &names, NULL), CKKS_ERROR_ARGUMENT, "rows");
  assert_fails(blindsight_rows_load(&rows, NULL, &names, NULL), CKKS_ERROR_ARGUMENT, "path");
  assert_int_equal(rows.n_rows, 0);
  assert_fails(blindsight_rows_load(&rows, "x", NULL, NULL), CKKS_ERROR_ARGUMENT, "names");
  assert_fails(blindsight_rows_load(&rows, test_path("none"), &names, NULL), CKKS_ERROR_IO, "none");
  const char *lacking = test_file("lacking.csv", "bmi,age\n1,2\n");
  assert_fails(blindsight_rows_load(&rows, lacking, &names, NULL), CKKS_ERROR_FORMAT, "glucose");
  const char *text = test_file("text.csv", "bmi,age,glucose\n1,old,3\n");
  assert_fails(blindsight_rows_load(&rows, text, &names, NULL), CKKS_ERROR_FORMAT, "age");
  const char *foreign = test_file("foreign.csv", "bmi,age,glucose,truth\n1,2,3,dead\n");
  assert_fails(blindsight_rows_load(&rows, foreign, &names, "truth"), CKKS_ERROR_FORMAT, "dead");
  assert_null(rows.value);
  blindsight_model_free(model);
}

static void allocations_may_fail(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_names names = blindsight_model_names(model);
  blindsight_rows rows;
  const char *path = test_file("f.csv", table);
  assert_survives_failing_memory(blindsight_rows_load(&rows, path, &names, "truth"),
                                 assert_null(rows.value));
  blindsight_rows_clear(&rows);
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_are_found_by_name),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
