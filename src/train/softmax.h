/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and its loss, out of +, -, *, / alone: the same bits with every C library. */
#ifndef TRAIN_SOFTMAX_H
#define TRAIN_SOFTMAX_H
#include <stddef.h>

/** e^x within 2^-50 of itself for -700 <= x <= 700; 0 below that. x must not be NaN or above. */
double train_softmax_exp(double x);
/** Natural logarithm of a normal x > 0, within 2^-50 of itself or 2^-51 in all. */
double train_softmax_log(double x);
/**
 * Cross-entropy -log(softmax(outputs)[label]) of n outputs; NaN when one of them is not finite.
 * `probability` (n numbers, may be NULL) gets the softmax, untouched when the loss is NaN.
 */
double train_softmax_loss(double *probability, const double *outputs, size_t n, size_t label);
#endif
