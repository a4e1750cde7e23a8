/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "random.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Two clouds in three features, the third without meaning. */
static void build_clouds(table_data *data, size_t n_rows, uint64_t seed) {
  static char text[200000];
  size_t n = (size_t)snprintf(text, sizeof text, "a,b,c,y\n");
  for (size_t r = 0; r < n_rows; r++) {
    double x[3];
    int label = (int)(test_random(&seed) % 2);
    for (int i = 0; i < 3; i++)
      x[i] = (double)(test_random(&seed) >> 11) * 0x1p-52 - 1.0 + (i < 2 ? label : 0);
    n += (size_t)snprintf(text + n, sizeof text - n, "%.6f,%.6f,%.6f,%d\n", x[0], 100 + 5 * x[1],
                          x[2], label);
  }
  const table_options options = {.label = "y"};
  assert_int_equal(table_data_parse(data, text, n, "clouds", &options), CKKS_OK);
}

static void parse_table(table_data *data, const char *text) {
  const table_options options = {.label = "y"};
  assert_int_equal(table_data_parse(data, text, strlen(text), "table", &options), CKKS_OK);
}

static uint64_t mix(uint64_t mixed, const double *numbers, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &numbers[i], 8);
    mixed = (mixed ^ bits) * 0x100000001b3U;
    mixed ^= mixed >> 29;
  }
  return mixed;
}

static uint64_t model_bits(const network_model *model) {
  uint64_t mixed = mix(1, model->mean, model->n_features);
  mixed = mix(mixed, model->deviation, model->n_features);
  for (size_t l = 0; l < model->n_layers; l++) {
    const network_layer *layer = &model->layer[l];
    assert_int_equal(layer->weight.start[layer->n_out], layer->n_in * layer->n_out);
    mixed = mix(mixed, layer->weight.value, layer->n_in * layer->n_out);
    mixed = mix(mixed, layer->bias, layer->n_out);
    mixed = mix(mixed, &layer->activation[0].max_abs, 1);
  }
  return mixed;
}

static void measure(train_metrics *metrics, const network_model *model, const table_data *data,
                    const size_t *rows, size_t n_rows) {
  size_t n = model->n_classes;
  double *outputs = base_alloc_array(n_rows * n, sizeof(double));
  int *labels = base_alloc_array(n_rows, sizeof(int));
  for (size_t i = 0; i < n_rows; i++) {
    network_forward_rows(outputs + i * n, data->value + rows[i] * data->n_features, 1, model);
    labels[i] = data->label[rows[i]];
  }
  assert_int_equal(train_metrics_compute(metrics, outputs, labels, n_rows, n), CKKS_OK);
  base_free(outputs);
  base_free(labels);
}

/* -------------------------------------------------------- reference workload */

static void expect_reference(const network_model *m, const train_history *h,
                             const table_data *data) {
  train_metrics x;
  assert_int_equal(m->n_layers, 2);
  assert_int_equal(m->layer[0].n_out, 16);
  assert_int_equal(h->n_epochs, 250);
  assert_int_equal(h->n_train, 455);
  assert_true(h->train_loss[0] > 0.6 && h->train_loss[0] < 0.75);
  assert_true(h->train_loss[249] > 0.34 && h->train_loss[249] < 0.365);
  assert_true(h->validation_loss[249] > 0.36 && h->validation_loss[249] < 0.385);
  measure(&x, m, data, h->validation, h->n_validation);
  assert_true(x.accuracy >= 0.947 && x.f1 >= 0.93 && x.auc > 0.98);
  assert_true(fabs(x.loss - h->validation_loss[249]) <= 1e-12);
  assert_true(fabs(x.accuracy - h->validation_accuracy[249]) <= 1e-15);
  /* 109 of 114, as the reference run in Python. */
  assert_int_equal(x.confusion[0] + x.confusion[3], 109);
  train_metrics_clear(&x);
  measure(&x, m, data, h->train, h->n_train);
  assert_true(fabs(x.loss - h->train_loss[249]) <= 1e-12);
  train_metrics_clear(&x);
}

static void the_reference_workload_gives_its_known_result(void **state) {
  (void)state;
  const table_options read = {.label = "diagnosis"};
  train_options options;
  table_data data;
  if (table_data_read(&data, "data/wdbc.csv", &read) != CKKS_OK) {
    print_message("data/wdbc.csv is not here: run from the repository's root\n");
    skip();
  }
  train_options_default(&options);
  network_model m;
  train_history h;
  assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_OK);
  expect_reference(&m, &h, &data);
  assert_int_equal(network_check(&m), CKKS_OK);
  assert_string_equal(m.feature[3], "area_mean");
  assert_string_equal(m.label[1], "M");
  /* Calibrated on the training rows alone: larger values are among those that judge. */
  assert_true(m.max_abs_input > 11.3 && m.max_abs_input < 11.4);
  assert_true(m.layer[0].activation[0].max_abs > 7.1 && m.layer[0].activation[0].max_abs < 7.2);
  assert_true(m.layer[1].activation[0].max_abs > 5.0 && m.layer[1].activation[0].max_abs < 5.1);
  for (size_t i = 0; i < m.n_features; i++) {
    double most = 0.0, least = 0.0;
    for (size_t k = 0; k < h.n_train; k++) {
      double x = (data.value[h.train[k] * m.n_features + i] - m.mean[i]) / m.deviation[i];
      most = fmax(most, x);
      least = fmin(least, x);
    }
    assert_true(m.high[i] == most && m.low[i] == least);
  }
  /* Every bit of it: the same with each compiler and on each machine. */
  assert_true(model_bits(&m) == 0x7c7675b33621d752U);
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&data);
}

