/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Encrypted samples and results: the messages between a client and the server of
 * one plan. A sample of latency packing carries only those coefficients of c0
 * that are multiples of the layout's `fold` (the plan's rotations sum the rest away); its
 * result carries c1 and a number of c0 for each output, so no slot but an output's can be decrypted
 * from it, and of that one the real part alone. A batch of few rows repeats them over its slots, to
 * the same end: what leaves are the coefficients for the rows that it declares.
 */
#ifndef WIRE_SAMPLE_H
#define WIRE_SAMPLE_H
#include "wire/head.h"
#include "wire/wire.h"

/** A message above this is refused before it is read. */
#define WIRE_MAX_SAMPLE_BYTES ((size_t)1 << 31)

/** LATENCY: one ciphertext a row. THROUGHPUT: n_features ciphertexts for each N/2 rows. */
typedef struct wire_sample {
  plan_packing packing;
  size_t n_rows, n_ciphertexts;
  uint8_t owner[CKKS_OWNER_BYTES]; /**< of the key it is encrypted under */
  ckks_ciphertext **ciphertext;
} wire_sample;

/** Ciphertexts that n_rows rows take going in; 0 when the packing is not available. */
size_t wire_sample_count(const plan_interface *interface, plan_packing packing, size_t n_rows);
/** An empty sample with room for its ciphertexts (all NULL). */
ckks_status wire_sample_init(wire_sample *sample, plan_packing packing, size_t n_rows,
                             const plan_interface *interface);
void wire_sample_clear(wire_sample *sample);
/** A frame in a new buffer. Ciphertexts: seeded, at the layout's level and scale. */
ckks_status wire_sample_write(uint8_t **out, size_t *n_bytes, const wire_sample *sample,
                              const plan_interface *interface);
/** Checked against the interface; `name` starts every error. */
ckks_status wire_sample_read(wire_sample *sample, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const plan_interface *interface);

/** The same; the threads (may be NULL) share its ciphertexts, one of them computes the digest. */
ckks_status wire_sample_read_threads(wire_sample *sample, const uint8_t *bytes, size_t n_bytes,
                                     const char *name, const plan_interface *interface,
                                     base_threads *threads);

/** One row's (LATENCY) or one output's (THROUGHPUT) part of a result, as the client reads it. */
typedef struct wire_sparse {
  size_t period;      /**< values that it holds, repeated over the slots */
  ring_word *c0, *c1; /**< period differences (result.c) and N coefficients, centred modulo q_0 */
} wire_sparse;

typedef struct wire_result {
  plan_packing packing;
  size_t n_rows, n_ciphertexts;
  uint8_t owner[CKKS_OWNER_BYTES]; /**< the sample's */
  wire_sparse *sparse;             /**< LATENCY: n_rows; THROUGHPUT: n_outputs for each N/2 rows */
} wire_result;

/** Values that each ciphertext of a unit, a row (LATENCY) or a batch, comes out with. */
size_t wire_result_period(const plan_interface *interface, plan_packing packing, size_t n_rows,
                          size_t unit);
/** Starts a result frame for a sample's owner; append every ciphertext in order, then end with
 * wire_result_end. */
ckks_status wire_result_begin(base_buffer *buffer, const wire_sample *sample,
                              const plan_interface *interface);
/** A ciphertext at level 0 and the output scale, of a unit that has that period. Scratch on the
 * heap. */
ckks_status wire_result_append(base_buffer *buffer, const ckks_ciphertext *ciphertext,
                               plan_packing packing, size_t period,
                               const plan_interface *interface);
ckks_status wire_result_end(uint8_t **out, size_t *n_bytes, base_buffer *buffer);
ckks_status wire_result_read(wire_result *result, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const plan_interface *interface);
void wire_result_clear(wire_result *result);

/** Frames with a plan's identity: both hashes are checked, each with an error of its own. */
ckks_status wire_plan_frame_read(base_reader *payload, const uint8_t *bytes, size_t n_bytes,
                                 base_frame_kind kind, const char *name,
                                 const plan_interface *interface);
/** The same but for the digest, which base_frame_verify looks at. */
ckks_status wire_plan_frame_read_unverified(base_frame *frame, base_reader *payload,
                                            const uint8_t *bytes, size_t n_bytes,
                                            base_frame_kind kind, const char *name,
                                            const plan_interface *interface);
#endif
