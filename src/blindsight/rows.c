/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in clear, from files and from callers. */
#include <math.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "blindsight/objects.h"
#include "train/train.h"

ckks_status blindsight_rows_load(blindsight_rows *rows, const char *path,
                                 const blindsight_names *names, const char *label) {
  table_data data;
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  *rows = (blindsight_rows){0};
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(names, "names"));
  BASE_TRY(table_data_read_features(&data, path, names->feature, names->n_features, label,
                                    names->label, names->n_labels));
  /* The numbers change hands, the rest goes. */
  *rows = (blindsight_rows){data.n_rows, data.n_features, data.value, data.label};
  data.value = NULL;
  data.label = NULL;
  table_data_clear(&data);
  return CKKS_OK;
}

void blindsight_rows_clear(blindsight_rows *rows) {
  if (rows == NULL)
    return;
  if (rows->value != NULL)
    base_wipe(rows->value, rows->n_rows * rows->n_features * sizeof *rows->value);
  if (rows->label != NULL)
    base_wipe(rows->label, rows->n_rows * sizeof *rows->label);
  base_free(rows->value);
  base_free(rows->label);
  *rows = (blindsight_rows){0};
}

ckks_status blindsight_rows_check(const double *rows, size_t n_rows, char *const *feature,
                                  size_t n_features) {
  BASE_TRY(blindsight_objects_require(rows, "rows"));
  if (n_rows < 1)
    return base_fail(CKKS_ERROR_ARGUMENT, "n_rows = 0: must be 1 or more");
  for (size_t row = 0; row < n_rows; row++)
    for (size_t i = 0; i < n_features; i++)
      if (isinf(rows[row * n_features + i]))
        return base_fail(CKKS_ERROR_RANGE, "row %zu: \"%.80s\" is infinite", row, feature[i]);
  return CKKS_OK;
}
