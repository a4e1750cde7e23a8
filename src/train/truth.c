/* SPDX-License-Identifier: Apache-2.0 */
#include "train/truth.h"

#include <math.h>

#include "train/softmax.h"

ckks_status train_truth_init(train_truth *truth, const table_data *data, const size_t *rows,
                             size_t n) {
  double sum = 0.0, squares = 0.0;
  *truth = (train_truth){data->label, data->target, data->n_classes, 0.0, 1.0};
  if (truth->target == NULL)
    return CKKS_OK;
  for (size_t i = 0; i < n; i++)
    sum += truth->target[rows[i]];
  truth->centre = sum / (double)n;
  for (size_t i = 0; i < n; i++) {
    double d = truth->target[rows[i]] - truth->centre;
    squares += d * d;
  }
  truth->spread = sqrt(squares / (double)n);
  if (!isfinite(truth->centre) || !isfinite(truth->spread))
    return base_fail(CKKS_ERROR_RANGE, "label \"%.80s\": values are too large to learn",
                     data->class_name[0]);
  if (truth->spread == 0.0)
    return base_fail(CKKS_ERROR_ARGUMENT,
                     "label \"%.80s\": is %.17g in every training row: nothing to learn",
                     data->class_name[0], truth->centre);
  return CKKS_OK;
}

encoding_polynomial train_truth_end(double *factor, double *shift, const train_truth *truth) {
  int exponent;
  *factor = 1.0;
  *shift = 0.0;
  if (truth->label != NULL)
    return encoding_polynomial_identity;
  (void)frexp(truth->spread, &exponent);
  double unit = ldexp(1.0, exponent), centre = unit * rint(truth->centre / unit);
  *factor = truth->spread / unit;
  *shift = (truth->centre - centre) / unit;
  return (encoding_polynomial){1, {centre, unit}, false};
}

double train_truth_target(const train_truth *truth, size_t row) {
  return (truth->target[row] - truth->centre) / truth->spread;
}

double train_truth_loss(double *gradient, const double *outputs, const train_truth *truth,
                        size_t row) {
  if (truth->label != NULL) {
    size_t label = (size_t)truth->label[row];
    double loss = train_softmax_loss(gradient, outputs, truth->n_outputs, label);
    if (gradient != NULL && !isnan(loss))
      gradient[label] -= 1.0; /* softmax - one-hot */
    return loss;
  }
  double error = outputs[0] - train_truth_target(truth, row);
  if (!isfinite(error))
    return (double)NAN;
  if (gradient != NULL)
    gradient[0] = error;
  return 0.5 * error * error;
}
