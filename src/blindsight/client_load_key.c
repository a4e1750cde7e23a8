/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "client/key.h"

ckks_status blindsight_client_load_key(ckks_secret_key **secret, const char *path,
                                       const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  *secret = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  return client_key_load(secret, path, blindsight_client_origin(client), client->interface->params);
}
