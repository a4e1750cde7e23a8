/* SPDX-License-Identifier: Apache-2.0 */
/* From message to message: what the server does with one request. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "exec/exec.h"
#include "wire/sample.h"

/* One request: its rows (latency) or batches (throughput) are units that any worker may take. */
typedef struct inferring {
  exec_session *const *sessions; /* one for each worker */
  const plan_interface *interface;
  const ckks_params *params;
  const wire_sample *sample;
  size_t per_unit, n_outputs; /* ciphertexts in, out */
  base_buffer *unit;          /* the bytes of each unit's result */
  ckks_status *status;
  char (*message)[256]; /* errors are the worker's; the caller's thread tells them */
} inferring;

/* The one place where results are made. What leaves is a copy that nobody can tell from a fresh
 * encryption, but for its noise; exec_hide refuses to do without a key. */
static ckks_status append_hidden(inferring *in, size_t unit, const ckks_ciphertext *output,
                                 const ckks_public_key *key) {
  ckks_ciphertext *hidden = NULL;
  BASE_TRY(
      exec_hide(&hidden, output, key, &in->interface->layout[in->sample->packing], in->params));
  size_t period = wire_result_period(in->interface, in->sample->packing, in->sample->n_rows, unit);
  ckks_status status =
      wire_result_append(&in->unit[unit], hidden, in->sample->packing, period, in->interface);
  ckks_ciphertext_free(hidden);
  return status;
}

static ckks_status run_unit(inferring *in, size_t unit, int worker) {
  const ckks_ciphertext *output[ENCODING_MAX_CLASSES];
  BASE_TRY(exec_session_run(output, in->sample->ciphertext + unit * in->per_unit,
                            in->sample->packing, in->sessions[worker]));
  const ckks_public_key *key = exec_session_evaluator(in->sessions[worker])->keys->zero;
  for (size_t i = 0; i < in->n_outputs; i++)
    BASE_TRY(append_hidden(in, unit, output[i], key));
  return CKKS_OK;
}

static void run_unit_task(void *context, size_t unit, int worker) {
  inferring *in = context;
  in->status[unit] = run_unit(in, unit, worker);
  if (in->status[unit] != CKKS_OK)
    snprintf(in->message[unit], sizeof *in->message, "%s", base_last_error());
}

/* A unit that is alone: the threads share each of its operations. */
static ckks_status run_single(inferring *in, base_threads *threads) {
  BASE_TRY(exec_session_set_threads(in->sessions[0], threads));
  run_unit_task(in, 0, 0);
  return exec_session_set_threads(in->sessions[0], NULL);
}

/* All units, then their bytes in order: the result does not depend on who ran what. */
static ckks_status run_units(base_buffer *result, inferring *in, size_t n_units,
                             base_threads *threads) {
  for (size_t unit = 0; unit < n_units; unit++)
    base_buffer_init(&in->unit[unit], WIRE_MAX_SAMPLE_BYTES);
  ckks_status status = CKKS_OK;
  if (n_units > 1)
    base_threads_run(threads, n_units, run_unit_task, in);
  else
    status = run_single(in, threads);
  for (size_t unit = 0; unit < n_units; unit++) {
    if (status == CKKS_OK && in->status[unit] != CKKS_OK)
      status = base_fail(in->status[unit], "%s", in->message[unit]);
    if (status == CKKS_OK)
      base_buffer_append(result, in->unit[unit].bytes, in->unit[unit].n_bytes);
    base_buffer_clear(&in->unit[unit]);
  }
  return status;
}

static ckks_status run_all(base_buffer *result, inferring *in, base_threads *threads) {
  size_t n_units = in->sample->n_ciphertexts / in->per_unit;
  in->unit = base_alloc_array(n_units, sizeof *in->unit);
  in->status = base_alloc_array(n_units, sizeof *in->status);
  in->message = base_alloc_array(n_units, sizeof *in->message);
  ckks_status status = in->unit && in->status && in->message
                           ? run_units(result, in, n_units, threads)
                           : base_fail_memory(n_units * sizeof *in->message);
  base_free(in->unit);
  base_free(in->status);
  base_free(in->message);
  return status;
}

/* Another client's sample would be evaluated to nonsense that nobody could tell from a result. */
static ckks_status check_owner(const wire_sample *sample, exec_session *session, const char *name) {
  const ckks_evaluation_keys *keys = exec_session_evaluator(session)->keys;
  if (memcmp(sample->owner, keys->owner, CKKS_OWNER_BYTES) == 0)
    return CKKS_OK;
  return base_fail(CKKS_ERROR_MISMATCH,
                   "%s: encrypted under another secret key than the one that the evaluation keys "
                   "belong to",
                   name);
}

ckks_status exec_infer_threads(uint8_t **out, size_t *n_out, const uint8_t *bytes, size_t n_bytes,
                               const char *name, exec_session *const *sessions,
                               base_threads *threads) {
  const plan_interface *interface = &exec_session_plan(sessions[0])->interface;
  const ckks_params *params = exec_session_evaluator(sessions[0])->params;
  wire_sample sample;
  base_buffer result;
  *out = NULL;
  *n_out = 0;
  BASE_TRY(wire_sample_read_threads(&sample, bytes, n_bytes, name, interface, threads));
  bool latency = sample.packing == PLAN_LATENCY;
  inferring in = {.sessions = sessions,
                  .interface = interface,
                  .params = params,
                  .sample = &sample,
                  .per_unit = latency ? 1 : plan_n_inputs(interface),
                  .n_outputs = latency ? 1 : interface->n_outputs};
  ckks_status status = check_owner(&sample, sessions[0], name);
  base_buffer_init(&result, 0);
  if (status == CKKS_OK)
    status = wire_result_begin(&result, &sample, interface);
  if (status == CKKS_OK)
    status = run_all(&result, &in, threads);
  wire_sample_clear(&sample);
  if (status != CKKS_OK) {
    base_buffer_clear(&result);
    return status;
  }
  return wire_result_end(out, n_out, &result);
}

ckks_status exec_infer(uint8_t **out, size_t *n_out, const uint8_t *bytes, size_t n_bytes,
                       const char *name, exec_session *session) {
  return exec_infer_threads(out, n_out, bytes, n_bytes, name, &session, NULL);
}
