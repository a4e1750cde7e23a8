/* SPDX-License-Identifier: Apache-2.0 */
/* Chebyshev's basis: values, slopes and changes of the argument's range against their definitions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "encoding/encoding.h"

/* sum c_k cos(k t) at x = cos t. */
static double by_cosines(const encoding_polynomial *p, double x) {
  double sum = 0.0;
  for (int k = 0; k <= p->degree; k++)
    sum += p->coefficient[k] * cos(k * acos(x));
  return sum;
}

static encoding_polynomial example(int degree) {
  encoding_polynomial p = {.degree = degree, .chebyshev = true};
  for (int k = 0; k <= degree; k++)
    p.coefficient[k] = (k % 3 - 0.7) / (1.0 + k * k);
  return p;
}

static void test_values(void **state) {
  (void)state;
  for (int degree = 1; degree <= 255; degree += 1 + degree / 3) {
    encoding_polynomial p = example(degree);
    for (int i = -50; i <= 50; i++) {
      double x = i / 50.0, h = 1e-6, at = x * 0.999;
      assert_true(fabs(encoding_polynomial_value(&p, x) - by_cosines(&p, x)) < 1e-12);
      double slope =
          (encoding_polynomial_value(&p, at + h) - encoding_polynomial_value(&p, at - h)) / (2 * h);
      assert_true(fabs(encoding_polynomial_slope(&p, at) - slope) < 1e-3 * fmax(1.0, fabs(slope)));
    }
  }
  /* Outside it is the same polynomial: T_3 = 4 x^3 - 3 x. */
  const encoding_polynomial third = {
      .degree = 3, .coefficient = {0.0, 0.0, 0.0, 1.0}, .chebyshev = true};
  assert_true(encoding_polynomial_value(&third, 2.0) == 26.0);
  assert_true(encoding_polynomial_slope(&third, 2.0) == 45.0);
}

static void test_rescale(void **state) {
  (void)state;
  for (int degree = 1; degree <= 255; degree += 1 + degree / 3) {
    encoding_polynomial p = example(degree), q;
    encoding_polynomial_rescale(&q, &p, 0.75, 2.0);
    assert_true(q.chebyshev && q.degree == degree);
    for (int i = -50; i <= 50; i++)
      assert_true(fabs(2.0 * encoding_polynomial_value(&q, i / 50.0) -
                       encoding_polynomial_value(&p, 0.75 * i / 50.0)) < 1e-12);
  }
  const encoding_polynomial powers = {.degree = 3, .coefficient = {0.5, 0.25, 0.0, -1.0}};
  encoding_polynomial q;
  encoding_polynomial_rescale(&q, &powers, 1.0, 1.0); /* x^3 = (3 T_1 + T_3) / 4 */
  const double want[4] = {0.5, -0.5, 0.0, -0.25};
  for (int k = 0; k < 4; k++)
    assert_true(fabs(q.coefficient[k] - want[k]) < 1e-15);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_rescale)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
