/* SPDX-License-Identifier: Apache-2.0 */
/* A client's evaluation keys as they come: for one plan, of one owner, with the public key that
 * hides results behind them. */
#include "exec/exec.h"
#include "wire/sample.h"

ckks_status exec_keys_read(ckks_evaluation_keys **out, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const exec_engine *engine, base_threads *threads) {
  const ckks_params *params = exec_engine_params(engine);
  base_reader payload;
  *out = NULL;
  BASE_TRY(wire_plan_frame_read(&payload, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, name,
                                &exec_engine_plan(engine)->interface));
  ckks_status status = wire_evaluation_keys_get(out, &payload, params, threads);
  if (status == CKKS_OK)
    base_reader_copy(&payload, (*out)->owner, CKKS_OWNER_BYTES);
  if (status == CKKS_OK && base_reader_left(&payload) == 0)
    status = base_fail(CKKS_ERROR_KEY, "there is no public key with the evaluation keys, without "
                                       "which no result leaves; make them anew with keygen");
  if (status == CKKS_OK)
    status = wire_zero_key_get(&(*out)->zero, &payload, params);
  if (status == CKKS_OK)
    status = wire_frame_close(&payload, "evaluation keys");
  if (status != CKKS_OK) {
    ckks_evaluation_keys_free(*out);
    *out = NULL;
    return base_fail_in(status, "%s", name);
  }
  return CKKS_OK;
}
