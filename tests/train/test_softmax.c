/* SPDX-License-Identifier: Apache-2.0 */
#include "train/softmax.h"

#include "random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define assert_close(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

static double uniform(uint64_t *seed, double low, double high) {
  return low + (high - low) * ((double)(test_random(seed) >> 11) * 0x1p-53);
}

/* Against the C library, which is within an ulp of the truth. */
static void exponential_and_logarithm_are_right(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int i = 0; i < 100000; i++) {
    double x = uniform(&seed, -700.0, 700.0), y = uniform(&seed, -1.0, 1.0);
    assert_true(fabs(train_softmax_exp(x) - exp(x)) <= 0x1p-50 * exp(x));
    assert_true(fabs(train_softmax_exp(y) - exp(y)) <= 0x1p-50 * exp(y));
    double z = exp(x), w = 1.0 + y * 0x1p-10;
    assert_close(train_softmax_log(z), log(z), 0x1p-50 * fabs(log(z)) + 0x1p-51);
    assert_close(train_softmax_log(w), log(w), 0x1p-51);
  }
  assert_true(train_softmax_exp(0.0) == 1.0);
  assert_true(train_softmax_exp(-701.0) == 0.0 && train_softmax_exp(-(double)INFINITY) == 0.0);
  assert_true(train_softmax_log(1.0) == 0.0);
  assert_close(train_softmax_log(2.0), 0.69314718055994530942, 0x1p-52);
  assert_true(train_softmax_log(0x1p1000) > 693.147 && train_softmax_log(0x1p1000) < 693.148);
}

/* Bits, not closeness: they must be the same on every machine. */
static void exponential_and_logarithm_have_known_bits(void **state) {
  (void)state;
  uint64_t seed = 2, mixed = 0;
  for (int i = 0; i < 1000; i++) {
    double e = train_softmax_exp(uniform(&seed, -50.0, 0.0));
    double l = train_softmax_log(uniform(&seed, 1.0, 1024.0));
    uint64_t bits[2];
    memcpy(&bits[0], &e, 8);
    memcpy(&bits[1], &l, 8);
    mixed = (mixed ^ bits[0]) * 0x100000001b3U;
    mixed = (mixed ^ bits[1]) * 0x100000001b3U;
  }
  assert_true(mixed == 0xe623015bd4c46532U);
}

static void the_loss_is_minus_the_logarithm_of_the_softmax(void **state) {
  (void)state;
  double p[3];
  assert_close(train_softmax_loss(p, (double[]){0, 0, 0}, 3, 1), log(3.0), 1e-15);
  assert_close(p[2], 1.0 / 3.0, 1e-16);
  assert_close(train_softmax_loss(p, (double[]){1, 2, 3}, 3, 0), 2.4076059644443806, 1e-14);
  assert_close(p[0], 0.09003057317038046, 1e-15);
  assert_close(p[1], 0.24472847105479764, 1e-15);
  assert_close(p[0] + p[1] + p[2], 1.0, 1e-15);
  /* Far apart: no overflow, and the loss is the distance. */
  assert_close(train_softmax_loss(p, (double[]){-2000, 500}, 2, 0), 2500.0, 1e-9);
  assert_true(p[0] == 0.0 && p[1] == 1.0);
  assert_true(train_softmax_loss(NULL, (double[]){-2000, 500}, 2, 1) == 0.0);
}

static void outputs_that_are_not_finite_have_no_loss(void **state) {
  (void)state;
  double p[2] = {7, 7};
  assert_true(isnan(train_softmax_loss(p, (double[]){0, (double)NAN}, 2, 0)));
  assert_true(isnan(train_softmax_loss(p, (double[]){(double)INFINITY, 0}, 2, 0)));
  assert_true(isnan(train_softmax_loss(p, (double[]){0, -(double)INFINITY}, 2, 0)));
  assert_true(p[0] == 7 && p[1] == 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exponential_and_logarithm_are_right),
      cmocka_unit_test(exponential_and_logarithm_have_known_bits),
      cmocka_unit_test(the_loss_is_minus_the_logarithm_of_the_softmax),
      cmocka_unit_test(outputs_that_are_not_finite_have_no_loss),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
