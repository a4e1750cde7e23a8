/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody may know of a compiled model; a server tells it as well. */
#include "base/alloc.h"
#include "base/file.h"
#include "blindsight/objects.h"
#include "plan/files.h"

void blindsight_client_free(blindsight_client *client) {
  if (client == NULL)
    return;
  plan_interface_clear(&client->own_interface);
  base_free(client->origin);
  base_free(client);
}

/* --- views */

static blindsight_cost cost_of(const plan_interface *i, plan_packing packing) {
  if (!i->layout[packing].available)
    return (blindsight_cost){0};
  bool latency = packing == PLAN_LATENCY;
  return (blindsight_cost){.available = true,
                           .rows = plan_pack_rows(i, packing),
                           .upload_bytes = i->cost[packing].input_bytes,
                           .download_bytes = i->cost[packing].output_bytes,
                           .predicted_ms = i->cost[packing].predicted_ms,
                           .predicted_error = i->cost[packing].predicted_error,
                           .n_switches = i->cost[packing].n_switches,
                           .n_numbers = latency ? i->layout[packing].period : i->n_outputs,
                           .counted = latency ? plan_pack_counted(i) : 1};
}

static void set_packing(blindsight_facts *facts, const plan_interface *i, plan_packing packing) {
  facts->cost[packing] = cost_of(i, packing);
  if (!i->layout[packing].available)
    return;
  facts->miss_log2[packing] = plan_box_miss(i, packing);
  facts->contract_bits = i->cost[packing].contract_bits;
  facts->contract_ms[packing] = i->cost[packing].contract_ms;
}

void blindsight_client_view(blindsight_client *client) {
  const plan_interface *i = client->interface;
  const plan_layout *latency = &i->layout[PLAN_LATENCY];
  client->names = blindsight_names_view(i->name, i->feature, i->n_features, i->label, i->n_outputs,
                                        &i->meaning, i->input.feature != NULL ? &i->input : NULL);
  client->facts = (blindsight_facts){.depth = i->depth,
                                     .n_keys = i->n_keys,
                                     .key_bytes = i->key_bytes,
                                     .max_abs_input = plan_box_reach(i),
                                     .id = i->id,
                                     .last_degree = i->last.degree,
                                     .output_unit = encoding_polynomial_unit(&i->last),
                                     .max_abs_output = i->max_abs_output,
                                     .n_places = latency->available ? latency->padded : 0,
                                     .n_slots_each = latency->available ? latency->stride : 0,
                                     .gathered = i->n_gather > 0,
                                     .n_bootstraps = i->n_bootstraps,
                                     .certified = i->contract == PLAN_CERTIFIED};
  if (plan_bootstraps(i)) {
    client->facts.bootstrap_slots = (size_t)1 << i->bootstrap.log2_slots;
    client->facts.bootstrap_levels = i->bootstrap.n_levels - i->bootstrap.n_stc;
  }
  for (int p = 0; p < PLAN_N_PACKINGS; p++)
    set_packing(&client->facts, i, (plan_packing)p);
}

const char *blindsight_client_origin(const blindsight_client *client) {
  return client->origin != NULL ? client->origin : client->interface->name;
}

/* --- files */

static ckks_status make(blindsight_client **out, const char *origin) {
  blindsight_client *client = *out = base_alloc(sizeof *client);
  if (client == NULL)
    return base_fail_memory(sizeof *client);
  client->interface = &client->own_interface;
  client->origin = base_strdup(origin);
  return client->origin != NULL ? CKKS_OK : base_fail_memory(sizeof *client);
}

static ckks_status finish(blindsight_client **out, ckks_status status) {
  if (status == CKKS_OK) {
    blindsight_client_view(*out);
    return CKKS_OK;
  }
  blindsight_client_free(*out);
  *out = NULL;
  return status;
}

ckks_status blindsight_client_parse(blindsight_client **out, const uint8_t *bytes, size_t n_bytes,
                                    const char *name) {
  ckks_status status = make(out, name);
  if (status == CKKS_OK)
    status = plan_files_client_parse(&(*out)->own_interface, bytes, n_bytes, name);
  return finish(out, status);
}

ckks_status blindsight_client_load(blindsight_client **out, const char *path) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  ckks_status status = make(out, path);
  if (status == CKKS_OK)
    status = plan_files_client_read(&(*out)->own_interface, path);
  return finish(out, status);
}

ckks_status blindsight_client_save(const char *path, const blindsight_client *client) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(client, "client"));
  return plan_files_client_write(path, client->interface);
}

/* --- questions */

const blindsight_names *blindsight_client_names(const blindsight_client *client) {
  return client != NULL ? &client->names : NULL;
}

const ckks_params *blindsight_client_params(const blindsight_client *client) {
  return client != NULL ? client->interface->params : NULL;
}

const blindsight_facts *blindsight_client_facts(const blindsight_client *client) {
  return client != NULL ? &client->facts : NULL;
}

_Static_assert((int)BLINDSIGHT_LATENCY == (int)PLAN_LATENCY &&
                   (int)BLINDSIGHT_THROUGHPUT == (int)PLAN_THROUGHPUT &&
                   BLINDSIGHT_N_PACKINGS == PLAN_N_PACKINGS,
               "the packings of blindsight.h are those of plans");
_Static_assert(BLINDSIGHT_HASH_BYTES == PLAN_ID_BYTES, "facts.id is a plan's identity");

blindsight_packing blindsight_client_packing(const blindsight_client *client, size_t n_rows) {
  return client != NULL ? (blindsight_packing)plan_pack_choose(client->interface, n_rows)
                        : BLINDSIGHT_LATENCY;
}
