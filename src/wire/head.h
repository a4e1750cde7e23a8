/* SPDX-License-Identifier: Apache-2.0 */
/** How samples and results begin, each with marks of its own (sample.c, result.c). */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H
#include "base/frame.h"
#include "plan/plan.h"

/** Rows that one message may hold. */
#define WIRE_MAX_ROWS 65536

typedef struct wire_head {
  unsigned packing; /**< a plan_packing, where the sender is honest */
  uint8_t mark[3];
  size_t n_rows, n_ciphertexts;
  uint8_t owner[CKKS_OWNER_BYTES]; /**< of the key that the sample is encrypted under */
} wire_head;

#define WIRE_HEAD_BYTES (12 + CKKS_OWNER_BYTES)

void wire_head_put(base_buffer *buffer, const wire_head *head);
/** False where bytes are missing, or the packing is none; everything else is the caller's. */
bool wire_head_read(wire_head *head, base_reader *reader);

/* --- of a whole sample or result, before it is read: what it says of itself */
/** Its rows, 1 when it says nothing that can be (its reader checks it). */
size_t wire_head_peek_rows(const uint8_t *bytes, size_t n_bytes);
/** And its packing. */
plan_packing wire_head_peek_packing(const uint8_t *bytes, size_t n_bytes);
/**
 * What it is counted for: the numbers that its answer carries, whatever stands in its slots, over
 * those of a prediction, the model's outputs. LATENCY: plan_pack_counted for each row. THROUGHPUT:
 * plan_pack_period of each batch.
 */
size_t wire_head_peek_predictions(const uint8_t *bytes, size_t n_bytes,
                                  const plan_interface *interface);
#endif
