/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto: numbers of ten types, packed or raw, into doubles. */
#include "onnx/tensor.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

/* TensorProto.DataType; `field` holds its numbers where raw_data does not. */
typedef struct number_type {
  int bytes, field;
  bool whole, sign;
} number_type;

enum { FLOAT = 1, TEXT = 8, FLOAT16 = 10, DOUBLE = 11 };
static const number_type types[] = {
    [1] = {4, 4, false, true},  [2] = {1, 5, true, false},   [3] = {1, 5, true, true},
    [4] = {2, 5, true, false},  [5] = {2, 5, true, true},    [6] = {4, 5, true, true},
    [7] = {8, 7, true, true},   [8] = {1, 6, false, false},  [9] = {1, 5, true, false},
    [10] = {2, 5, false, true}, [11] = {8, 10, false, true}, [12] = {4, 11, true, false}};
enum { N_TYPES = sizeof types / sizeof types[0] };

/* What was found before its type is known: fields come in any order. */
typedef struct reading {
  onnx_tensor *tensor;
  uint64_t type;
  onnx_field raw;
  base_reader fields; /* the message once more, for numbers outside raw_data */
  bool external, has_raw;
} reading;

bool onnx_tensor_count(onnx_tensor *tensor) {
  tensor->n = 1;
  for (int i = 0; i < tensor->rank; i++) {
    if (tensor->dim[i] > ONNX_MAX_ELEMENTS)
      return false;
    tensor->n *= tensor->dim[i];
    if (tensor->n > ONNX_MAX_ELEMENTS)
      return false;
  }
  return true;
}

static ckks_status add_dim(onnx_tensor *tensor, uint64_t dim) {
  if (tensor->rank == ONNX_MAX_RANK)
    return base_fail(CKKS_ERROR_FORMAT, "a tensor of more than %d dimensions", ONNX_MAX_RANK);
  if (dim > ONNX_MAX_ELEMENTS)
    return base_fail(CKKS_ERROR_FORMAT, "a dimension of %lld: 0 to %zu are allowed", (long long)dim,
                     ONNX_MAX_ELEMENTS);
  tensor->dim[tensor->rank++] = (size_t)dim;
  return CKKS_OK;
}

/* Repeated numbers come packed in one field or one by one. */
static ckks_status read_dims(onnx_tensor *tensor, const onnx_field *field) {
  if (field->type == ONNX_VARINT)
    return add_dim(tensor, field->varint);
  base_reader packed = onnx_wire_message(field);
  while (base_reader_left(&packed) > 0) {
    uint64_t dim = onnx_wire_varint(&packed);
    if (packed.failed)
      return base_fail(CKKS_ERROR_FORMAT, "damaged dimensions");
    BASE_TRY(add_dim(tensor, dim));
  }
  return CKKS_OK;
}

static ckks_status read_header(reading *r, base_reader *message, onnx_text *name) {
  onnx_field field;
  while (onnx_wire_next(&field, message)) {
    if (field.number == 1)
      BASE_TRY(read_dims(r->tensor, &field));
    else if (field.number == 2)
      r->type = field.varint;
    else if (field.number == 8 && name != NULL)
      *name = field.bytes;
    else if (field.number == 9) {
      r->raw = field;
      r->has_raw = true;
    } else if (field.number == 14)
      r->external = field.varint != 0;
    else if (field.number == 3)
      return base_fail(CKKS_ERROR_FORMAT, "a tensor in segments, which is not supported");
  }
  if (message->failed)
    return base_fail(CKKS_ERROR_FORMAT, "a damaged tensor");
  return CKKS_OK;
}

/* Half precision: 1 + 5 + 10 bits. */
static double half(uint64_t bits) {
  int exponent = (int)(bits >> 10 & 31);
  double fraction = (double)(bits & 1023) / 1024.0;
  double size = exponent == 31  ? (fraction == 0.0 ? (double)INFINITY : (double)NAN)
                : exponent == 0 ? ldexp(fraction, -14)
                                : ldexp(1.0 + fraction, exponent - 15);
  return bits >> 15 & 1 ? -size : size;
}

/* The bits of one number of the tensor's type; integers are exact up to 2^53. */
static double number(uint64_t bits, uint64_t type) {
  const number_type *t = &types[type];
  if (type == FLOAT)
    return onnx_wire_float(bits);
  if (type == DOUBLE)
    return onnx_wire_double(bits);
  if (type == FLOAT16)
    return half(bits);
  if (!t->sign)
    return (double)bits;
  int unused = 64 - 8 * t->bytes;
  int64_t value = (int64_t)(bits << unused);
  return (double)(value / ((int64_t)1 << unused));
}

static ckks_status read_raw(reading *r) {
  size_t bytes = (size_t)types[r->type].bytes;
  if (r->raw.bytes.n != bytes * r->tensor->n)
    return base_fail(CKKS_ERROR_FORMAT, "a tensor of %zu numbers in %zu bytes", r->tensor->n,
                     r->raw.bytes.n);
  base_reader raw = onnx_wire_message(&r->raw);
  for (size_t i = 0; i < r->tensor->n; i++) {
    uint64_t bits = 0;
    for (size_t b = 0; b < bytes; b++)
      bits |= (uint64_t)base_reader_u8(&raw) << 8 * b;
    r->tensor->value[i] = number(bits, r->type);
  }
  return CKKS_OK;
}

