/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/outputs.h"

size_t encoding_outputs_argmax(const double *outputs, size_t n) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    if (outputs[i] > outputs[best])
      best = i;
  return best;
}
