/* SPDX-License-Identifier: Apache-2.0 */
#include "table/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"
#include "table/idx.h"
#include "table/png.h"

#define MAX_BYTES ((size_t)1 << 30)
#define MAX_LABEL 1024

/* PNG files behind the first. */
typedef struct files {
  const char *const *path;
  size_t n;
} files;

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
  *s = (source){.name = base_file_name(path)};
  return base_file_read(&s->bytes, &s->n_bytes, path, MAX_BYTES);
}

static void source_clear(source *s) {
  if (s->bytes != NULL)
    base_wipe(s->bytes, s->n_bytes);
  base_free(s->bytes);
  *s = (source){0};
}

static bool is_images(const source *s) {
  return table_png_is(s->bytes, s->n_bytes) || table_idx_is(s->bytes, s->n_bytes) ||
         ends_with(s->name, ".raw");
}

/* ----------------------------------------------------------------- images */

static size_t pixels_of(const size_t image[3]) {
  return image[0] * image[1] * image[2];
}

static ckks_status begin_images(table_data *data, size_t n_rows, const size_t image[3],
                                const char *name) {
  if (n_rows < 1 || n_rows > TABLE_DATA_MAX_ROWS)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu images where 1 to %zu are allowed", name, n_rows,
                     TABLE_DATA_MAX_ROWS);
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

static ckks_status take_bytes(table_data *data, const uint8_t *bytes, size_t n_rows, size_t row,
                              const size_t image[3], const char *name) {
  if (row != pixels_of(image))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes an image where the model takes %zu", name,
                     row, pixels_of(image));
  BASE_TRY(begin_images(data, n_rows, image, name));
  for (size_t i = 0; i < n_rows * row; i++)
    data->value[i] = bytes[i];
  return CKKS_OK;
}

static ckks_status read_idx(table_data *data, const source *s, const size_t image[3]) {
  table_idx idx;
  BASE_TRY(table_idx_parse(&idx, s->bytes, s->n_bytes, s->name));
  return take_bytes(data, idx.value, idx.n, idx.row, image, s->name);
}

static ckks_status read_raw(table_data *data, const source *s, const size_t image[3]) {
  size_t row = pixels_of(image);
  if (s->n_bytes == 0 || s->n_bytes % row != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes, no multiple of the %zu of an image",
                     s->name, s->n_bytes, row);
  return take_bytes(data, s->bytes, s->n_bytes / row, row, image, s->name);
}

/* The first PNG, and those after it. */
static ckks_status read_pngs(table_data *data, const source *first, const files *more,
                             const size_t image[3]) {
  BASE_TRY(begin_images(data, 1 + more->n, image, first->name));
  BASE_TRY(table_png_read(data->value, image, first->bytes, first->n_bytes, first->name));
  for (size_t i = 0; i < more->n; i++) {
    source s;
    BASE_TRY(source_read(&s, more->path[i]));
    ckks_status status =
        table_png_read(data->value + (i + 1) * data->n_features, image, s.bytes, s.n_bytes, s.name);
    source_clear(&s);
    BASE_TRY(status);
  }
  return CKKS_OK;
}

static ckks_status read_images(table_data *data, const source *s, const files *more,
                               const size_t image[3]) {
  bool png = table_png_is(s->bytes, s->n_bytes);
  if (!png && more->n > 0)
    return base_fail(CKKS_ERROR_ARGUMENT, "%s: further images follow PNG files only", s->name);
  if (png)
    return read_pngs(data, s, more, image);
  return table_idx_is(s->bytes, s->n_bytes) ? read_idx(data, s, image) : read_raw(data, s, image);
}

/* Labels are numbers in an idx file; the model names its classes by texts. */
static ckks_status read_labels(table_data *data, const table_wanted *wanted) {
  table_idx idx;
  int class_of[MAX_LABEL];
  for (size_t i = 0; i < MAX_LABEL; i++)
    class_of[i] = -1;
  for (size_t c = 0; c < wanted->n_classes; c++) {
    char *end;
    unsigned long number = strtoul(wanted->class_name[c], &end, 10);
    if (*end == '\0' && number < MAX_LABEL)
      class_of[number] = (int)c;
  }
  BASE_TRY(table_idx_read(&idx, wanted->label));
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
  table_idx_clear(&idx);
  return status;
}

/* ------------------------------------------------------------------- rows */

static ckks_status read_source(table_data *data, const source *s, const files *more,
                               const table_wanted *wanted) {
  size_t image[3];
  if (!is_images(s))
    return table_data_parse_features(data, (const char *)s->bytes, s->n_bytes, s->name,
                                     (const char *const *)wanted->feature, wanted->n_features,
                                     wanted->label, (const char *const *)wanted->class_name,
                                     wanted->n_classes, wanted->input);
  if (!encoding_image_shape(image, wanted->feature, wanted->n_features))
    return base_fail(CKKS_ERROR_FORMAT, "%s: an image, but the model takes a table", s->name);
  BASE_TRY(read_images(data, s, more, image));
  return wanted->label != NULL ? read_labels(data, wanted) : CKKS_OK;
}

ckks_status table_rows_read(table_data *data, const char *path, const char *const *more,
                            size_t n_more, const table_wanted *wanted) {
  const files after = {more, n_more};
  source s;
  *data = (table_data){0};
  BASE_TRY(source_read(&s, path));
  ckks_status status = read_source(data, &s, &after, wanted);
  if (status == CKKS_OK && n_more > 0 && !is_images(&s))
    status = base_fail(CKKS_ERROR_ARGUMENT, "%s: further images follow PNG files only", path);
  source_clear(&s);
  if (status != CKKS_OK)
    table_data_clear(data);
  return status;
}

ckks_status table_rows_read_any(table_data *data, const char *path, const char *label,
                                const size_t image[3]) {
  source s;
  const files none = {NULL, 0};
  const char *const drop[] = {label};
  const table_options options = {.drop = drop, .n_drop = label != NULL};
  *data = (table_data){0};
  BASE_TRY(source_read(&s, path));
  ckks_status status;
  if (!is_images(&s))
    status = table_data_parse(data, (const char *)s.bytes, s.n_bytes, s.name, &options);
  else if (image[0] == 0)
    status = base_fail(CKKS_ERROR_FORMAT, "%s: images, but the network takes none", s.name);
  else
    status = read_images(data, &s, &none, image);
  source_clear(&s);
  if (status != CKKS_OK)
    table_data_clear(data);
  return status;
}
