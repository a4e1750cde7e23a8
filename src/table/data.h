/* SPDX-License-Identifier: Apache-2.0 */
/* CSV tables (table/csv.h; a header line is required). */
#ifndef TABLE_DATA_H
#define TABLE_DATA_H
#include "encoding/encoding.h"

/** What the label is: one of several classes, or a quantity. */
typedef enum table_task { TABLE_TASK_AUTO, TABLE_TASK_CLASSES, TABLE_TASK_REGRESSION } table_task;

typedef struct table_options {
  const char *label;       /**< name of the label column; NULL = no label column is wanted */
  const char *const *drop; /**< names of columns to ignore, each alone or "a,b" */
  size_t n_drop;
  bool texts;                    /**< columns of texts are categories; else they are refused */
  const char *const *categories; /**< where texts: columns that are categories though they hold
                                      numbers, or some; each alone or "a,b" */
  size_t n_categories;
  table_task task; /**< AUTO: table/labels.h says when numbers are quantities */
} table_options;

typedef struct table_data {
  size_t n_rows, n_features;
  char **feature;    /**< column names */
  double *value;     /**< n_rows x n_features; NaN = missing */
  int *label;        /**< class of each row, NULL without a label column */
  double *target;    /**< or its value, where the label is a quantity; one "class" then, its name */
  size_t n_distinct; /**< different labels (for training) */
  size_t n_classes;
  char **class_name; /**< distinct label texts in ascending byte order (numeric order when all are
                        numbers) */
  encoding_input input; /**< where some features are categories; else its feature is NULL */
  size_t *line;         /**< line number in the file of each row */
  size_t *missing;      /**< per feature: how many values are missing */
  size_t n_dropped_columns;
  char **dropped; /**< their names; "" of one without */
  size_t n_notes;
  char **note; /**< what was taken for what, for people: one line each (table/notes.h) */
} table_data;

#define TABLE_DATA_MAX_BYTES ((size_t)256 << 20)
#define TABLE_DATA_MAX_ROWS ((size_t)1 << 20)

/**
 * Missing values: what table_csv_number says; true and false are 1 and 0. A column named "id" (any
 * case), and columns without a name (the first holds row numbers, as R and pandas write them; any
 * other must be empty) are ignored; blank lines too. Line breaks in names and texts become blanks.
 * Errors name file, line and column (by name and number), all columns that hold what is no number
 * at once: no header, duplicate names, ragged rows, a text where a number is needed, infinite
 * numbers, missing labels, unknown label or drop column (with the names there are), fewer than 2
 * classes where the label is no quantity, limits of encoding.h, 2^20 rows.
 */
ckks_status table_data_read(table_data *data, const char *path, const table_options *options);
/** The same for text in memory; `name` stands in front of messages. */
ckks_status table_data_parse(table_data *data, const char *text, size_t n_bytes, const char *name,
                             const table_options *options);
void table_data_clear(table_data *data);
/**
 * For a client: reads the columns named by the model, in the model's order, those that `input`
 * (NULL: none) has categories for as texts or their numbers,
 * whatever else the file holds (a label column is picked up when `label` is
 * named and present: as numbers where n_classes is 0). Missing values stay NaN, which
 * plan_pack_scale takes as the model's mean (scaled 0).
 */
ckks_status table_data_read_features(table_data *data, const char *path,
                                     const char *const *features, size_t n_features,
                                     const char *label, const char *const *classes,
                                     size_t n_classes, const encoding_input *input);
ckks_status table_data_parse_features(table_data *data, const char *text, size_t n_bytes,
                                      const char *name, const char *const *features,
                                      size_t n_features, const char *label,
                                      const char *const *classes, size_t n_classes,
                                      const encoding_input *input);
#endif
