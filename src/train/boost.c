/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boosting: each round fits a tree, or one for each of several classes, to what the sum of those
 * before leaves over (Friedman, Annals of Statistics 29 (2001) 1189), by second-order gains.
 */
#include "train/boost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"
#include "rand/rand.h"
#include "train/softmax.h"

#define DOMAIN_APART 3
#define DOMAIN_DRAWN 4
/* One row in so many is kept apart to say when to stop. */
#define ONE_APART_IN 10
/* Sums of 2^20 gradients stay below 2^62. */
#define GRADIENT_BITS 41

typedef struct boosting {
  train_fitting *fitting;
  const train_boost_bins *bins;
  trees_ensemble *ensemble;
  train_boost_grower *grower;
  size_t n_scores;        /* 1 of numbers and of two classes, whose first has score 0 */
  double *start;          /* n_scores */
  double *score;          /* n_rows x n_scores */
  double *slope;          /* n_rows x n_scores: derivative of the loss by the score */
  double *loss;           /* n_rows */
  double *output;         /* of one row */
  train_boost_pair *pair; /* of each row */
  size_t *learn, n_learn; /* rows that trees are grown on */
  size_t *apart, n_apart; /* and those kept apart, where patience is asked for */
  size_t *drawn;          /* of a tree */
  uint32_t *feature;      /* 0, 1, ..., of which a tree sees the first */
  uint32_t *drawn_feature;
  rand_stream stream;
  double best; /* loss of the rows kept apart */
} boosting;

/* ---------------------------------------------------------------- drawing */

static double draw(rand_stream *stream) {
  uint8_t bytes[8];
  rand_stream_read(stream, bytes, sizeof bytes);
  return (double)(base_load_u64(bytes) >> 11) * 0x1p-53;
}

/* Whether element i of n is among the k that are drawn, `taken` being so already (Knuth, TAOCP 2,
 * 3.4.2, algorithm S): all subsets are as likely. */
static bool is_drawn(rand_stream *stream, size_t i, size_t n, size_t k, size_t taken) {
  return draw(stream) * (double)(n - i) < (double)(k - taken);
}

/* Part of a whole, at least one. */
static size_t part_of(double part, size_t n) {
  size_t k = (size_t)(part * (double)n + 0.5);
  return k < 1 ? 1 : k;
}

static void stream_init(boosting *b, uint64_t domain) {
  uint8_t seed[RAND_SEED_BYTES] = {0};
  base_store_u64(seed, b->fitting->options->seed);
  rand_stream_init(&b->stream, seed, domain);
}

