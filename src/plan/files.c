/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/files.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "ckks/params_bytes.h"

#define OWNER_ONLY 0600u
#define EVERYBODY 0644u

/* A parameter object's hash is the digest of its literal (ckks/params.c). */
static ckks_status hash_params(uint8_t hash[CKKS_HASH_BYTES], const ckks_params_literal *literal) {
  base_buffer buffer;
  base_buffer_init(&buffer, CKKS_PARAMS_BYTES_MAX);
  ckks_params_bytes_write(&buffer, literal);
  ckks_status status = base_buffer_status(&buffer);
  if (status == CKKS_OK)
    base_digest(hash, buffer.bytes, buffer.n_bytes);
  base_buffer_clear(&buffer);
  return status;
}

/* --- writing */

ckks_status plan_files_server_bytes(uint8_t **out, size_t *n_bytes, const plan_plan *plan) {
  base_buffer buffer;
  uint8_t hash[CKKS_HASH_BYTES];
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(hash_params(hash, &plan->interface.literal));
  base_buffer_init(&buffer, PLAN_FILES_MAX_SERVER_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_SERVER, hash, plan->interface.id);
  plan_bytes_write(&buffer, plan);
  return base_frame_finish(out, n_bytes, &buffer);
}

ckks_status plan_files_client_bytes(uint8_t **out, size_t *n_bytes,
                                    const plan_interface *interface) {
  base_buffer buffer;
  uint8_t hash[CKKS_HASH_BYTES];
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(hash_params(hash, &interface->literal));
  base_buffer_init(&buffer, PLAN_FILES_MAX_CLIENT_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_CLIENT, hash, interface->id);
  plan_bytes_write_interface(&buffer, interface);
  return base_frame_finish(out, n_bytes, &buffer);
}

ckks_status plan_files_server_write(const char *path, const plan_plan *plan) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = plan_files_server_bytes(&bytes, &n_bytes, plan);
  return base_frame_write_file(path, status, bytes, n_bytes, OWNER_ONLY);
}

ckks_status plan_files_client_write(const char *path, const plan_interface *interface) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = plan_files_client_bytes(&bytes, &n_bytes, interface);
  return base_frame_write_file(path, status, bytes, n_bytes, EVERYBODY);
}

/* --- reading */

/* What the header says must be what the payload says, and the parameters must protect. */
static ckks_status check_interface(const plan_interface *interface, const base_frame *frame) {
  uint8_t hash[CKKS_HASH_BYTES];
  BASE_TRY(hash_params(hash, &interface->literal));
  if (memcmp(hash, frame->params_hash, sizeof hash) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "the header names other parameters than the contents");
  if (memcmp(interface->id, frame->plan_id, PLAN_ID_BYTES) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "the header names another plan than the contents");
  if (interface->literal.security == CKKS_SECURITY_NONE)
    return base_fail(CKKS_ERROR_SECURITY, "its parameters ask for no security at all");
  return CKKS_OK;
}

static ckks_status check_server(plan_plan *plan, const base_frame *frame,
                                const base_reader *payload) {
  uint8_t id[PLAN_ID_BYTES];
  BASE_TRY(base_frame_check_end(payload));
  BASE_TRY(check_interface(&plan->interface, frame));
  memcpy(id, plan->interface.id, sizeof id);
  BASE_TRY(plan_bytes_identify(plan));
  if (memcmp(id, plan->interface.id, sizeof id) != 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "the plan's identity is not that of its contents: they were altered");
  return plan_interface_build(&plan->interface);
}

ckks_status plan_files_server_parse(plan_plan *plan, const uint8_t *bytes, size_t n_bytes,
                                    const char *name) {
  base_frame frame;
  base_reader payload;
  *plan = (plan_plan){0};
  BASE_TRY(base_frame_open(&frame, &payload, bytes, n_bytes, BASE_FRAME_SERVER, name));
  ckks_status status = plan_bytes_read(plan, &payload);
  if (status == CKKS_OK && (status = check_server(plan, &frame, &payload)) != CKKS_OK)
    plan_clear(plan);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

/* What can only be known once the parameters stand. */
static ckks_status check_client(plan_interface *interface, const base_frame *frame,
                                const base_reader *payload) {
  BASE_TRY(base_frame_check_end(payload));
  BASE_TRY(check_interface(interface, frame));
  BASE_TRY(plan_interface_build(interface));
  for (size_t i = 0; i < interface->n_keys; i++) {
    ckks_key_spec spec = interface->key[i];
    BASE_TRY(ckks_key_spec_check(&spec, interface->params));
  }
  size_t key_bytes = plan_key_bytes(interface->key, interface->n_keys, interface->params);
  if (key_bytes != interface->key_bytes)
    return base_fail(CKKS_ERROR_FORMAT,
                     "keys: %zu bytes announced, a message with those listed takes %zu",
                     interface->key_bytes, key_bytes);
  return CKKS_OK;
}

ckks_status plan_files_client_parse(plan_interface *interface, const uint8_t *bytes, size_t n_bytes,
                                    const char *name) {
  base_frame frame;
  base_reader payload;
  *interface = (plan_interface){0};
  BASE_TRY(base_frame_open(&frame, &payload, bytes, n_bytes, BASE_FRAME_CLIENT, name));
  ckks_status status = plan_bytes_read_interface(interface, &payload);
  if (status == CKKS_OK && (status = check_client(interface, &frame, &payload)) != CKKS_OK)
    plan_interface_clear(interface);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

ckks_status plan_files_server_read(plan_plan *plan, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *plan = (plan_plan){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, PLAN_FILES_MAX_SERVER_BYTES));
  ckks_status status = plan_files_server_parse(plan, bytes, n_bytes, base_file_name(path));
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

ckks_status plan_files_client_read(plan_interface *interface, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *interface = (plan_interface){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, PLAN_FILES_MAX_CLIENT_BYTES));
  ckks_status status = plan_files_client_parse(interface, bytes, n_bytes, base_file_name(path));
  base_free(bytes);
  return status;
}
