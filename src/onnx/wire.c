/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/wire.h"

#include <string.h>

bool onnx_wire_text_is(onnx_text text, const char *name) {
  return text.n == strlen(name) && (text.n == 0 || memcmp(text.text, name, text.n) == 0);
}

/* Seven bits a byte, lowest first, ten bytes at most; the bits above 64 must be nothing. */
uint64_t onnx_wire_varint(base_reader *reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    uint8_t byte = base_reader_u8(reader);
    if (shift == 63 && byte > 1)
      break;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80)
      return reader->failed ? 0 : value;
  }
  reader->failed = true;
  return 0;
}

static void read_bytes(onnx_field *field, base_reader *reader) {
  uint64_t n = onnx_wire_varint(reader);
  if (reader->failed || n > base_reader_left(reader)) {
    reader->failed = true;
    return;
  }
  field->bytes.n = (size_t)n;
  field->bytes.text = n > 0 ? (const char *)base_reader_view(reader, (size_t)n) : "";
}

/* Groups (types 3 and 4) have been deprecated since before ONNX was. */
bool onnx_wire_next(onnx_field *field, base_reader *reader) {
  *field = (onnx_field){.bytes = {"", 0}};
  if (reader->failed || base_reader_left(reader) == 0)
    return false;
  uint64_t tag = onnx_wire_varint(reader);
  if (tag >> 3 == 0 || tag >> 32 != 0)
    reader->failed = true;
  field->number = (uint32_t)(tag >> 3);
  switch (tag & 7) {
  case ONNX_VARINT:
    field->type = ONNX_VARINT;
    field->varint = onnx_wire_varint(reader);
    break;
  case ONNX_FIXED64:
    field->type = ONNX_FIXED64;
    field->varint = base_reader_u64(reader);
    break;
  case ONNX_BYTES:
    field->type = ONNX_BYTES;
    read_bytes(field, reader);
    break;
  case ONNX_FIXED32:
    field->type = ONNX_FIXED32;
    field->varint = base_reader_u32(reader);
    break;
  default:
    reader->failed = true;
  }
  return !reader->failed;
}

base_reader onnx_wire_message(const onnx_field *field) {
  base_reader reader;
  base_reader_init(&reader, (const uint8_t *)field->bytes.text, field->bytes.n);
  return reader;
}

size_t onnx_wire_count(base_reader message, uint32_t number, bool texts, size_t fixed) {
  onnx_field field;
  size_t n = 0;
  while (onnx_wire_next(&field, &message)) {
    if (field.number != number)
      continue;
    if (texts || field.type != ONNX_BYTES) {
      n++;
    } else if (fixed > 0) {
      n += field.bytes.n / fixed;
    } else {
      for (size_t i = 0; i < field.bytes.n; i++)
        n += (uint8_t)field.bytes.text[i] < 0x80;
    }
  }
  return n;
}

ckks_status onnx_wire_damaged(void) {
  return base_fail(CKKS_ERROR_FORMAT, "damaged: a message inside the file breaks off");
}

double onnx_wire_float(uint64_t bits) {
  uint32_t word = (uint32_t)bits;
  float value;
  memcpy(&value, &word, sizeof value);
  return (double)value;
}

double onnx_wire_double(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
