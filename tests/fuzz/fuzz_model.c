/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads of model files: what is accepted passes the check and is written back byte for byte. */
#include "base/bytes.h"
#include "model/model.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  base_buffer buffer;
  model_model model;
  base_reader_init(&reader, bytes, n_bytes);
  if (model_bytes_read(&model, &reader) != CKKS_OK)
    return 0;
  base_buffer_init(&buffer, n_bytes);
  model_bytes_write(&buffer, &model);
  if (model_check(&model) != CKKS_OK || base_buffer_status(&buffer) != CKKS_OK ||
      buffer.n_bytes != reader.at || memcmp(buffer.bytes, bytes, reader.at) != 0)
    abort();
  base_buffer_clear(&buffer);
  model_clear(&model);
  return 0;
}
