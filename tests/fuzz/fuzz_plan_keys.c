/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation keys of a plan, as a client sends them: whole, as a payload, and with a public key put
 * behind (the golden keys have none). What is accepted has one. */
#include "exec/exec.h"
#include "plan.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const exec_engine *engine(void) {
  static plan_plan plan;
  static exec_engine *built;
  if (!built && (plan_files_server_read(&plan, "tests/golden/plan.server") != CKKS_OK ||
                 exec_engine_build(&built, &plan, EXEC_WEIGHTS_BYTES) != CKKS_OK))
    abort();
  return built;
}

static void parse(const uint8_t *bytes, size_t n_bytes) {
  ckks_evaluation_keys *keys;
  if (exec_keys_read(&keys, bytes, n_bytes, "input", engine(), NULL) != CKKS_OK)
    return;
  if (keys->zero == NULL)
    abort();
  (void)exec_keys_check(keys, engine());
  fuzz_accept();
  ckks_evaluation_keys_free(keys);
}

/* n_zero bytes 0 behind the payload: a seed, and a b that is 0. */
static void parse_payload(const uint8_t *bytes, size_t n_bytes, size_t n_zero) {
  uint8_t *payload = calloc(1, n_bytes + n_zero + 1);
  base_buffer buffer;
  if (payload == NULL)
    abort();
  if (n_bytes > 0)
    memcpy(payload, bytes, n_bytes);
  fuzz_plan_frame(&buffer, BASE_FRAME_EVALUATION_KEYS, payload, n_bytes + n_zero);
  parse(buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  free(payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  base_frame frame;
  size_t n_zero = wire_zero_key_bytes(exec_engine_params(engine()));
  parse(bytes, n_bytes);
  if (base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, "input") == CKKS_OK) {
    parse_payload(frame.payload, frame.n_payload, n_zero);
    return 0;
  }
  parse_payload(bytes, n_bytes, 0);
  parse_payload(bytes, n_bytes, n_zero);
  return 0;
}
