/* SPDX-License-Identifier: Apache-2.0 */
#include "client/key.h"

#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/frame.h"
#include "base/wipe.h"

#define MAX_BYTES ((size_t)1 << 32)

static ckks_status fail_other(const char *path, const char *client) {
  return base_fail(CKKS_ERROR_MISMATCH,
                   "%s: the key of another model: its parameters are not those of %s", path,
                   client);
}

/* What the file says it is: CKKS_OK for a secret key of these parameters. */
static ckks_status check_kind(const char *path, const char *client, const ckks_params *params) {
  uint8_t *bytes;
  size_t n_bytes;
  base_frame frame;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_BYTES));
  ckks_status status = base_frame_read(&frame, bytes, n_bytes, BASE_FRAME_SECRET_KEY, path);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  if (status == CKKS_OK && memcmp(frame.params_hash, ckks_params_hash(params), 32) != 0)
    status = fail_other(path, client);
  return status;
}

ckks_status client_key_load(ckks_secret_key **out, const char *path, const char *client,
                            const ckks_params *params) {
  ckks_status status = ckks_secret_key_load(out, path, params);
  if (status == CKKS_ERROR_MISMATCH)
    return fail_other(path, client);
  if (status != CKKS_ERROR_FORMAT && status != CKKS_ERROR_IO)
    return status;
  BASE_TRY(check_kind(path, client, params));
  return ckks_secret_key_load(out, path, params); /* for its message */
}
