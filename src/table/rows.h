/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rows for a model, from whatever file holds them: a table (CSV), and for models of images also
 * PNG files, idx files (MNIST's format) and raw bytes (NAME.raw).
 */
#ifndef TABLE_ROWS_H
#define TABLE_ROWS_H
#include "table/data.h"

/** Which columns or pixels, and where the true classes stand. */
typedef struct table_wanted {
  char *const *feature;
  size_t n_features;
  const char *label; /**< column of a table, idx file beside images; NULL = none wanted */
  char *const *class_name;
  size_t n_classes;
  const encoding_input *input; /**< of a model with categories; NULL */
} table_wanted;

/** As table_data_read_features; more[n_more] are PNG files whose images follow. */
ckks_status table_rows_read(table_data *data, const char *path, const char *const *more,
                            size_t n_more, const table_wanted *wanted);
/** All numeric columns of a table but `label`, or images of the shape given. */
ckks_status table_rows_read_any(table_data *data, const char *path, const char *label,
                                const size_t image[3]);
#endif
