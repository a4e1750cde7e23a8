/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads of model files: what is accepted passes the check; written, it is the shortest form of
 * it (old files have zeros among the weights), and that one is written back byte for byte.
 */
#include "base/bytes.h"
#include "fuzz/accepted.h"
#include "network/network.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* The model in at most n_bytes written bytes, or false when the bytes are refused. */
static bool rewrite(base_buffer *buffer, size_t *n_read, const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  network_model model;
  base_reader_init(&reader, bytes, n_bytes);
  if (network_bytes_read(&model, &reader) != CKKS_OK)
    return false;
  base_buffer_init(buffer, n_bytes);
  network_bytes_write(buffer, &model);
  if (network_check(&model) != CKKS_OK || base_buffer_status(buffer) != CKKS_OK)
    abort();
  *n_read = reader.at;
  network_clear(&model);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_buffer once, twice;
  size_t n_read;
  if (!rewrite(&once, &n_read, bytes, n_bytes))
    return 0;
  if (once.n_bytes > n_read || !rewrite(&twice, &n_read, once.bytes, once.n_bytes) ||
      twice.n_bytes != once.n_bytes || memcmp(twice.bytes, once.bytes, once.n_bytes) != 0)
    abort();
  fuzz_accept();
  base_buffer_clear(&once);
  base_buffer_clear(&twice);
  return 0;
}
