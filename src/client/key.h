/* SPDX-License-Identifier: Apache-2.0 */
/* Secret keys of the commands that need one. */
#ifndef CLIENT_KEY_H
#define CLIENT_KEY_H
#include "ckks.h"

/**
 * As ckks_secret_key_load, but a file that is something else altogether (NAME.keys for
 * NAME.key, the key of another model) is called so before its size or mode is found fault with.
 * `client` is the name of the file that params came from.
 */
ckks_status client_key_load(ckks_secret_key **out, const char *path, const char *client,
                            const ckks_params *params);
#endif
