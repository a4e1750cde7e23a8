/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter messages: the one kind that needs nothing else to be read. */
#include "ckks/params_bytes.h"
#include "wire/wire.h"

#include <string.h>

/** u8 x 4, u32, f64, then a u64 for every prime (ckks/params_bytes.h). */
static size_t payload_bytes(const ckks_params_literal *literal) {
  return 16 + 8 * (size_t)(literal->n_q + literal->n_p);
}

ckks_status ckks_params_write(uint8_t **out, size_t *n_bytes, const ckks_params *params) {
  base_buffer buffer;
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(n_bytes);
  *out = NULL;
  *n_bytes = 0;
  BASE_NOT_NULL(params);
  wire_frame_begin(&buffer, BASE_FRAME_PARAMS, payload_bytes(&params->literal), params);
  ckks_params_bytes_write(&buffer, &params->literal);
  return wire_frame_finish(out, n_bytes, &buffer);
}

/** What the builder calls a wrong argument is, coming from bytes, a wrong format. */
static ckks_status build_from_bytes(ckks_params **out, const ckks_params_literal *literal) {
  ckks_status status = ckks_params_build(out, literal);
  if (status == CKKS_ERROR_ARGUMENT || status == CKKS_ERROR_RANGE)
    status = CKKS_ERROR_FORMAT;
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "parameter message");
}

ckks_status ckks_params_read(ckks_params **out, const uint8_t *bytes, size_t n_bytes) {
  base_reader payload;
  ckks_params_literal literal;
  uint8_t hash[CKKS_HASH_BYTES];
  BASE_NOT_NULL(out);
  *out = NULL;
  if (n_bytes > 0)
    BASE_NOT_NULL(bytes);
  BASE_TRY(wire_frame_open(&payload, hash, bytes, n_bytes, BASE_FRAME_PARAMS, NULL));
  BASE_TRY(ckks_params_bytes_read(&literal, &payload));
  BASE_TRY(wire_frame_close(&payload, "parameter message"));
  ckks_params *params = NULL;
  BASE_TRY(build_from_bytes(&params, &literal));
  /* The hash in the frame names the parameters everywhere else: it must be theirs. */
  if (memcmp(hash, params->hash, sizeof hash) != 0) {
    ckks_params_free(params);
    return base_fail(CKKS_ERROR_FORMAT, "parameter message: hash is not that of the parameters");
  }
  *out = params;
  return CKKS_OK;
}
