/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of other formats as the one that trees here make: x > edge, in doubles. */
#ifndef TREES_EDGE_H
#define TREES_EDGE_H

/** x >= t goes right: the largest double below t. */
double trees_edge_not_below(double t);
/**
 * The row is rounded to floats first: float(x) > t, or float(x) >= t, goes right; t is a float.
 * Ties round to even, as conversions do.
 */
double trees_edge_float_above(float t);
double trees_edge_float_not_below(float t);
#endif
