/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "train/train.h"

/* Also clears a history of which only the first parts were made. */
void train_history_clear(train_history *history) {
  base_free(history->train_loss);
  base_free(history->validation_loss);
  base_free(history->validation_accuracy);
  base_free(history->train);
  base_free(history->validation);
  base_free(history->constant);
  base_free(history->weight);
  *history = (train_history){0};
}
