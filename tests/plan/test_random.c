/* SPDX-License-Identifier: Apache-2.0 */
/* Normal numbers: their moments and tails, that they are independent, that they repeat. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/random.h"

enum { N = 100000 };

static void test_moments(void **state) {
  (void)state;
  plan_random random = {.state = 3};
  double power[5] = {0.0}, product = 0.0, before = 0.0, largest = 0.0;
  for (int i = 0; i < N; i++) {
    double x = plan_random_normal(&random);
    for (int k = 1; k <= 4; k++)
      power[k] += pow(x, k) / N;
    product += x * before / N;
    before = x;
    largest = fmax(largest, fabs(x));
  }
  /* Five deviations of these estimates. */
  assert_true(fabs(power[1]) < 5.0 / sqrt(N));
  assert_true(fabs(power[2] - 1.0) < 5.0 * sqrt(2.0 / N));
  assert_true(fabs(power[3]) < 5.0 * sqrt(15.0 / N));
  assert_true(fabs(power[4] - 3.0) < 5.0 * sqrt(96.0 / N));
  assert_true(fabs(product) < 5.0 / sqrt(N));
  assert_true(largest > 3.5 && largest < 6.5);
}

static void test_seeds(void **state) {
  (void)state;
  plan_random a = {.state = 7}, b = {.state = 7}, c = {.state = 8};
  int same = 0;
  for (int i = 0; i < 100; i++) {
    double x = plan_random_normal(&a);
    assert_true(x == plan_random_normal(&b));
    same += x == plan_random_normal(&c);
  }
  assert_int_equal(same, 0);
}

/* Parts and seeds that follow on each other have nothing in common. */
static void test_parts(void **state) {
  (void)state;
  enum { PARTS = 50, EACH = 200 };
  static double drawn[PARTS * PARTS][EACH];
  double product = 0.0;
  for (uint64_t seed = 0; seed < PARTS; seed++)
    for (uint64_t part = 0; part < PARTS; part++) {
      plan_random random;
      plan_random_init(&random, seed, part);
      for (int i = 0; i < EACH; i++)
        drawn[seed * PARTS + part][i] = plan_random_normal(&random);
    }
  for (int k = 1; k < PARTS * PARTS; k++) {
    double sum = 0.0;
    for (int i = 0; i < EACH; i++) {
      sum += drawn[k][i] * drawn[k - 1][i];
      assert_true(i < 2 || drawn[k][i - 2] != drawn[k - 1][i]); /* not one stream, shifted */
    }
    assert_true(fabs(sum) < 6.0 * sqrt(EACH));
    product += sum;
  }
  assert_true(fabs(product) < 5.0 * sqrt(PARTS * PARTS * EACH));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_moments), cmocka_unit_test(test_seeds),
                                     cmocka_unit_test(test_parts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
