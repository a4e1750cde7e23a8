/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "client/client.h"
#include "wire/sample.h"

_Static_assert(BLINDSIGHT_MAX_SAMPLE_ROWS == WIRE_MAX_ROWS, "rows of a sample");

ckks_status blindsight_client_encrypt(uint8_t **sample, size_t *n_bytes, size_t *n_outside,
                                      const double *rows, size_t n_rows, blindsight_packing packing,
                                      const ckks_secret_key *secret,
                                      const blindsight_client *client) {
  size_t outside = 0;
  if (sample != NULL)
    *sample = NULL;
  if (n_bytes != NULL)
    *n_bytes = 0;
  if (n_outside != NULL)
    *n_outside = 0;
  BASE_TRY(blindsight_objects_require(sample, "sample"));
  BASE_TRY(blindsight_objects_require(n_bytes, "n_bytes"));
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  const plan_interface *interface = client->interface;
  if (packing == BLINDSIGHT_PACKING_AUTO)
    packing = blindsight_client_packing(client, n_rows);
  if ((unsigned)packing >= BLINDSIGHT_N_PACKINGS)
    return base_fail(CKKS_ERROR_ARGUMENT, "packing = %d: there is no such packing", (int)packing);
  BASE_TRY(blindsight_rows_check(rows, n_rows, interface->feature, interface->n_features));
  BASE_TRY(client_encrypt(sample, n_bytes, rows, n_rows, (plan_packing)packing,
                          n_outside != NULL ? &outside : NULL, secret, interface));
  if (n_outside != NULL)
    *n_outside = outside;
  return CKKS_OK;
}
