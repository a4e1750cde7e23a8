/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "cli/print.h"
#include "train/idx.h"

#define MAX_BYTES ((size_t)1 << 30)
#define MAX_LABEL 1024

typedef struct source {
  uint8_t *bytes;
  size_t n_bytes;
  const char *name;
} source;

static bool ends_with(const char *path, const char *ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n >= m && strcmp(path + n - m, ending) == 0;
}

static ckks_status source_read(source *s, const char *path) {
  *s = (source){.name = cli_print_name(path)};
  return base_file_read(&s->bytes, &s->n_bytes, path, MAX_BYTES);
}

static void source_clear(source *s) {
  if (s->bytes != NULL)
    base_wipe(s->bytes, s->n_bytes);
  base_free(s->bytes);
  *s = (source){0};
}

static bool is_images(const source *s) {
  return cli_png_is(s->bytes, s->n_bytes) || train_idx_is(s->bytes, s->n_bytes) ||
         ends_with(s->name, ".raw");
}

ckks_status cli_rows_are_images(bool *images, const char *path) {
  source s;
  *images = false;
  if (strcmp(path, "-") == 0)
    return CKKS_OK; /* can be read once only: a table */
  BASE_TRY(source_read(&s, path));
  *images = is_images(&s);
  source_clear(&s);
  return CKKS_OK;
}

/* ----------------------------------------------------------------- images */

static size_t pixels_of(const size_t image[3]) {
  return image[0] * image[1] * image[2];
}

static ckks_status begin_images(train_data *data, size_t n_rows, const size_t image[3],
                                const char *name) {
  if (n_rows < 1 || n_rows > TRAIN_DATA_MAX_ROWS)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu images where 1 to %zu are allowed", name, n_rows,
                     TRAIN_DATA_MAX_ROWS);
  data->n_rows = n_rows;
  data->n_features = pixels_of(image);
  data->value = base_alloc_array(n_rows * data->n_features, sizeof *data->value);
  data->line = base_alloc_array(n_rows, sizeof *data->line);
  if (data->value == NULL || data->line == NULL)
    return base_fail_memory(n_rows * data->n_features * sizeof *data->value);
  for (size_t i = 0; i < n_rows; i++)
    data->line[i] = i + 1;
  return CKKS_OK;
}

static ckks_status take_bytes(train_data *data, const uint8_t *bytes, size_t n_rows, size_t row,
                              const size_t image[3], const char *name) {
  if (row != pixels_of(image))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes an image where the model takes %zu", name,
                     row, pixels_of(image));
  BASE_TRY(begin_images(data, n_rows, image, name));
  for (size_t i = 0; i < n_rows * row; i++)
    data->value[i] = bytes[i];
  return CKKS_OK;
}

static ckks_status read_idx(train_data *data, const source *s, const size_t image[3]) {
  train_idx idx;
  BASE_TRY(train_idx_parse(&idx, s->bytes, s->n_bytes, s->name));
  return take_bytes(data, idx.value, idx.n, idx.row, image, s->name);
}

static ckks_status read_raw(train_data *data, const source *s, const size_t image[3]) {
  size_t row = pixels_of(image);
  if (s->n_bytes == 0 || s->n_bytes % row != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes, no multiple of the %zu of an image",
                     s->name, s->n_bytes, row);
  return take_bytes(data, s->bytes, s->n_bytes / row, row, image, s->name);
}

/* The first PNG, and those after it. */
static ckks_status read_pngs(train_data *data, const source *first, const cli_texts *more,
                             const size_t image[3]) {
  size_t n_more = more != NULL ? more->n : 0;
  BASE_TRY(begin_images(data, 1 + n_more, image, first->name));
  BASE_TRY(cli_png_read(data->value, image, first->bytes, first->n_bytes, first->name));
  for (size_t i = 0; i < n_more; i++) {
    source s;
    BASE_TRY(source_read(&s, more->text[i]));
    ckks_status status =
        cli_png_read(data->value + (i + 1) * data->n_features, image, s.bytes, s.n_bytes, s.name);
    source_clear(&s);
    BASE_TRY(status);
  }
  return CKKS_OK;
}

