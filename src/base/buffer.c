/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow up to a ceiling. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void base_buffer_reserve(base_buffer *buffer, size_t n_bytes) {
  BASE_ASSERT(buffer->bytes == NULL && n_bytes <= buffer->ceiling_bytes);
  buffer->bytes = base_alloc(n_bytes);
  buffer->failed = buffer->bytes == NULL;
  buffer->capacity_bytes = buffer->failed ? 0 : n_bytes;
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
