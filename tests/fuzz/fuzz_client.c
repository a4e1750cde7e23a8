/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client files, as they come, and as payloads in a frame that is right: header hashes are made to
 * agree with the payload, so that everything behind them is reached. What is accepted has
 * parameters that are secure and is written back byte for byte.
 */
#include "base/alloc.h"
#include "ckks/params_bytes.h"
#include "fuzz/accepted.h"
#include "plan/files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void parse(const uint8_t *bytes, size_t n_bytes) {
  plan_interface interface;
  uint8_t *again;
  size_t n_again;
  if (plan_files_client_parse(&interface, bytes, n_bytes, "input") != CKKS_OK)
    return;
  const ckks_params_literal *literal = ckks_params_get_literal(interface.params);
  if (literal->security == CKKS_SECURITY_NONE ||
      !ckks_security_allows(literal->log2_n, ckks_params_log2_qp(interface.params),
                            literal->security))
    abort();
  if (plan_files_client_bytes(&again, &n_again, &interface) != CKKS_OK || n_again != n_bytes ||
      memcmp(again, bytes, n_bytes) != 0)
    abort();
  fuzz_accept();
  base_free(again);
  plan_interface_clear(&interface);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_reader reader;
  base_buffer buffer;
  ckks_params_literal literal;
  uint8_t id[PLAN_ID_BYTES], hash[CKKS_HASH_BYTES] = {0};
  parse(bytes, n_bytes);
  base_reader_init(&reader, bytes, n_bytes);
  base_reader_copy(&reader, id, sizeof id);
  if (ckks_params_bytes_read(&literal, &reader) == CKKS_OK)
    base_digest(hash, bytes + sizeof id, reader.at - sizeof id);
  base_buffer_init(&buffer, BASE_FRAME_OVERHEAD_BYTES + n_bytes);
  base_frame_begin(&buffer, BASE_FRAME_CLIENT, hash, id);
  base_buffer_append(&buffer, bytes, n_bytes);
  if (base_frame_end(&buffer) == CKKS_OK)
    parse(buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return 0;
}
