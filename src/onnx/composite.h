/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs by polynomials of polynomials, and with them Relu, LeakyRelu and Abs (Cheon, Kim, Kim, Lee,
 * Lee, eprint 2019/1234; Lee, Lee, No, Kim, eprint 2020/834: minimax at each step).
 */
#ifndef ONNX_COMPOSITE_H
#define ONNX_COMPOSITE_H
#include "encoding/encoding.h"

#define ONNX_COMPOSITE_MAX_PARTS 4
#define ONNX_COMPOSITE_MAX_DEGREE 31 /**< of a part */

/**
 * s(t) = part n-1 of ... of part 0 of t, on [-1, 1]: odd, within `deviation` of the sign where
 * |t| >= gap, and anything between -1 and 1 + deviation nearer to 0, where t s(t) is small all the
 * same.
 */
typedef struct onnx_composite {
  int n;
  encoding_polynomial part[ONNX_COMPOSITE_MAX_PARTS];
  double gap, deviation;
  double near;  /**< the most of | t s(t) - |t| | nearer to 0 than gap, */
  double error; /**< and on all of [-1, 1] */
} onnx_composite;

/** Of parts of these odd degrees (1 to ONNX_COMPOSITE_MAX_DEGREE), with the gap that makes `error`
 * least. */
void onnx_composite_make(onnx_composite *out, const int *degree, int n);
double onnx_composite_value(const onnx_composite *composite, double t);
/** Levels that it takes with its product, and the maps between its parts. */
int onnx_composite_levels(const onnx_composite *composite);
/** The one of fewest levels whose error is at most `error`, or the best there is. */
void onnx_composite_find(onnx_composite *out, double error);
#endif
