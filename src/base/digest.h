/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b-256 (RFC 7693), by libsodium. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
#include <stddef.h>
#include <stdint.h>
#define BASE_DIGEST_BYTES 32
void base_digest(uint8_t out[BASE_DIGEST_BYTES], const void *bytes, size_t n_bytes);
#endif
