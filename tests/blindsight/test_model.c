/* SPDX-License-Identifier: Apache-2.0 */
/* Models in clear through the public header. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

#include <sys/stat.h>

static void json_gives_names_and_comes_back(void **state) {
  (void)state;
  blindsight_model *model = test_model(), *again = NULL;
  const blindsight_names *names = blindsight_model_names(model);
  assert_string_equal(names->name, "example");
  assert_int_equal(names->n_features, 3);
  assert_string_equal(names->feature[0], "age");
  assert_string_equal(names->feature[2], "bmi");
  assert_int_equal(names->n_labels, 2);
  assert_string_equal(names->label[1], "ill");
  char *text = NULL, *text_again = NULL;
  assert_int_equal(blindsight_model_write_json(&text, model), CKKS_OK);
  assert_int_equal(blindsight_model_read_json(&again, text, strlen(text), NULL), CKKS_OK);
  assert_int_equal(blindsight_model_write_json(&text_again, again), CKKS_OK);
  assert_string_equal(text, text_again);
  ckks_bytes_free((uint8_t *)text);
  ckks_bytes_free((uint8_t *)text_again);
  blindsight_model_free(model);
  blindsight_model_free(again);
}

/* By hand, from the JSON above. */
static void predictions_are_the_models(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  blindsight_predictions *p = NULL;
  assert_int_equal(blindsight_model_predict(&p, test_rows, TEST_N_ROWS, model), CKKS_OK);
  assert_int_equal(p->n_rows, TEST_N_ROWS);
  assert_int_equal(p->n_outputs, 2);
  for (size_t row = 0; row < TEST_N_ROWS; row++) {
    double mean[3] = {33.2, 121.6, 32.4}, deviation[3] = {11.7, 30.5, 6.9}, x[3];
    for (size_t i = 0; i < 3; i++) {
      double value = test_rows[3 * row + i];
      x[i] = isnan(value) ? 0.0 : (value - mean[i]) / deviation[i];
    }
    double u = 0.3 * x[0] + 0.9 * x[1] + 0.4 * x[2] + 0.05;
    double v = -0.2 * x[0] - 0.8 * x[1] + 0.1 * x[2] - 0.1;
    double healthy = -1.3 * u * u + 1.1 * v * v + 0.2, ill = 1.4 * u * u - 1.2 * v * v - 0.2;
    assert_true(fabs(p->output[2 * row] - healthy) < 1e-12);
    assert_true(fabs(p->output[2 * row + 1] - ill) < 1e-12);
    assert_int_equal(p->largest[row], ill > healthy);
  }
  blindsight_predictions_free(p);
  blindsight_predictions_free(NULL);
  blindsight_model_free(model);
}

static void files_keep_a_model(void **state) {
  (void)state;
  blindsight_model *model = test_model(), *loaded = NULL;
  char *text = NULL, *text_loaded = NULL;
  struct stat attributes;
  assert_int_equal(blindsight_model_save(test_path("m"), model), CKKS_OK);
  assert_int_equal(stat(test_path("m"), &attributes), 0);
  assert_int_equal(attributes.st_mode & 0777, 0600);
  assert_int_equal(blindsight_model_load(&loaded, test_path("m")), CKKS_OK);
  assert_int_equal(blindsight_model_write_json(&text, model), CKKS_OK);
  assert_int_equal(blindsight_model_write_json(&text_loaded, loaded), CKKS_OK);
  assert_string_equal(text, text_loaded);
  ckks_bytes_free((uint8_t *)text);
  ckks_bytes_free((uint8_t *)text_loaded);
  blindsight_model_free(model);
  blindsight_model_free(loaded);
}

