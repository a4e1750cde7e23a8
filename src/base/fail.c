/* SPDX-License-Identifier: Apache-2.0 */
/* A status and its text in one statement. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

/* Formats into a copy first, since the arguments may include the message recorded before. */
ckks_status base_fail(ckks_status status, const char *format, ...) {
  char text[BASE_MESSAGE_BYTES + 1]; /* one more than is kept: a cut shows */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  base_last_error_set(text);
  return status;
}

ckks_status base_fail_in(ckks_status status, const char *format, ...) {
  char context[BASE_MESSAGE_BYTES], text[2 * BASE_MESSAGE_BYTES + 2];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(context, sizeof context, format, arguments);
  va_end(arguments);
  snprintf(text, sizeof text, "%s: %s", context, base_last_error());
  base_last_error_set(text);
  return status;
}

ckks_status base_fail_memory(size_t n_bytes) {
  return base_fail(CKKS_ERROR_MEMORY, "out of memory: %zu bytes were wanted", n_bytes);
}
