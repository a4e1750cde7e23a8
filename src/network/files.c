/* SPDX-License-Identifier: Apache-2.0 */
#include "network/files.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"

#define OWNER_ONLY 0600u

ckks_status network_files_bytes(uint8_t **out, size_t *n_bytes, const network_model *model) {
  base_buffer buffer;
  *out = NULL;
  *n_bytes = 0;
  BASE_TRY(network_check(model));
  base_buffer_init(&buffer, NETWORK_FILES_MAX_BYTES);
  base_frame_begin(&buffer, BASE_FRAME_MODEL, NULL, NULL);
  network_bytes_write(&buffer, model);
  return base_frame_finish(out, n_bytes, &buffer);
}

ckks_status network_files_write(const char *path, const network_model *model) {
  uint8_t *bytes;
  size_t n_bytes;
  ckks_status status = network_files_bytes(&bytes, &n_bytes, model);
  return base_frame_write_file(path, status, bytes, n_bytes, OWNER_ONLY);
}

ckks_status network_files_parse(network_model *model, const uint8_t *bytes, size_t n_bytes,
                                const char *name) {
  static const uint8_t none[32];
  base_frame frame;
  base_reader payload;
  *model = (network_model){0};
  BASE_TRY(base_frame_open(&frame, &payload, bytes, n_bytes, BASE_FRAME_MODEL, name));
  /* One form only: a model belongs to no parameters and to no plan. */
  if (memcmp(frame.params_hash, none, sizeof none) != 0 ||
      memcmp(frame.plan_id, none, sizeof none) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the hashes of a model file are not zero", name);
  ckks_status status = network_bytes_read(model, &payload);
  if (status == CKKS_OK && (status = base_frame_check_end(&payload)) != CKKS_OK)
    network_clear(model);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", name);
}

ckks_status network_files_read(network_model *model, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  *model = (network_model){0};
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, NETWORK_FILES_MAX_BYTES));
  ckks_status status = network_files_parse(model, bytes, n_bytes, base_file_name(path));
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}
