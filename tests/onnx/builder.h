/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX files made field by field, as exporters write them, and as nobody should. */
#ifndef TESTS_ONNX_BUILDER_H
#define TESTS_ONNX_BUILDER_H
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define BUILDER_BYTES ((size_t)64 << 20)

typedef struct builder {
  base_buffer graph;
  int opset;
} builder;

static inline void builder_init(builder *b, int opset) {
  base_buffer_init(&b->graph, BUILDER_BYTES);
  b->opset = opset;
}

static inline void builder_clear(builder *b) {
  base_buffer_clear(&b->graph);
}

static inline void put_varint(base_buffer *out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    base_buffer_u8(out, (uint8_t)(value | 0x80));
  base_buffer_u8(out, (uint8_t)value);
}

static inline void put_int(base_buffer *out, int field, int64_t value) {
  put_varint(out, (uint64_t)field << 3);
  put_varint(out, (uint64_t)value);
}

static inline void put_bytes(base_buffer *out, int field, const void *bytes, size_t n) {
  put_varint(out, (uint64_t)field << 3 | 2);
  put_varint(out, n);
  base_buffer_append(out, bytes, n);
}

static inline void put_text(base_buffer *out, int field, const char *text) {
  put_bytes(out, field, text, strlen(text));
}

/* A message that was made in a buffer of its own, which is cleared. */
static inline void put_message(base_buffer *out, int field, base_buffer *message) {
  put_bytes(out, field, message->bytes, message->n_bytes);
  base_buffer_clear(message);
}

static inline uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Ports: "1,3,28,28"; "N" for a name in place of a size. Of elements of a type; 0: a sequence. */
static inline void builder_port_of(builder *b, int field, const char *name, const char *shape,
                                   int element) {
  base_buffer port, type, tensor, dims;
  base_buffer_init(&port, BUILDER_BYTES);
  base_buffer_init(&type, BUILDER_BYTES);
  base_buffer_init(&tensor, BUILDER_BYTES);
  base_buffer_init(&dims, BUILDER_BYTES);
  put_text(&port, 1, name);
  put_int(&tensor, 1, element);
  for (const char *at = shape; *at != '\0'; at += strcspn(at, ","), at += *at == ',') {
    base_buffer dim;
    base_buffer_init(&dim, BUILDER_BYTES);
    if (*at == 'N')
      put_text(&dim, 2, "N");
    else
      put_int(&dim, 1, strtoll(at, NULL, 10));
    put_message(&dims, 1, &dim);
  }
  put_message(&tensor, 2, &dims);
  put_message(&type, element == 0 ? 4 : 1, &tensor);
  put_message(&port, 2, &type);
  put_message(&b->graph, field, &port);
}

static inline void builder_port(builder *b, int field, const char *name, const char *shape) {
  builder_port_of(b, field, name, shape, 1);
}

static inline void builder_input(builder *b, const char *name, const char *shape) {
  builder_port(b, 11, name, shape);
}

static inline void builder_output(builder *b, const char *name) {
  builder_port(b, 12, name, "");
}

/* Floats as raw data. */
static inline void builder_floats(builder *b, const char *name, const char *shape,
                                  const double *value, size_t n) {
  base_buffer tensor, raw;
  base_buffer_init(&tensor, BUILDER_BYTES);
  base_buffer_init(&raw, BUILDER_BYTES);
  for (const char *at = shape; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
    put_int(&tensor, 1, strtoll(at, NULL, 10));
  put_int(&tensor, 2, 1);
  put_text(&tensor, 8, name);
  for (size_t i = 0; i < n; i++)
    base_buffer_u32(&raw, float_bits((float)value[i]));
  put_message(&tensor, 9, &raw);
  put_message(&b->graph, 5, &tensor);
}

/* Integers in int64_data, packed. */
static inline void builder_ints(builder *b, const char *name, size_t n, const int64_t *value) {
  base_buffer tensor, packed;
  base_buffer_init(&tensor, BUILDER_BYTES);
  base_buffer_init(&packed, BUILDER_BYTES);
  put_int(&tensor, 1, (int64_t)n);
  put_int(&tensor, 2, 7);
  put_text(&tensor, 8, name);
  for (size_t i = 0; i < n; i++)
    put_varint(&packed, (uint64_t)value[i]);
  put_message(&tensor, 7, &packed);
  put_message(&b->graph, 5, &tensor);
}

/*
 * A node: "Conv:x,w,b:y" and attributes "strides=2,2", "alpha=0.5f", "mode=edge" up to NULL. A
 * domain goes in front: "ai.onnx.ml/Scaler:x:y". Floats end in f, lists have a comma:
 * "b=1.0,f" is a list of one.
 */
static inline void builder_attribute(base_buffer *node, const char *text) {
  base_buffer attribute;
  const char *value = strchr(text, '=') + 1;
  size_t n = strlen(value);
  char name[64];
  base_buffer_init(&attribute, BUILDER_BYTES);
  snprintf(name, sizeof name, "%.*s", (int)(value - text - 1), text);
  put_text(&attribute, 1, name);
  bool number = strcmp(value, "nanf") == 0 || *value == '-' || (*value >= '0' && *value <= '9');
  bool real = number && value[n - 1] == 'f';
  for (const char *at = value; number && *at != '\0' && *at != 'f';
       at += strcspn(at, ","), at += *at == ',') {
    bool list = strchr(value, ',') != NULL;
    if (real) {
      put_varint(&attribute, (uint64_t)(list ? 7 : 2) << 3 | 5);
      base_buffer_u32(&attribute, float_bits(strtof(at, NULL)));
    } else {
      put_int(&attribute, list ? 8 : 3, strtoll(at, NULL, 10));
    }
  }
  if (!number)
    put_text(&attribute, 4, value);
  put_message(node, 5, &attribute);
}

static inline void builder_names(base_buffer *node, int field, const char *from, const char *to) {
  while (from < to) {
    size_t n = strcspn(from, ",:");
    put_bytes(node, field, from, n);
    from += n + 1;
  }
}

static inline void builder_node(builder *b, const char *text, ...) {
  base_buffer node;
  va_list list;
  const char *in = strchr(text, ':') + 1, *out = strchr(in, ':') + 1;
  const char *op =
      strchr(text, '/') != NULL && strchr(text, '/') < in ? strchr(text, '/') + 1 : text;
  base_buffer_init(&node, BUILDER_BYTES);
  builder_names(&node, 1, in, out - 1);
  builder_names(&node, 2, out, out + strlen(out));
  put_bytes(&node, 4, op, (size_t)(in - op) - 1);
  if (op != text)
    put_bytes(&node, 7, text, (size_t)(op - text) - 1);
  va_start(list, text);
  for (const char *attribute; (attribute = va_arg(list, const char *)) != NULL;)
    builder_attribute(&node, attribute);
  va_end(list);
  put_message(&b->graph, 1, &node);
}

/* The whole file; the builder is left as it is. */
static inline base_buffer builder_file(const builder *b) {
  base_buffer file, opset;
  base_buffer_init(&file, BUILDER_BYTES);
  base_buffer_init(&opset, BUILDER_BYTES);
  put_int(&file, 1, 7);
  put_int(&opset, 2, b->opset);
  put_message(&file, 8, &opset);
  put_bytes(&file, 7, b->graph.bytes, b->graph.n_bytes);
  return file;
}
#endif
