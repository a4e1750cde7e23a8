/* SPDX-License-Identifier: Apache-2.0 */
/* The one line of text that each thread has about its last error. */
#include "base/status.h"

#include <string.h>

#include "base/bytes.h"

static _Thread_local char last_error[BASE_MESSAGE_BYTES];

/*
 * Messages quote file names and fields of hostile files: nothing in them may
 * reach a terminal as a control sequence, or turn what stands beside it
 * around, and a cut must not leave half a UTF-8 character behind.
 */
void base_last_error_set(const char *text) {
  size_t length = strlen(text);
  if (length > BASE_MESSAGE_BYTES - 1) {
    length = BASE_MESSAGE_BYTES - 1;
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
  unsigned number;
  for (size_t i = 0; i < length; i++)
    memset(last_error + i, '?', base_is_turn(&number, text + i));
  last_error[length] = '\0';
}

const char *base_last_error(void) {
  return last_error;
}
