/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Secret key files: a frame whose payload is the parameters (ckks/params_bytes.h)
 * and the N coefficients plus one, two bits each, four to a byte, lowest first.
 */
#include "base/file.h"
#include "base/alloc.h"
#include "base/frame.h"
#include "base/wipe.h"
#include "ckks/params_bytes.h"
#include "secret/secret.h"

#define PER_BYTE 4

size_t secret_file_bytes(const ckks_params *params) {
  return BASE_FRAME_OVERHEAD_BYTES + CKKS_PARAMS_BYTES_MAX + params->ring.n / PER_BYTE;
}

/* ---------------------------------------------------------------- writing */

/* Arithmetic on every coefficient alike: neither index nor branch depends on them. */
static void pack_ternary(uint8_t *out, const int8_t *ternary, size_t n) {
  for (size_t i = 0; i < n; i += PER_BYTE) {
    unsigned byte = 0;
    for (unsigned j = 0; j < PER_BYTE; j++)
      byte |= (unsigned)(ternary[i + j] + 1) << (2 * j);
    out[i / PER_BYTE] = (uint8_t)byte;
  }
}

ckks_status secret_file_write(base_buffer *buffer, const ckks_secret_key *key,
                              const ckks_params *params) {
  base_buffer_init(buffer, secret_file_bytes(params));
  BASE_TRY(ckks_params_check(params, key->params_hash, "secret key"));
  base_frame_begin(buffer, BASE_FRAME_SECRET_KEY, params->hash, NULL);
  ckks_params_bytes_write(buffer, &params->literal);
  uint8_t *packed = base_buffer_extend(buffer, key->n / PER_BYTE);
  if (packed != NULL)
    pack_ternary(packed, key->ternary, key->n);
  return base_frame_end(buffer);
}

ckks_status secret_file_create(bool *made, const char *path, const ckks_secret_key *key,
                               const ckks_params *params) {
  base_buffer buffer;
  *made = false;
  ckks_status status = secret_file_write(&buffer, key, params);
  if (status == CKKS_OK)
    status = base_file_create(made, path, buffer.bytes, buffer.n_bytes, SECRET_FILE_MODE);
  base_buffer_clear(&buffer);
  return status;
}

/* ---------------------------------------------------------------- reading */

/* A 3 becomes 2, which secret_key_from_ternary refuses, having looked at all the others. */
static void unpack_ternary(int8_t *ternary, const uint8_t *in, size_t n) {
  for (size_t i = 0; i < n; i++)
    ternary[i] = (int8_t)((in[i / PER_BYTE] >> (2 * (i % PER_BYTE)) & 3) - 1);
}

/* The key behind the parameters, which must be these, and nothing behind the key. */
static ckks_status read_payload(ckks_secret_key **out, base_reader *payload,
                                const ckks_params *params) {
  ckks_params_literal literal;
  size_t n = params->ring.n;
  uint8_t hash[CKKS_HASH_BYTES];
  BASE_TRY(ckks_params_bytes_read(&literal, payload));
  base_digest(hash, payload->bytes, payload->at); /* of what was just read: the parameters' hash */
  BASE_TRY(ckks_params_check(params, hash, "secret key"));
  const uint8_t *packed = base_reader_view(payload, n / PER_BYTE);
  if (packed == NULL || base_reader_left(payload) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "payload: must hold the parameters and %zu bytes of key",
                     n / PER_BYTE);
  int8_t *ternary = base_alloc(n);
  if (ternary == NULL)
    return base_fail_memory(n);
  unpack_ternary(ternary, packed, n);
  ckks_status status = secret_key_from_ternary(out, ternary, params);
  base_wipe(ternary, n);
  base_free(ternary);
  return status;
}

/* The frame first (magic, length, digest, kind), then whether the key is for these parameters. */
ckks_status secret_file_read(ckks_secret_key **out, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const ckks_params *params) {
  base_frame frame;
  base_reader payload;
  BASE_TRY(base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_SECRET_KEY, name));
  BASE_TRY(ckks_params_check(params, frame.params_hash, name));
  base_reader_init(&payload, frame.payload, frame.n_payload);
  ckks_status status = read_payload(out, &payload, params);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}
