/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted results, as a hostile server might send them. What is accepted is in range. */
#include "plan.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void parse(const uint8_t *bytes, size_t n_bytes) {
  const ckks_params *params = NULL;
  const plan_interface *interface = fuzz_plan(&params);
  wire_result result;
  if (wire_result_read(&result, bytes, n_bytes, "input", interface) != CKKS_OK)
    return;
  double half = params->ring.modulus[0].f / 2;
  for (size_t i = 0; result.sparse && i < result.n_ciphertexts; i++)
    for (size_t j = 0; j < params->ring.n; j++)
      if (!(fabs(result.sparse[i].c1[j].f) <= half))
        abort();
  fuzz_accept();
  wire_result_clear(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_buffer buffer;
  parse(bytes, n_bytes);
  fuzz_plan_frame(&buffer, BASE_FRAME_RESULT, bytes, n_bytes);
  parse(buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return 0;
}
