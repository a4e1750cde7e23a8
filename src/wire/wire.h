/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bytes that leave a process: ciphertexts and public keys as frames. The public
 * functions ckks_params_write/read, ckks_ciphertext_write/read,
 * ckks_public_key_write/read and ckks_evaluation_keys_write/read live here.
 * docs/wire-format.md is the law. Every form is canonical: what a reader accepts,
 * the writer gives back byte for byte.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H
#include "base/frame.h"
#include "base/threads.h"
#include "ckks/objects.h"

/** How far log2(scale) of a ciphertext may lie below 0 and above log2(q_0...q_level). */
#define WIRE_SCALE_SLACK_BITS 32

/* --- frames of the four public kinds (frame.c) */
/** A buffer whose ceiling is a frame of exactly n_payload bytes, begun. */
void wire_frame_begin(base_buffer *buffer, base_frame_kind kind, size_t n_payload,
                      const ckks_params *params);
/** Ends the frame and hands its bytes over; on error *out is NULL. The buffer is spent. */
ckks_status wire_frame_finish(uint8_t **out, size_t *n_bytes, base_buffer *buffer);
/** Checks a frame of `kind` and opens its payload. params NULL: any parameter hash, into `hash`. */
ckks_status wire_frame_open(base_reader *payload, uint8_t hash[CKKS_HASH_BYTES],
                            const uint8_t *bytes, size_t n_bytes, base_frame_kind kind,
                            const ckks_params *params);
/** CKKS_ERROR_FORMAT naming `what` unless exactly the whole payload was read. */
ckks_status wire_frame_close(const base_reader *payload, const char *what);

/* --- limbs 0..n_limbs-1 of the ring, one after the other (limbs.c) */
size_t wire_limbs_bytes(int n_limbs, const ckks_params *params);
void wire_limbs_put(base_buffer *buffer, const ring_poly *poly, int n_limbs,
                    const ckks_params *params);
/** -> centred. CKKS_ERROR_FORMAT names the limb that is too short or not reduced. */
ckks_status wire_limbs_get(ring_poly *poly, int n_limbs, base_reader *reader,
                           const ckks_params *params);
/** Payload of a set of evaluation keys: u32 count, then for each key
 *  u32 galois, u8 level, u8 n_special, u16 zero, 32 seed, then for each digit and each limb the
 *  packed b (ring_pack_write). */
void wire_evaluation_keys_put(base_buffer *buffer, const ckks_evaluation_keys *keys,
                              const ckks_params *params);
/** Bytes that wire_evaluation_keys_put appends. */
size_t wire_evaluation_keys_bytes(const ckks_evaluation_keys *keys, const ckks_params *params);
/**
 * Expands the seeds; work is spread over `threads` (may be NULL). Every header is
 * checked against the bytes that are left before anything is allocated.
 */
ckks_status wire_evaluation_keys_get(ckks_evaluation_keys **out, base_reader *reader,
                                     const ckks_params *params, base_threads *threads);
/**
 * The same for a frame that is not verified: that is one of the rounds that the threads share.
 * When it is damaged, that is the error, whatever else was found.
 */
ckks_status wire_evaluation_keys_get_verifying(ckks_evaluation_keys **out, base_reader *reader,
                                               const base_frame *frame, const ckks_params *params,
                                               base_threads *threads);
/** A public key cut to level 0: 32 seed, packed b modulo q_0. */
size_t wire_zero_key_bytes(const ckks_params *params);
void wire_zero_key_put(base_buffer *buffer, const ckks_public_key *key, const ckks_params *params);
ckks_status wire_zero_key_get(ckks_public_key **out, base_reader *reader,
                              const ckks_params *params);
/** Payload of one ciphertext: u8 parts, u8 level, u8 seeded, u8 zero, f64 scale,
 *  [32 seed when seeded], packed limbs of c0 (and c1, c2 when not seeded), NTT form. */
void wire_ciphertext_put(base_buffer *buffer, const ckks_ciphertext *ciphertext,
                         const ckks_params *params);
/** Bytes that wire_ciphertext_put appends. */
size_t wire_ciphertext_bytes(const ckks_ciphertext *ciphertext, const ckks_params *params);
/** The result has room for its own level and parts only. */
ckks_status wire_ciphertext_get(ckks_ciphertext **out, base_reader *reader,
                                const ckks_params *params);
#endif
