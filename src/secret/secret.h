/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The only room that sees a secret key: keygen, symmetric encryption,
 * decryption, key files. Public functions of ckks.h live here:
 * ckks_secret_key_*, ckks_public_key_generate, ckks_evaluation_keys_generate*,
 * ckks_encrypt, ckks_decrypt, ckks_decrypt_for_publication. No secret-dependent
 * branch or index; everything is wiped on every path out.
 */
#ifndef SECRET_SECRET_H
#define SECRET_SECRET_H
#include "base/bytes.h"
#include "ckks/objects.h"

struct ckks_secret_key {
  ring_poly s;     /**< NTT form over all q and p limbs */
  int8_t *ternary; /**< the N coefficients -1, 0, 1 */
  size_t n;        /**< N */
  uint8_t params_hash[CKKS_HASH_BYTES];
  /**
   * BLAKE2b of a name, the parameters' hash and the coefficients, cut: public, so that a message
   * for another key is told apart. With N ternary coefficients behind it, it tells nothing else.
   */
  uint8_t owner[CKKS_OWNER_BYTES];
};

/** Builds the NTT form from coefficients (any outside -1..1 is CKKS_ERROR_FORMAT). */
ckks_status secret_key_from_ternary(ckks_secret_key **out, const int8_t *ternary,
                                    const ckks_params *params);
/** N uniform ternary coefficients from a stream (ckks_secret_key_generate: the system's). */
ckks_status secret_key_from_stream(ckks_secret_key **out, rand_stream *stream,
                                   const ckks_params *params);
/** Mode of a key file: its owner's alone. */
#define SECRET_FILE_MODE 0600
/** The most bytes that a key file of these parameters has. */
size_t secret_file_bytes(const ckks_params *params);
/** A key file's bytes into an empty buffer (base_buffer_clear wipes them). */
ckks_status secret_file_write(base_buffer *buffer, const ckks_secret_key *key,
                              const ckks_params *params);
/** As ckks_secret_key_save, but *made is false, and nothing is written, when `path` exists. */
ckks_status secret_file_create(bool *made, const char *path, const ckks_secret_key *key,
                               const ckks_params *params);
/**
 * A key from a file's bytes, every one of them checked. `name` (the path) starts the messages of
 * CKKS_ERROR_FORMAT and CKKS_ERROR_MISMATCH.
 */
ckks_status secret_file_read(ckks_secret_key **out, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const ckks_params *params);
/** Encrypts at plaintext->level with seed c1 and error from the OS. out must have room. */
ckks_status secret_encrypt(ckks_ciphertext *out, const ckks_plaintext *plaintext,
                           const ckks_secret_key *key, const ckks_params *params);
/**
 * The real message of a ciphertext given only where it can be, at level 0: P = N/(2 gap) numbers of
 * c0, coefficient 0 and for each 0 < k < P that of X^(k gap) minus that of X^(N - k gap), and all
 * of c1. Decodes P slots; imaginary parts are in none of it.
 * c0 and c1 in coefficient form, centred, modulo the first ring limb.
 */
ckks_status secret_decrypt_sparse(double *values, const ring_word *c0, const ring_word *c1,
                                  size_t gap, double scale, const ckks_secret_key *key,
                                  const ckks_params *params);
#endif
