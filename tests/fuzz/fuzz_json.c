/* SPDX-License-Identifier: Apache-2.0 */
/* Models in JSON: what is accepted passes the check, and survives being written and read again. */
#include "base/alloc.h"
#include "fuzz/accepted.h"
#include "network/network.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  network_model model, again;
  char *text, *text_again;
  if (network_json_read(&model, (const char *)bytes, n_bytes, "fuzz") != CKKS_OK)
    return 0;
  if (network_check(&model) != CKKS_OK || network_json_write(&text, &model) != CKKS_OK ||
      network_json_read(&again, text, strlen(text), "written") != CKKS_OK ||
      network_json_write(&text_again, &again) != CKKS_OK || strcmp(text, text_again) != 0)
    abort();
  fuzz_accept();
  base_free(text);
  base_free(text_again);
  network_clear(&model);
  network_clear(&again);
  return 0;
}
