/* SPDX-License-Identifier: Apache-2.0 */
/* Training through the public header; tests/train has the numbers. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "blindsight/fixture.h"

typedef struct watching {
  int n_calls, stop_after;
  blindsight_progress last;
} watching;

static int watch(void *context, const blindsight_progress *progress) {
  watching *w = context;
  w->last = *progress;
  assert_int_equal(progress->epoch, ++w->n_calls);
  return w->n_calls == w->stop_after;
}

static blindsight_train_options wdbc_options(watching *w) {
  blindsight_train_options options;
  blindsight_train_options_default(&options, sizeof options);
  options.label = "diagnosis";
  options.progress = watch;
  options.context = w;
  return options;
}

/* A table that is quick to learn from: two clouds. */
static const char *clouds(void) {
  static char text[4096];
  size_t at = (size_t)sprintf(text, "x,y,noise,side\n");
  for (int i = 0; i < 40; i++)
    at += (size_t)sprintf(text + at, "%d,%d,%d,%s\n", i % 2 ? 10 + i % 5 : i % 5, i % 3, i * 7 % 11,
                          i % 2 ? "right" : "left");
  return test_file("clouds.csv", text);
}

/* What the header says they are. */
static void defaults_are_as_documented(void **state) {
  (void)state;
  blindsight_train_options options;
  blindsight_train_options_default(&options, sizeof options);
  assert_null(options.label);
  assert_int_equal(options.n_hidden, 1);
  assert_int_equal(options.hidden[0], 16);
  assert_null(options.activation);
  assert_true(options.learning_rate == 0.0005 && options.weight_decay == 1e-5);
  assert_int_equal(options.batch_size, 64);
  assert_int_equal(options.n_epochs, 250);
  assert_true(options.training_part == 0.8);
  assert_int_equal(options.split_seed, 42);
  assert_int_equal(options.seed, 15);
}

static void the_reference_data_is_learnt(void **state) {
  (void)state;
  watching w = {0};
  blindsight_train_options options = wdbc_options(&w);
  blindsight_model *model = NULL;
  blindsight_training *done = NULL;
  assert_int_equal(blindsight_model_train(&model, &done, "data/wdbc.csv", &options), CKKS_OK);
  assert_true(done->n_rows == 569 && done->n_train == 455 && done->n_epochs == 250);
  assert_true(done->validation_accuracy[249] == w.last.validation_accuracy);
  /* The rows that pandas would keep back, with their labels. */
  const blindsight_rows *kept = done->validation;
  assert_true(kept->n_rows == 114 && kept->index[0] == 1 && kept->index[9] == 43);
  blindsight_predictions *predictions;
  blindsight_metrics *metrics;
  assert_int_equal(blindsight_model_predict(&predictions, kept->value, kept->n_rows, model),
                   CKKS_OK);
  assert_int_equal(blindsight_metrics_compute(&metrics, predictions->output, kept->label,
                                              kept->n_rows, blindsight_model_names(model)),
                   CKKS_OK);
  assert_true(fabs(metrics->accuracy - w.last.validation_accuracy) < 1e-12);
  blindsight_metrics_free(metrics);
  blindsight_predictions_free(predictions);
  blindsight_training_free(done);
  assert_int_equal(w.n_calls, 250);
  assert_int_equal(w.last.n_epochs, 250);
  assert_true(w.last.validation_accuracy >= 0.947 && w.last.validation_accuracy < 1.0);
  assert_true(w.last.train_loss > 0.2 && w.last.train_loss < w.last.validation_loss);
  const blindsight_names *names = blindsight_model_names(model);
  assert_int_equal(names->n_features, 30);
  assert_string_equal(names->label[0], "B");
  assert_string_equal(names->label[1], "M");
  blindsight_model_free(model);
}