static int compare_rows(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* Training rows ascend: each tree then reads the table from its beginning to its end. */
static void choose_rows(boosting *b) {
  const train_history *h = b->fitting->history;
  size_t n = h->n_train, n_apart = b->fitting->options->patience > 0 ? n / ONE_APART_IN : 0;
  memcpy(b->drawn, h->train, n * sizeof *b->drawn);
  qsort(b->drawn, n, sizeof *b->drawn, compare_rows);
  stream_init(b, DOMAIN_APART);
  for (size_t i = 0; i < n; i++)
    if (is_drawn(&b->stream, i, n, n_apart, b->n_apart))
      b->apart[b->n_apart++] = b->drawn[i];
    else
      b->learn[b->n_learn++] = b->drawn[i];
  stream_init(b, DOMAIN_DRAWN);
}

static void draw_tree(boosting *b, train_boost_sums *sums) {
  const train_options *options = b->fitting->options;
  size_t n_rows = part_of(options->row_part, b->n_learn), n = b->bins->n_features;
  size_t n_features = part_of(options->feature_part, n);
  sums->row = b->learn;
  sums->feature = b->feature;
  if (n_rows < b->n_learn) {
    for (size_t i = 0; i < b->n_learn; i++)
      if (is_drawn(&b->stream, i, b->n_learn, n_rows, sums->n_rows))
        b->drawn[sums->n_rows++] = b->learn[i];
    sums->row = b->drawn;
  }
  if (n_features < n) {
    for (size_t i = 0; i < n; i++)
      if (is_drawn(&b->stream, i, n, n_features, sums->n_features))
        b->drawn_feature[sums->n_features++] = b->feature[i];
    sums->feature = b->drawn_feature;
  }
  sums->n_rows = n_rows;
  sums->n_features = n_features;
}

/* ---------------------------------------------------------------- scores */

static bool is_regression(const boosting *b) {
  return b->fitting->truth.label == NULL;
}

/* The best constants: 0 of standardised numbers, else what the classes' shares say. */
static void set_start(boosting *b) {
  const train_truth *truth = &b->fitting->truth;
  size_t n = b->n_learn, n_classes = truth->n_outputs;
  for (size_t s = 0; s < b->n_scores && !is_regression(b); s++) {
    size_t class = b->n_scores == 1 ? 1 : s, n_of = 0;
    for (size_t i = 0; i < n; i++)
      n_of += (size_t)truth->label[b->learn[i]] == class;
    double those = n_of > 0 ? (double)n_of : 0.5, others = n > n_of ? (double)(n - n_of) : 0.5;
    double all = n_classes == 2 ? others : (double)n;
    b->start[s] = train_softmax_log(those / all);
  }
  for (size_t row = 0; row < b->bins->n_rows; row++)
    memcpy(b->score + row * b->n_scores, b->start, b->n_scores * sizeof *b->start);
}

static const double *outputs_of(boosting *b, size_t row) {
  const double *score = b->score + row * b->n_scores;
  double *out = b->output + b->fitting->truth.n_outputs - b->n_scores;
  for (size_t s = 0; s < b->n_scores; s++)
    out[s] = score[s];
  return b->output;
}

static const double *row_of(double *loss, void *context, size_t row) {
  boosting *b = context;
  *loss = b->loss[row];
  return outputs_of(b, row);
}

/* Of all rows at once, behind each round: what it has reached, and what the next has to do. */
static void set_slopes(boosting *b) {
  double gradient[ENCODING_MAX_CLASSES];
  const double *slope = gradient + b->fitting->truth.n_outputs - b->n_scores;
  for (size_t row = 0; row < b->bins->n_rows; row++) {
    b->loss[row] = train_truth_loss(gradient, outputs_of(b, row), &b->fitting->truth, row);
    for (size_t s = 0; s < b->n_scores; s++)
      b->slope[row * b->n_scores + s] = slope[s];
  }
}

static int64_t whole(double x) {
  return (int64_t)(x < 0.0 ? x - 0.5 : x + 0.5);
}

/* The second derivative: 1 of squares, p (1 - p) of softmax, whose p the slope tells. */
static double curve_of(const boosting *b, double slope, size_t row, size_t s) {
  if (is_regression(b))
    return 1.0;
  size_t class = b->n_scores == 1 ? 1 : s;
  double p = (size_t)b->fitting->truth.label[row] == class ? slope + 1.0 : slope;
  return p * (1.0 - p);
}

/* Gradients as whole numbers, in units that the largest of them allows. */
static void set_pairs(boosting *b, train_boost_sums *sums, size_t s) {
  double most = 0.0;
  int exponent, rows_log2;
  for (size_t i = 0; i < b->n_learn; i++)
    most = fmax(most, fabs(b->slope[b->learn[i] * b->n_scores + s]));
  (void)frexp(most, &exponent);
  (void)frexp((double)b->n_learn, &rows_log2);
  double up = ldexp(1.0, GRADIENT_BITS - exponent);
  double curve_up = ldexp(1.0, TRAIN_BOOST_CURVE_BITS - rows_log2);
  sums->gradient_unit = 1.0 / up;
  sums->curve_unit = 1.0 / curve_up;
  for (size_t i = 0; i < b->n_learn; i++) {
    size_t row = b->learn[i];
    double slope = b->slope[row * b->n_scores + s];
    uint64_t curve = (uint64_t)whole(curve_of(b, slope, row, s) * curve_up);
    b->pair[row] = (train_boost_pair){whole(slope * up), curve << TRAIN_BOOST_COUNT_BITS | 1};
  }
}

/* ------------------------------------------------------------------ trees */

/* Rounding of the value is that of the score: what was learnt is what will be added up. */
static ckks_status keep_tree(boosting *b, const train_boost_node *from, size_t n, size_t target) {
  trees_node *node;
  double spread = b->fitting->truth.spread;
  BASE_TRY(trees_ensemble_add_tree(b->ensemble, n, target, &node));
  for (size_t i = 0; i < n; i++) {
    if (from[i].leaf) {
      double value = spread * from[i].value;
      BASE_TRY(trees_ensemble_add_leaf(b->ensemble, &node[i], &value, 1));
      b->fitting->history->n_leaves++;
      continue;
    }
    const train_boost_feature *feature = &b->bins->feature[from[i].feature];
    node[i] = (trees_node){.missing_right = from[i].missing_right,
                           .feature = from[i].feature,
                           .equal = feature->category,
                           .edge = feature->category ? from[i].code : feature->edge[from[i].code],
                           .left = from[i].left,
                           .right = from[i].right};
  }
  return CKKS_OK;
}

static ckks_status grow_round(boosting *b) {
  for (size_t s = 0; s < b->n_scores; s++) {
    const train_boost_node *nodes;
    train_boost_sums sums = {.pair = b->pair};
    set_pairs(b, &sums, s);
    draw_tree(b, &sums);
    size_t n = train_boost_grower_grow(&nodes, b->fitting->history->weight, b->grower, &sums);
    size_t silent = b->fitting->truth.n_outputs - b->n_scores;
    BASE_TRY(keep_tree(b, nodes, n, silent + s));
    for (size_t row = 0; row < b->bins->n_rows; row++)
      b->score[row * b->n_scores + s] += train_boost_tree_value(nodes, b->bins, row);
  }
  set_slopes(b);
  return CKKS_OK;
}

static double loss_apart(const boosting *b) {
  double sum = 0.0;
  for (size_t i = 0; i < b->n_apart; i++)
    sum += b->loss[b->apart[i]];
  return sum;
}

/* Trees behind the best round go. */
static void cut_back(boosting *b) {
  trees_ensemble *e = b->ensemble;
  size_t n = b->fitting->history->n_kept * b->n_scores;
  if (n >= e->n_trees)
    return;
  e->n_nodes = e->tree[n].first;
  e->n_trees = n;
  b->fitting->history->n_leaves = 0;
  for (size_t i = 0; i < e->n_nodes; i++)
    b->fitting->history->n_leaves += e->node[i].leaf;
}

static ckks_status run(boosting *b) {
  train_fitting *f = b->fitting;
  train_history *h = f->history;
  b->best = INFINITY;
  set_slopes(b);
  for (int round = 0; round < f->options->n_trees; round++) {
    BASE_TRY(grow_round(b));
    BASE_TRY(train_rounds_note(f, row_of, b));
    double apart = b->n_apart > 0 ? loss_apart(b) : 0.0;
    if (b->n_apart == 0 || apart < b->best)
      h->n_kept = (size_t)round + 1;
    b->best = fmin(b->best, apart);
    if (b->n_apart > 0 && (size_t)round + 1 >= h->n_kept + (size_t)f->options->patience)
      break;
  }
  cut_back(b);
  for (size_t s = 0; s < b->n_scores; s++)
    b->ensemble->base[f->truth.n_outputs - b->n_scores + s] =
        f->truth.centre + f->truth.spread * b->start[s];
  return CKKS_OK;
}

/* ----------------------------------------------------------------- memory */

static ckks_status take(boosting *b) {
  train_fitting *f = b->fitting;
  size_t n_rows = b->bins->n_rows, n_train = f->history->n_train, n = b->bins->n_features;
  b->start = base_alloc_array(b->n_scores, sizeof *b->start);
  b->score = base_alloc_array(n_rows, b->n_scores * sizeof *b->score);
  b->slope = base_alloc_array(n_rows, b->n_scores * sizeof *b->slope);
  b->loss = base_alloc_array(n_rows, sizeof *b->loss);
  b->output = base_alloc_array(f->truth.n_outputs, sizeof *b->output);
  b->pair = base_alloc_array(n_rows, sizeof *b->pair);
  b->learn = base_alloc_array(n_train, sizeof *b->learn);
  b->apart = base_alloc_array(n_train, sizeof *b->apart);
  b->drawn = base_alloc_array(n_train, sizeof *b->drawn);
  b->feature = base_alloc_array(n, sizeof *b->feature);
  b->drawn_feature = base_alloc_array(n, sizeof *b->drawn_feature);
  f->history->weight = base_alloc_array(n, sizeof *f->history->weight);
  if (b->start == NULL || b->score == NULL || b->slope == NULL || b->loss == NULL ||
      b->output == NULL || b->pair == NULL || b->learn == NULL || b->apart == NULL ||
      b->drawn == NULL || b->feature == NULL || b->drawn_feature == NULL ||
      f->history->weight == NULL)
    return base_fail_memory(n_rows * b->n_scores * sizeof *b->score);
  for (size_t i = 0; i < n; i++)
    b->feature[i] = (uint32_t)i;
  BASE_TRY(train_boost_grower_build(&b->grower, b->bins, f->options, n_train));
  return train_rounds_init(f, (size_t)f->options->n_trees);
}

static void wipe_free(void *memory, size_t n_bytes) {
  if (memory != NULL)
    base_wipe(memory, n_bytes);
  base_free(memory);
}

static void give_back(boosting *b) {
  size_t n_rows = b->bins->n_rows;
  wipe_free(b->score, n_rows * b->n_scores * sizeof *b->score);
  wipe_free(b->slope, n_rows * b->n_scores * sizeof *b->slope);
  wipe_free(b->loss, n_rows * sizeof *b->loss);
  wipe_free(b->pair, n_rows * sizeof *b->pair);
  base_free(b->start);
  base_free(b->output);
  base_free(b->learn);
  base_free(b->apart);
  base_free(b->drawn);
  base_free(b->feature);
  base_free(b->drawn_feature);
  train_boost_grower_free(b->grower);
  rand_stream_clear(&b->stream);
}

ckks_status train_boost_fit(trees_ensemble *ensemble, train_fitting *f,
                            const train_boost_bins *bins) {
  size_t n_outputs = f->truth.n_outputs;
  boosting b = {
      .fitting = f, .bins = bins, .ensemble = ensemble, .n_scores = n_outputs == 2 ? 1 : n_outputs};
  BASE_TRY(trees_ensemble_init(ensemble, bins->n_features, n_outputs));
  ckks_status status = take(&b);
  if (status == CKKS_OK) {
    choose_rows(&b);
    set_start(&b);
    status = run(&b);
  }
  give_back(&b);
  if (status != CKKS_OK)
    trees_ensemble_clear(ensemble);
  return status;
}
