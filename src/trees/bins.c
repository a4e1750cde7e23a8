/* SPDX-License-Identifier: Apache-2.0 */
#include "trees/bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/wipe.h"
#include "rand/rand.h"

#define FIRST_BINS 64
#define MOST_BINS 1024
/* Inputs are repeated over the slots of one ciphertext: more would need a larger one. */
#define MOST_INPUTS 8192
/* A regression has changed where its output did by so much of what outputs span. */
#define CHANGE_OF_SPAN 1e-3
#define DOMAIN_OTHERS 0x7472656573u

typedef struct binning {
  trees_ensemble *ensemble;
  const trees_bins_options *options;
  double *original; /* edge of each node as it was read */
  double *more;     /* and those of the ensemble's `more` */
  double *value;    /* of one feature, sorted, each once */
  double *before;   /* outputs of the rows, n_outputs each */
} binning;

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t sort_once(double *values, size_t n) {
  size_t n_kept = 0;
  qsort(values, n, sizeof *values, compare_numbers);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || values[i] != values[n_kept - 1])
      values[n_kept++] = values[i];
  return n_kept;
}

/* Thresholds of the splits on a feature; whether a missing value ever goes right. */
static size_t thresholds(double *out, bool *missing, const binning *b, size_t feature) {
  size_t n = 0;
  *missing = false;
  for (size_t i = 0; i < b->ensemble->n_nodes; i++) {
    const trees_node *node = &b->ensemble->node[i];
    if (node->leaf || node->feature != feature)
      continue;
    *missing = *missing || node->missing_right;
    if (node->constant)
      continue;
    out[n++] = b->original[i];
    for (size_t k = 0; k < node->n_more; k++)
      out[n++] = b->more[node->more + k];
  }
  return sort_once(out, n);
}

/* The feature's categories, where it has some. */
static const encoding_feature *categories_of(const binning *b, size_t feature) {
  const encoding_input *given = b->options->input, *own = &b->ensemble->input;
  if (given == NULL && own->feature != NULL)
    given = own;
  bool some = given != NULL && given->feature[feature].kind == ENCODING_CATEGORIES;
  return some ? &given->feature[feature] : NULL;
}

/* ------------------------------------------------------------------ quantiles */

/* Between neighbours, and never as large as the upper one. */
static double between(double low, double high) {
  double middle = low + (high - low) / 2.0;
  return middle < high ? middle : low;
}

/* Edges at the gaps nearest to the quantiles of n different values. */
static size_t quantile_edges(double *edge, const double *value, size_t n, size_t n_bins) {
  size_t n_gaps = n > 0 ? n - 1 : 0, n_edges = 0, last = SIZE_MAX;
  size_t wanted = n_bins - 1 < n_gaps ? n_bins - 1 : n_gaps;
  for (size_t k = 0; k < wanted; k++) {
    size_t gap =
        n_gaps == wanted ? k : (size_t)(((double)k + 0.5) * (double)n_gaps / (double)wanted);
    if (gap == last)
      continue;
    edge[n_edges++] = between(value[gap], value[gap + 1]);
    last = gap;
  }
  return n_edges;
}

size_t trees_bins_edges(double *edge, double *value, size_t n, size_t n_bins) {
  return quantile_edges(edge, value, sort_once(value, n), n_bins);
}

/* Values at most x of n that ascend. */
static size_t rank_of(const double *value, size_t n, double x) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (value[middle] <= x)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* The edge that fewest values lie between it and x. */
static double nearest_edge(const double *edge, size_t n_edges, const double *value, size_t n,
                           double x) {
  size_t at = rank_of(edge, n_edges, x), rank = rank_of(value, n, x);
  if (at == 0)
    return edge[0];
  if (at == n_edges)
    return edge[n_edges - 1];
  size_t below = rank - rank_of(value, n, edge[at - 1]), above = rank_of(value, n, edge[at]) - rank;
  return below <= above ? edge[at - 1] : edge[at];
}

