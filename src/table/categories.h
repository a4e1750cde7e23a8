/* SPDX-License-Identifier: Apache-2.0 */
/* Features that are texts: one of several categories, a number from 0 on. */
#ifndef TABLE_CATEGORIES_H
#define TABLE_CATEGORIES_H
#include "table/columns.h"

/** For training: the text's number, in the order in which texts come. false: there are too many. */
bool table_categories_note(double *value, table_texts *texts, const char *text);
/**
 * When all rows are read: categories of the texts that a row in a hundred has, or twenty rows, in
 * ascending byte order; ENCODING_OTHER behind them for all others, and those to come. Sets
 * data->input where there are any, and says so.
 */
ckks_status table_categories_settle(table_columns *table);
/** For a client: the number of a text, or as the number that it is; false where it is neither. */
bool table_categories_find(double *value, size_t *n_unseen, const encoding_feature *feature,
                           const char *text);
#endif
