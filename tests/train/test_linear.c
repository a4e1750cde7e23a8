/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void build(table_data *data, train_options *options, const char *text, const char *label) {
  const table_options read = {.label = label};
  assert_int_equal(table_data_parse(data, text, strlen(text), "table", &read), CKKS_OK);
  train_options_default(options);
  options->kind = TRAIN_LINEAR;
}

/* One feature and numbers: the slope is sum xy / (sum xx + l2) over standardised features. */
static void one_feature_has_a_closed_form(void **state) {
  (void)state;
  table_data d;
  train_options options;
  network_model m;
  train_history h;
  double out[2];
  build(&d, &options,
        "x,y\n1,2.5\n2,5.5\n3,5.5\n4,9.5\n5,10.5\n6,14.5\n7,13.5\n8,18.5\n9,17.5\n"
        "10,22.5\n",
        "y");
  options.l2 = 2.0;
  assert_int_equal(train_fit(&m, &h, &d, &options), CKKS_OK);
  double x_mean = 0, y_mean = 0, xx = 0, xy = 0, n = (double)h.n_train;
  for (size_t i = 0; i < h.n_train; i++) {
    x_mean += d.value[h.train[i]] / n;
    y_mean += d.target[h.train[i]] / n;
  }
  for (size_t i = 0; i < h.n_train; i++) {
    double x = d.value[h.train[i]] - x_mean;
    xx += x * x;
    xy += x * (d.target[h.train[i]] - y_mean);
  }
  double deviation = sqrt(xx / n), slope = xy / deviation / (n + 2.0) / deviation;
  assert_int_equal(network_forward_rows(&out[0], (double[]){0.0}, 1, &m), CKKS_OK);
  assert_int_equal(network_forward_rows(&out[1], (double[]){1.0}, 1, &m), CKKS_OK);
  assert_true(fabs(out[1] - out[0] - slope) <= 1e-7);
  assert_true(fabs(out[0] - (y_mean - slope * x_mean)) <= 1e-6);
  /* The client is told a power of two, and a multiple of it. */
  const encoding_polynomial *end = &m.layer[0].activation[0].polynomial;
  int exponent;
  assert_int_equal(end->degree, 1);
  assert_true(frexp(end->coefficient[1], &exponent) == 0.5);
  assert_true(fmod(end->coefficient[0], end->coefficient[1]) == 0.0);
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&d);
}

typedef struct known {
  const char *path, *label;
  const char *drop;
  double loss; /* of the validation rows, by scikit-learn 1.2.1: C or alpha 1, to 1e-10 */
} known;

/* The same minimum as LogisticRegression and Ridge find on standardised features. */
static void the_minimum_is_that_of_others(void **state) {
  (void)state;
  static const known tables[] = {
      {"data/wdbc.csv", "diagnosis", NULL, 0.09414711124019008},
      {"data/wdbc.csv", "area_worst", "diagnosis", 96.75851734154823 * 96.75851734154823}};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    const table_options read = {
        .label = tables[i].label, .drop = &tables[i].drop, .n_drop = tables[i].drop != NULL};
    table_data d;
    train_options options;
    network_model m;
    train_history h;
    if (table_data_read(&d, tables[i].path, &read) != CKKS_OK) {
      print_message("%s is not here: run from the repository's root\n", tables[i].path);
      skip();
    }
    train_options_default(&options);
    options.kind = TRAIN_LINEAR;
    assert_int_equal(train_fit(&m, &h, &d, &options), CKKS_OK);
    double loss = h.validation_loss[h.n_epochs - 1];
    if (!(fabs(loss - tables[i].loss) <= 1e-5 * tables[i].loss))
      fail_msg("%s: loss %.9g where %.9g is known", tables[i].label, loss, tables[i].loss);
    network_clear(&m);
    train_history_clear(&h);
    table_data_clear(&d);
  }
}

/* Separable classes: without a penalty weights grow, with one they stay where they belong. */
static void a_penalty_holds_separable_classes(void **state) {
  (void)state;
  table_data d;
  train_options options;
  network_model m;
  train_history h;
  double weight[2];
  build(&d, &options, "x,y\n1,a\n2,a\n3,a\n4,a\n5,a\n6,b\n7,b\n8,b\n9,b\n10,b\n", "y");
  for (int i = 0; i < 2; i++) {
    options.l2 = i == 0 ? 1.0 : 1e-3;
    assert_int_equal(train_fit(&m, &h, &d, &options), CKKS_OK);
    assert_int_equal(m.layer[0].weight.start[2], 1); /* the first class has score 0 */
    weight[i] = m.layer[0].weight.value[0];
    network_clear(&m);
    train_history_clear(&h);
  }
  assert_true(weight[0] > 0.5 && weight[0] < 3.0 && weight[1] > 3.0 * weight[0]);
  table_data_clear(&d);
}

static void allocations_may_fail(void **state) {
  (void)state;
  table_data d;
  train_options options;
  network_model m;
  train_history h;
  build(&d, &options, "x,z,y\n1,2,a\n2,1,b\n3,2,c\n4,1,a\n5,2,b\n6,1,c\n", "y");
  ckks_status status = CKKS_ERROR_MEMORY;
  for (unsigned long k = 1; status != CKKS_OK; k++) {
    base_alloc_fail_at(k);
    status = train_fit(&m, &h, &d, &options);
    base_alloc_fail_at(0);
    assert_true(status == CKKS_OK || status == CKKS_ERROR_MEMORY);
    assert_true(k < 1000);
  }
  network_clear(&m);
  train_history_clear(&h);
  table_data_clear(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_feature_has_a_closed_form),
                                     cmocka_unit_test(the_minimum_is_that_of_others),
                                     cmocka_unit_test(a_penalty_holds_separable_classes),
                                     cmocka_unit_test(allocations_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