/* ---------------------------------------------------------------- behaviour */

static void the_seed_decides_and_nothing_else(void **state) {
  (void)state;
  train_options options;
  table_data data;
  uint64_t bits[3];
  build_clouds(&data, 150, 1);
  train_options_default(&options);
  options.n_epochs = 20;
  for (int i = 0; i < 3; i++) {
    network_model m;
    train_history h;
    options.seed = i == 2 ? 2 : 1;
    assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_OK);
    bits[i] = model_bits(&m);
    network_clear(&m);
    train_history_clear(&h);
  }
  assert_true(bits[0] == bits[1]);
  assert_true(bits[0] != bits[2]);
  table_data_clear(&data);
}

static void every_shape_learns(void **state) {
  (void)state;
  static const size_t hidden[] = {8, 6, 4};
  table_data data;
  build_clouds(&data, 400, 2);
  for (size_t n_hidden = 0; n_hidden <= 3; n_hidden++) {
    train_options options;
    network_model m;
    train_history h;
    train_options_default(&options);
    options.hidden = hidden;
    options.n_hidden = n_hidden;
    options.learning_rate = 0.01;
    options.n_epochs = 60;
    options.batch_size = n_hidden == 0 ? 1000 : 10; /* one batch a time, or many */
    if (n_hidden == 1)
      options.activation = (encoding_polynomial){.degree = 2, .coefficient = {0.1, 0.5, 0.1}};
    assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_OK);
    assert_int_equal(m.n_layers, n_hidden + 1);
    assert_true(h.train_loss[59] < h.train_loss[0]);
    assert_true(h.validation_accuracy[59] > 0.75);
    network_clear(&m);
    train_history_clear(&h);
  }
  table_data_clear(&data);
}

static void three_classes_are_learnt(void **state) {
  (void)state;
  char text[4000] = "a,b,y\n";
  uint64_t seed = 3;
  for (int r = 0; r < 120; r++) {
    size_t n = strlen(text);
    double u = (double)(test_random(&seed) % 100) / 100.0;
    snprintf(text + n, sizeof text - n, "%.2f,%.2f,k%d\n", (r % 3) * 2 + u, (r % 3 == 1) * 2 - u,
             r % 3);
  }
  train_options options;
  table_data data;
  network_model m;
  train_history h;
  parse_table(&data, text);
  train_options_default(&options);
  options.learning_rate = 0.01;
  options.n_epochs = 200;
  assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_OK);
  assert_int_equal(m.n_classes, 3);
  assert_string_equal(m.label[2], "k2");
  assert_true(h.validation_accuracy[199] >= 0.9);
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&data);
}

/* ------------------------------------------------------------------- scaler */

/* Mean and deviation of one column over the training rows that have it. */
static void expect_scaler(const network_model *m, const train_history *h, const table_data *d,
                          size_t feature) {
  double sum = 0.0, squares = 0.0, n = 0.0;
  for (size_t i = 0; i < h->n_train; i++) {
    double x = d->value[h->train[i] * d->n_features + feature];
    if (isnan(x))
      continue;
    sum += x;
    squares += x * x;
    n += 1.0;
  }
  assert_true(fabs(m->mean[feature] - sum / n) <= 1e-12);
  double variance = squares / n - (sum / n) * (sum / n);
  assert_true(fabs(m->deviation[feature] - sqrt(variance)) <= 1e-12);
}

static void the_scaler_sees_only_what_is_there_in_training(void **state) {
  (void)state;
  train_options options;
  table_data d;
  network_model m;
  train_history h;
  parse_table(&d, "a,same,none,y\n1,7,,u\n2,7,,v\n,7,NA,u\n4,7,?,v\n5,7,,u\n6,7,,v\n,7,,u\n"
                  "8,7,,v\n9,7,,u\n-3,7,,v\n");
  train_options_default(&options);
  options.n_epochs = 3;
  assert_int_equal(train_fit(&m, &h, &d, &options), CKKS_OK);
  assert_int_equal(h.n_train, 8);
  assert_int_equal(h.n_imputed, 12);
  expect_scaler(&m, &h, &d, 0);
  assert_int_equal(h.n_constant, 2);
  assert_int_equal(h.constant[0], 1);
  assert_int_equal(h.constant[1], 2);
  assert_true(m.mean[1] == 7.0 && m.deviation[1] == 1.0);
  assert_true(m.mean[2] == 0.0 && m.deviation[2] == 1.0);
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&d);
}

