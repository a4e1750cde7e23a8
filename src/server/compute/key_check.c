/* SPDX-License-Identifier: Apache-2.0 */
#include "server/compute/key_check.h"

#include <stdio.h>

#include "base/frame.h"

ckks_status server_key_check(char plan[65], const uint8_t *bytes, size_t n_bytes,
                             server_service *service) {
  base_frame frame;
  ckks_evaluation_keys *keys = NULL;
  /* Only to find the model, which then reads and verifies all of it. */
  BASE_TRY(base_frame_read_unverified(&frame, bytes, n_bytes, BASE_FRAME_EVALUATION_KEYS, "key"));
  server_model *model = server_model_set_find_plan(service->models, frame.plan_id);
  if (model == NULL)
    BASE_TRY(base_frame_verify(&frame, "key"));
  if (model == NULL)
    return base_fail(CKKS_ERROR_MISMATCH, "key: made for a model that is not served here");
  snprintf(plan, 65, "%s", model->digest);
  ckks_status status = exec_keys_read(&keys, bytes, n_bytes, "key", model->engine, NULL);
  if (status == CKKS_OK)
    status = exec_keys_check(keys, model->engine);
  ckks_evaluation_keys_free(keys);
  server_model_release(model);
  return status;
}
