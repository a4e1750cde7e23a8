/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/objects.h"
#include "train/train.h"

void blindsight_train_options_default(blindsight_train_options *options, size_t size) {
  train_options inner;
  train_options_default(&inner);
  const blindsight_train_options defaults = {.hidden = inner.hidden,
                                             .n_hidden = inner.n_hidden,
                                             .learning_rate = inner.learning_rate,
                                             .weight_decay = inner.weight_decay,
                                             .batch_size = inner.batch_size,
                                             .n_epochs = inner.n_epochs,
                                             .training_part = inner.frac,
                                             .split_seed = inner.split_seed,
                                             .seed = inner.seed,
                                             .l2 = inner.l2,
                                             .n_trees = inner.n_trees,
                                             .max_depth = inner.max_depth,
                                             .min_rows = inner.min_rows,
                                             .shrinkage = inner.shrinkage,
                                             .row_part = inner.row_part,
                                             .feature_part = inner.feature_part};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
}
