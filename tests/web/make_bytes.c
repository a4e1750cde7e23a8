/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a client writes when its randomness is a known stream of bytes: for tests/web/wasm.sh, which
 * lets the browser's client write the same and compares.
 *   make_bytes CLIENT ROWS.f64 N_ROWS PACKING FOLDER
 * FOLDER gets me.key, me.keys, me.sample; with FOLDER/me.result there, outputs.f64 are its outputs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/file.h"
#include "client/client.h"
#include "plan/files.h"
#include "secret/secret.h"

/* The stream of tests/web/same_bytes.mjs; this definition stands before the C library's. */
int getentropy(void *buffer, size_t length) {
  static uint64_t state = 20240131;
  for (size_t i = 0; i < length; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ((uint8_t *)buffer)[i] = (uint8_t)(state >> 56);
  }
  return 0;
}

static void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "make_bytes: %s\n", ckks_last_error());
  exit(1);
}

static const char *in(const char *folder, const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void write_keys(ckks_secret_key **secret, const plan_interface *interface,
                       const char *folder) {
  uint8_t *keys;
  size_t n_keys;
  check(client_keygen(secret, &keys, &n_keys, interface));
  check(ckks_secret_key_save(in(folder, "me.key"), *secret, interface->params));
  check(base_file_write(in(folder, "me.keys"), keys, n_keys, 0644));
  base_free(keys);
}

static void write_outputs(const ckks_secret_key *secret, const plan_interface *interface,
                          const char *folder) {
  uint8_t *result;
  double *outputs;
  size_t n_result, n_rows;
  if (base_file_read(&result, &n_result, in(folder, "me.result"), (size_t)1 << 30) != CKKS_OK)
    return;
  check(client_decrypt(&outputs, &n_rows, result, n_result, "me.result", secret, interface));
  check(base_file_write(in(folder, "outputs.f64"), outputs,
                        n_rows * interface->n_outputs * sizeof *outputs, 0644));
  base_free(outputs);
  base_free(result);
}

int main(int argc, char **argv) {
  plan_interface interface;
  ckks_secret_key *secret;
  uint8_t *rows, *sample;
  size_t n_bytes, n_sample;
  if (argc != 6)
    return 2;
  size_t n_rows = strtoul(argv[3], NULL, 10);
  plan_packing packing = strcmp(argv[4], "latency") == 0 ? PLAN_LATENCY : PLAN_THROUGHPUT;
  check(plan_files_client_read(&interface, argv[1]));
  check(base_file_read(&rows, &n_bytes, argv[2], (size_t)1 << 30));
  if (n_bytes != n_rows * interface.n_features * sizeof(double))
    return 2;
  write_keys(&secret, &interface, argv[5]);
  check(client_encrypt(&sample, &n_sample, (const double *)(const void *)rows, n_rows, packing,
                       NULL, secret, &interface));
  check(base_file_write(in(argv[5], "me.sample"), sample, n_sample, 0644));
  write_outputs(secret, &interface, argv[5]);
  base_free(sample);
  base_free(rows);
  ckks_secret_key_free(secret);
  plan_interface_clear(&interface);
  return 0;
}
