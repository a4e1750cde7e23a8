/* SPDX-License-Identifier: Apache-2.0 */
/* A client's evaluation keys as they come: for one plan, of one owner, with the public key that
 * hides results behind them. */
#include "exec/exec.h"
#include "wire/sample.h"

ckks_status exec_keys_read(ckks_evaluation_keys **out, const uint8_t *bytes, size_t n_bytes,
                           const char *name, const exec_engine *engine, base_threads *threads) {
  const ckks_params *params = exec_engine_params(engine);
  const plan_interface *interface = &exec_engine_plan(engine)->interface;
  const base_frame_kind kind = BASE_FRAME_EVALUATION_KEYS;
  base_frame frame;
  base_reader payload;
  *out = NULL;
  /* The digest takes as long as all the rest on one thread, and cannot be shared: with several it
   * is computed while the others expand. A frame that is wrong even without it goes the usual way,
   * which names what is wrong in the usual order. */
  bool later = base_threads_count(threads) > 1 &&
               wire_plan_frame_read_unverified(&frame, &payload, bytes, n_bytes, kind, name,
                                               interface) == CKKS_OK;
  if (!later)
    BASE_TRY(wire_plan_frame_read(&payload, bytes, n_bytes, kind, name, interface));
  ckks_status status =
      later ? wire_evaluation_keys_get_verifying(out, &payload, &frame, params, threads)
            : wire_evaluation_keys_get(out, &payload, params, threads);
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
