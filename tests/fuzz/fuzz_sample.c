/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted samples: as they come, and as payloads of a frame that is right. What is accepted is
 * written back byte for byte. */
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void parse(const uint8_t *bytes, size_t n_bytes) {
  const ckks_params *params = NULL;
  const plan_interface *interface = fuzz_plan(&params);
  wire_sample sample;
  uint8_t *again = NULL;
  size_t n_again = 0;
  if (wire_sample_read(&sample, bytes, n_bytes, "input", interface) != CKKS_OK)
    return;
  if (wire_sample_write(&again, &n_again, &sample, interface) != CKKS_OK || n_again != n_bytes ||
      memcmp(again, bytes, n_bytes) != 0)
    abort();
  fuzz_accept();
  base_free(again);
  wire_sample_clear(&sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_buffer buffer;
  parse(bytes, n_bytes);
  fuzz_plan_frame(&buffer, BASE_FRAME_SAMPLE, bytes, n_bytes);
  parse(buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return 0;
}
