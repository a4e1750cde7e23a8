/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdlib.h>

void base_free(void *pointer) {
  free(pointer);
}
