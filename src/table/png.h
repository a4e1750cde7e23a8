/* SPDX-License-Identifier: Apache-2.0 */
/* Images in PNG. */
#ifndef TABLE_PNG_H
#define TABLE_PNG_H
#include "base/status.h"

/** Bytes of an image of shape[0] = 1 or 3 channels, channel by channel. */
ckks_status table_png_read(double *row, const size_t shape[3], const uint8_t *bytes, size_t n_bytes,
                           const char *name);
bool table_png_is(const uint8_t *bytes, size_t n_bytes);
#endif
