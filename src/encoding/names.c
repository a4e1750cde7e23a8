/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding/names.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

/* One judge of names, for models, tables and forms alike; base_is_text judges the bytes. */
ckks_status encoding_names_check(const char *text, const char *field) {
  if (text == NULL || text[0] == '\0')
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty", field);
  size_t n_bytes = strlen(text);
  if (n_bytes > ENCODING_MAX_NAME_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes where at most %d are allowed", field,
                     n_bytes, ENCODING_MAX_NAME_BYTES);
  if (!base_is_text(text, n_bytes))
    return base_fail(CKKS_ERROR_FORMAT, "%s: not printable UTF-8 text", field);
  return CKKS_OK;
}

/* The copy comes first: when there is no memory the old text stays. */
ckks_status encoding_names_set(char **field, const char *text) {
  char *copy = base_strdup(text);
  if (copy == NULL)
    return base_fail_memory(strlen(text) + 1);
  base_free(*field);
  *field = copy;
  return CKKS_OK;
}
