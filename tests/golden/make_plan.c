/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes the golden files of a compiled model, one of each kind, into the folder named by its
 * argument, and bad ones: a good file with one fault and a correct digest. Like
 * make_golden they are made once for a form of the files, and kept.
 */
#include "base/alloc.h"
#include "base/digest.h"
#include "client/client.h"
#include "compile/compile.h"
#include "exec/exec.h"
#include "golden/bare.h"
#include "golden/plan.h"
#include "golden/save.h"
#include "network/files.h"
#include "plan/files.h"
#include "secret/secret.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

/* A copy with one byte of the payload changed and the digest made anew. */
static void save_bad(const char *name, const uint8_t *bytes, size_t n_bytes, size_t at,
                     uint8_t value) {
  uint8_t *copy = malloc(n_bytes);
  if (!copy)
    exit(1);
  memcpy(copy, bytes, n_bytes);
  copy[BASE_FRAME_HEADER_BYTES + at] = value;
  base_digest(copy + n_bytes - BASE_DIGEST_BYTES, copy, n_bytes - BASE_DIGEST_BYTES);
  save(name, copy, n_bytes);
  free(copy);
}

/* The keys without the public key behind them: with it, no two results are the same bytes. */
static void cut_zero_key(uint8_t **bytes, size_t *n_bytes, const ckks_params *params) {
  base_frame frame;
  base_buffer buffer;
  check(base_frame_read(&frame, *bytes, *n_bytes, BASE_FRAME_EVALUATION_KEYS, "keys"));
  base_buffer_init(&buffer, *n_bytes);
  base_frame_begin(&buffer, frame.kind, frame.params_hash, frame.plan_id);
  base_buffer_append(&buffer, frame.payload, frame.n_payload - wire_zero_key_bytes(params));
  check(base_frame_end(&buffer));
  base_free(*bytes);
  *bytes = buffer.bytes;
  *n_bytes = buffer.n_bytes;
}

int main(int argc, char **argv) {
  network_model model;
  plan_plan plan;
  compile_options options;
  exec_engine *engine = NULL;
  exec_session *session = NULL;
  ckks_secret_key *secret = NULL;
  ckks_evaluation_keys *keys = NULL;
  uint8_t *bytes[7] = {NULL};
  size_t n[7] = {0};
  static const char *const names[7] = {"plan.model", "plan.server", "plan.client", "plan.key",
                                       "plan.keys",  "plan.sample", "plan.result"};
  if (argc != 2)
    return 2;
  folder = argv[1];
  check(golden_model(&model));
  compile_options_default(&options);
  options.error = GOLDEN_PLAN_ERROR;
  check(compile_model(&plan, &model, &options));
  check(exec_engine_build(&engine, &plan, EXEC_WEIGHTS_BYTES));
  const ckks_params *params = exec_engine_params(engine);
  const plan_interface *interface = &plan.interface;
  check(network_files_bytes(&bytes[0], &n[0], &model));
  check(plan_files_server_bytes(&bytes[1], &n[1], &plan));
  check(plan_files_client_bytes(&bytes[2], &n[2], interface));
  check(client_keygen(&secret, &bytes[4], &n[4], interface));
  cut_zero_key(&bytes[4], &n[4], params);
  base_buffer key;
  base_buffer_init(&key, (size_t)1 << 20);
  check(secret_file_write(&key, secret, params));
  bytes[3] = key.bytes;
  n[3] = key.n_bytes;
  check(client_encrypt(&bytes[5], &n[5], golden_rows, GOLDEN_PLAN_ROWS, PLAN_LATENCY, NULL, secret,
                       interface));
  check(bare_keys(&keys, bytes[4], n[4], engine));
  check(exec_session_build(&session, engine, keys));
  check(bare_infer(&bytes[6], &n[6], bytes[5], n[5], session));
  for (int i = 0; i < 7; i++)
    save(names[i], bytes[i], n[i]);
  /* The packing, the fold, the number of rows; a client file's fold and its first key. */
  save_bad("bad_sample_packing.bin", bytes[5], n[5], 0, 2);
  save_bad("bad_sample_fold.bin", bytes[5], n[5], 1, 9);
  save_bad("bad_sample_rows.bin", bytes[5], n[5], 4, 77);
  save_bad("bad_result_packing.bin", bytes[6], n[6], 0, 2);
  save_bad("bad_result_rows.bin", bytes[6], n[6], 4, 77);
  save_bad("bad_client_log2_n.bin", bytes[2], n[2], 32, 40);
  save_bad("bad_server_log2_n.bin", bytes[1], n[1], 32, 40);
  save_bad("bad_model_layers.bin", bytes[0], n[0], 0, 255);
  for (int i = 0; i < 7; i++)
    base_free(bytes[i]);
  exec_session_free(session);
  ckks_evaluation_keys_free(keys);
  ckks_secret_key_free(secret);
  exec_engine_free(engine);
  plan_clear(&plan);
  network_clear(&model);
  return 0;
}
