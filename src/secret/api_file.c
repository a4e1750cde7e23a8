/* SPDX-License-Identifier: Apache-2.0 */
/* Public tier: secret keys in files of their owner alone. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "secret/secret.h"

ckks_status ckks_secret_key_save(const char *path, const ckks_secret_key *key,
                                 const ckks_params *params) {
  BASE_NOT_NULL(path);
  BASE_NOT_NULL(key);
  BASE_NOT_NULL(params);
  base_buffer buffer;
  ckks_status status = secret_file_write(&buffer, key, params);
  if (status == CKKS_OK)
    status = base_file_write(path, buffer.bytes, buffer.n_bytes, SECRET_FILE_MODE);
  base_buffer_clear(&buffer); /* wipes */
  return status;
}

/* The bytes of the file are as secret as the key, and wiped whatever became of them. */
ckks_status ckks_secret_key_load(ckks_secret_key **out, const char *path,
                                 const ckks_params *params) {
  BASE_NOT_NULL(out);
  *out = NULL;
  BASE_NOT_NULL(path);
  BASE_NOT_NULL(params);
  uint8_t *bytes;
  size_t n_bytes;
  BASE_TRY(base_file_read_private(&bytes, &n_bytes, path, secret_file_bytes(params)));
  ckks_status status = secret_file_read(out, bytes, n_bytes, path, params);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}
