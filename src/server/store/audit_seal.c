/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/audit_seal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/wipe.h"
#include "rand/rand.h"

#define SEED_BYTES 32
#define SIGNATURE_BYTES 64
#define KEY_BYTES 32
#define LABEL_BYTES 16
#define TEXT_BYTES (LABEL_BYTES + BASE_DIGEST_BYTES + 8)

/* What is signed: nothing else of ours begins so. */
static void compose(uint8_t text[TEXT_BYTES], const uint8_t head[BASE_DIGEST_BYTES], int64_t seq) {
  static const char label[] = "blindsight audit";
  for (size_t i = 0; i < LABEL_BYTES; i++)
    text[i] = (uint8_t)label[i];
  memcpy(text + LABEL_BYTES, head, BASE_DIGEST_BYTES);
  base_store_u64(text + LABEL_BYTES + BASE_DIGEST_BYTES, (uint64_t)seq);
}

static ckks_status read_seed(uint8_t seed[SEED_BYTES], const char *state) {
  char path[4096];
  bool made;
  uint8_t *bytes;
  size_t n;
  snprintf(path, sizeof path, "%.3900s/audit.key", state);
  BASE_TRY(rand_entropy(seed, SEED_BYTES));
  BASE_TRY(base_file_create(&made, path, seed, SEED_BYTES, 0600));
  if (made)
    return CKKS_OK;
  BASE_TRY(base_file_read_private(&bytes, &n, path, SEED_BYTES));
  if (n == SEED_BYTES)
    memcpy(seed, bytes, SEED_BYTES);
  base_wipe(bytes, n);
  base_free(bytes);
  return n == SEED_BYTES
             ? CKKS_OK
             : base_fail(CKKS_ERROR_FORMAT, "%s: a key has %d bytes, not %zu", path, SEED_BYTES, n);
}

ckks_status server_audit_seal_make(server_audit_seal *out, const char *state,
                                   const uint8_t head[BASE_DIGEST_BYTES], int64_t seq) {
  uint8_t seed[SEED_BYTES], secret[64], public[KEY_BYTES], text[TEXT_BYTES];
  uint8_t signature[SIGNATURE_BYTES];
  ckks_status status = read_seed(seed, state);
  if (status == CKKS_OK) {
    compose(text, head, seq);
    (void)crypto_sign_seed_keypair(public, secret, seed);
    (void)crypto_sign_detached(signature, NULL, text, sizeof text, secret);
    sodium_bin2hex(out->key, sizeof out->key, public, sizeof public);
    sodium_bin2hex(out->signature, sizeof out->signature, signature, sizeof signature);
  }
  base_wipe(seed, sizeof seed);
  base_wipe(secret, sizeof secret);
  return status;
}

static bool read_hex(uint8_t *out, size_t n, const char *hex) {
  return strlen(hex) == 2 * n && sodium_hex2bin(out, n, hex, 2 * n, NULL, NULL, NULL) == 0;
}

bool server_audit_seal_is_good(const server_audit_seal *seal, const uint8_t head[BASE_DIGEST_BYTES],
                               int64_t seq) {
  uint8_t public[KEY_BYTES], signature[SIGNATURE_BYTES], text[TEXT_BYTES];
  compose(text, head, seq);
  return read_hex(public, sizeof public, seal->key) &&
         read_hex(signature, sizeof signature, seal->signature) &&
         crypto_sign_verify_detached(signature, text, sizeof text, public) == 0;
}
