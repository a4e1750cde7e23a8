/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs that write golden files share: each is one file with a main(). */
#ifndef TESTS_GOLDEN_SAVE_H
#define TESTS_GOLDEN_SAVE_H
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"

static const char *folder; /* the program's argument */

static inline void check(ckks_status status) {
  if (status == CKKS_OK)
    return;
  fprintf(stderr, "%s\n", ckks_last_error());
  exit(1);
}

static inline void save(const char *name, const uint8_t *bytes, size_t n_bytes) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, n_bytes, file) != n_bytes || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}
#endif
