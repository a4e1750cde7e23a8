/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include "base/alloc.h"
#include "base/wipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ reader */

void base_reader_init(base_reader *reader, const uint8_t *bytes, size_t n_bytes) {
  /* No bytes at all still give views of length zero, and NULL means failure alone. */
  static const uint8_t nothing[1];
  *reader = (base_reader){.bytes = bytes != NULL ? bytes : nothing, .n_bytes = n_bytes};
}

size_t base_reader_left(const base_reader *reader) {
  return reader->n_bytes - reader->at;
}

const uint8_t *base_reader_view(base_reader *reader, size_t n_bytes) {
  /* Once failed, always failed: a later, shorter read must not fall into step again. */
  if (reader->failed || n_bytes > base_reader_left(reader)) {
    reader->failed = true;
    return NULL;
  }
  const uint8_t *view = reader->bytes + reader->at;
  reader->at += n_bytes;
  return view;
}

void base_reader_copy(base_reader *reader, void *out, size_t n_bytes) {
  const uint8_t *view = base_reader_view(reader, n_bytes);
  if (n_bytes == 0)
    return;
  if (view != NULL)
    memcpy(out, view, n_bytes);
  else
    memset(out, 0, n_bytes);
}

static uint64_t read_integer(base_reader *reader, size_t n_bytes) {
  uint8_t bytes[8] = {0};
  base_reader_copy(reader, bytes, n_bytes);
  return base_load_u64(bytes);
}

uint8_t base_reader_u8(base_reader *reader) {
  return (uint8_t)read_integer(reader, 1);
}
uint16_t base_reader_u16(base_reader *reader) {
  return (uint16_t)read_integer(reader, 2);
}
uint32_t base_reader_u32(base_reader *reader) {
  return (uint32_t)read_integer(reader, 4);
}
uint64_t base_reader_u64(base_reader *reader) {
  return read_integer(reader, 8);
}

