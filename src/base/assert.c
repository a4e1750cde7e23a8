/* SPDX-License-Identifier: Apache-2.0 */
/* Where a bound that was stated does not hold: debug builds stop here. */
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef BASE_DEBUG
void base_assert_failed(const char *expression, const char *file, int line) {
  char text[BASE_MESSAGE_BYTES];
  snprintf(text, sizeof text, "%s:%d: bound does not hold: %s\n", file, line, expression);
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written;
  abort();
}
#endif
