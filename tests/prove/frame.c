/* SPDX-License-Identifier: Apache-2.0 */
/* For `make prove`: a frame of any 0 to 512 bytes, whole and cut, read as any kind. Frama-C's Eva
 * follows all of them at once. The digest is taken to be anything. */
#include <__fc_builtin.h>

#include "base/digest.h"
#include "base/frame.h"

#define MOST 512

/* libsodium's part: 32 bytes, whichever. What it reads must be there. */
void base_digest(uint8_t out[BASE_DIGEST_BYTES], const void *bytes, size_t n_bytes) {
  const uint8_t *first = bytes;
  /*@ assert n_bytes == 0 || \valid_read(first + (0 .. n_bytes - 1)); */
  Frama_C_make_unknown((char *)out, BASE_DIGEST_BYTES);
}

ckks_status base_fail(ckks_status status, const char *format, ...) {
  (void)format;
  return status;
}

int main(void) {
  static uint8_t bytes[MOST];
  base_frame frame;
  size_t n = (size_t)Frama_C_interval(0, MOST);
  Frama_C_make_unknown((char *)bytes, MOST);
  if (base_frame_read(&frame, bytes, n, (unsigned)Frama_C_interval(0, 20), "frame") != CKKS_OK)
    return 1;
  /*@ assert frame.n_payload <= 512; */
  /*@ assert frame.n_payload == 0 || \valid_read(frame.payload + (0 .. frame.n_payload - 1)); */
  return 0;
}