static void options_are_heard(void **state) {
  (void)state;
  static const char *const drop[] = {"noise"};
  static const double square[] = {0, 0, 1};
  blindsight_train_options options;
  blindsight_train_options_default(&options, sizeof options);
  options.label = "side";
  options.drop = drop;
  options.n_drop = 1;
  options.n_hidden = 0;
  options.activation = square;
  options.degree = 2;
  options.n_epochs = 3;
  blindsight_model *model = NULL;
  char *text = NULL, *other = NULL;
  assert_int_equal(blindsight_model_train(&model, NULL, clouds(), &options), CKKS_OK);
  assert_int_equal(blindsight_model_names(model)->n_features, 2);
  assert_int_equal(blindsight_model_write_json(&text, model), CKKS_OK);
  assert_non_null(strstr(text, "\"square\""));
  blindsight_model_free(model);
  options.seed++;
  assert_int_equal(blindsight_model_train(&model, NULL, clouds(), &options), CKKS_OK);
  assert_int_equal(blindsight_model_write_json(&other, model), CKKS_OK);
  assert_string_not_equal(text, other);
  ckks_bytes_free((uint8_t *)text);
  ckks_bytes_free((uint8_t *)other);
  blindsight_model_free(model);
}

static void it_can_be_stopped(void **state) {
  (void)state;
  watching w = {.stop_after = 7};
  blindsight_train_options options = wdbc_options(&w);
  blindsight_model *model = (blindsight_model *)1;
  assert_fails(blindsight_model_train(&model, NULL, "data/wdbc.csv", &options),
               CKKS_ERROR_CANCELLED, "7 of 250");
  assert_null(model);
  assert_int_equal(w.n_calls, 7);
}

static void what_is_wrong_is_named(void **state) {
  (void)state;
  blindsight_model *model = (blindsight_model *)1;
  blindsight_train_options options, good;
  const double line[] = {0, 1};
  const char *path = clouds();
  blindsight_train_options_default(&good, sizeof good);
  assert_fails(blindsight_model_train(&model, NULL, path, &good), CKKS_ERROR_ARGUMENT,
               "options.label");
  assert_null(model);
  good.label = "side";
  assert_fails(blindsight_model_train(NULL, NULL, path, &good), CKKS_ERROR_ARGUMENT, "out");
  assert_fails(blindsight_model_train(&model, NULL, NULL, &good), CKKS_ERROR_ARGUMENT, "path");
  assert_fails(blindsight_model_train(&model, NULL, path, NULL), CKKS_ERROR_ARGUMENT, "options");
  assert_fails(blindsight_model_train(&model, NULL, test_path("none"), &good), CKKS_ERROR_IO,
               "none");
  options = good;
  options.label = "colour";
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_FORMAT, "colour");
  options = good;
  options.hidden = NULL;
  options.n_hidden = 1;
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_ARGUMENT, "hidden");
  options = good;
  options.activation = line;
  options.degree = 32;
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_ARGUMENT,
               "degree = 32");
  options.degree = 0;
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_ARGUMENT,
               "degree = 0");
  options = good;
  options.n_epochs = 0;
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_ARGUMENT,
               "n_epochs");
  options = good;
  options.training_part = 1;
  assert_fails(blindsight_model_train(&model, NULL, path, &options), CKKS_ERROR_ARGUMENT, "1");
  assert_null(model);
}

static void allocations_may_fail(void **state) {
  (void)state;
  blindsight_model *model = NULL;
  blindsight_train_options options;
  const char *path = clouds();
  blindsight_train_options_default(&options, sizeof options);
  options.label = "side";
  options.n_epochs = 2;
  assert_survives_failing_memory(blindsight_model_train(&model, NULL, path, &options),
                                 assert_null(model));
  blindsight_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_are_as_documented), cmocka_unit_test(the_reference_data_is_learnt),
      cmocka_unit_test(options_are_heard),          cmocka_unit_test(it_can_be_stopped),
      cmocka_unit_test(what_is_wrong_is_named),     cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
