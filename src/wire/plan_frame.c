/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sample.h"

#include <string.h>

static ckks_status check_plan(const base_frame *frame, const char *name,
                              const plan_interface *interface) {
  const ckks_params *params = interface->params;
  if (memcmp(frame->params_hash, params->hash, CKKS_HASH_BYTES) != 0)
    return base_fail(CKKS_ERROR_MISMATCH,
                     "%s: made for other encryption parameters than this model's", name);
  if (memcmp(frame->plan_id, interface->id, PLAN_ID_BYTES) != 0)
    return base_fail(CKKS_ERROR_MISMATCH, "%s: made for another model than '%s'", name,
                     interface->name);
  return CKKS_OK;
}

ckks_status wire_plan_frame_read(base_reader *payload, const uint8_t *bytes, size_t n_bytes,
                                 base_frame_kind kind, const char *name,
                                 const plan_interface *interface) {
  base_frame frame;
  BASE_TRY(base_frame_read(&frame, bytes, n_bytes, kind, name));
  BASE_TRY(check_plan(&frame, name, interface));
  base_reader_init(payload, frame.payload, frame.n_payload);
  return CKKS_OK;
}

ckks_status wire_plan_frame_read_unverified(base_frame *frame, base_reader *payload,
                                            const uint8_t *bytes, size_t n_bytes,
                                            base_frame_kind kind, const char *name,
                                            const plan_interface *interface) {
  BASE_TRY(base_frame_read_unverified(frame, bytes, n_bytes, kind, name));
  BASE_TRY(check_plan(frame, name, interface));
  base_reader_init(payload, frame->payload, frame->n_payload);
  return CKKS_OK;
}
