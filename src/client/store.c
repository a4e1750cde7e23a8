/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "client/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "client/client.h"
#include "client/key.h"
#include "secret/secret.h"

#define SECRET_ENDING ".key"
#define KEYS_ENDING ".keys"
#define MAX_KEYS_BYTES ((size_t)1 << 32)
#define EVERYBODY 0644u

static char *name_keys(const char *path) {
  size_t n = strlen(path), n_ending = strlen(SECRET_ENDING);
  if (n > n_ending && strcmp(path + n - n_ending, SECRET_ENDING) == 0)
    n -= n_ending;
  char *name = base_alloc(n + sizeof KEYS_ENDING);
  if (name != NULL)
    snprintf(name, n + sizeof KEYS_ENDING, "%.*s%s", (int)n, path, KEYS_ENDING);
  return name;
}

/* Whether the file's keys are for this plan and this secret key (NULL: for none yet). No file,
 * and keys for others, are no error. */
static ckks_status read_keys(bool *fit, client_store *store, const plan_interface *interface) {
  *fit = false;
  ckks_status status =
      base_file_read(&store->keys, &store->n_keys, store->keys_path, MAX_KEYS_BYTES);
  if (status == CKKS_ERROR_IO && access(store->keys_path, F_OK) != 0)
    return CKKS_OK;
  BASE_TRY(status);
  return client_keys_fit(fit, store->keys, store->n_keys, store->keys_path, store->secret,
                         interface);
}

static ckks_status make_keys(client_store *store, const plan_interface *interface) {
  base_free(store->keys);
  BASE_TRY(client_keys(&store->keys, &store->n_keys, store->secret, interface));
  BASE_TRY(base_file_write(store->keys_path, store->keys, store->n_keys, EVERYBODY));
  store->made_keys = true;
  return CKKS_OK;
}

/* There is a secret key: the evaluation keys beside it, or new ones when they are not for it. */
static ckks_status take_all(client_store *store, const char *path, const char *client,
                            const plan_interface *interface) {
  const ckks_params *params = interface->params;
  bool fit;
  BASE_TRY(client_key_load(&store->secret, path, client, params));
  BASE_TRY(read_keys(&fit, store, interface));
  return fit ? CKKS_OK : make_keys(store, interface);
}

/*
 * Keys that lie there belong to no new secret key: they go, if they are keys. Where two come at
 * once one makes the secret key, and the other's is forgotten before anything was encrypted.
 */
static ckks_status make_all(client_store *store, const char *path, const char *client,
                            const plan_interface *interface) {
  const ckks_params *params = interface->params;
  bool fit;
  BASE_TRY(read_keys(&fit, store, interface));
  BASE_TRY(ckks_secret_key_generate(&store->secret, params));
  BASE_TRY(secret_file_create(&store->made_secret, path, store->secret, params));
  if (store->made_secret) {
    unlink(store->keys_path);
    return make_keys(store, interface);
  }
  ckks_secret_key_free(store->secret);
  base_free(store->keys);
  store->secret = NULL;
  store->keys = NULL;
  return take_all(store, path, client, interface);
}

ckks_status client_store_open(client_store *store, const char *path, const char *client,
                              const plan_interface *interface) {
  *store = (client_store){.keys_path = name_keys(path)};
  if (store->keys_path == NULL)
    return base_fail_memory(strlen(path) + sizeof KEYS_ENDING);
  return access(path, F_OK) == 0 ? take_all(store, path, client, interface)
                                 : make_all(store, path, client, interface);
}

void client_store_clear(client_store *store) {
  ckks_secret_key_free(store->secret);
  base_free(store->keys);
  base_free(store->keys_path);
  *store = (client_store){0};
}