static ckks_status bin_feature(encoding_feature *feature, trees_bins_report *report, binning *b,
                               size_t f, size_t n_bins) {
  trees_ensemble *e = b->ensemble;
  if (categories_of(b, f) != NULL)
    return encoding_input_copy_feature(feature, categories_of(b, f));
  size_t n = 0, n_splits = thresholds(b->value, &feature->missing, b, f);
  feature->kind = ENCODING_BINS;
  if (n_splits == 0)
    return CKKS_OK;
  for (size_t r = 0; r < b->options->n_rows; r++)
    if (isfinite(b->options->rows[r * e->n_features + f]))
      b->value[n++] = b->options->rows[r * e->n_features + f];
  n = sort_once(b->value, n);
  feature->edge = base_alloc_array(n_bins, sizeof *feature->edge);
  if (feature->edge == NULL)
    return base_fail_memory(n_bins * sizeof *feature->edge);
  feature->n_values = quantile_edges(feature->edge, b->value, n, n_bins);
  if (feature->n_values == 0) /* a constant: one edge, where it is */
    feature->edge[feature->n_values++] = n > 0 ? b->value[0] : 0.0;
  for (size_t i = 0; i < e->n_nodes; i++) {
    trees_node *node = &e->node[i];
    if (node->leaf || node->constant || node->feature != f)
      continue;
    for (size_t k = 0; k <= node->n_more; k++) {
      double was = k == 0 ? b->original[i] : b->more[node->more + k - 1];
      double now = nearest_edge(feature->edge, feature->n_values, b->value, n, was);
      *trees_ensemble_edge(e, node, k) = now;
      report->n_moved += rank_of(b->value, n, now) != rank_of(b->value, n, was);
    }
  }
  return CKKS_OK;
}

/* ------------------------------------------------------------- what has changed */

static void look(trees_bins_report *report, binning *b) {
  const trees_ensemble *e = b->ensemble;
  size_t n = e->n_outputs;
  double low = INFINITY, high = -INFINITY, *after = b->value;
  for (size_t i = 0; i < b->options->n_rows * n; i++) {
    low = fmin(low, b->before[i]);
    high = fmax(high, b->before[i]);
  }
  report->n_changed = 0;
  report->largest = 0.0;
  for (size_t r = 0; r < b->options->n_rows; r++) {
    const double *before = b->before + r * n;
    double most = 0.0;
    trees_ensemble_forward(after, b->options->rows + r * e->n_features, e);
    for (size_t k = 0; k < n; k++)
      most = fmax(most, fabs(after[k] - before[k]));
    report->largest = fmax(report->largest, most);
    report->n_changed += e->meaning.kind == ENCODING_VALUES
                             ? most > CHANGE_OF_SPAN * (high - low)
                             : encoding_meaning_predicted(after, n, e->meaning.kind) !=
                                   encoding_meaning_predicted(before, n, e->meaning.kind);
  }
}

static ckks_status try_bins(encoding_input *input, trees_bins_report *report, binning *b,
                            size_t n_bins) {
  *report = (trees_bins_report){.n_bins = n_bins};
  BASE_TRY(encoding_input_init(input, b->ensemble->n_features));
  ckks_status status = CKKS_OK;
  for (size_t f = 0; f < input->n_features && status == CKKS_OK; f++)
    status = bin_feature(&input->feature[f], report, b, f, n_bins);
  if (status == CKKS_OK)
    status = encoding_input_finish(input);
  if (status == CKKS_OK)
    look(report, b);
  else
    encoding_input_clear(input);
  return status;
}

/* More bins while predictions change; the last that fit when they never stop doing so. */
static ckks_status grow_bins(encoding_input *input, trees_bins_report *report, binning *b) {
  size_t fixed = b->options->n_bins;
  BASE_TRY(try_bins(input, report, b, fixed > 0 ? fixed : FIRST_BINS));
  for (size_t n = 2 * FIRST_BINS; fixed == 0 && report->n_changed > 0 && n <= MOST_BINS; n *= 2) {
    encoding_input more;
    trees_bins_report now;
    BASE_TRY(try_bins(&more, &now, b, n));
    if (more.n_inputs > MOST_INPUTS) {
      encoding_input_clear(&more);
      encoding_input_clear(input);
      return try_bins(input, report, b, n / 2);
    }
    encoding_input_clear(input);
    *input = more;
    *report = now;
  }
  return CKKS_OK;
}

/* -------------------------------------------------------------- exact thresholds */

static uint64_t draw(rand_stream *stream) {
  uint8_t bytes[8];
  rand_stream_read(stream, bytes, sizeof bytes);
  return base_load_u64(bytes);
}

