/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/training.h"

#include <string.h>

#include "base/alloc.h"

void blindsight_training_free(blindsight_training *training) {
  blindsight_training_whole *whole = (void *)training;
  if (whole == NULL)
    return;
  blindsight_rows_free(whole->validation);
  train_history_clear(&whole->history);
  table_data_clear(&whole->data);
  base_free(whole);
}

/* Whoever measures or shares these rows has them in one piece. */
static ckks_status copy_validation(blindsight_training_whole *whole) {
  const table_data *data = &whole->data;
  const train_history *h = &whole->history;
  BASE_TRY(blindsight_rows_build(&whole->validation, h->n_validation, data->n_features,
                                 data->label != NULL, data->target != NULL));
  blindsight_rows *rows = whole->validation;
  for (size_t i = 0; i < h->n_validation; i++) {
    size_t from = h->validation[i];
    memcpy(rows->value + i * data->n_features, data->value + from * data->n_features,
           data->n_features * sizeof *rows->value);
    if (data->label != NULL)
      rows->label[i] = data->label[from];
    if (data->target != NULL)
      rows->target[i] = data->target[from];
    rows->index[i] = from;
    rows->line[i] = data->line[from];
  }
  return CKKS_OK;
}

ckks_status blindsight_training_view(blindsight_training_whole *whole) {
  const table_data *data = &whole->data;
  const train_history *h = &whole->history;
  BASE_TRY(copy_validation(whole));
  whole->shown = (blindsight_training){.n_rows = data->n_rows,
                                       .n_features = data->n_features,
                                       .n_classes = data->n_classes,
                                       .n_ignored_columns = data->n_dropped_columns,
                                       .feature = (const char *const *)data->feature,
                                       .label = (const char *const *)data->class_name,
                                       .n_missing = data->missing,
                                       .n_constant = h->n_constant,
                                       .constant = h->constant,
                                       .n_train = h->n_train,
                                       .n_epochs = h->n_epochs,
                                       .train_loss = h->train_loss,
                                       .validation_loss = h->validation_loss,
                                       .validation_accuracy = h->validation_accuracy,
                                       .validation = whole->validation,
                                       .regression = data->target != NULL,
                                       .n_distinct = data->n_distinct,
                                       .n_kept = h->n_kept,
                                       .n_leaves = h->n_leaves,
                                       .n_bins = h->n_bins,
                                       .weight = h->weight,
                                       .ignored = (const char *const *)data->dropped,
                                       .n_notes = data->n_notes,
                                       .note = (const char *const *)data->note};
  return CKKS_OK;
}
