/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a training: losses after every round. */
#include <math.h>

#include "base/alloc.h"
#include "train/fitting.h"

ckks_status train_rounds_init(train_fitting *f, size_t n_rounds) {
  train_history *h = f->history;
  h->train_loss = base_alloc_array(n_rounds, sizeof(double));
  h->validation_loss = base_alloc_array(n_rounds, sizeof(double));
  h->validation_accuracy = base_alloc_array(n_rounds, sizeof(double));
  if (h->train_loss == NULL || h->validation_loss == NULL || h->validation_accuracy == NULL)
    return base_fail_memory(n_rounds * sizeof(double));
  h->most_epochs = (int)n_rounds;
  return CKKS_OK;
}

static ckks_status fail_diverged(const train_fitting *f, int epoch) {
  return base_fail(CKKS_ERROR_RANGE,
                   "training diverged in epoch %d: the loss is no longer finite. A polynomial "
                   "grows without bound far from 0: try a learning rate below %g, a lower "
                   "degree, or look for outliers in the data",
                   epoch, f->options->learning_rate);
}

typedef struct measured {
  double loss, accuracy;
} measured;

/* Rows are taken in the order of the split: the sum must not depend on the shuffle. */
static measured measure(const train_fitting *f, const size_t *rows, size_t n,
                        train_rounds_row row_of, void *context) {
  const train_truth *truth = &f->truth;
  double sum = 0.0, total = 0.0, squares = 0.0;
  size_t n_right = 0;
  for (size_t i = 0; i < n; i++) {
    double loss;
    const double *out = row_of(&loss, context, rows[i]);
    sum += loss;
    if (truth->label != NULL) {
      n_right += encoding_outputs_argmax(out, truth->n_outputs) == (size_t)truth->label[rows[i]];
      continue;
    }
    double target = train_truth_target(truth, rows[i]);
    total += target;
    squares += target * target;
  }
  if (truth->label != NULL)
    return (measured){sum / (double)n, (double)n_right / (double)n};
  double mean_square = 2.0 * sum / (double)n;
  double variance = squares / (double)n - (total / (double)n) * (total / (double)n);
  return (measured){mean_square * truth->spread * truth->spread,
                    variance > 0.0 ? 1.0 - mean_square / variance : (double)NAN};
}

ckks_status train_rounds_note(train_fitting *f, train_rounds_row row_of, void *context) {
  train_history *h = f->history;
  int at = h->n_epochs;
  measured train = measure(f, h->train, h->n_train, row_of, context);
  measured rest = measure(f, h->validation, h->n_validation, row_of, context);
  blindsight_progress progress = {.epoch = at + 1,
                                  .n_epochs = h->most_epochs,
                                  .train_loss = train.loss,
                                  .validation_loss = rest.loss,
                                  .validation_accuracy = rest.accuracy};
  if (!isfinite(train.loss) || !isfinite(rest.loss))
    return fail_diverged(f, at + 1);
  h->train_loss[at] = train.loss;
  h->validation_loss[at] = rest.loss;
  h->validation_accuracy[at] = rest.accuracy;
  h->n_epochs = at + 1;
  if (f->options->progress != NULL &&
      f->options->progress(f->options->progress_context, &progress) != 0)
    return base_fail(CKKS_ERROR_CANCELLED, "training was cancelled after %s %d of %d",
                     f->options->kind == TRAIN_TREES ? "tree" : "epoch", at + 1, h->most_epochs);
  return CKKS_OK;
}
