/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Signatures (Ed25519) on the heads of audit files that are closed. The key is the service's own,
 * made at its first start: STATE/audit.key, 0600. Its public half stands in every seal: note it
 * elsewhere, and a file that was moved away proves that it is this service's.
 */
#ifndef SERVER_AUDIT_SEAL_H
#define SERVER_AUDIT_SEAL_H
#include "base/digest.h"
#include "server/server.h"

#define SERVER_AUDIT_SEAL_KEY_CHARS 65
#define SERVER_AUDIT_SEAL_CHARS 129 /* of a signature in hex, with its NUL */

typedef struct server_audit_seal {
  char key[SERVER_AUDIT_SEAL_KEY_CHARS]; /* public, in hex */
  char signature[SERVER_AUDIT_SEAL_CHARS];
} server_audit_seal;

/** Of the head of the chain behind line seq. */
ckks_status server_audit_seal_make(server_audit_seal *out, const char *state,
                                   const uint8_t head[BASE_DIGEST_BYTES], int64_t seq);
/** Whether it is that key's signature on that head. */
bool server_audit_seal_is_good(const server_audit_seal *seal, const uint8_t head[BASE_DIGEST_BYTES],
                               int64_t seq);
#endif
