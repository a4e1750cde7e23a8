/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server files: whole ones, and payloads, whose digests no fuzzer finds. What is accepted keeps
 * to what the evaluation relies on and is written back byte for byte.
 */
#include "base/alloc.h"
#include "fuzz/accepted.h"
#include "plan/files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  base_buffer buffer;
  plan_plan plan;
  if (plan_files_server_parse(&plan, bytes, n_bytes, "input") == CKKS_OK) {
    fuzz_accept();
    plan_clear(&plan);
  }
  base_reader_init(&reader, bytes, n_bytes);
  if (plan_bytes_read(&plan, &reader) != CKKS_OK)
    return 0;
  base_buffer_init(&buffer, n_bytes);
  plan_bytes_write(&buffer, &plan);
  if (plan_check(&plan) != CKKS_OK || base_buffer_status(&buffer) != CKKS_OK ||
      buffer.n_bytes != n_bytes || memcmp(buffer.bytes, bytes, n_bytes) != 0)
    abort();
  fuzz_accept();
  base_buffer_clear(&buffer);
  plan_clear(&plan);
  return 0;
}
