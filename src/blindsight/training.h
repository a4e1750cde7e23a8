/* SPDX-License-Identifier: Apache-2.0 */
/* What training found, and the parts that it is shown from. */
#ifndef BLINDSIGHT_TRAINING_H
#define BLINDSIGHT_TRAINING_H
#include "blindsight/objects.h"
#include "train/train.h"

/** `shown` first: a pointer to it is one to the whole. */
typedef struct blindsight_training_whole {
  blindsight_training shown;
  table_data data;
  train_history history;
  blindsight_rows *validation;
} blindsight_training_whole;

/** Copies the validation rows and fills `shown` in from data and history. */
ckks_status blindsight_training_view(blindsight_training_whole *training);
#endif
