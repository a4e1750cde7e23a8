/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/train_validation.h"

#include <math.h>

#include "base/bytes.h"
#include "base/file.h"
#include "cli/csv.h"

#define MAX_VALIDATION_BYTES ((size_t)1 << 30)

static void write_value(base_buffer *csv, const blindsight_names *names, size_t feature,
                        double value) {
  size_t n;
  const char *const *category = blindsight_names_categories(&n, names, feature);
  if (category != NULL && !isnan(value))
    cli_csv_text(csv, category[(size_t)value]);
  else
    cli_csv_number(csv, value);
}

/* The rows as a client would have them: the columns of the model, then the label. */
ckks_status cli_train_validation_write(const char *path, const blindsight_rows *rows,
                                       const blindsight_names *names, const char *label) {
  base_buffer csv;
  size_t n_features = names->n_features;
  base_buffer_init(&csv, MAX_VALIDATION_BYTES);
  for (size_t i = 0; i < n_features; i++) {
    cli_csv_text(&csv, names->feature[i]);
    base_buffer_u8(&csv, ',');
  }
  cli_csv_text(&csv, label);
  base_buffer_u8(&csv, '\n');
  for (size_t row = 0; row < rows->n_rows; row++) {
    for (size_t i = 0; i < n_features; i++) {
      write_value(&csv, names, i, rows->value[row * n_features + i]);
      base_buffer_u8(&csv, ',');
    }
    if (rows->target != NULL)
      cli_csv_number(&csv, rows->target[row]);
    else
      cli_csv_text(&csv, names->label[rows->label[row]]);
    base_buffer_u8(&csv, '\n');
  }
  ckks_status status = base_buffer_status(&csv);
  if (status == CKKS_OK)
    status = base_file_write(path, csv.bytes, csv.n_bytes, 0600);
  base_buffer_clear(&csv);
  return status;
}
