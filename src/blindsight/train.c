/* SPDX-License-Identifier: Apache-2.0 */
/* From a CSV file to a model. */
#include "train/train.h"
#include "base/alloc.h"
#include "blindsight/objects.h"

void blindsight_train_options_default(blindsight_train_options *options) {
  train_options inner;
  train_options_default(&inner);
  *options = (blindsight_train_options){.hidden = inner.hidden,
                                        .n_hidden = inner.n_hidden,
                                        .learning_rate = inner.learning_rate,
                                        .weight_decay = inner.weight_decay,
                                        .batch_size = inner.batch_size,
                                        .n_epochs = inner.n_epochs,
                                        .training_part = inner.frac,
                                        .split_seed = inner.split_seed,
                                        .seed = inner.seed};
}

/* The public callback stays free to grow apart from the room's own. */
static int report(void *context, const train_progress *progress) {
  const blindsight_train_options *options = context;
  const blindsight_progress public = {.epoch = progress->epoch,
                                      .n_epochs = progress->n_epochs,
                                      .train_loss = progress->train_loss,
                                      .validation_loss = progress->validation_loss,
                                      .validation_accuracy = progress->validation_accuracy};
  return options->progress(options->context, &public);
}

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

static ckks_status fit(network_model *model, const char *path,
                       const blindsight_train_options *options) {
  train_options inner;
  train_options_default(&inner);
  inner.hidden = options->hidden;
  inner.n_hidden = options->n_hidden;
  inner.learning_rate = options->learning_rate;
  inner.weight_decay = options->weight_decay;
  inner.batch_size = options->batch_size;
  inner.n_epochs = options->n_epochs;
  inner.frac = options->training_part;
  inner.split_seed = options->split_seed;
  inner.seed = options->seed;
  inner.progress = options->progress != NULL ? report : NULL;
  inner.progress_context = (void *)options;
  if (options->n_hidden > 0)
    BASE_TRY(blindsight_objects_require(options->hidden, "options.hidden"));
  BASE_TRY(set_activation(&inner.activation, options));
  const table_options columns = {options->label, options->drop, options->n_drop};
  table_data data;
  train_history history = {0};
  BASE_TRY(table_data_read(&data, path, &columns));
  ckks_status status = train_fit(model, &history, &data, &inner);
  train_history_clear(&history);
  table_data_clear(&data);
  return status;
}

ckks_status blindsight_model_train(blindsight_model **out, const char *path,
                                   const blindsight_train_options *options) {
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(options, "options"));
  BASE_TRY(blindsight_objects_require(options->label, "options.label"));
  blindsight_model *model = base_alloc(sizeof *model);
  if (model == NULL)
    return base_fail_memory(sizeof *model);
  ckks_status status = fit(&model->model, path, options);
  if (status != CKKS_OK) {
    blindsight_model_free(model);
    return status;
  }
  *out = model;
  return CKKS_OK;
}
