/* SPDX-License-Identifier: Apache-2.0 */
/* A client's keys in files: the secret one, and beside it those that go to the server. */
#ifndef CLIENT_STORE_H
#define CLIENT_STORE_H
#include "ckks.h"
#include "plan/plan.h"

typedef struct client_store {
  ckks_secret_key *secret;
  uint8_t *keys; /**< the frame of the evaluation keys */
  size_t n_keys;
  char *keys_path;             /**< NAME.keys for NAME.key */
  bool made_secret, made_keys; /**< by this call, and written */
} client_store;

/**
 * Takes the secret key at `path`, or makes one there (mode 0600) when there is no such file;
 * likewise the evaluation keys. Keys of another plan are made anew from the same secret key. A
 * file that is something else is never replaced. Who comes while another makes the secret key
 * takes that one. `client` is what messages call the origin of
 * the parameters. client_store_clear either way.
 */
ckks_status client_store_open(client_store *store, const char *path, const char *client,
                              const plan_interface *interface);
void client_store_clear(client_store *store);
#endif
