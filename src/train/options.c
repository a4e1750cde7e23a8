/* SPDX-License-Identifier: Apache-2.0 */
#include "train/train.h"

/*
 * Why seed 15: the cubic has two basins on the reference data. In one, outlying rows are driven
 * far down its falling flank (outputs to -2400), in the other they stay near (-130). The seed was
 * taken by the training rows alone: of 0..15 it ends with the smallest max_abs of the last layer.
 */
void train_options_default(train_options *options) {
  static const size_t hidden[] = {16};
  *options = (train_options){.hidden = hidden,
                             .n_hidden = 1,
                             .activation = encoding_polynomial_sigmoid3,
                             .learning_rate = 0.0005,
                             .weight_decay = 1e-5,
                             .batch_size = 64,
                             .n_epochs = 250,
                             .frac = 0.8,
                             .split_seed = 42,
                             .seed = 15,
                             .l2 = 1.0,
                             .n_trees = 100,
                             .max_depth = 4,
                             .min_rows = 20,
                             .shrinkage = 0.1,
                             .row_part = 1.0,
                             .feature_part = 1.0};
}