double base_reader_f64(base_reader *reader) {
  uint64_t bits = read_integer(reader, 8);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

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

ckks_status base_reader_text(base_reader *reader, char **out, size_t max_bytes, const char *field) {
  *out = NULL;
  size_t n_bytes = base_reader_u16(reader);
  if (!reader->failed && n_bytes > max_bytes) {
    reader->failed = true;
    return base_fail(CKKS_ERROR_FORMAT, "%s: a text of %zu bytes, at most %zu are allowed", field,
                     n_bytes, max_bytes);
  }
  const uint8_t *view = base_reader_view(reader, n_bytes);
  if (view == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the bytes end within a text", field);
  if (!base_is_text(view, n_bytes)) {
    reader->failed = true;
    return base_fail(CKKS_ERROR_FORMAT, "%s: not printable UTF-8 text", field);
  }
  char *text = base_alloc(n_bytes + 1);
  if (text == NULL)
    return base_fail_memory(n_bytes + 1);
  memcpy(text, view, n_bytes);
  *out = text;
  return CKKS_OK;
}

/* ------------------------------------------------------------------ buffer */

#define FIRST_CAPACITY_BYTES 256

void base_buffer_init(base_buffer *buffer, size_t ceiling_bytes) {
  *buffer = (base_buffer){.ceiling_bytes = ceiling_bytes};
}

void base_buffer_clear(base_buffer *buffer) {
  if (buffer->bytes != NULL)
    base_wipe(buffer->bytes, buffer->capacity_bytes);
  base_free(buffer->bytes);
  *buffer = (base_buffer){.ceiling_bytes = buffer->ceiling_bytes};
}

/* Doubles, but never beyond the ceiling, until `wanted` <= ceiling bytes fit. */
static bool grow(base_buffer *buffer, size_t wanted) {
  size_t capacity = buffer->capacity_bytes > 0 ? buffer->capacity_bytes : FIRST_CAPACITY_BYTES;
  while (capacity < wanted && capacity <= buffer->ceiling_bytes / 2)
    capacity *= 2;
  if (capacity < wanted || capacity > buffer->ceiling_bytes)
    capacity = buffer->ceiling_bytes;
  uint8_t *bytes = base_alloc(capacity);
  if (bytes == NULL)
    return false;
  if (buffer->n_bytes > 0)
    memcpy(bytes, buffer->bytes, buffer->n_bytes);
  /* What was written may be secret, so the old place is wiped and realloc is out of question. */
  if (buffer->bytes != NULL)
    base_wipe(buffer->bytes, buffer->capacity_bytes);
  base_free(buffer->bytes);
  buffer->bytes = bytes;
  buffer->capacity_bytes = capacity;
  return true;
}

uint8_t *base_buffer_extend(base_buffer *buffer, size_t n_bytes) {
  if (buffer->failed)
    return NULL;
  if (n_bytes > buffer->ceiling_bytes - buffer->n_bytes) {
    buffer->failed = true;
    return NULL;
  }
  size_t wanted = buffer->n_bytes + n_bytes;
  if ((wanted > buffer->capacity_bytes || buffer->bytes == NULL) && !grow(buffer, wanted)) {
    buffer->failed = true;
    return NULL;
  }
  uint8_t *place = buffer->bytes + buffer->n_bytes;
  buffer->n_bytes = wanted;
  return place; /* zero: allocations are, and nothing is ever taken back */
}

void base_buffer_append(base_buffer *buffer, const void *bytes, size_t n_bytes) {
  uint8_t *place = base_buffer_extend(buffer, n_bytes);
  if (place != NULL && n_bytes > 0)
    memcpy(place, bytes, n_bytes);
}

static void write_integer(base_buffer *buffer, uint64_t value, size_t n_bytes) {
  uint8_t bytes[8];
  base_store_u64(bytes, value);
  base_buffer_append(buffer, bytes, n_bytes);
}

void base_buffer_u8(base_buffer *buffer, uint8_t value) {
  write_integer(buffer, value, 1);
}
void base_buffer_u16(base_buffer *buffer, uint16_t value) {
  write_integer(buffer, value, 2);
}
void base_buffer_u32(base_buffer *buffer, uint32_t value) {
  write_integer(buffer, value, 4);
}
void base_buffer_u64(base_buffer *buffer, uint64_t value) {
  write_integer(buffer, value, 8);
}

void base_buffer_f64(base_buffer *buffer, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  write_integer(buffer, bits, 8);
}

void base_buffer_text(base_buffer *buffer, const char *text) {
  size_t n_bytes = strlen(text);
  if (n_bytes > UINT16_MAX) {
    buffer->failed = true;
    return;
  }
  base_buffer_u16(buffer, (uint16_t)n_bytes);
  base_buffer_append(buffer, text, n_bytes);
}

void base_buffer_printf(base_buffer *buffer, const char *format, ...) {
  /* vsnprintf needs one byte for its NUL that the ceiling should not count: a short line
   * goes through the stack, a long one through memory of its own. */
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0) {
    buffer->failed = true;
  } else if ((size_t)length < sizeof line) {
    base_buffer_append(buffer, line, (size_t)length);
  } else {
    char *text = base_alloc((size_t)length + 1);
    if (text == NULL) {
      buffer->failed = true;
    } else {
      va_start(arguments, format);
      vsnprintf(text, (size_t)length + 1, format, arguments);
      va_end(arguments);
      base_buffer_append(buffer, text, (size_t)length);
      base_wipe(text, (size_t)length);
    }
    base_free(text);
  }
  base_wipe(line, sizeof line);
}

void base_buffer_decimal(base_buffer *buffer, double value) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value)
      break;
  }
  char *comma = strchr(text, ','); /* the decimal mark of some locales */
  if (comma != NULL)
    *comma = '.';
  base_buffer_append(buffer, text, strlen(text));
}

ckks_status base_buffer_status(const base_buffer *buffer) {
  if (!buffer->failed)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_MEMORY,
                   "out of memory, or more bytes than the ceiling of %zu for this record",
                   buffer->ceiling_bytes);
}
