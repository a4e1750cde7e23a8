/* SPDX-License-Identifier: Apache-2.0 */
/* u8 packing, 3 marks, u32 rows, u32 ciphertexts, 16 owner. */
#include "wire/head.h"

void wire_head_put(base_buffer *buffer, const wire_head *head) {
  base_buffer_u8(buffer, (uint8_t)head->packing);
  base_buffer_append(buffer, head->mark, sizeof head->mark);
  base_buffer_u32(buffer, (uint32_t)head->n_rows);
  base_buffer_u32(buffer, (uint32_t)head->n_ciphertexts);
  base_buffer_append(buffer, head->owner, sizeof head->owner);
}

bool wire_head_read(wire_head *head, base_reader *reader) {
  head->packing = base_reader_u8(reader);
  base_reader_copy(reader, head->mark, sizeof head->mark);
  head->n_rows = base_reader_u32(reader);
  head->n_ciphertexts = base_reader_u32(reader);
  base_reader_copy(reader, head->owner, sizeof head->owner);
  return !reader->failed && head->packing < PLAN_N_PACKINGS;
}

/* ------------------------------------------------------------------- peeking */

/* What is not whole, or has no packing, speaks of one row. */
static wire_head peek(const uint8_t *bytes, size_t n_bytes) {
  wire_head head = {.packing = PLAN_LATENCY, .n_rows = 1}, found;
  base_reader reader;
  if (bytes == NULL || n_bytes < BASE_FRAME_OVERHEAD_BYTES)
    return head;
  base_reader_init(&reader, bytes + BASE_FRAME_HEADER_BYTES, n_bytes - BASE_FRAME_OVERHEAD_BYTES);
  return wire_head_read(&found, &reader) ? found : head;
}

size_t wire_head_peek_rows(const uint8_t *bytes, size_t n_bytes) {
  size_t n = peek(bytes, n_bytes).n_rows;
  return n > 0 && n <= WIRE_MAX_ROWS ? n : 1;
}

plan_packing wire_head_peek_packing(const uint8_t *bytes, size_t n_bytes) {
  return (plan_packing)peek(bytes, n_bytes).packing;
}

size_t wire_head_peek_predictions(const uint8_t *bytes, size_t n_bytes,
                                  const plan_interface *interface) {
  size_t n_rows = wire_head_peek_rows(bytes, n_bytes);
  if (wire_head_peek_packing(bytes, n_bytes) == PLAN_LATENCY)
    return n_rows * plan_pack_counted(interface);
  size_t whole = (n_rows - 1) / plan_pack_rows(interface, PLAN_THROUGHPUT);
  size_t slots = (size_t)1 << (interface->literal.log2_n - 1);
  size_t rest = plan_pack_batch(interface, n_rows, whole);
  return whole * slots + plan_pack_period(interface, rest);
}