static void values_too_large_to_scale_are_named(void **state) {
  (void)state;
  train_options options;
  table_data d;
  network_model m;
  train_history h;
  parse_table(&d, "a,big,y\n1,1e308,u\n2,-1e308,v\n3,1.5e308,u\n4,1.5e308,v\n5,1e308,u\n");
  train_options_default(&options);
  assert_int_equal(train_fit(&m, &h, &d, &options), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "feature \"big\": values up to 1.5e+308"));
  assert_null(m.layer);
  assert_null(h.train);
  table_data_clear(&d);
}

/* ------------------------------------------------------- progress, refusals */

static int stop_after_three(void *context, const blindsight_progress *progress) {
  int *calls = context;
  ++*calls;
  assert_int_equal(progress->epoch, *calls);
  assert_int_equal(progress->n_epochs, 10);
  assert_true(isfinite(progress->train_loss) && isfinite(progress->validation_loss));
  return progress->epoch == 3;
}

static void progress_is_told_and_may_cancel(void **state) {
  (void)state;
  train_options options;
  table_data data;
  network_model m;
  train_history h;
  int calls = 0;
  build_clouds(&data, 50, 4);
  train_options_default(&options);
  options.n_epochs = 10;
  options.progress = stop_after_three;
  options.progress_context = &calls;
  assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_ERROR_CANCELLED);
  assert_int_equal(calls, 3);
  assert_string_equal(base_last_error(), "training was cancelled after epoch 3 of 10");
  assert_null(m.layer);
  table_data_clear(&data);
}

static void divergence_comes_with_advice(void **state) {
  (void)state;
  train_options options;
  table_data data;
  network_model m;
  train_history h;
  build_clouds(&data, 100, 5);
  train_options_default(&options);
  options.learning_rate = 1e60;
  assert_int_equal(train_fit(&m, &h, &data, &options), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "training diverged in epoch 1"));
  assert_non_null(strstr(base_last_error(), "learning rate below 1e+60"));
  assert_null(m.layer);
  table_data_clear(&data);
}

static void refuse(const table_data *data, const train_options *options, const char *words) {
  network_model m;
  train_history h;
  assert_int_equal(train_fit(&m, &h, data, options), CKKS_ERROR_ARGUMENT);
  if (strstr(base_last_error(), words) == NULL)
    fail_msg("\"%s\" does not contain \"%s\"", base_last_error(), words);
  assert_null(m.layer);
  assert_null(h.train);
}

#define REFUSE(field, bad, words)                                                                  \
  do {                                                                                             \
    train_options changed = options;                                                               \
    changed.field = bad;                                                                           \
    refuse(&data, &changed, words);                                                                \
  } while (0)

static void bad_options_are_named(void **state) {
  (void)state;
  static const size_t wide[] = {65537}, empty[] = {0};
  train_options options;
  table_data data;
  build_clouds(&data, 50, 6);
  train_options_default(&options);
  REFUSE(learning_rate, 0.0, "learning_rate: 0 where");
  REFUSE(learning_rate, (double)NAN, "learning_rate: ");
  REFUSE(weight_decay, -1.0, "weight_decay: -1 where");
  REFUSE(batch_size, 0, "batch_size: 0 where");
  REFUSE(n_epochs, 0, "n_epochs: 0 where");
  REFUSE(n_epochs, 1000001, "n_epochs: 1000001 where 1 to 1000000");
  REFUSE(n_hidden, 256, "hidden: 256 layers where at most 255");
  REFUSE(hidden, wide, "65537");
  REFUSE(hidden, empty, "0 rows where 1 to 65536");
  REFUSE(frac, 1.0, "frac: 1 where");
  REFUSE(activation.degree, 0, "activation: degree 0 where 1 to 31");
  REFUSE(activation.degree, 32, "activation: degree 32");
  REFUSE(activation.coefficient[1], (double)INFINITY, "activation: coefficient 1 is not finite");
  REFUSE(activation.coefficient[3], 0.0, "activation: the leading coefficient is 0");
  table_data unlabelled = data;
  unlabelled.label = NULL;
  refuse(&unlabelled, &options, "needs a label column");
  table_data_clear(&data);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  train_options options;
  table_data data;
  network_model m;
  train_history h;
  long k = 1;
  build_clouds(&data, 20, 7);
  train_options_default(&options);
  options.n_epochs = 1;
  for (;; k++) {
    base_alloc_fail_at(k);
    ckks_status status = train_fit(&m, &h, &data, &options);
    if (status == CKKS_OK)
      break;
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(m.layer);
    assert_null(h.train_loss);
  }
  base_alloc_fail_at(0);
  assert_true(k > 30);
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_workload_gives_its_known_result),
      cmocka_unit_test(the_seed_decides_and_nothing_else),
      cmocka_unit_test(every_shape_learns),
      cmocka_unit_test(three_classes_are_learnt),
      cmocka_unit_test(the_scaler_sees_only_what_is_there_in_training),
      cmocka_unit_test(values_too_large_to_scale_are_named),
      cmocka_unit_test(progress_is_told_and_may_cancel),
      cmocka_unit_test(divergence_comes_with_advice),
      cmocka_unit_test(bad_options_are_named),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
