/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs of a model say. */
#ifndef ENCODING_OUTPUTS_H
#define ENCODING_OUTPUTS_H
#include <stddef.h>

/** Index of the largest output (the first of equals). */
size_t encoding_outputs_argmax(const double *outputs, size_t n);
#endif
