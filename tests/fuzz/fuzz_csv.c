/* SPDX-License-Identifier: Apache-2.0 */
/* CSV tables: as training reads them, and as a client reads the columns of a model. */
#include "fuzz/accepted.h"
#include "train/train.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* What is accepted must be whole: labels within the classes, no infinite number. */
static void check(const table_data *data) {
  fuzz_accept();
  for (size_t r = 0; r < data->n_rows; r++) {
    if (data->label != NULL && (data->label[r] < 0 || (size_t)data->label[r] >= data->n_classes))
      abort();
    if (data->target != NULL && data->target[r] - data->target[r] != 0.0)
      abort();
    for (size_t i = 0; i < data->n_features; i++) {
      double x = data->value[r * data->n_features + i];
      if (x - x != 0.0 && x == x)
        abort();
      const encoding_feature *f = data->input.feature != NULL ? &data->input.feature[i] : NULL;
      if (f != NULL && f->kind == ENCODING_CATEGORIES && x >= (double)f->n_values)
        abort();
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  static const char *const drop[] = {"note"}, *const features[] = {"b", "a"};
  static const char *const classes[] = {"no", "yes"};
  const table_options options[] = {{.label = "y"},
                                   {.label = NULL},
                                   {.label = "y", .drop = drop, .n_drop = 1},
                                   {.label = "y", .texts = true},
                                   {.label = "y", .task = TABLE_TASK_REGRESSION}};
  const char *text = (const char *)bytes;
  table_data data;
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
    if (table_data_parse(&data, text, n_bytes, "fuzz", &options[i]) == CKKS_OK)
      check(&data);
    table_data_clear(&data);
  }
  if (table_data_parse_features(&data, text, n_bytes, "fuzz", features, 2, "y", classes, 2, NULL) ==
      CKKS_OK)
    check(&data);
  table_data_clear(&data);
  return 0;
}
