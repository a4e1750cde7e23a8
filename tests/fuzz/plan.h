/* SPDX-License-Identifier: Apache-2.0 */
/* The golden plan's client side, for targets whose messages belong to a plan. */
#ifndef FUZZ_PLAN_H
#define FUZZ_PLAN_H
#include "base/alloc.h"
#include "base/digest.h"
#include "base/file.h"
#include "fuzz/accepted.h"
#include "plan/files.h"
#include "wire/sample.h"

#include <stdlib.h>
#include <string.h>

/** Read once from the repository's root, kept to the end. */
static inline const plan_interface *fuzz_plan(const ckks_params **params) {
  static plan_interface interface;
  if (!interface.params &&
      plan_files_client_read(&interface, "tests/golden/plan.client") != CKKS_OK)
    abort();
  *params = interface.params;
  return &interface;
}

/** The bytes as the payload of a frame of this plan whose digest is right. */
static inline void fuzz_plan_frame(base_buffer *buffer, base_frame_kind kind, const uint8_t *bytes,
                                   size_t n_bytes) {
  const ckks_params *params = NULL;
  const plan_interface *interface = fuzz_plan(&params);
  base_buffer_init(buffer, BASE_FRAME_OVERHEAD_BYTES + n_bytes);
  base_frame_begin(buffer, kind, params->hash, interface->id);
  base_buffer_append(buffer, bytes, n_bytes);
  if (base_frame_end(buffer) != CKKS_OK)
    abort();
}
#endif
