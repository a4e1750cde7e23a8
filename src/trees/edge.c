/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/edge.h"

#include <math.h>

double trees_edge_not_below(double t) {
  return nextafter(t, -INFINITY);
}

/* float(x) >= t from half way between t and the float below it, which is exact in doubles. */
double trees_edge_float_not_below(float t) {
  double middle = ((double)t + (double)nextafterf(t, -INFINITY)) / 2.0;
  return (float)middle >= t ? nextafter(middle, -INFINITY) : middle;
}

double trees_edge_float_above(float t) {
  return trees_edge_float_not_below(nextafterf(t, INFINITY));
}
