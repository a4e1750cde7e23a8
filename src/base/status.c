/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_BYTES 512

static _Thread_local char last_error[MESSAGE_BYTES];

/*
 * Messages quote file names and fields of hostile files: nothing in them may
 * reach a terminal as a control sequence, and a cut must not leave half a
 * UTF-8 character behind.
 */
static void record(const char *text) {
  size_t length = strlen(text);
  if (length > MESSAGE_BYTES - 1) {
    length = MESSAGE_BYTES - 1;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
      length--;
  }
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i], before = i > 0 ? (unsigned char)text[i - 1] : 0;
    /* U+0080 to U+009F (C2 80 to C2 9F) are control characters too. */
    bool is_c1 = before == 0xc2 && c >= 0x80 && c < 0xa0;
    if (is_c1)
      last_error[i - 1] = '?';
    last_error[i] = (c < 0x20 || c == 0x7f || is_c1) ? '?' : (char)c;
  }
  last_error[length] = '\0';
}

/* Formats into a copy first, since the arguments may include the message recorded before. */
ckks_status base_fail(ckks_status status, const char *format, ...) {
  char text[MESSAGE_BYTES + 1]; /* one more than is kept: a cut shows */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  record(text);
  return status;
}

ckks_status base_fail_in(ckks_status status, const char *format, ...) {
  char context[MESSAGE_BYTES], text[2 * MESSAGE_BYTES + 2];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(context, sizeof context, format, arguments);
  va_end(arguments);
  snprintf(text, sizeof text, "%s: %s", context, last_error);
  record(text);
  return status;
}

ckks_status base_fail_memory(size_t n_bytes) {
  return base_fail(CKKS_ERROR_MEMORY, "out of memory: %zu bytes were wanted", n_bytes);
}

const char *base_last_error(void) {
  return last_error;
}

#ifdef BASE_DEBUG
void base_assert_failed(const char *expression, const char *file, int line) {
  char text[MESSAGE_BYTES];
  snprintf(text, sizeof text, "%s:%d: bound does not hold: %s\n", file, line, expression);
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written;
  abort();
}
#endif
