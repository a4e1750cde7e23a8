/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exp and log differ in the last bit from one C library to the next, and 2000
 * steps of Adam would carry that bit into the weights. These two are built of
 * IEEE operations, rint, ldexp and frexp, which are exact everywhere.
 */
#include "train/softmax.h"

#include <math.h>

/* ln 2 = LN2_HIGH + LN2_LOW; HIGH has 32 bits, so that k * HIGH is exact for |k| < 2^20. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define LOG2_E 0x1.71547652b82fep+0

/* e^x = 2^k e^r with |r| <= ln(2)/2; Taylor's 14 terms leave 5e-18. */
double train_softmax_exp(double x) {
  static const double inverse_factorial[14] = {1.0,
                                               1.0,
                                               1.0 / 2.0,
                                               1.0 / 6.0,
                                               1.0 / 24.0,
                                               1.0 / 120.0,
                                               1.0 / 720.0,
                                               1.0 / 5040.0,
                                               1.0 / 40320.0,
                                               1.0 / 362880.0,
                                               1.0 / 3628800.0,
                                               1.0 / 39916800.0,
                                               1.0 / 479001600.0,
                                               1.0 / 6227020800.0};
  if (x < -700.0)
    return 0.0;
  double k = rint(x * LOG2_E);
  double r = (x - k * LN2_HIGH) - k * LN2_LOW;
  double sum = inverse_factorial[13];
  for (int i = 12; i >= 0; i--)
    sum = sum * r + inverse_factorial[i];
  return ldexp(sum, (int)k);
}

static const double inverse_odd[12] = {1.0,        1.0 / 3.0,  1.0 / 5.0,  1.0 / 7.0,
                                       1.0 / 9.0,  1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0,
                                       1.0 / 17.0, 1.0 / 19.0, 1.0 / 21.0, 1.0 / 23.0};

/* x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m-1)/(m+1)), |argument| < 0.172. */
double train_softmax_log(double x) {
  int e;
  double m = frexp(x, &e);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2.0;
    e--;
  }
  double s = (m - 1.0) / (m + 1.0), square = s * s, sum = 0.0;
  for (int i = 11; i >= 1; i--)
    sum = (sum + inverse_odd[i]) * square;
  return e * LN2_HIGH + (2.0 * s * sum + (e * LN2_LOW + 2.0 * s));
}

double train_softmax_loss(double *probability, const double *outputs, size_t n, size_t label) {
  double most = outputs[0], sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(outputs[i]))
      return (double)NAN;
    if (outputs[i] > most)
      most = outputs[i];
  }
  /* The largest is taken off first: no exponential overflows, and sum >= 1. */
  for (size_t i = 0; i < n; i++) {
    double e = outputs[i] == most ? 1.0 : train_softmax_exp(outputs[i] - most);
    if (probability != NULL)
      probability[i] = e;
    sum += e;
  }
  for (size_t i = 0; probability != NULL && i < n; i++)
    probability[i] /= sum;
  return train_softmax_log(sum) - (outputs[label] - most);
}
