/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Convolutions, as maps with few non-zeros. Rows of the first map that read the same features
 * (the channels of one window) make a group. With G groups, a power of two, the client
 * repeats features so that place k G + g of its input holds the k-th feature of
 * group g, and the hidden units are put in such an order that row c G + g is channel c of group
 * g. Row and place then agree modulo G wherever there is a weight: of all diagonals
 * only multiples of G are left, and one rotation serves all windows at once. (In the plain,
 * this is im2col, ELLPACK to numerical analysts; windows are public, weights are not.)
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "model/lower.h"

typedef struct grouping {
  const model_stage *stage;
  size_t *group;                        /* of each row; n_out of them */
  size_t *channel;                      /* its number among the rows of its group */
  size_t *first;                        /* a row of each group */
  size_t n_groups, n_channels, n_terms; /* most rows of a group, most features of one */
} grouping;

static bool same_support(const model_stage *stage, size_t a, size_t b) {
  const double *x = stage->weight + a * stage->n_in, *y = stage->weight + b * stage->n_in;
  for (size_t i = 0; i < stage->n_in; i++)
    if ((x[i] != 0.0) != (y[i] != 0.0))
      return false;
  return true;
}

static size_t support_size(const model_stage *stage, size_t row) {
  size_t n = 0;
  for (size_t i = 0; i < stage->n_in; i++)
    n += stage->weight[row * stage->n_in + i] != 0.0;
  return n;
}

/* Groups in the order of their first rows; a row of nothing but zeros may join any. */
static void find_groups(grouping *g) {
  for (size_t row = 0; row < g->stage->n_out; row++) {
    size_t at = 0, size = support_size(g->stage, row);
    while (at < g->n_groups && size != 0 && !same_support(g->stage, row, g->first[at]))
      at++;
    if (at == g->n_groups)
      g->first[g->n_groups++] = row;
    g->group[row] = at;
    for (size_t before = 0; before < row; before++)
      g->channel[row] += g->group[before] == at;
    if (g->channel[row] + 1 > g->n_channels)
      g->n_channels = g->channel[row] + 1;
    if (size > g->n_terms)
      g->n_terms = size;
  }
}

/* Features of each group in ascending order; places without one stay empty. */
static ckks_status fill_gather(model_gather *gather, const grouping *g) {
  gather->groups = model_padded(g->n_groups);
  gather->n = gather->groups * g->n_terms;
  gather->feature = base_alloc_array(gather->n, sizeof *gather->feature);
  if (gather->feature == NULL)
    return base_fail_memory(gather->n * sizeof *gather->feature);
  for (size_t i = 0; i < gather->n; i++)
    gather->feature[i] = MODEL_NO_FEATURE;
  for (size_t group = 0; group < g->n_groups; group++) {
    const double *weight = g->stage->weight + g->first[group] * g->stage->n_in;
    for (size_t i = 0, k = 0; i < g->stage->n_in; i++)
      if (weight[i] != 0.0)
        gather->feature[k++ * gather->groups + group] = (uint32_t)i;
  }
  return CKKS_OK;
}

/* Rows of the first map and columns of the second, in the new order with empty ones between. */
static ckks_status reorder(model_stages *stages, const grouping *g, size_t groups) {
  model_stage *one = &stages->stage[0], *two = &stages->stage[1];
  size_t n = g->n_channels * groups, n_in = one->n_in;
  double *weight = base_alloc_array(n * n_in, sizeof(double));
  double *bias = base_alloc_array(n, sizeof(double));
  double *next = base_alloc_array(two->n_out * n, sizeof(double));
  uint8_t *activation_of = base_alloc_array(n, sizeof(uint8_t));
  if (weight == NULL || bias == NULL || next == NULL || activation_of == NULL) {
    base_free(weight);
    base_free(bias);
    base_free(next);
    base_free(activation_of);
    return base_fail_memory(n * n_in * sizeof(double));
  }
  for (size_t row = 0; row < one->n_out; row++) {
    size_t to = g->channel[row] * groups + g->group[row];
    memcpy(weight + to * n_in, one->weight + row * n_in, n_in * sizeof(double));
    bias[to] = one->bias[row];
    activation_of[to] = (uint8_t)model_stage_activation(one, row);
    for (size_t o = 0; o < two->n_out; o++)
      next[o * n + to] = two->weight[o * two->n_in + row];
  }
  base_wipe(one->weight, one->n_out * n_in * sizeof(double));
  base_wipe(one->bias, one->n_out * sizeof(double));
  base_wipe(two->weight, two->n_out * two->n_in * sizeof(double));
  base_free(one->weight);
  base_free(one->bias);
  base_free(two->weight);
  base_free(one->n_activations > 1 ? one->activation_of : activation_of);
  one->activation_of = one->n_activations > 1 ? activation_of : NULL;
  one->weight = weight;
  one->bias = bias;
  one->n_out = n;
  two->weight = next;
  two->n_in = n;
  return CKKS_OK;
}

/* Worth it where windows are small and the padding of groups does not widen the layer much. */
static bool is_sparse(const grouping *g) {
  size_t groups = model_padded(g->n_groups);
  return g->n_groups > 1 && 2 * g->n_terms <= g->stage->n_in &&
         groups * g->n_channels <= 2 * g->stage->n_out && groups * g->n_terms <= MODEL_MAX_GATHER;
}

ckks_status model_stages_gather(model_stages *stages) {
  const model_stage *stage = &stages->stage[0];
  grouping g = {.stage = stage};
  size_t widest = 0;
  stages->gather = (model_gather){0};
  for (size_t row = 0; row < stage->n_out; row++)
    if (support_size(stage, row) > widest)
      widest = support_size(stage, row);
  if (stages->n_stages < 2 || widest == 0 || 2 * widest > stage->n_in)
    return CKKS_OK; /* dense, as tables make it */
  g.group = base_alloc_array(stage->n_out, sizeof *g.group);
  g.channel = base_alloc_array(stage->n_out, sizeof *g.channel);
  g.first = base_alloc_array(stage->n_out, sizeof *g.first);
  ckks_status status = CKKS_OK;
  if (g.group == NULL || g.channel == NULL || g.first == NULL)
    status = base_fail_memory(stage->n_out * sizeof *g.group);
  if (status == CKKS_OK)
    find_groups(&g);
  if (status == CKKS_OK && is_sparse(&g)) {
    status = fill_gather(&stages->gather, &g);
    if (status == CKKS_OK)
      status = reorder(stages, &g, stages->gather.groups);
  }
  base_free(g.group);
  base_free(g.channel);
  base_free(g.first);
  return status;
}
