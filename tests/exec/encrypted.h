/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by way of ciphertexts beside the same rows in clear: a client's part and an engine's. */
#ifndef TESTS_EXEC_ENCRYPTED_H
#define TESTS_EXEC_ENCRYPTED_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/client.h"
#include "exec/exec.h"
#include "exec/prepare.h"

#include <math.h>

enum { MOST_CLASSES = 16 };

static void assert_ok(ckks_status status) {
  if (status != CKKS_OK)
    fail_msg("%s", ckks_last_error());
}

/* Largest |encrypted - clear|, by an engine whose weights may take so much. */
static double encrypted_error(const plan_plan *plan, const network_model *model, const double *rows,
                              size_t n, size_t weights_bytes) {
  exec_engine *engine;
  exec_session *session;
  ckks_secret_key *secret;
  ckks_evaluation_keys *keys;
  uint8_t *key_bytes, *sample, *result;
  size_t n_key_bytes, n_sample, n_result, n_rows;
  double *outputs, clear[MOST_CLASSES], worst = 0.0;
  const plan_interface *interface = &plan->interface;
  size_t n_classes = interface->n_outputs;
  assert_true(n_classes <= MOST_CLASSES);
  assert_ok(exec_engine_build(&engine, plan, weights_bytes));
  assert_ok(client_keygen(&secret, &key_bytes, &n_key_bytes, interface));
  assert_ok(exec_keys_read(&keys, key_bytes, n_key_bytes, "keys", engine, NULL));
  assert_ok(exec_session_build(&session, engine, keys));
  assert_ok(client_encrypt(&sample, &n_sample, rows, n, PLAN_LATENCY, NULL, secret, interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", session));
  assert_ok(client_decrypt(&outputs, &n_rows, result, n_result, "result", secret, interface));
  assert_int_equal(n_rows, n);
  for (size_t row = 0; row < n; row++) {
    assert_ok(network_forward_rows(clear, rows + row * model->n_features, 1, model));
    for (size_t k = 0; k < n_classes; k++)
      worst = fmax(worst, fabs(outputs[row * n_classes + k] - clear[k]));
  }
  base_free(outputs);
  base_free(sample);
  base_free(result);
  base_free(key_bytes);
  exec_session_free(session);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  exec_engine_free(engine);
  return worst;
}
#endif
