/* SPDX-License-Identifier: Apache-2.0 */
#include "model/files.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "ckks/params_bytes.h"
#include "model/fill.h"

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

static ckks_status finish(uint8_t **out, size_t *n_bytes, base_buffer *buffer) {
  ckks_status status = base_frame_end(buffer);
  if (status != CKKS_OK) {
    base_buffer_clear(buffer);
    return status;
  }
  *out = buffer->bytes;
  *n_bytes = buffer->n_bytes;
  return CKKS_OK;
}

ckks_status model_files_model_bytes(uint8_t **out, size_t *n_bytes, const model_model *model) {
  base_buffer buffer;
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(model_check(model));
  base_buffer_init(&buffer, MODEL_FILES_MAX_MODEL_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_MODEL, NULL, NULL);
  model_bytes_write(&buffer, model);
  return finish(out, n_bytes, &buffer);
}

ckks_status model_files_server_bytes(uint8_t **out, size_t *n_bytes, const model_plan *plan) {
  base_buffer buffer;
  uint8_t hash[CKKS_HASH_BYTES];
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(hash_params(hash, &plan->interface.params));
  base_buffer_init(&buffer, MODEL_FILES_MAX_SERVER_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_SERVER, hash, plan->interface.id);
  model_plan_write(&buffer, plan);
  return finish(out, n_bytes, &buffer);
}

ckks_status model_files_client_bytes(uint8_t **out, size_t *n_bytes,
                                     const model_interface *interface) {
  base_buffer buffer;
  uint8_t hash[CKKS_HASH_BYTES];
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(hash_params(hash, &interface->params));
  base_buffer_init(&buffer, MODEL_FILES_MAX_CLIENT_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_CLIENT, hash, interface->id);
  model_interface_write(&buffer, interface);
  return finish(out, n_bytes, &buffer);
}

/* Takes the bytes, and the status of making them. */
static ckks_status write_file(const char *path, ckks_status status, uint8_t *bytes, size_t n_bytes,
                              unsigned mode) {
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", path);
  status = base_file_write(path, bytes, n_bytes, mode);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

ckks_status model_files_model_write(const char *path, const model_model *model) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = model_files_model_bytes(&bytes, &n_bytes, model);
  return write_file(path, status, bytes, n_bytes, OWNER_ONLY);
}

ckks_status model_files_server_write(const char *path, const model_plan *plan) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = model_files_server_bytes(&bytes, &n_bytes, plan);
  return write_file(path, status, bytes, n_bytes, OWNER_ONLY);
}

ckks_status model_files_client_write(const char *path, const model_interface *interface) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = model_files_client_bytes(&bytes, &n_bytes, interface);
  return write_file(path, status, bytes, n_bytes, EVERYBODY);
}

/* --- reading */

static ckks_status open_frame(base_frame *frame, base_reader *payload, const uint8_t *bytes,
                              size_t n_bytes, base_frame_kind kind, const char *name) {
  BASE_TRY(base_frame_read(frame, bytes, n_bytes, kind, name));
  base_reader_init(payload, frame->payload, frame->n_payload);
  return CKKS_OK;
}

static ckks_status check_end(const base_reader *payload) {
  if (payload->failed || base_reader_left(payload) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "payload: %zu bytes of %zu are not accounted for",
                     base_reader_left(payload), payload->n_bytes);
  return CKKS_OK;
}

