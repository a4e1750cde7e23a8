/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees as XGBoost, LightGBM, CatBoost, ONNX and our own JSON write them: which one it is the
 * reader finds out. What is accepted passes the check again; small ensembles also become networks
 * with their own edges, and these say what the trees say, on rows at the edges, beside them and
 * with nothing there.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fuzz/accepted.h"
#include "trees/bins.h"
#include "trees/leaves.h"
#include "trees/read.h"

#define MOST_NODES 64 /* of what becomes a network */
#define MOST_FEATURES 16
#define MOST_OUTPUTS 8
#define MOST_DEPTH 6 /* products of as many differences are exact far beyond the tolerance */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static size_t depth_of(const trees_ensemble *e, const trees_tree *tree, size_t i) {
  const trees_node *node = &e->node[tree->first + i];
  if (node->leaf)
    return 0;
  size_t left = depth_of(e, tree, node->left), right = depth_of(e, tree, node->right);
  return 1 + (left > right ? left : right);
}

/* The sum of what leaves may add, 0 where the ensemble is too large to be tried. */
static double size_of(const trees_ensemble *e) {
  double sum = 1.0;
  if (e->n_nodes > MOST_NODES || e->n_features > MOST_FEATURES || e->n_outputs > MOST_OUTPUTS ||
      e->n_values > MOST_NODES * MOST_OUTPUTS)
    return 0.0;
  for (size_t t = 0; t < e->n_trees; t++)
    if (depth_of(e, &e->tree[t], 0) > MOST_DEPTH)
      return 0.0;
  for (size_t k = 0; k < e->n_outputs; k++)
    sum += fabs(e->base[k]);
  for (size_t i = 0; i < e->n_values; i++)
    sum += fabs(e->value[i]);
  return sum < 1e100 ? sum : 0.0;
}

static double entry(const trees_ensemble *e, size_t feature, size_t choice) {
  size_t seen = 0;
  double edge = 0.0;
  const encoding_feature *f = e->input.feature != NULL ? &e->input.feature[feature] : NULL;
  if (f != NULL && f->kind == ENCODING_CATEGORIES) /* clients let in no others */
    return f->missing && choice % 4 == 0 ? (double)NAN : (double)(choice % f->n_values);
  for (size_t i = 0; i < e->n_nodes; i++)
    if (!e->node[i].leaf && e->node[i].feature == feature && seen++ <= choice / 4)
      edge = e->node[i].edge;
  switch (choice % 4) {
  case 0:
    return (double)NAN;
  case 1:
    return edge;
  case 2:
    return nextafter(edge, (double)INFINITY);
  default:
    return nextafter(edge, -(double)INFINITY);
  }
}

static void compare(const network_model *model, const trees_ensemble *e, double size) {
  for (size_t r = 0; r < 32; r++) {
    double row[MOST_FEATURES], wanted[MOST_OUTPUTS], have[MOST_OUTPUTS];
    for (size_t f = 0; f < e->n_features; f++)
      row[f] = entry(e, f, r + f * (r / 8));
    trees_ensemble_forward(wanted, row, e);
    if (network_forward_rows(have, row, 1, model) != CKKS_OK)
      abort();
    for (size_t k = 0; k < e->n_outputs; k++)
      if (!(fabs(have[k] - wanted[k]) <= 1e-9 * size))
        abort();
  }
}

static void fold(trees_ensemble *e) {
  encoding_input input;
  trees_bins_report report;
  network_model model;
  const trees_bins_options options = {.exact = true, .seed = 3};
  double size = size_of(e);
  if (size == 0.0)
    return;
  if (trees_bins_choose(&input, &report, e, &options) != CKKS_OK) {
    if (base_last_error()[0] == '\0')
      abort(); /* a refusal without a reason */
    return;
  }
  if (trees_leaves_build(&model, e, &input) == CKKS_OK) {
    if (network_check(&model) != CKKS_OK)
      abort();
    compare(&model, e, size);
    network_clear(&model);
  }
  encoding_input_clear(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes) {
  trees_ensemble ensemble;
  if (trees_read(&ensemble, (const char *)bytes, n_bytes, "fuzz") != CKKS_OK)
    return 0;
  if (trees_ensemble_check(&ensemble) != CKKS_OK)
    abort();
  fuzz_accept();
  fold(&ensemble);
  trees_ensemble_clear(&ensemble);
  return 0;
}
