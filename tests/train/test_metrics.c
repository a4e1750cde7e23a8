/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "random.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_close(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* Six rows, scores 3, 1, 1, -1, 0, -2 for class 1; labels 1 1 0 1 0 0. */
static void two_classes_by_hand(void **state) {
  (void)state;
  const double outputs[] = {0, 3, 0, 1, 1, 2, 2, 1, 5, 5, 2, 0};
  const int labels[] = {1, 1, 0, 1, 0, 0};
  train_metrics m;
  assert_int_equal(train_metrics_compute(&m, outputs, labels, 6, 2), CKKS_OK);
  assert_memory_equal(m.confusion, ((size_t[]){2, 1, 1, 2}), 4 * sizeof(size_t));
  assert_close(m.accuracy, 4.0 / 6.0, 1e-16);
  assert_close(m.f1, 2.0 / 3.0, 1e-16); /* precision 2/3, recall 2/3 */
  double loss = log(1 + exp(-3.0)) + log(1 + exp(-1.0)) + log(1 + exp(1.0)) + log(1 + exp(1.0)) +
                log(2.0) + log(1 + exp(-2.0));
  assert_close(m.loss, loss / 6, 1e-15);
  /* Nine pairs: 3 beats 3; 1 ties one and beats two; -1 beats one: 6.5 */
  assert_close(m.auc, 6.5 / 9.0, 1e-16);
  assert_int_equal(m.n_roc, 6);
  const double fpr[] = {0, 0, 1.0 / 3, 2.0 / 3, 2.0 / 3, 1};
  const double tpr[] = {0, 1.0 / 3, 2.0 / 3, 2.0 / 3, 1, 1};
  for (size_t i = 0; i < 6; i++) {
    assert_close(m.false_positive_rate[i], fpr[i], 1e-16);
    assert_close(m.true_positive_rate[i], tpr[i], 1e-16);
  }
  train_metrics_clear(&m);
  train_metrics_clear(&m);
}

static void three_classes_by_hand(void **state) {
  (void)state;
  const double outputs[] = {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0};
  const int labels[] = {0, 1, 2, 2, 1};
  train_metrics m;
  assert_int_equal(train_metrics_compute(&m, outputs, labels, 5, 3), CKKS_OK);
  assert_memory_equal(m.confusion, ((size_t[]){1, 0, 0, 1, 1, 0, 0, 1, 1}), 9 * sizeof(size_t));
  assert_close(m.accuracy, 0.6, 1e-16);
  assert_close(m.f1, (2.0 / 3 + 0.5 + 2.0 / 3) / 3, 1e-15);
  assert_true(isnan(m.auc));
  assert_int_equal(m.n_roc, 0);
  assert_null(m.true_positive_rate);
  train_metrics_clear(&m);
  /* A class that never occurs does not drag the mean down. */
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){0, 1, 1}, 3, 3), CKKS_OK);
  assert_close(m.f1, 1.0, 1e-16);
  train_metrics_clear(&m);
}

static void one_sided_labels_have_no_curve(void **state) {
  (void)state;
  const double outputs[] = {0, 1, 1, 0};
  train_metrics m;
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){0, 0}, 2, 2), CKKS_OK);
  assert_true(isnan(m.auc) && m.n_roc == 0);
  assert_true(m.accuracy == 0.5 && m.f1 == 0.0);
  train_metrics_clear(&m);
  assert_int_equal(train_metrics_compute(&m, outputs + 2, (int[]){0}, 1, 2), CKKS_OK);
  assert_true(m.accuracy == 1.0 && m.f1 == 0.0); /* no class 1 anywhere: 0/0 is 0 */
  train_metrics_clear(&m);
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){1, 1}, 2, 2), CKKS_OK);
  assert_true(isnan(m.auc));
  train_metrics_clear(&m);
}

/* All pairs, one by one. */
static double auc_by_pairs(const double *outputs, const int *labels, size_t n) {
  double won = 0.0, pairs = 0.0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      if (labels[i] != 1 || labels[j] != 0)
        continue;
      double a = outputs[2 * i + 1] - outputs[2 * i], b = outputs[2 * j + 1] - outputs[2 * j];
      pairs += 1.0;
      won += a > b ? 1.0 : a == b ? 0.5 : 0.0;
    }
  return won / pairs;
}

static void the_area_is_that_of_all_pairs_and_of_the_curve(void **state) {
  (void)state;
  uint64_t seed = 3;
  for (int round = 0; round < 200; round++) {
    double outputs[120];
    int labels[60];
    size_t n = 2 + (size_t)(test_random(&seed) % 59);
    for (size_t i = 0; i < n; i++) {
      labels[i] = i < 2 ? (int)i : (int)(test_random(&seed) % 2);
      outputs[2 * i] = (double)(test_random(&seed) % 5); /* small integers: many ties */
      outputs[2 * i + 1] = (double)(test_random(&seed) % 5) + labels[i];
    }
    train_metrics m;
    assert_int_equal(train_metrics_compute(&m, outputs, labels, n, 2), CKKS_OK);
    assert_close(m.auc, auc_by_pairs(outputs, labels, n), 1e-15);
    double area = 0.0;
    for (size_t i = 1; i < m.n_roc; i++) {
      assert_true(m.false_positive_rate[i] >= m.false_positive_rate[i - 1]);
      assert_true(m.true_positive_rate[i] >= m.true_positive_rate[i - 1]);
      area += (m.false_positive_rate[i] - m.false_positive_rate[i - 1]) *
              (m.true_positive_rate[i] + m.true_positive_rate[i - 1]) / 2;
    }
    assert_close(m.auc, area, 1e-14);
    assert_true(m.false_positive_rate[0] == 0 && m.true_positive_rate[0] == 0);
    assert_true(m.false_positive_rate[m.n_roc - 1] == 1 && m.true_positive_rate[m.n_roc - 1] == 1);
    train_metrics_clear(&m);
  }
}

static void bad_input_is_named(void **state) {
  (void)state;
  const double outputs[] = {0, 1, 2, (double)NAN};
  train_metrics m;
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){0, 1}, 2, 2), CKKS_ERROR_RANGE);
  assert_non_null(strstr(base_last_error(), "row 1"));
  assert_null(m.confusion);
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){2}, 1, 2), CKKS_ERROR_ARGUMENT);
  assert_non_null(strstr(base_last_error(), "label of row 0: 2 where 0 to 1"));
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){-1}, 1, 2), CKKS_ERROR_ARGUMENT);
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){0}, 0, 2), CKKS_ERROR_ARGUMENT);
  assert_int_equal(train_metrics_compute(&m, outputs, (int[]){0}, 1, 0), CKKS_ERROR_ARGUMENT);
}

static void failing_allocations_leak_nothing(void **state) {
  (void)state;
  for (long k = 1; k <= 4; k++) {
    train_metrics m;
    base_alloc_fail_at(k);
    assert_int_equal(train_metrics_compute(&m, (double[]){0, 1, 1, 0}, (int[]){0, 1}, 2, 2),
                     CKKS_ERROR_MEMORY);
    assert_null(m.confusion);
  }
  base_alloc_fail_at(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_classes_by_hand),
      cmocka_unit_test(three_classes_by_hand),
      cmocka_unit_test(one_sided_labels_have_no_curve),
      cmocka_unit_test(the_area_is_that_of_all_pairs_and_of_the_curve),
      cmocka_unit_test(bad_input_is_named),
      cmocka_unit_test(failing_allocations_leak_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
