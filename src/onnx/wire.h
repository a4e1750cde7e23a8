/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Protocol-buffer messages (protobuf.dev/programming-guides/encoding), read in place. ONNX
 * needs so little of the format that a generated parser would be more code, another
 * allocator, and a build that depends on a compiler for it.
 */
#ifndef ONNX_WIRE_H
#define ONNX_WIRE_H
#include "base/bytes.h"

/** A view of text inside the file's bytes; not terminated. */
typedef struct onnx_text {
  const char *text;
  size_t n;
} onnx_text;

/** For "%.*s" */
#define ONNX_TEXT(t) (int)((t).n < 100 ? (t).n : 100), (t).text ? (t).text : ""

bool onnx_wire_text_is(onnx_text text, const char *name);

/** One field of a message; lengths were checked against the message. */
typedef struct onnx_field {
  uint32_t number;
  enum { ONNX_VARINT = 0, ONNX_FIXED64 = 1, ONNX_BYTES = 2, ONNX_FIXED32 = 5 } type;
  uint64_t varint; /**< VARINT, FIXED64 and FIXED32 as their bits */
  onnx_text bytes; /**< BYTES: text or a message */
} onnx_field;

/** The next field; false at the end, and (with reader->failed) at bytes that are none. */
bool onnx_wire_next(onnx_field *field, base_reader *reader);
/** Zero, and reader->failed, when there is none. */
uint64_t onnx_wire_varint(base_reader *reader);
/** A reader of the message inside a field; empty when the field holds none. */
base_reader onnx_wire_message(const onnx_field *field);
/**
 * How many numbers or texts the repeated field `number` holds, packed or not. `texts`: texts or
 * messages, which are never packed; `fixed`: bytes of a packed number, 0 = varints.
 */
size_t onnx_wire_count(base_reader message, uint32_t number, bool texts, size_t fixed);
/** CKKS_ERROR_FORMAT: a message has an end where none is allowed. */
ckks_status onnx_wire_damaged(void);
/** Bits of a FIXED32 as a float. */
double onnx_wire_float(uint64_t bits);
double onnx_wire_double(uint64_t bits);
#endif
