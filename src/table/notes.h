/* SPDX-License-Identifier: Apache-2.0 */
/* What was noticed of a table while it was read, for people. */
#ifndef TABLE_NOTES_H
#define TABLE_NOTES_H
#include "table/columns.h"

#define TABLE_MAX_NOTES 16

/** One line; those beyond TABLE_MAX_NOTES are not kept. CKKS_ERROR_MEMORY. */
ckks_status table_notes_add(table_data *data, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Of separators other than commas and of decimal commas. */
ckks_status table_notes_add_form(const table_columns *table);
/** Digits with dots, dashes, slashes or colons between, as in 2024-03-01, 1.3.2024 or 12:30. */
bool table_notes_is_date(const char *text);
/** For training, of classes: a text that elsewhere means "missing", names that differ in case. */
ckks_status table_notes_add_classes(const table_columns *table);
/** For training: whole numbers that differ in every row and follow each other, or are called so. */
ckks_status table_notes_add_identifiers(const table_columns *table);
#endif
