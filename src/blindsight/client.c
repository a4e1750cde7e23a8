/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody may know of a compiled model; a server tells it as well. */
#include "base/alloc.h"
#include "blindsight/objects.h"
#include "plan/files.h"

void blindsight_client_free(blindsight_client *client) {
  if (client == NULL)
    return;
  plan_interface_clear(&client->own_interface);
  base_free(client);
}

ckks_status blindsight_client_load(blindsight_client **out, const char *path) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  blindsight_client *client = base_alloc(sizeof *client);
  if (client == NULL)
    return base_fail_memory(sizeof *client);
  ckks_status status = plan_files_client_read(&client->own_interface, path);
  if (status != CKKS_OK) {
    base_free(client);
    return status;
  }
  client->interface = &client->own_interface;
  *out = client;
  return CKKS_OK;
}

ckks_status blindsight_client_save(const char *path, const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  return plan_files_client_write(path, client->interface);
}

blindsight_names blindsight_client_names(const blindsight_client *client) {
  const plan_interface *i = client->interface;
  return (blindsight_names){.name = i->name,
                            .n_features = i->n_features,
                            .n_labels = i->n_outputs,
                            .feature = (const char *const *)i->feature,
                            .label = (const char *const *)i->label};
}

const ckks_params *blindsight_client_params(const blindsight_client *client) {
  return client->interface->params;
}

blindsight_facts blindsight_client_facts(const blindsight_client *client) {
  const plan_interface *i = client->interface;
  blindsight_facts facts = {.depth = i->depth,
                            .n_keys = i->n_keys,
                            .key_bytes = i->key_bytes,
                            .max_abs_input = i->max_abs_input};
  for (int packing = 0; packing < BLINDSIGHT_N_PACKINGS; packing++)
    if (i->layout[packing].available)
      facts.cost[packing] = (blindsight_cost){
          .available = true,
          .rows = packing == BLINDSIGHT_LATENCY ? 1 : ckks_params_slots(i->params),
          .upload_bytes = i->cost[packing].input_bytes,
          .download_bytes = i->cost[packing].output_bytes,
          .predicted_ms = i->cost[packing].predicted_ms,
          .predicted_error = i->cost[packing].predicted_error};
  return facts;
}
