/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The six functions of libsodium that the client's rooms call, under their own names, for builds
 * to which no libsodium can be linked (src/web/sodium.c). What they promise is what libsodium's
 * documentation says; tests/web/test_sodium.c holds them against it.
 */
#ifndef WEB_SODIUM_H
#define WEB_SODIUM_H
#include <stddef.h>
#include <stdint.h>

#define crypto_stream_chacha20_ietf_NONCEBYTES 12U

int sodium_init(void);
void sodium_memzero(void *memory, size_t n_bytes);
int sodium_memcmp(const void *a, const void *b, size_t n_bytes);
/** `n_message` bytes at least 0, key stream from block `block` on; out may equal message. */
int crypto_stream_chacha20_ietf_xor_ic(unsigned char *out, const unsigned char *message,
                                       unsigned long long n_message, const unsigned char *nonce,
                                       uint32_t block, const unsigned char *key);
/** BLAKE2b without a key (n_key = 0), n_out 1 to 64. */
int crypto_generichash(unsigned char *out, size_t n_out, const unsigned char *message,
                       unsigned long long n_message, const unsigned char *key, size_t n_key);
#endif
