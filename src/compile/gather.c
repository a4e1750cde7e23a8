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
#include "compile/lower.h"

typedef struct grouping {
  const network_sparse *map;
  size_t *group;                        /* of each row */
  size_t *channel;                      /* its number among the rows of its group */
  size_t *first;                        /* a row of each group */
  size_t *members;                      /* rows of each group */
  size_t n_groups, n_channels, n_terms; /* most rows of a group, most features of one */
} grouping;

static size_t support_size(const network_sparse *map, size_t row) {
  return map->start[row + 1] - map->start[row];
}

static bool same_support(const network_sparse *map, size_t a, size_t b) {
  size_t n = support_size(map, a);
  return n == support_size(map, b) &&
         memcmp(map->column + map->start[a], map->column + map->start[b],
                n * sizeof *map->column) == 0;
}

/* Groups in the order of their first rows; a row of nothing but zeros may join any. */
static void find_groups(grouping *g) {
  for (size_t row = 0; row < g->map->n_rows; row++) {
    size_t at = 0, size = support_size(g->map, row);
    while (at < g->n_groups && size != 0 && !same_support(g->map, row, g->first[at]))
      at++;
    if (at == g->n_groups)
      g->first[g->n_groups++] = row;
    g->group[row] = at;
    g->channel[row] = g->members[at]++;
    if (g->channel[row] + 1 > g->n_channels)
      g->n_channels = g->channel[row] + 1;
    if (size > g->n_terms)
      g->n_terms = size;
  }
}

/* Features of each group in ascending order; places without one stay empty. */
static ckks_status fill_gather(compile_gather *gather, const grouping *g) {
  gather->groups = compile_padded(g->n_groups);
  gather->n = gather->groups * g->n_terms;
  gather->feature = base_alloc_array(gather->n, sizeof *gather->feature);
  if (gather->feature == NULL)
    return base_fail_memory(gather->n * sizeof *gather->feature);
  for (size_t i = 0; i < gather->n; i++)
    gather->feature[i] = PLAN_NO_FEATURE;
  for (size_t group = 0; group < g->n_groups; group++) {
    size_t row = g->first[group], from = g->map->start[row];
    for (size_t k = 0; k < support_size(g->map, row); k++)
      gather->feature[k * gather->groups + group] = g->map->column[from + k];
  }
  return CKKS_OK;
}

/* The first map from places: the k-th weight of a row stands at place k G + its group. */
static ckks_status fill_map(compile_gather *gather, const compile_stages *stages, size_t groups) {
  const network_sparse *map = &stages->stage[0].map;
  BASE_TRY(network_sparse_copy(&gather->map, map));
  gather->map.n_columns = gather->n;
  for (size_t row = 0; row < map->n_rows; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
      gather->map.column[k] = (uint32_t)((k - map->start[row]) * groups + row % groups);
  return CKKS_OK;
}

static ckks_status reorder(compile_stages *stages, const grouping *g, size_t groups) {
  size_t n_rows = g->map->n_rows;
  uint32_t *to = base_alloc_array(n_rows, sizeof *to);
  if (to == NULL)
    return base_fail_memory(n_rows * sizeof *to);
  for (size_t row = 0; row < n_rows; row++)
    to[row] = (uint32_t)(g->channel[row] * groups + g->group[row]);
  ckks_status status = compile_stages_move(stages, 0, to, g->n_channels * groups);
  base_free(to);
  return status;
}

/* Worth it where windows are small and the padding of groups does not widen the layer much. */
static bool is_sparse(const grouping *g) {
  size_t groups = compile_padded(g->n_groups);
  return g->n_groups > 1 && 2 * g->n_terms <= g->map->n_columns &&
         groups * g->n_channels <= 2 * g->map->n_rows && groups * g->n_terms <= PLAN_MAX_GATHER;
}

ckks_status compile_gather_stages(compile_stages *stages) {
  const network_sparse *map = &stages->stage[0].map;
  grouping g = {.map = map};
  size_t widest = 0, n = map->n_rows;
  stages->gather = (compile_gather){0};
  for (size_t row = 0; row < n; row++)
    if (support_size(map, row) > widest)
      widest = support_size(map, row);
  if (stages->n_stages < 2 || widest == 0 || 2 * widest > map->n_columns)
    return CKKS_OK; /* dense, as tables make it */
  g.group = base_alloc_array(n, sizeof *g.group);
  g.channel = base_alloc_array(n, sizeof *g.channel);
  g.first = base_alloc_array(n, sizeof *g.first);
  g.members = base_alloc_array(n + 1, sizeof *g.members);
  ckks_status status = CKKS_OK;
  if (!g.group || !g.channel || !g.first || !g.members)
    status = base_fail_memory(n * sizeof *g.group);
  if (status == CKKS_OK)
    find_groups(&g);
  if (status == CKKS_OK && is_sparse(&g)) {
    status = fill_gather(&stages->gather, &g);
    if (status == CKKS_OK)
      status = reorder(stages, &g, stages->gather.groups);
    if (status == CKKS_OK)
      status = fill_map(&stages->gather, stages, stages->gather.groups);
  }
  base_free(g.group);
  base_free(g.channel);
  base_free(g.first);
  base_free(g.members);
  return status;
}
