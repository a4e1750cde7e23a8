/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "client/client.h"

ckks_status blindsight_client_keygen(ckks_secret_key **secret, uint8_t **keys, size_t *n_bytes,
                                     const blindsight_client *client) {
  if (secret != NULL)
    *secret = NULL;
  if (keys != NULL)
    *keys = NULL;
  if (n_bytes != NULL)
    *n_bytes = 0;
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(keys, "keys"));
  BASE_TRY(blindsight_objects_require(n_bytes, "n_bytes"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  return client_keygen(secret, keys, n_bytes, client->interface);
}
