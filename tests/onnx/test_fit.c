/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials for activations against what approximation theory knows about them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx/fit.h"

enum { N = 2001 };
static double point[N], value[N], weight[N];
static const onnx_fit_samples samples = {N, point, value, weight};

static void sample(double (*f)(double), double low, double high) {
  for (int i = 0; i < N; i++) {
    point[i] = low + (high - low) * i / (N - 1);
    value[i] = f(point[i]);
    weight[i] = 1.0;
  }
}

/* As an import does it: what is a polynomial by itself, else the lowest degree that will do. */
static ckks_status fit_to(onnx_fit *fit, int min_degree, int max_degree, double error,
                          bool minimax) {
  onnx_fit_fitter *fitter;
  *fit = (onnx_fit){0};
  BASE_TRY(onnx_fit_build(&fitter, &samples, max_degree));
  ckks_status status = min_degree == 1 ? onnx_fit_exact(fit, fitter) : CKKS_OK;
  if (status == CKKS_OK && !fit->exact)
    status = onnx_fit_search(fit, fitter, min_degree, max_degree, error, minimax);
  onnx_fit_free(fitter);
  return status;
}

static double cubic(double x) {
  return 2.0 - 3.0 * x + 0.25 * x * x * x;
}

static double sigmoid(double x) {
  return 1.0 / (1.0 + exp(-x));
}

static double relu(double x) {
  return x > 0.0 ? x : 0.0;
}

static double fitted(const onnx_fit *fit, double x) {
  return encoding_polynomial_value(&fit->polynomial, (x - fit->centre) / fit->radius);
}

/* What is a polynomial comes back as it was, at its own degree. */
static void test_exact(void **state) {
  (void)state;
  onnx_fit fit;
  sample(cubic, -3.0, 7.0);
  assert_int_equal(fit_to(&fit, 1, 15, 0.0, false), CKKS_OK);
  assert_true(fit.exact);
  /* Even where a line would do. */
  assert_int_equal(fit_to(&fit, 1, 15, 0.9, false), CKKS_OK);
  assert_true(fit.exact);
  assert_int_equal(fit.polynomial.degree, 3);
  assert_true(fit.centre == 2.0 && fit.radius == 5.0);
  for (double x = -10.0; x < 10.0; x += 0.37)
    assert_true(fabs(fitted(&fit, x) - cubic(x)) < 1e-9);
}

/* The best parabola for |x| on [-1, 1] is x^2 + 1/8, off by 1/8. */
static void test_minimax(void **state) {
  (void)state;
  onnx_fit fit;
  sample(fabs, -1.0, 1.0);
  assert_int_equal(fit_to(&fit, 2, 2, 0.0, true), CKKS_OK);
  assert_true(fabs(fit.max_error - 0.125) < 2e-3);
  assert_true(fabs(fit.polynomial.coefficient[2] - 1.0) < 0.03);
  assert_true(fabs(fit.polynomial.coefficient[1]) < 1e-6);
  /* Least squares on the same points: a smaller mean square, a larger worst case. */
  onnx_fit squares;
  assert_int_equal(fit_to(&squares, 2, 2, 0.0, false), CKKS_OK);
  assert_true(squares.rms_error < fit.rms_error);
  assert_true(squares.max_error > fit.max_error);
  /* |x| ~ 3/16 + 15/16 x^2 */
  assert_true(fabs(squares.polynomial.coefficient[0] - 3.0 / 16.0) < 2e-3);
  assert_true(fabs(squares.polynomial.coefficient[2] - 15.0 / 16.0) < 5e-3);
}

/* The error falls with the degree, and the lowest degree that is good enough is taken. */
static void test_lowest_degree(void **state) {
  (void)state;
  double before = 1.0;
  sample(sigmoid, -8.0, 8.0);
  for (int degree = 1; degree <= 15; degree += 2) {
    onnx_fit fit;
    assert_int_equal(fit_to(&fit, degree, degree, 0.0, true), CKKS_OK);
    assert_true(fit.max_error < before);
    before = fit.max_error;
  }
  assert_true(before < 3e-3);
  onnx_fit fit, lower;
  assert_int_equal(fit_to(&fit, 1, 31, 0.01, true), CKKS_OK);
  assert_true(fit.max_error <= 0.01);
  int degree = fit.polynomial.degree;
  assert_true(degree > 3 && degree < 15);
  assert_int_equal(fit_to(&lower, 1, degree - 1, 0.01, true), CKKS_OK);
  assert_true(lower.max_error > 0.01);
  for (int i = 0; i < N; i++)
    assert_true(fabs(fitted(&fit, point[i]) - value[i]) <= 1.001 * fit.max_error);
}

/* Weights draw the polynomial to where values are: here, to the right half alone. */
static void test_weights(void **state) {
  (void)state;
  onnx_fit even, right;
  sample(relu, -2.0, 2.0);
  assert_int_equal(fit_to(&even, 3, 3, 0.0, false), CKKS_OK);
  for (int i = 0; i < N; i++)
    weight[i] = point[i] > 0.0 ? 1.0 : 1e-6;
  assert_int_equal(fit_to(&right, 3, 3, 0.0, false), CKKS_OK);
  for (double x = 0.25; x < 1.8; x += 0.25)
    assert_true(fabs(fitted(&right, x) - x) < 0.1 * fabs(fitted(&even, x) - x) + 1e-3);
}

static void test_refusals(void **state) {
  (void)state;
  onnx_fit fit;
  sample(log, -1.0, 1.0);
  assert_int_equal(fit_to(&fit, 1, 7, 0.1, false), CKKS_ERROR_RANGE);
  sample(relu, 2.0, 2.0);
  assert_int_equal(fit_to(&fit, 1, 7, 0.1, false), CKKS_ERROR_RANGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_exact), cmocka_unit_test(test_minimax),
                                     cmocka_unit_test(test_lowest_degree),
                                     cmocka_unit_test(test_weights),
                                     cmocka_unit_test(test_refusals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
