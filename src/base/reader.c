/* SPDX-License-Identifier: Apache-2.0 */
/* Reading bytes within their bounds. */
#include "base/alloc.h"
#include "base/bytes.h"

#include <string.h>

void base_reader_init(base_reader *reader, const uint8_t *bytes, size_t n_bytes) {
  /* No bytes at all still give views of length zero, and NULL means failure alone. */
  static const uint8_t nothing[1];
  *reader = (base_reader){.bytes = bytes != NULL ? bytes : nothing, .n_bytes = n_bytes};
}

/* `make prove`: with Frama-C's WP that no read leaves the bytes, whatever is asked for, in any
 * order and on any input. Readers of frames, samples, results, keys and plans read with these
 * alone. */
/*@ predicate sound(base_reader *r) =
      r->at <= r->n_bytes && r->bytes != \null && \valid_read(r->bytes + (0 .. r->n_bytes - 1)); */

/*@ requires \valid_read(reader) && sound((base_reader *)reader);
    assigns \nothing;
    ensures \result == reader->n_bytes - reader->at; */
size_t base_reader_left(const base_reader *reader) {
  return reader->n_bytes - reader->at;
}

/*@ requires \valid(reader) && sound(reader);
    assigns reader->at, reader->failed;
    ensures sound(reader) && reader->bytes == \old(reader->bytes);
    ensures reader->n_bytes == \old(reader->n_bytes);
    ensures \result == \null || \valid_read(\result + (0 .. n_bytes - 1));
    ensures \result != \null ==> \result == reader->bytes + \old(reader->at);
    ensures \old(reader->failed) ==> \result == \null && reader->failed;
    ensures \result != \null ==> reader->at == \old(reader->at) + n_bytes;
    ensures reader->failed ==> \result == \null && reader->at == \old(reader->at); */
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

/*@ requires \valid(reader) && sound(reader) && \valid((char *)out + (0 .. n_bytes - 1));
    requires \separated(reader, (char *)out + (0 .. n_bytes - 1));
    requires \separated(reader->bytes + (0 .. reader->n_bytes - 1),
                        (char *)out + (0 .. n_bytes - 1));
    requires \separated(reader->bytes + (0 .. reader->n_bytes - 1), reader);
    assigns reader->at, reader->failed, ((char *)out)[0 .. n_bytes - 1];
    ensures sound(reader) && reader->bytes == \old(reader->bytes);
    ensures reader->n_bytes == \old(reader->n_bytes); */
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