ckks_status model_files_model_parse(model_model *model, const uint8_t *bytes, size_t n_bytes,
                                    const char *name) {
  static const uint8_t none[32];
  base_frame frame;
  base_reader payload;
  *model = (model_model){0};
  BASE_TRY(open_frame(&frame, &payload, bytes, n_bytes, BASE_FRAME_MODEL, name));
  /* One form only: a model belongs to no parameters and to no plan. */
  if (memcmp(frame.params_hash, none, sizeof none) != 0 ||
      memcmp(frame.plan_id, none, sizeof none) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the hashes of a model file are not zero", name);
  ckks_status status = model_bytes_read(model, &payload);
  if (status == CKKS_OK && (status = check_end(&payload)) != CKKS_OK)
    model_clear(model);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

/* What the header says must be what the payload says, and the parameters must protect. */
static ckks_status check_interface(const model_interface *interface, const base_frame *frame) {
  uint8_t hash[CKKS_HASH_BYTES];
  BASE_TRY(hash_params(hash, &interface->params));
  if (memcmp(hash, frame->params_hash, sizeof hash) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "the header names other parameters than the contents");
  if (memcmp(interface->id, frame->plan_id, MODEL_ID_BYTES) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "the header names another plan than the contents");
  if (interface->params.security == CKKS_SECURITY_NONE)
    return base_fail(CKKS_ERROR_SECURITY, "its parameters ask for no security at all");
  return CKKS_OK;
}

static ckks_status check_server(model_plan *plan, const base_frame *frame,
                                const base_reader *payload) {
  uint8_t id[MODEL_ID_BYTES];
  BASE_TRY(check_end(payload));
  BASE_TRY(check_interface(&plan->interface, frame));
  memcpy(id, plan->interface.id, sizeof id);
  BASE_TRY(model_plan_identify(plan));
  if (memcmp(id, plan->interface.id, sizeof id) != 0)
    return base_fail(CKKS_ERROR_FORMAT,
                     "the plan's identity is not that of its contents: they were altered");
  return CKKS_OK;
}

ckks_status model_files_server_parse(model_plan *plan, const uint8_t *bytes, size_t n_bytes,
                                     const char *name) {
  base_frame frame;
  base_reader payload;
  *plan = (model_plan){0};
  BASE_TRY(open_frame(&frame, &payload, bytes, n_bytes, BASE_FRAME_SERVER, name));
  ckks_status status = model_plan_read(plan, &payload);
  if (status == CKKS_OK && (status = check_server(plan, &frame, &payload)) != CKKS_OK)
    model_plan_clear(plan);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

/* What can only be known once the parameters stand. */
static ckks_status check_client(ckks_params **params, const model_interface *interface,
                                const base_frame *frame, const base_reader *payload) {
  BASE_TRY(check_end(payload));
  BASE_TRY(check_interface(interface, frame));
  BASE_TRY(ckks_params_build(params, &interface->params));
  for (size_t i = 0; i < interface->n_keys; i++) {
    ckks_key_spec spec = interface->key[i];
    BASE_TRY(ckks_key_spec_check(&spec, *params));
  }
  size_t key_bytes = model_fill_key_bytes(interface->key, interface->n_keys, *params);
  if (key_bytes != interface->key_bytes)
    return base_fail(CKKS_ERROR_FORMAT,
                     "keys: %zu bytes announced, a message with those listed takes %zu",
                     interface->key_bytes, key_bytes);
  return CKKS_OK;
}

ckks_status model_files_client_parse(model_interface *interface, ckks_params **params,
                                     const uint8_t *bytes, size_t n_bytes, const char *name) {
  base_frame frame;
  base_reader payload;
  ckks_params *built = NULL;
  *interface = (model_interface){0};
  if (params != NULL)
    *params = NULL;
  BASE_TRY(open_frame(&frame, &payload, bytes, n_bytes, BASE_FRAME_CLIENT, name));
  ckks_status status = model_interface_read(interface, &payload);
  if (status == CKKS_OK && (status = check_client(&built, interface, &frame, &payload)) != CKKS_OK)
    model_interface_clear(interface);
  if (status == CKKS_OK && params != NULL)
    *params = built;
  else
    ckks_params_free(built);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

/* How messages call it. */
static const char *name_of(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

ckks_status model_files_model_read(model_model *model, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *model = (model_model){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MODEL_FILES_MAX_MODEL_BYTES));
  ckks_status status = model_files_model_parse(model, bytes, n_bytes, name_of(path));
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

ckks_status model_files_server_read(model_plan *plan, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *plan = (model_plan){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MODEL_FILES_MAX_SERVER_BYTES));
  ckks_status status = model_files_server_parse(plan, bytes, n_bytes, name_of(path));
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}

ckks_status model_files_client_read(model_interface *interface, ckks_params **params,
                                    const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *interface = (model_interface){0};
  if (params != NULL)
    *params = NULL;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MODEL_FILES_MAX_CLIENT_BYTES));
  ckks_status status = model_files_client_parse(interface, params, bytes, n_bytes, name_of(path));
  base_free(bytes);
  return status;
}
