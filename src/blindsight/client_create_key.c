/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "secret/secret.h"

ckks_status blindsight_client_create_key(bool *made, const char *path,
                                         const ckks_secret_key *secret,
                                         const blindsight_client *client) {
  if (made != NULL)
    *made = false;
  BASE_TRY(blindsight_objects_require(made, "made"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  return secret_file_create(made, path, secret, client->interface->params);
}
