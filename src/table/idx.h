/* SPDX-License-Identifier: Apache-2.0 */
/* idx files: the format of MNIST (yann.lecun.com/exdb/mnist), unsigned bytes only. */
#ifndef TABLE_IDX_H
#define TABLE_IDX_H
#include "base/status.h"

#define TABLE_IDX_MAX_RANK 4
#define TABLE_IDX_MAX_BYTES ((size_t)1 << 30)

typedef struct table_idx {
  int rank;
  size_t dim[TABLE_IDX_MAX_RANK]; /**< dim[0] is the number of images or labels */
  size_t n, row;                  /**< dim[0], and bytes of one */
  uint8_t *value;                 /**< n x row */
  uint8_t *file;                  /**< what value points into */
} table_idx;

/** Errors name the path and what is wrong; sizes must be those of the file exactly. */
ckks_status table_idx_read(table_idx *idx, const char *path);
ckks_status table_idx_parse(table_idx *idx, uint8_t *bytes, size_t n_bytes, const char *name);
/** Whether bytes begin as an idx file of unsigned bytes does. */
bool table_idx_is(const uint8_t *bytes, size_t n_bytes);
void table_idx_clear(table_idx *idx);
#endif