static ckks_status read_images(train_data *data, const source *s, const cli_texts *more,
                               const size_t image[3]) {
  bool png = cli_png_is(s->bytes, s->n_bytes);
  if (!png && more != NULL && more->n > 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: further images follow PNG files only", s->name);
  if (png)
    return read_pngs(data, s, more, image);
  return train_idx_is(s->bytes, s->n_bytes) ? read_idx(data, s, image) : read_raw(data, s, image);
}

/* Labels are numbers in an idx file; the model names its classes by texts. */
static ckks_status read_labels(train_data *data, const cli_rows_wanted *wanted) {
  train_idx idx;
  int class_of[MAX_LABEL];
  for (size_t i = 0; i < MAX_LABEL; i++)
    class_of[i] = -1;
  for (size_t c = 0; c < wanted->n_classes; c++) {
    char *end;
    unsigned long number = strtoul(wanted->class_name[c], &end, 10);
    if (*end == '\0' && number < MAX_LABEL)
      class_of[number] = (int)c;
  }
  BASE_TRY(train_idx_read(&idx, wanted->label));
  ckks_status status = CKKS_OK;
  data->label = base_alloc_array(data->n_rows, sizeof *data->label);
  if (data->label == NULL)
    status = base_fail_memory(data->n_rows * sizeof *data->label);
  else if (idx.row != 1 || idx.n != data->n_rows)
    status = base_fail(CKKS_ERROR_FORMAT, "%s: %zu labels of %zu bytes for %zu images",
                       wanted->label, idx.n, idx.row, data->n_rows);
  for (size_t i = 0; i < data->n_rows && status == CKKS_OK; i++)
    if ((data->label[i] = class_of[idx.value[i]]) < 0)
      status = base_fail(CKKS_ERROR_FORMAT, "%s: label %u is no class of the model", wanted->label,
                         (unsigned)idx.value[i]);
  train_idx_clear(&idx);
  return status;
}

/* ------------------------------------------------------------------- rows */

static ckks_status read_source(train_data *data, const source *s, const cli_texts *more,
                               const cli_rows_wanted *wanted) {
  size_t image[3];
  if (!is_images(s))
    return train_data_parse_features(data, (const char *)s->bytes, s->n_bytes, s->name,
                                     (const char *const *)wanted->feature, wanted->n_features,
                                     wanted->label, (const char *const *)wanted->class_name,
                                     wanted->n_classes);
  if (!model_image_shape(image, wanted->feature, wanted->n_features))
    return base_fail(CKKS_ERROR_FORMAT, "%s: an image, but the model takes a table", s->name);
  BASE_TRY(read_images(data, s, more, image));
  return wanted->label != NULL ? read_labels(data, wanted) : CKKS_OK;
}

ckks_status cli_rows_read(train_data *data, const char *path, const cli_texts *more,
                          const cli_rows_wanted *wanted) {
  source s;
  *data = (train_data){0};
  BASE_TRY(source_read(&s, path));
  ckks_status status = read_source(data, &s, more, wanted);
  if (status == CKKS_OK && more != NULL && more->n > 0 && !is_images(&s))
    status = base_fail(CKKS_ERROR_ARGUMENT, "%s: further images follow PNG files only", path);
  source_clear(&s);
  if (status != CKKS_OK)
    train_data_clear(data);
  return status;
}

ckks_status cli_rows_read_any(train_data *data, const char *path, const char *label,
                              const size_t image[3]) {
  source s;
  const char *const drop[] = {label};
  const train_options_data options = {NULL, drop, label != NULL};
  *data = (train_data){0};
  BASE_TRY(source_read(&s, path));
  ckks_status status;
  if (!is_images(&s))
    status = train_data_parse(data, (const char *)s.bytes, s.n_bytes, s.name, &options);
  else if (image[0] == 0)
    status = base_fail(CKKS_ERROR_FORMAT, "%s: images, but the network takes none", s.name);
  else
    status = read_images(data, &s, NULL, image);
  source_clear(&s);
  if (status != CKKS_OK)
    train_data_clear(data);
  return status;
}
