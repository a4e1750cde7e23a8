/* SPDX-License-Identifier: Apache-2.0 */
/* From message to message: what the server does with one request. */
#include <string.h>

#include "base/alloc.h"
#include "exec/exec.h"
#include "wire/sample.h"

typedef struct inferring {
  exec_session *session;
  const model_interface *interface;
  const ckks_params *params;
  const ckks_ciphertext *output[MODEL_MAX_CLASSES];
  base_buffer buffer;
} inferring;

/* Runs every row (latency) or batch (throughput) and appends its outputs. */
static ckks_status run_all(inferring *in, const wire_sample *sample) {
  bool latency = sample->packing == MODEL_LATENCY;
  size_t per_run = latency ? 1 : in->interface->n_features;
  size_t n_outputs = latency ? 1 : in->interface->n_outputs;
  for (size_t at = 0; at < sample->n_ciphertexts; at += per_run) {
    BASE_TRY(exec_session_run(in->output, sample->ciphertext + at, sample->packing, in->session));
    for (size_t i = 0; i < n_outputs; i++)
      BASE_TRY(wire_result_append(&in->buffer, in->output[i], sample->packing, in->interface,
                                  in->params));
  }
  return CKKS_OK;
}

ckks_status exec_infer(uint8_t **out, size_t *n_out, const uint8_t *bytes, size_t n_bytes,
                       const char *name, exec_session *session) {
  const ckks_evaluator *evaluator = exec_session_evaluator(session);
  inferring in = {.session = session,
                  .interface = &exec_session_plan(session)->interface,
                  .params = evaluator->params};
  wire_sample sample;
  *out = NULL;
  *n_out = 0;
  BASE_TRY(wire_sample_read(&sample, bytes, n_bytes, name, in.interface, in.params));
  ckks_status status =
      wire_result_begin(&in.buffer, sample.packing, sample.n_rows, in.interface, in.params);
  if (status == CKKS_OK)
    status = run_all(&in, &sample);
  wire_sample_clear(&sample);
  if (status != CKKS_OK) {
    base_buffer_clear(&in.buffer);
    return status;
  }
  return wire_result_end(out, n_out, &in.buffer);
}

ckks_status exec_keys_read(ckks_evaluation_keys **out, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const exec_engine *engine, base_threads *threads) {
  const ckks_params *params = exec_engine_params(engine);
  base_reader payload;
  *out = NULL;
  BASE_TRY(wire_plan_frame_read(&payload, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, name,
                                &exec_engine_plan(engine)->interface, params));
  ckks_status status = wire_evaluation_keys_get(out, &payload, params, threads);
  if (status == CKKS_OK)
    status = wire_frame_close(&payload, "evaluation keys");
  if (status != CKKS_OK) {
    ckks_evaluation_keys_free(*out);
    *out = NULL;
    return base_fail_in(status, "%s", name);
  }
  return CKKS_OK;
}
