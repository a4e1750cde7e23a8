/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encrypt -> infer -> decrypt, against the network in clear: an answer without a mark is right. The
 * input says which network, contract, packing and policy, and where the rows are: in their box, at
 * its ends, beyond, missing. (A guarded plan may miss a wrap once in 2^20 rows that wrap: what is
 * found is run again, for such a chance does not repeat.)
 *
 *   byte 0 network, 1 contract, packing and policy, 2 rows, then two bytes a value, 0 where none
 */
#include "client/client.h"
#include "client/rows.h"
#include "exec/exec.h"
#include "exec/networks.h"
#include "fuzz/accepted.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

enum { MOST_ROWS = 8, MOST_OUTPUTS = 8, TRIES = 3, HEAD_BYTES = 3 };
#define TOLERANCE 0.05 /* of max(1, |clear|) */

/* A compiled network with a client and a server around it; kept to the end. */
typedef struct oracle {
  bool built;
  network_model model;
  plan_plan plan;
  exec_engine *engine;
  exec_session *session;
  ckks_secret_key *secret;
} oracle;

static void need(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s\n", ckks_last_error());
  abort();
}

static void build(oracle *o, const networks_net *net, compile_contract contract) {
  uint64_t state = 1;
  uint8_t *key_bytes = NULL;
  size_t n_key_bytes = 0;
  static ckks_evaluation_keys *keys; /* the session's, which outlive this */
  compile_options options = test_options(1e-4, 10);
  options.contract = contract;
  need(networks_build(&o->model, net, &state));
  need(compile_model(&o->plan, &o->model, &options));
  need(exec_engine_build(&o->engine, &o->plan, EXEC_WEIGHTS_BYTES));
  need(client_keygen(&o->secret, &key_bytes, &n_key_bytes, &o->plan.interface));
  need(exec_keys_read(&keys, key_bytes, n_key_bytes, "keys", o->engine, NULL));
  need(exec_session_build(&o->session, o->engine, keys));
  base_free(key_bytes);
  o->built = true;
}

static const oracle *find(uint8_t network, bool guarded) {
  static oracle all[NETWORKS_N][2];
  oracle *o = &all[network % NETWORKS_N][guarded];
  if (!o->built)
    build(o, &networks_all[network % NETWORKS_N],
          guarded ? COMPILE_CONTRACT_GUARDED : COMPILE_CONTRACT_AUTO);
  return o;
}

/* The upper quarter is beyond: 2^0 to 2^1023 times the box's half width from its middle. */
static double value_of(unsigned v, size_t i, const plan_interface *interface) {
  double low = interface->low[i], high = interface->high[i], middle = 0.5 * (low + high);
  if (v == 0xffff)
    return (double)NAN;
  if (v == 0xfffe)
    return (double)INFINITY;
  if (v < 0xc000)
    return low + (high - low) * v / (double)0xbfff;
  double far = ldexp(0.5 * (high - low), (int)(v >> 1 & 0x3ff));
  return v & 1 ? middle - far : middle + far;
}

static void read_rows(double *rows, size_t n_rows, const uint8_t *bytes, size_t n_bytes,
                      const plan_interface *interface) {
  for (size_t k = 0; k < n_rows * interface->n_features; k++) {
    unsigned v = 0;
    for (size_t b = HEAD_BYTES + 2 * k; b < HEAD_BYTES + 2 * k + 2; b++)
      v = v << 8 | (b < n_bytes ? bytes[b] : 0U);
    rows[k] = value_of(v, k % interface->n_features, interface);
  }
}

/* Rows of one message; false when one of them is wrong without a mark. */
static bool answer(const double *rows, size_t n_rows, plan_packing packing, bool outside,
                   const oracle *o) {
  const plan_interface *interface = &o->plan.interface;
  uint8_t *sample = NULL, *result = NULL, *marks = NULL;
  double *outputs = NULL, clear[MOST_OUTPUTS];
  size_t n_sample = 0, n_result = 0, n = 0, n_outside = 0, n_out = interface->n_outputs;
  bool right = true;
  if (n_rows == 0)
    return true;
  need(client_encrypt(&sample, &n_sample, rows, n_rows, packing, outside ? &n_outside : NULL,
                      o->secret, interface));
  need(exec_infer(&result, &n_result, sample, n_sample, "sample", o->session));
  need(client_decrypt_marked(&outputs, &marks, &n, result, n_result, "result", o->secret,
                             interface));
  right = n == n_rows;
  for (size_t i = 0; i < n && !outside; i++) { /* those from outside are marked as such */
    need(network_forward_rows(clear, rows + i * interface->n_features, 1, &o->model));
    for (size_t k = 0; k < n_out; k++) {
      double found = outputs[i * n_out + k];
      bool is_marked = marks[i] != CLIENT_MARK_NONE;
      right =
          right && (is_marked ? isnan(found)
                              : fabs(found - clear[k]) <= TOLERANCE * fmax(1.0, fabs(clear[k])));
    }
  }
  base_free(sample);
  base_free(result);
  base_free(outputs);
  base_free(marks);
  return right;
}

static void hold(const client_rows *sorted, plan_packing packing, const oracle *o) {
  for (int t = 0; t < TRIES; t++)
    if (answer(sorted->shared_value, sorted->n_shared, packing, false, o))
      break;
    else if (t + 1 == TRIES)
      abort();
  if (!answer(sorted->alone_value, sorted->n_alone, PLAN_LATENCY, true, o))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static double rows[MOST_ROWS * NETWORKS_MOST_FEATURES];
  client_rows sorted;
  if (n_bytes < HEAD_BYTES)
    return 0;
  const oracle *o = find(bytes[0], bytes[1] & 1);
  const plan_interface *interface = &o->plan.interface;
  plan_packing packing = bytes[1] & 2 ? PLAN_THROUGHPUT : PLAN_LATENCY;
  client_rows_policy policy = (client_rows_policy)(bytes[1] / 4 % 3);
  size_t n_rows = 1 + bytes[2] % MOST_ROWS;
  if (!interface->layout[packing].available)
    return 0;
  read_rows(rows, n_rows, bytes, n_bytes, interface);
  need(client_rows_sort(&sorted, rows, n_rows, policy, interface));
  hold(&sorted, packing, o);
  client_rows_clear(&sorted);
  fuzz_accept();
  return 0;
}
