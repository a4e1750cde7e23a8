/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope that the four public kinds of message share. */
#include "wire/wire.h"

#include <string.h>

void wire_frame_begin(base_buffer *buffer, base_frame_kind kind, size_t n_payload,
                      const ckks_params *params) {
  /* The exact size is known, so the ceiling is also a check that every
   * writer agrees with its own size function. */
  base_buffer_init(buffer, BASE_FRAME_OVERHEAD_BYTES + n_payload);
  base_buffer_reserve(buffer, buffer->ceiling_bytes);
  base_frame_begin(buffer, kind, params->hash, NULL);
}

ckks_status wire_frame_finish(uint8_t **out, size_t *n_bytes, base_buffer *buffer) {
  ckks_status status = base_frame_end(buffer);
  if (status != CKKS_OK) {
    *out = NULL;
    *n_bytes = 0;
    base_buffer_clear(buffer);
    return status;
  }
  *out = buffer->bytes;
  *n_bytes = buffer->n_bytes;
  return CKKS_OK;
}

ckks_status wire_frame_open(base_reader *payload, uint8_t hash[CKKS_HASH_BYTES],
                            const uint8_t *bytes, size_t n_bytes, base_frame_kind kind,
                            const ckks_params *params) {
  static const uint8_t no_plan[sizeof((base_frame *)0)->plan_id];
  base_frame frame;
  BASE_TRY(base_frame_read(&frame, bytes, n_bytes, kind, "message"));
  /* These kinds belong to parameters, not to a plan: one form only. */
  if (memcmp(frame.plan_id, no_plan, sizeof no_plan) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "message: plan identity of a %s is not zero",
                     base_frame_kind_name(kind));
  if (params != NULL)
    BASE_TRY(ckks_params_check(params, frame.params_hash, base_frame_kind_name(kind)));
  if (hash != NULL)
    memcpy(hash, frame.params_hash, CKKS_HASH_BYTES);
  base_reader_init(payload, frame.payload, frame.n_payload);
  return CKKS_OK;
}

ckks_status wire_frame_close(const base_reader *payload, const char *what) {
  if (payload->failed)
    return base_fail(CKKS_ERROR_FORMAT, "%s: payload of %zu bytes is too short", what,
                     payload->n_bytes);
  if (base_reader_left(payload) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes too many in a payload of %zu", what,
                     base_reader_left(payload), payload->n_bytes);
  return CKKS_OK;
}
