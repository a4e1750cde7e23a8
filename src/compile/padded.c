/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/padded.h"

size_t compile_padded(size_t n) {
  size_t padded = 1;
  while (padded < n)
    padded *= 2;
  return padded;
}
