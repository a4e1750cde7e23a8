/* SPDX-License-Identifier: Apache-2.0 */
/* Boosted trees as a model: bins whose edges clients are told, and what is reached of them. */
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "rand/rand.h"
#include "train/boost.h"
#include "trees/bins.h"
#include "trees/leaves.h"

#define DOMAIN_TOLD 5

/* Of one feature: which of its edges the trees use, and how many are told. */
typedef struct told {
  bool used[TRAIN_MAX_BINS];
  size_t n_used, n_told;
} told;

static void mark(told *t, const trees_ensemble *e, const train_boost_feature *feature,
                 size_t number) {
  *t = (told){.n_used = 0};
  if (feature->category)
    return;
  for (size_t i = 0; i < e->n_nodes; i++) {
    const trees_node *node = &e->node[i];
    if (node->leaf || node->feature != number)
      continue;
    size_t k = 0;
    while (feature->edge[k] != node->edge)
      k++;
    t->n_used += !t->used[k];
    t->used[k] = true;
  }
}

/* Each of the others is as likely to be told (Knuth, TAOCP 2, 3.4.2, algorithm S). */
static ckks_status tell(encoding_feature *out, const told *t, const train_boost_feature *feature,
                        rand_stream *stream) {
  size_t others = t->n_told - t->n_used, left = feature->n_edges - t->n_used;
  out->edge = base_alloc_array(t->n_told + 1, sizeof *out->edge);
  if (out->edge == NULL)
    return base_fail_memory(t->n_told * sizeof *out->edge);
  for (size_t k = 0; k < feature->n_edges; k++) {
    uint8_t bytes[8];
    rand_stream_read(stream, bytes, sizeof bytes);
    bool drawn = !t->used[k] && base_load_u64(bytes) % left < others;
    if (t->used[k] || drawn)
      out->edge[out->n_values++] = feature->edge[k];
    others -= drawn;
    left -= !t->used[k];
    left += left == 0; /* no more of them: not to divide by */
  }
  return CKKS_OK;
}

/* All bins where they are few; else the edges in use, among at least as many others. */
static size_t n_told(const told *t, size_t n_edges, size_t n_used_features) {
  size_t share = TRAIN_TREES_INPUTS / n_used_features;
  size_t wanted = share > 2 * t->n_used ? share : 2 * t->n_used;
  return wanted < n_edges ? wanted : n_edges;
}

/* Features that no tree looks at are not told of. */
static ckks_status take_bins(encoding_input *input, const trees_ensemble *e,
                             const train_boost_bins *bins, const encoding_input *given,
                             rand_stream *stream) {
  size_t n_used_features = 0;
  BASE_TRY(encoding_input_init(input, e->n_features));
  for (size_t i = 0; i < e->n_nodes; i++) {
    const trees_node *node = &e->node[i];
    if (!node->leaf && !node->equal && node->missing_right)
      input->feature[node->feature].missing = true;
  }
  told t;
  for (size_t f = 0; f < e->n_features; f++) {
    mark(&t, e, &bins->feature[f], f);
    n_used_features += t.n_used > 0;
  }
  n_used_features += n_used_features == 0; /* categories alone */
  for (size_t f = 0; f < e->n_features; f++) {
    input->feature[f].kind = ENCODING_BINS;
    mark(&t, e, &bins->feature[f], f);
    if (bins->feature[f].category)
      BASE_TRY(encoding_input_copy_feature(&input->feature[f], &given->feature[f]));
    if (t.n_used == 0)
      continue;
    t.n_told = n_told(&t, bins->feature[f].n_edges, n_used_features);
    BASE_TRY(tell(&input->feature[f], &t, &bins->feature[f], stream));
  }
  return encoding_input_finish(input);
}

static ckks_status take_all(encoding_input *input, const trees_ensemble *e,
                            const train_boost_bins *bins, const encoding_input *given,
                            uint64_t number) {
  uint8_t seed[RAND_SEED_BYTES] = {0};
  rand_stream stream;
  base_store_u64(seed, number);
  rand_stream_init(&stream, seed, DOMAIN_TOLD);
  ckks_status status = take_bins(input, e, bins, given, &stream);
  rand_stream_clear(&stream);
  return status;
}

static ckks_status choose_edges(encoding_input *input, trees_ensemble *e, const train_fitting *f,
                                const train_boost_bins *bins) {
  trees_bins_report unused;
  const trees_bins_options exact = {.exact = true,
                                    .seed = f->options->seed,
                                    .input =
                                        f->data->input.feature != NULL ? &f->data->input : NULL};
  return f->options->exact_edges ? trees_bins_choose(input, &unused, e, &exact)
                                 : take_all(input, e, bins, &f->data->input, f->options->seed);
}

static ckks_status check_splits(const trees_ensemble *e, const train_options *options) {
  for (size_t i = 0; i < e->n_nodes; i++)
    if (!e->node[i].leaf)
      return CKKS_OK;
  return base_fail(CKKS_ERROR_ARGUMENT,
                   "no split lowers the loss with %d rows on both sides: the features say nothing "
                   "of the label, or min_rows is too large for the table",
                   options->min_rows);
}

/* Gains become parts of the whole. */
static void settle_weights(train_history *h, size_t n) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += h->weight[i];
  for (size_t i = 0; i < n && sum > 0.0; i++)
    h->weight[i] /= sum;
}

/* Where no row of the table lacks a value nothing was learnt of those that do. */
static bool is_complete(const table_data *data) {
  for (size_t i = 0; data->missing != NULL && i < data->n_features; i++)
    if (data->missing[i] > 0)
      return false;
  return true;
}

static ckks_status fit(train_fitting *f, trees_ensemble *e, encoding_input *input,
                       const train_boost_bins *bins) {
  BASE_TRY(train_boost_fit(e, f, bins));
  settle_weights(f->history, e->n_features);
  if (f->truth.label != NULL)
    e->meaning.end = ENCODING_END_SOFTMAX;
  e->meaning.complete = is_complete(f->data);
  BASE_TRY(check_splits(e, f->options));
  BASE_TRY(choose_edges(input, e, f, bins));
  return trees_leaves_build(f->model, e, input);
}

ckks_status train_trees_fit(train_fitting *f) {
  train_boost_bins bins;
  trees_ensemble ensemble = {0};
  encoding_input input = {0};
  BASE_TRY(train_boost_bins_init(&bins, f,
                                 f->options->n_bins > 0 ? f->options->n_bins : TRAIN_MAX_BINS));
  ckks_status status = fit(f, &ensemble, &input, &bins);
  train_boost_bins_clear(&bins);
  trees_ensemble_clear(&ensemble);
  encoding_input_clear(&input);
  return status;
}
