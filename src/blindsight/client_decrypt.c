/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "client/client.h"

static blindsight_state state_of(uint8_t mark) {
  if (mark == CLIENT_MARK_NONE)
    return BLINDSIGHT_INSIDE;
  return mark == CLIENT_MARK_SPOILT ? BLINDSIGHT_SPOILT : BLINDSIGHT_BEYOND;
}

ckks_status blindsight_client_decrypt(blindsight_predictions **out, const uint8_t *result,
                                      size_t n_bytes, const ckks_secret_key *secret,
                                      const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(result, "result"));
  BASE_TRY(blindsight_objects_require(secret, "secret"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  double *outputs = NULL;
  uint8_t *marks = NULL;
  size_t n_rows = 0, n_outputs = client->interface->n_outputs;
  BASE_TRY(client_decrypt_marked(&outputs, &marks, &n_rows, result, n_bytes, "result", secret,
                                 client->interface));
  ckks_status status = blindsight_predictions_build(out, n_rows, n_outputs);
  if (status == CKKS_OK)
    memcpy((*out)->output, outputs, n_rows * n_outputs * sizeof *outputs);
  for (size_t row = 0; row < n_rows && status == CKKS_OK; row++)
    (*out)->state[row] = state_of(marks[row]);
  base_wipe(outputs, n_rows * n_outputs * sizeof *outputs);
  base_free(outputs);
  base_free(marks);
  return blindsight_predictions_finish(out, status, client->interface->meaning.kind);
}
