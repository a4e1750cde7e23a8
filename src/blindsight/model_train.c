/* SPDX-License-Identifier: Apache-2.0 */
/* From a CSV file to a model. */
#include "base/alloc.h"
#include "blindsight/training.h"

_Static_assert((int)BLINDSIGHT_NETWORK == (int)TRAIN_NETWORK &&
                   (int)BLINDSIGHT_LINEAR == (int)TRAIN_LINEAR &&
                   (int)BLINDSIGHT_TREES == (int)TRAIN_TREES &&
                   (int)BLINDSIGHT_TASK_REGRESSION == (int)TABLE_TASK_REGRESSION &&
                   (int)BLINDSIGHT_TASK_CLASSES == (int)TABLE_TASK_CLASSES,
               "what is trained, and for what");

static ckks_status set_activation(encoding_polynomial *out,
                                  const blindsight_train_options *options) {
  if (options->activation == NULL)
    return CKKS_OK;
  if (options->degree < 1 || options->degree > ENCODING_MAX_POWERS)
    return base_fail(CKKS_ERROR_ARGUMENT, "degree = %d: must be 1 to %d", options->degree,
                     ENCODING_MAX_POWERS);
  *out = (encoding_polynomial){.degree = options->degree};
  for (int k = 0; k <= options->degree; k++)
    out->coefficient[k] = options->activation[k];
  return CKKS_OK;
}

static ckks_status set_options(train_options *inner, const blindsight_train_options *options) {
  train_options_default(inner);
  inner->kind = (train_kind)options->learner;
  inner->l2 = options->l2;
  inner->n_trees = options->n_trees;
  inner->max_depth = options->max_depth;
  inner->min_rows = options->min_rows;
  inner->n_bins = options->n_bins;
  inner->shrinkage = options->shrinkage;
  inner->row_part = options->row_part;
  inner->feature_part = options->feature_part;
  inner->patience = options->patience;
  inner->exact_edges = options->exact_edges;
  inner->hidden = options->hidden;
  inner->n_hidden = options->n_hidden;
  inner->learning_rate = options->learning_rate;
  inner->weight_decay = options->weight_decay;
  inner->batch_size = options->batch_size;
  inner->n_epochs = options->n_epochs;
  inner->frac = options->training_part;
  inner->split_seed = options->split_seed;
  inner->seed = options->seed;
  inner->progress = options->progress;
  inner->progress_context = options->context;
  if (options->n_hidden > 0)
    BASE_TRY(blindsight_objects_require(options->hidden, "options.hidden"));
  if (options->n_drop > 0)
    BASE_TRY(blindsight_objects_require(options->drop, "options.drop"));
  if (options->n_categories > 0)
    BASE_TRY(blindsight_objects_require(options->categories, "options.categories"));
  return set_activation(&inner->activation, options);
}

static ckks_status fit(network_model *model, blindsight_training_whole *training, const char *path,
                       const blindsight_train_options *options) {
  train_options inner;
  const table_options columns = {.label = options->label,
                                 .drop = options->drop,
                                 .n_drop = options->n_drop,
                                 .categories = options->categories,
                                 .n_categories = options->n_categories,
                                 .texts = true,
                                 .task = (table_task)options->task};
  if ((int)options->task < 0 || options->task > BLINDSIGHT_TASK_REGRESSION)
    return base_fail(CKKS_ERROR_ARGUMENT, "options.task = %d: there is none", (int)options->task);
  BASE_TRY(set_options(&inner, options));
  BASE_TRY(table_data_read(&training->data, path, &columns));
  BASE_TRY(train_fit(model, &training->history, &training->data, &inner));
  return blindsight_training_view(training);
}

ckks_status blindsight_model_train(blindsight_model **out, blindsight_training **training,
                                   const char *path, const blindsight_train_options *options) {
  blindsight_train_options o;
  if (out != NULL)
    *out = NULL;
  if (training != NULL)
    *training = NULL;
  BASE_TRY(blindsight_objects_require(out, "out"));
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(options, "options"));
  blindsight_train_options_default(&o, sizeof o);
  BASE_TRY(blindsight_options_take(&o, sizeof o, options));
  BASE_TRY(blindsight_objects_require(o.label, "options.label"));
  blindsight_training_whole *whole = base_alloc(sizeof *whole);
  if (whole == NULL)
    return base_fail_memory(sizeof *whole);
  ckks_status status = blindsight_model_build(out);
  if (status == CKKS_OK)
    status = blindsight_model_finish(out, fit(&(*out)->model, whole, path, &o));
  if (status == CKKS_OK && training != NULL)
    *training = &whole->shown;
  else
    blindsight_training_free(&whole->shown);
  return status;
}