static void calibration_sees_the_rows(void **state) {
  (void)state;
  blindsight_model *model = test_model();
  char *text = NULL;
  assert_int_equal(blindsight_model_calibrate(model, test_rows, TEST_N_ROWS), CKKS_OK);
  assert_int_equal(blindsight_model_write_json(&text, model), CKKS_OK);
  /* (60 - 33.2) / 11.7, no longer the 4 of the JSON. */
  assert_non_null(strstr(text, "\"max_abs_input\": 2.2905"));
  ckks_bytes_free((uint8_t *)text);
  blindsight_model_free(model);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  blindsight_model *model = (blindsight_model *)1;
  blindsight_predictions *p = (blindsight_predictions *)1;
  char *text = (char *)1;
  assert_fails(blindsight_model_read_json(&model, "{}", 2, "w.json"), CKKS_ERROR_FORMAT, "w.json");
  assert_null(model);
  assert_fails(blindsight_model_read_json(&model, "[", 1, NULL), CKKS_ERROR_FORMAT, "JSON");
  assert_fails(blindsight_model_read_json(&model, NULL, 0, NULL), CKKS_ERROR_ARGUMENT, "text");
  assert_fails(blindsight_model_read_json(NULL, "{}", 2, NULL), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_model_write_json(&text, NULL), CKKS_ERROR_ARGUMENT, "model");
  assert_null(text);
  assert_fails(blindsight_model_write_json(NULL, NULL), CKKS_ERROR_ARGUMENT, "text");
  assert_fails(blindsight_model_load(&model, test_path("none")), CKKS_ERROR_IO, "none");
  assert_fails(blindsight_model_load(&model, NULL), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_model_load(NULL, "x"), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_model_load(&model, test_file("text", test_json)), CKKS_ERROR_FORMAT,
               "text");
  assert_null(model);
  model = test_model();
  assert_fails(blindsight_model_save(NULL, model), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_model_save("x", NULL), CKKS_ERROR_ARGUMENT, "model");
  assert_fails(blindsight_model_save(test_path("no/where"), model), CKKS_ERROR_IO, "no/where");
  assert_fails(blindsight_model_predict(&p, NULL, 1, model), CKKS_ERROR_ARGUMENT, "rows");
  assert_null(p);
  assert_fails(blindsight_model_predict(&p, test_rows, 0, model), CKKS_ERROR_ARGUMENT, "n_rows");
  assert_fails(blindsight_model_predict(NULL, test_rows, 1, model), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_model_predict(&p, test_rows, 1, NULL), CKKS_ERROR_ARGUMENT, "model");
  const double infinite[] = {1, 2, 3, 4, -(double)INFINITY, 6};
  assert_fails(blindsight_model_predict(&p, infinite, 2, model), CKKS_ERROR_RANGE,
               "row 1: \"glucose\"");
  assert_fails(blindsight_model_calibrate(model, infinite, 2), CKKS_ERROR_RANGE, "row 1");
  assert_fails(blindsight_model_calibrate(NULL, test_rows, 1), CKKS_ERROR_ARGUMENT, "model");
  blindsight_model_free(model);
  blindsight_model_free(NULL);
}

static void allocations_may_fail(void **state) {
  (void)state;
  blindsight_model *model = NULL, *loaded = NULL;
  blindsight_predictions *p = NULL;
  assert_survives_failing_memory(
      blindsight_model_read_json(&model, test_json, sizeof test_json - 1, NULL),
      assert_null(model));
  assert_survives_failing_memory(blindsight_model_save(test_path("f"), model), (void)0);
  assert_survives_failing_memory(blindsight_model_load(&loaded, test_path("f")),
                                 assert_null(loaded));
  assert_survives_failing_memory(blindsight_model_predict(&p, test_rows, 2, model), assert_null(p));
  blindsight_predictions_free(p);
  blindsight_model_free(model);
  blindsight_model_free(loaded);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_gives_names_and_comes_back),
      cmocka_unit_test(predictions_are_the_models),
      cmocka_unit_test(files_keep_a_model),
      cmocka_unit_test(calibration_sees_the_rows),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
