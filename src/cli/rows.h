/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows for a model, from whatever file holds them: a table (CSV), and for models of images also
 * PNG files, idx files (MNIST's format) and raw bytes (NAME.raw).
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H
#include "cli/options.h"
#include "train/train.h"

/** Which columns or pixels, and where the true classes stand. */
typedef struct cli_rows_wanted {
  char *const *feature;
  size_t n_features;
  const char *label; /**< column of a table, idx file beside images; NULL = none wanted */
  char *const *class_name;
  size_t n_classes;
} cli_rows_wanted;

/** Whether the file at `path` holds images rather than a table. */
ckks_status cli_rows_are_images(bool *images, const char *path);
/** As train_data_read_features; `more` (may be NULL) are PNG files whose images follow. */
ckks_status cli_rows_read(train_data *data, const char *path, const cli_texts *more,
                          const cli_rows_wanted *wanted);
/** All numeric columns of a table but `label`, or images of the shape given. */
ckks_status cli_rows_read_any(train_data *data, const char *path, const char *label,
                              const size_t image[3]);

/** --- png.c: bytes of an image of shape[0] = 1 or 3 channels, channel by channel. */
ckks_status cli_png_read(double *row, const size_t shape[3], const uint8_t *bytes, size_t n_bytes,
                         const char *name);
bool cli_png_is(const uint8_t *bytes, size_t n_bytes);
#endif