/* As many others: in gaps drawn at random, and beyond the ends as far as neighbours are apart. */
static size_t mix(double *edge, size_t n, rand_stream *stream) {
  double spread = n > 1 ? (edge[n - 1] - edge[0]) / (double)(n - 1) : fmax(1.0, fabs(edge[0]));
  for (size_t k = 0; k < n; k++) {
    size_t gap = (size_t)(draw(stream) % (n + 1));
    double part = ((double)(draw(stream) >> 12) + 0.5) * 0x1p-52;
    double low = gap == 0 ? edge[0] - spread : edge[gap - 1];
    double high = gap == n ? edge[n - 1] + spread : edge[gap];
    edge[n + k] = low + part * (high - low);
  }
  return sort_once(edge, 2 * n);
}

static ckks_status take_exact(encoding_input *input, trees_bins_report *report, binning *b) {
  uint8_t seed[RAND_SEED_BYTES] = {0};
  rand_stream stream;
  *report = (trees_bins_report){0};
  BASE_TRY(encoding_input_init(input, b->ensemble->n_features));
  base_store_u64(seed, b->options->seed);
  rand_stream_init(&stream, seed, DOMAIN_OTHERS);
  ckks_status status = CKKS_OK;
  for (size_t f = 0; f < input->n_features && status == CKKS_OK; f++) {
    encoding_feature *feature = &input->feature[f];
    if (categories_of(b, f) != NULL) {
      status = encoding_input_copy_feature(feature, categories_of(b, f));
      continue;
    }
    size_t n = thresholds(b->value, &feature->missing, b, f);
    feature->kind = ENCODING_BINS;
    if (n == 0)
      continue;
    n = mix(b->value, n, &stream);
    feature->edge = base_alloc_array(n, sizeof *feature->edge);
    if (feature->edge == NULL) {
      status = base_fail_memory(n * sizeof *feature->edge);
      continue;
    }
    memcpy(feature->edge, b->value, n * sizeof *feature->edge);
    feature->n_values = n;
  }
  rand_stream_clear(&stream);
  if (status == CKKS_OK)
    status = encoding_input_finish(input);
  if (status != CKKS_OK)
    encoding_input_clear(input);
  return status;
}

/* ---------------------------------------------------------------------- both */

static size_t longest_of(const binning *b) {
  const trees_ensemble *e = b->ensemble;
  return 2 * (e->n_nodes + e->n_more) + b->options->n_rows + e->n_outputs;
}

static ckks_status take(binning *b) {
  const trees_ensemble *e = b->ensemble;
  size_t n_rows = b->options->n_rows, longest = longest_of(b);
  b->original = base_alloc_array(e->n_nodes + 1, sizeof *b->original);
  b->value = base_alloc_array(longest, sizeof *b->value);
  b->before = base_alloc_array(n_rows * e->n_outputs + 1, sizeof *b->before);
  b->more = base_alloc_array(e->n_more + 1, sizeof *b->more);
  if (!b->original || !b->more || !b->value || !b->before)
    return base_fail_memory(longest * sizeof *b->value);
  for (size_t i = 0; i < e->n_nodes; i++)
    b->original[i] = e->node[i].edge;
  for (size_t i = 0; i < e->n_more; i++)
    b->more[i] = e->more[i];
  for (size_t r = 0; r < n_rows; r++)
    trees_ensemble_forward(b->before + r * e->n_outputs, b->options->rows + r * e->n_features, e);
  return CKKS_OK;
}

static void wipe_free(double *numbers, size_t n) {
  if (numbers != NULL)
    base_wipe(numbers, n * sizeof *numbers);
  base_free(numbers);
}

ckks_status trees_bins_choose(encoding_input *input, trees_bins_report *report,
                              trees_ensemble *ensemble, const trees_bins_options *options) {
  binning b = {.ensemble = ensemble, .options = options};
  *input = (encoding_input){0};
  if (!options->exact && (options->rows == NULL || options->n_rows == 0))
    return base_fail(CKKS_ERROR_ARGUMENT, "bins are quantiles of rows: calibration rows are "
                                          "needed, or the model's own thresholds (exact edges)");
  if (options->n_bins == 1 || options->n_bins > ENCODING_MAX_VALUES)
    return base_fail(CKKS_ERROR_ARGUMENT, "%zu bins: must be 2 to %d", options->n_bins,
                     ENCODING_MAX_VALUES);
  ckks_status status = take(&b);
  if (status == CKKS_OK)
    status = options->exact ? take_exact(input, report, &b) : grow_bins(input, report, &b);
  wipe_free(b.original, ensemble->n_nodes + 1);
  wipe_free(b.more, ensemble->n_more + 1);
  wipe_free(b.value, longest_of(&b));
  wipe_free(b.before, options->n_rows * ensemble->n_outputs + 1);
  return status;
}
