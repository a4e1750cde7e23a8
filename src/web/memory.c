/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/digest.h"
#include "base/wipe.h"
#include "web/web.h"

WEB_EXPORT(alloc) void *web_memory_alloc(size_t n_bytes) {
  return base_alloc(n_bytes);
}

WEB_EXPORT(free) void web_memory_free(void *memory, size_t n_bytes) {
  if (memory != NULL)
    base_wipe(memory, n_bytes);
  base_free(memory);
}

WEB_EXPORT(error) const char *web_memory_error(void) {
  return base_last_error();
}

WEB_EXPORT(digest) void web_memory_digest(uint8_t *out, const uint8_t *bytes, size_t n_bytes) {
  base_digest(out, bytes, n_bytes);
}
