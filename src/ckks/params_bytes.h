/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as bytes: the payload of a parameter frame, and part of others. */
#ifndef CKKS_PARAMS_BYTES_H
#define CKKS_PARAMS_BYTES_H
#include "base/bytes.h"
#include "ckks/params.h"
/** Most bytes that a literal can take. */
#define CKKS_PARAMS_BYTES_MAX (16 + 8 * (CKKS_MAX_Q + CKKS_MAX_P))
/** u8 log2_n, u8 n_q, u8 n_p, u8 0, u32 security, f64 log2_scale, u64 primes q then p. */
void ckks_params_bytes_write(base_buffer *buffer, const ckks_params_literal *literal);
/** Bounded and checked; every prime is nonzero in what is read. CKKS_ERROR_FORMAT names the field.
 */
ckks_status ckks_params_bytes_read(ckks_params_literal *literal, base_reader *reader);
#endif