/* Labels of classes: texts that stay in the file's bytes. */
static ckks_status read_texts(reading *r) {
  onnx_field field;
  size_t at = 0;
  r->tensor->text = base_alloc_array(r->tensor->n, sizeof *r->tensor->text);
  if (r->tensor->text == NULL)
    return base_fail_memory(r->tensor->n * sizeof *r->tensor->text);
  while (onnx_wire_next(&field, &r->fields))
    if (field.number == 6 && field.type == ONNX_BYTES && at++ < r->tensor->n)
      r->tensor->text[at - 1] = field.bytes;
  return at == r->tensor->n ? CKKS_OK
                            : base_fail(CKKS_ERROR_FORMAT, "a tensor of %zu texts that holds %zu",
                                        r->tensor->n, at);
}

/* One number of a repeated field: fixed for floats, varint for integers. */
static uint64_t next_number(base_reader *packed, uint64_t type) {
  if (type == FLOAT)
    return base_reader_u32(packed);
  return type == DOUBLE ? base_reader_u64(packed) : onnx_wire_varint(packed);
}

static ckks_status read_fields(reading *r) {
  onnx_field field;
  size_t at = 0;
  while (onnx_wire_next(&field, &r->fields)) {
    if ((int)field.number != types[r->type].field)
      continue;
    if (field.type != ONNX_BYTES) {
      if (at < r->tensor->n)
        r->tensor->value[at] = number(field.varint, r->type);
      at++;
      continue;
    }
    base_reader packed = onnx_wire_message(&field);
    while (base_reader_left(&packed) > 0 && at <= r->tensor->n) {
      uint64_t bits = next_number(&packed, r->type);
      if (at < r->tensor->n)
        r->tensor->value[at] = number(bits, r->type);
      at++;
    }
    if (packed.failed)
      return base_fail(CKKS_ERROR_FORMAT, "damaged numbers in a tensor");
  }
  if (at != r->tensor->n)
    return base_fail(CKKS_ERROR_FORMAT, "a tensor of %zu numbers that holds %s", r->tensor->n,
                     at > r->tensor->n ? "more" : "fewer");
  return CKKS_OK;
}

bool onnx_tensor_type_known(uint64_t type) {
  return type < N_TYPES && types[type].bytes != 0 && type != TEXT;
}

/* A file cannot make us take more memory than it has bytes: what it announces must be there. */
static ckks_status check_size(const reading *r, size_t n_bytes) {
  if (r->external)
    return base_fail(CKKS_ERROR_FORMAT, "its weights are in another file; save the model in one");
  if (!onnx_tensor_type_known(r->type) && r->type != TEXT)
    return base_fail(CKKS_ERROR_FORMAT, "numbers of type %llu, which is not supported",
                     (unsigned long long)r->type);
  if (!onnx_tensor_count(r->tensor))
    return base_fail(CKKS_ERROR_FORMAT, "a tensor of more than %zu numbers", ONNX_MAX_ELEMENTS);
  if (r->tensor->n > n_bytes)
    return base_fail(CKKS_ERROR_FORMAT, "a tensor of %zu numbers in %zu bytes", r->tensor->n,
                     n_bytes);
  return CKKS_OK;
}

ckks_status onnx_tensor_read(onnx_tensor *tensor, onnx_text *name, base_reader message) {
  reading r = {.tensor = tensor, .fields = message};
  *tensor = (onnx_tensor){0};
  BASE_TRY(read_header(&r, &message, name));
  BASE_TRY(check_size(&r, message.n_bytes));
  tensor->whole = types[r.type].whole;
  tensor->value = base_alloc_array(tensor->n, sizeof(double));
  if (tensor->value == NULL)
    return base_fail_memory(tensor->n * sizeof(double));
  ckks_status status = r.type == TEXT ? read_texts(&r) : r.has_raw ? read_raw(&r) : read_fields(&r);
  if (status != CKKS_OK)
    onnx_tensor_clear(tensor);
  return status;
}

void onnx_tensor_clear(onnx_tensor *tensor) {
  base_free(tensor->value);
  base_free(tensor->text);
  *tensor = (onnx_tensor){0};
}

ckks_status onnx_tensor_init(onnx_tensor *tensor, int rank, const size_t *dim, bool whole) {
  *tensor = (onnx_tensor){.rank = rank, .whole = whole};
  for (int i = 0; i < rank; i++)
    tensor->dim[i] = dim[i];
  if (!onnx_tensor_count(tensor))
    return base_fail(CKKS_ERROR_FORMAT, "a result of more than %zu numbers", ONNX_MAX_ELEMENTS);
  tensor->value = base_alloc_array(tensor->n, sizeof(double));
  return tensor->value != NULL ? CKKS_OK : base_fail_memory(tensor->n * sizeof(double));
}

ckks_status onnx_tensor_copy(onnx_tensor *out, const onnx_tensor *in) {
  BASE_TRY(onnx_tensor_init(out, in->rank, in->dim, in->whole));
  memcpy(out->value, in->value, in->n * sizeof(double));
  return CKKS_OK;
}

ckks_status onnx_tensor_read_bytes(onnx_tensor *tensor, const uint8_t *bytes, size_t n_bytes) {
  base_reader message;
  base_reader_init(&message, bytes, n_bytes);
  return onnx_tensor_read(tensor, NULL, message);
}
