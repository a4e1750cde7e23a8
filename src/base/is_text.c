/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as text. */
#include "base/bytes.h"

/*
 * Length of the well-formed UTF-8 character that starts at `s` and has at most
 * `left` bytes, 0 when there is none (The Unicode Standard, table 3-7: no
 * overlong forms, no surrogates, nothing above U+10FFFF). Control characters
 * (U+0000 to U+001F, U+007F to U+009F) count as none.
 */
static size_t character_bytes(const uint8_t *s, size_t left) {
  if (s[0] < 0x80)
    return s[0] >= 0x20 && s[0] != 0x7f;
  size_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
  if (n == 0 || n > left)
    return 0;
  uint32_t code = s[0] & (0x7fU >> n);
  for (size_t i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    code = code << 6 | (s[i] & 0x3fU);
  }
  static const uint32_t smallest[5] = {0, 0, 0xa0, 0x800, 0x10000};
  bool surrogate = code >= 0xd800 && code < 0xe000;
  return code < smallest[n] || code > 0x10ffff || surrogate ? 0 : n;
}

bool base_is_text(const void *text, size_t n_bytes) {
  const uint8_t *bytes = text;
  for (size_t at = 0; at < n_bytes;) {
    size_t n = character_bytes(bytes + at, n_bytes - at);
    if (n == 0)
      return false;
    at += n;
  }
  return true;
}

size_t base_is_turn(unsigned *number, const char *text) {
  const uint8_t *b = (const uint8_t *)text;
  if (b[0] == 0xd8 && b[1] == 0x9c) {
    *number = 0x61c;
    return 2;
  }
  if (b[0] != 0xe2 || (b[1] != 0x80 && b[1] != 0x81))
    return 0;
  *number = 0x2000U + (b[1] == 0x81 ? 0x40U : 0U) + (b[2] & 0x3fU);
  bool turns = *number == 0x200e || *number == 0x200f || (*number >= 0x202a && *number <= 0x202e) ||
               (*number >= 0x2066 && *number <= 0x2069);
  return turns ? 3 : 0;
}
