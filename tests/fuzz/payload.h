/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A fuzzer never finds a digest by chance. So each target of the wire tries its input
 * twice: as a whole message, and as the payload of a message whose frame is right.
 * Whatever is accepted must be written again byte for byte.
 */
#ifndef FUZZ_PAYLOAD_H
#define FUZZ_PAYLOAD_H
#include "base/alloc.h"
#include "base/frame.h"
#include "fuzz/accepted.h"
#include "golden/content.h"

#include <stdlib.h>
#include <string.h>

/** Reads a message, and when it is accepted writes it again into *again. */
typedef void (*fuzz_rewrite)(uint8_t **again, size_t *n_again, const uint8_t *bytes, size_t n_bytes,
                             const ckks_params *params);

/** The parameters of every target: those of the golden files. Made once, kept to the end. */
static inline const ckks_params *fuzz_params(void) {
  static ckks_params *params;
  if (params == NULL && ckks_params_build(&params, &golden_literal) != CKKS_OK)
    abort();
  return params;
}

static inline void fuzz_message(fuzz_rewrite rewrite, const uint8_t *bytes, size_t n_bytes) {
  uint8_t *again = NULL;
  size_t n_again = 0;
  rewrite(&again, &n_again, bytes, n_bytes, fuzz_params());
  if (again != NULL && (n_again != n_bytes || memcmp(again, bytes, n_bytes) != 0))
    abort();
  if (again != NULL)
    fuzz_accept();
  ckks_bytes_free(again);
}

static inline int fuzz_both(fuzz_rewrite rewrite, base_frame_kind kind, const uint8_t *hash,
                            const uint8_t *bytes, size_t n_bytes) {
  base_buffer buffer;
  fuzz_message(rewrite, bytes, n_bytes);
  base_buffer_init(&buffer, BASE_FRAME_OVERHEAD_BYTES + n_bytes);
  base_frame_begin(&buffer, kind, hash, NULL);
  base_buffer_append(&buffer, bytes, n_bytes);
  if (base_frame_end(&buffer) == CKKS_OK)
    fuzz_message(rewrite, buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return 0;
}
#endif
