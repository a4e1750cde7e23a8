/* SPDX-License-Identifier: Apache-2.0 */
/* Results as they are computed, before they are hidden: what no program of ours gives away, and
 * what alone is the same bytes twice. For golden files and for tests of threads. */
#ifndef TESTS_GOLDEN_BARE_H
#define TESTS_GOLDEN_BARE_H
#include "exec/exec.h"
#include "wire/sample.h"

/* The evaluation keys of a frame; a public key behind them is left there. */
static inline ckks_status bare_keys(ckks_evaluation_keys **out, const uint8_t *bytes,
                                    size_t n_bytes, const exec_engine *engine) {
  base_reader payload;
  *out = NULL;
  BASE_TRY(wire_plan_frame_read(&payload, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, "bare keys",
                                &exec_engine_plan(engine)->interface));
  BASE_TRY(wire_evaluation_keys_get(out, &payload, exec_engine_params(engine), NULL));
  base_reader_copy(&payload, (*out)->owner, CKKS_OWNER_BYTES);
  return CKKS_OK;
}

/* Sample in, bare result out, by one session. */
static inline ckks_status bare_infer(uint8_t **out, size_t *n_out, const uint8_t *bytes,
                                     size_t n_bytes, exec_session *session) {
  const plan_interface *interface = &exec_session_plan(session)->interface;
  const ckks_ciphertext *output[ENCODING_MAX_CLASSES];
  wire_sample sample;
  base_buffer result;
  *out = NULL;
  *n_out = 0;
  BASE_TRY(wire_sample_read(&sample, bytes, n_bytes, "bare sample", interface));
  bool latency = sample.packing == PLAN_LATENCY;
  size_t per_unit = latency ? 1 : interface->n_features;
  ckks_status status = wire_result_begin(&result, &sample, interface);
  for (size_t i = 0; i < sample.n_ciphertexts && status == CKKS_OK; i += per_unit) {
    status = exec_session_run(output, sample.ciphertext + i, sample.packing, session);
    for (size_t k = 0; k < (latency ? 1 : interface->n_outputs) && status == CKKS_OK; k++)
      status = wire_result_append(
          &result, output[k], sample.packing,
          wire_result_period(interface, sample.packing, sample.n_rows, i / per_unit), interface);
  }
  wire_sample_clear(&sample);
  if (status != CKKS_OK) {
    base_buffer_clear(&result);
    return status;
  }
  return wire_result_end(out, n_out, &result);
}
#endif
