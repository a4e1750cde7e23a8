/* SPDX-License-Identifier: Apache-2.0 */
/* A network learns: batches of shuffled rows, epoch by epoch. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "train/fitting.h"
#include "train/network.h"

/* Streams of the seed. */
#define DOMAIN_INITIAL 1
#define DOMAIN_ORDER 2

typedef struct epochs {
  train_fitting *fitting;
  size_t *order; /* the training rows as this epoch takes them */
  rand_stream stream;
  train_network network;
} epochs;

/* Uniform below n <= 2^32, without the bias of a plain remainder. */
static size_t next_below(rand_stream *stream, size_t n) {
  uint64_t most = UINT64_MAX - UINT64_MAX % n, value;
  uint8_t bytes[8];
  do {
    rand_stream_read(stream, bytes, sizeof bytes);
    value = base_load_u64(bytes);
  } while (value >= most);
  return (size_t)(value % n);
}

/* Each epoch shuffles what the one before left (Fisher-Yates). */
static void shuffle(epochs *e) {
  for (size_t i = e->fitting->history->n_train - 1; i > 0; i--) {
    size_t j = next_below(&e->stream, i + 1), moved = e->order[i];
    e->order[i] = e->order[j];
    e->order[j] = moved;
  }
}

/* Rows keep the numbers they have in the table; the split is a list of them. */
static const double *scaled_row(const epochs *e, size_t row) {
  return e->fitting->scaled + row * e->fitting->n_inputs;
}

/* One pass over the training rows; the last batch may be smaller and counts by its own size.
 * Whether the loss stayed finite. */
static bool run_epoch(epochs *e) {
  const train_options *options = e->fitting->options;
  size_t n = e->fitting->history->n_train, batch_size = (size_t)options->batch_size;
  shuffle(e);
  for (size_t start = 0; start < n; start += batch_size) {
    size_t end = n - start < batch_size ? n : start + batch_size;
    for (size_t i = start; i < end; i++) {
      size_t row = e->order[i];
      if (isnan(train_network_learn(&e->network, scaled_row(e, row), &e->fitting->truth, row)))
        return false;
    }
    train_network_step(&e->network, end - start, options->learning_rate, options->weight_decay);
  }
  return true;
}

static const double *row_of(double *loss, void *context, size_t row) {
  epochs *e = context;
  const double *outputs = train_network_outputs(&e->network, scaled_row(e, row));
  *loss = train_truth_loss(NULL, outputs, &e->fitting->truth, row);
  return outputs;
}

/* Once the loss of a row is not finite, that of all of them is not. */
static const double *lost(double *loss, void *context, size_t row) {
  const double *outputs = row_of(loss, context, row);
  *loss = (double)NAN;
  return outputs;
}

/* Initial parameters and orders come from two streams: more epochs leave the start as it was. */
static ckks_status run(epochs *e, const size_t *widths, size_t n_layers) {
  train_fitting *f = e->fitting;
  uint8_t seed[RAND_SEED_BYTES] = {0};
  BASE_TRY(train_rounds_init(f, (size_t)f->options->n_epochs));
  e->order = base_alloc_array(f->history->n_train, sizeof(size_t));
  if (e->order == NULL)
    return base_fail_memory(f->history->n_train * sizeof(size_t));
  BASE_TRY(train_network_init(&e->network, widths, n_layers, &f->options->activation,
                              f->truth.label == NULL));
  base_store_u64(seed, f->options->seed);
  rand_stream_init(&e->stream, seed, DOMAIN_INITIAL);
  train_network_randomize(&e->network, &e->stream);
  rand_stream_init(&e->stream, seed, DOMAIN_ORDER);
  memcpy(e->order, f->history->train, f->history->n_train * sizeof(size_t));
  for (int epoch = 0; epoch < f->options->n_epochs; epoch++)
    BASE_TRY(train_rounds_note(f, run_epoch(e) ? row_of : lost, e));
  return train_network_store(f->model, &e->network, &f->truth);
}

ckks_status train_epochs_fit(train_fitting *f) {
  const train_options *options = f->options;
  size_t widths[NETWORK_MAX_LAYERS + 1];
  widths[0] = f->n_inputs;
  for (size_t i = 0; i < options->n_hidden; i++)
    widths[1 + i] = options->hidden[i];
  widths[options->n_hidden + 1] = f->truth.n_outputs;
  epochs *e = base_alloc(sizeof *e); /* too large for a stack */
  if (e == NULL)
    return base_fail_memory(sizeof *e);
  e->fitting = f;
  ckks_status status = train_scaler_fit(f);
  if (status == CKKS_OK)
    status = run(e, widths, options->n_hidden + 1);
  train_network_clear(&e->network);
  rand_stream_clear(&e->stream);
  base_free(e->order);
  base_free(e);
  return status;
}
