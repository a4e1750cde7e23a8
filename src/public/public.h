/* SPDX-License-Identifier: Apache-2.0 */
/* Public-key encryption, for senders who hold no secret: ckks_encrypt_public. */
#ifndef PUBLIC_PUBLIC_H
#define PUBLIC_PUBLIC_H
#include "ckks/objects.h"
/** out += a fresh encryption of zero under the key, at out->level (rerandomises a result). */
ckks_status public_add_zero(ckks_ciphertext *out, const ckks_public_key *key,
                            const ckks_params *params);
#endif
