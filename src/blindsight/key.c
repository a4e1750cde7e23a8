/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side with its key: the one file of this room that touches secrets. */
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "client/client.h"

ckks_status blindsight_client_keygen(ckks_secret_key **secret, uint8_t **keys, size_t *n_bytes,
                                     const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(keys, "keys"));
  BASE_TRY(blindsight_objects_require(n_bytes, "n_bytes"));
  *secret = NULL;
  *keys = NULL;
  *n_bytes = 0;
  BASE_TRY(blindsight_objects_require(client, "client"));
  return client_keygen(secret, keys, n_bytes, client->interface);
}

ckks_status blindsight_client_encrypt(uint8_t **sample, size_t *n_bytes, size_t *n_outside,
                                      const double *rows, size_t n_rows, blindsight_packing packing,
                                      const ckks_secret_key *secret,
                                      const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(sample, "sample"));
  BASE_TRY(blindsight_objects_require(n_bytes, "n_bytes"));
  *sample = NULL;
  *n_bytes = 0;
  if (n_outside != NULL)
    *n_outside = 0;
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  const plan_interface *interface = client->interface;
  if ((unsigned)packing >= BLINDSIGHT_N_PACKINGS)
    return base_fail(CKKS_ERROR_ARGUMENT, "packing = %d: there is no such packing", (int)packing);
  BASE_TRY(blindsight_rows_check(rows, n_rows, interface->feature, interface->n_features));
  size_t outside = 0;
  BASE_TRY(client_encrypt(sample, n_bytes, rows, n_rows, (plan_packing)packing, &outside, secret,
                          interface));
  if (n_outside != NULL)
    *n_outside = outside;
  return CKKS_OK;
}

ckks_status blindsight_client_decrypt(blindsight_predictions *out, const uint8_t *result,
                                      size_t n_bytes, const ckks_secret_key *secret,
                                      const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = (blindsight_predictions){0};
  BASE_TRY(blindsight_objects_require(result, "result"));
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  double *outputs = NULL;
  size_t n_rows = 0, n_outputs = client->interface->n_outputs;
  BASE_TRY(client_decrypt(&outputs, &n_rows, result, n_bytes, "result", secret, client->interface));
  ckks_status status = blindsight_predictions_init(out, n_rows, n_outputs);
  if (status == CKKS_OK) {
    memcpy(out->output, outputs, n_rows * n_outputs * sizeof *outputs);
    blindsight_predictions_choose(out, client->interface->meaning.kind);
  }
  base_wipe(outputs, n_rows * n_outputs * sizeof *outputs);
  base_free(outputs);
  return status;
}
