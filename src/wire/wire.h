/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bytes that leave a process: ciphertexts and public keys as frames. The public
 * functions ckks_params_write/read, ckks_ciphertext_write/read,
 * ckks_public_key_write/read and ckks_evaluation_keys_write/read live here.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H
#include "base/frame.h"
#include "base/threads.h"
#include "ckks/objects.h"

/** Payload of a set of evaluation keys: u32 count, then for each key
 *  u32 galois, u8 level, u8 n_special, u16 zero, 32 seed, then for each digit and each limb the
 *  packed b (ring_pack_write). */
void wire_evaluation_keys_put(base_buffer *buffer, const ckks_evaluation_keys *keys,
                              const ckks_params *params);
/** Expands the seeds; work is spread over `threads` (may be NULL). */
ckks_status wire_evaluation_keys_get(ckks_evaluation_keys **out, base_reader *reader,
                                     const ckks_params *params, base_threads *threads);
/** Payload of one ciphertext: u8 parts, u8 level, u8 seeded, u8 zero, f64 scale,
 *  [32 seed when seeded], packed limbs of c0 (and c1, c2 when not seeded), NTT form. */
void wire_ciphertext_put(base_buffer *buffer, const ckks_ciphertext *ciphertext,
                         const ckks_params *params);
ckks_status wire_ciphertext_get(ckks_ciphertext **out, base_reader *reader,
                                const ckks_params *params);
#endif
