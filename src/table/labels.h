/* SPDX-License-Identifier: Apache-2.0 */
/* What the label column of a table says: classes, or numbers. Rows have been read, as texts. */
#ifndef TABLE_LABELS_H
#define TABLE_LABELS_H
#include "table/columns.h"

/**
 * For training. Classes are the distinct texts; numbers are a quantity, where the task says so or
 * they have more than 20 values, or fractions and more than two: then `target` is set instead of
 * `label`. CKKS_ERROR_FORMAT where neither can be.
 */
ckks_status table_labels_find(table_columns *table, table_task task);
/** The class of each row among those given; a text that is none of them is CKKS_ERROR_FORMAT. */
ckks_status table_labels_match(table_columns *table, const char *const *classes, size_t n_classes);
/** `target`: the column as numbers; what is none is CKKS_ERROR_FORMAT. */
ckks_status table_labels_values(table_columns *table);
#endif
