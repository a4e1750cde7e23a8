/* SPDX-License-Identifier: Apache-2.0 */
/* Which way the affine maps can lie in the slots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/search.h"

/* A layout of the maps from some map on to the last, with a count to sort by. */
typedef struct ranked {
  double rotations;
  compile_choice choice;
} ranked;

/* The best few, in order. */
typedef struct ranking {
  size_t n;
  ranked best[COMPILE_SEARCH_LAYOUTS];
} ranking;

typedef struct listing {
  size_t n_slots;
  const compile_stages *stages;
  bool *used;     /* scratch: a place for each diagonal */
  ranked *one;    /* scratch: the layout at hand */
  bool guarded;   /* the last map has a place without an output */
  size_t blocked; /* the first map, seen from the last, that has no place */
} listing;

size_t compile_layouts_babies(size_t diagonals) {
  size_t babies = 1;
  while (babies * babies < 2 * diagonals && babies < diagonals)
    babies *= 2;
  return babies;
}

const network_sparse *compile_layouts_map(const compile_stages *stages,
                                          const compile_choice *choice, size_t i) {
  return i == 0 && choice->gathered ? &stages->gather.map : &stages->stage[i].map;
}

size_t compile_layouts_inputs(const compile_stages *stages, const compile_choice *choice,
                              size_t i) {
  return compile_padded(compile_layouts_map(stages, choice, i)->n_columns);
}

size_t compile_layouts_used(bool *used, const compile_stages *stages, const compile_choice *choice,
                            size_t i, size_t stride_out, size_t in, size_t out) {
  return compile_layouts_diagonals(used, compile_layouts_map(stages, choice, i), &choice->affine[i],
                                   stride_out, in, out);
}

compile_affine compile_layouts_skip(const network_sparse *map, size_t n_slots) {
  size_t all_inputs = compile_padded(map->n_columns), all_outputs = compile_padded(map->n_rows);
  size_t inputs = all_inputs < n_slots ? all_inputs : n_slots;
  size_t outputs = all_outputs < n_slots ? all_outputs : n_slots;
  return (compile_affine){.stride = 1,
                          .inputs = inputs,
                          .rows = outputs,
                          .diagonals = inputs < outputs ? inputs : outputs,
                          .n_in = all_inputs / inputs,
                          .n_out = all_outputs / outputs};
}

size_t compile_layouts_diagonals(bool *used, const network_sparse *map,
                                 const compile_affine *affine, size_t stride_out, size_t in,
                                 size_t out) {
  size_t n = affine->diagonals, n_used = 0, outputs = affine->rows / stride_out;
  bool aligned = affine->stride == stride_out;
  memset(used, !aligned, n * sizeof *used);
  for (size_t row = out * outputs; aligned && row < (out + 1) * outputs && row < map->n_rows; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++)
      if (map->column[k] / affine->inputs == in)
        used[(map->column[k] + n - row % n) % n] = true;
  for (size_t d = 0; d < n; d++)
    n_used += used[d];
  return n_used;
}

/* Rotations by a balanced baby-step giant-step walk over the diagonals, plus the doublings. */
static double count_rotations(size_t n_used) {
  size_t babies = compile_layouts_babies(n_used);
  return 0.6 * (double)(babies - 1) + (double)((n_used + babies - 1) / babies - 1);
}

/* Of all pairs of ciphertexts; what no pair uses is no reason against a layout. */
static double count_map(const listing *list, const compile_choice *choice, size_t i,
                        size_t stride_out) {
  const compile_affine *affine = &choice->affine[i];
  double count = affine->fused ? 0.0 : 1.5; /* a level more makes all before it dearer */
  for (size_t out = 0; out < affine->n_out; out++)
    for (size_t in = 0; in < affine->n_in; in++) {
      size_t n_used =
          compile_layouts_used(list->used, list->stages, choice, i, stride_out, in, out);
      if (n_used > PLAN_MAX_TERMS)
        return (double)INFINITY;
      if (n_used > 0)
        count += count_rotations(n_used);
    }
  for (size_t step = affine->rows; step < affine->stride * affine->inputs; step *= 2)
    count += 0.6 * (double)affine->n_out;
  return count;
}

/* Fewer rotations; among equals larger strides, those of the last maps first. */
static bool is_before(const ranked *a, const ranked *b, size_t n_stages, size_t from) {
  if (a->rotations != b->rotations)
    return a->rotations < b->rotations;
  for (size_t i = n_stages; i-- > from;)
    if (a->choice.affine[i].stride != b->choice.affine[i].stride)
      return a->choice.affine[i].stride > b->choice.affine[i].stride;
  return false;
}

static void keep(ranking *list, const ranked *one, size_t n_stages, size_t from) {
  size_t at = list->n;
  if (list->n < COMPILE_SEARCH_LAYOUTS)
    list->n++;
  else if (is_before(one, &list->best[--at], n_stages, from) == false)
    return;
  for (; at > 0 && is_before(one, &list->best[at - 1], n_stages, from); at--)
    list->best[at] = list->best[at - 1];
  list->best[at] = *one;
}

/* All that is fixed once the stride of the outputs is; false when they do not fit the slots. */
static bool begin_layout(compile_affine *layout, const listing *list, const compile_choice *choice,
                         size_t i, size_t stride_out) {
  size_t all_inputs = compile_layouts_inputs(list->stages, choice, i);
  bool canary = list->guarded && i + 1 == list->stages->n_stages;
  size_t all_outputs = compile_padded(list->stages->stage[i].n_out + canary);
  size_t inputs = all_inputs < list->n_slots ? all_inputs : list->n_slots;
  size_t outputs = all_outputs < list->n_slots ? all_outputs : list->n_slots;
  *layout = (compile_affine){.inputs = inputs,
                             .rows = outputs * stride_out,
                             .n_in = all_inputs / inputs,
                             .n_out = all_outputs / outputs};
  return layout->rows <= list->n_slots && (i > 0 || layout->n_in == 1);
}

/*
 * What a map costs depends on the strides on both of its sides alone. So of all layouts of the
 * maps behind it only the best few for each stride are wanted: `to` by the stride of map i's
 * inputs, made of `from` by that of its outputs.
 */
static void walk_back(ranking *to, const ranking *from, const listing *list, size_t i) {
  ranked *one = list->one;
  const compile_stage *stage = &list->stages->stage[i];
  bool skips = compile_skip_any(list->stages);
  bool cubic = i > 0 && list->stages->stage[i - 1].kind == COMPILE_STAGE_CUBIC;
  for (int log2_out = 0; log2_out < CKKS_MAX_LOG2_N; log2_out++) {
    const ranking *behind = &from[log2_out];
    compile_affine layout;
    size_t stride_out = (size_t)1 << log2_out;
    if (behind->n == 0 || !begin_layout(&layout, list, &behind->best[0].choice, i, stride_out))
      continue;
    /* What is taken past other stages lies as it lay: without skips strides may change. */
    if (skips && log2_out > 0)
      break;
    bool single = layout.n_in == 1 && layout.n_out == 1 && stage->n_windows == 0 && !skips;
    for (int log2_in = 0; log2_in < (skips ? 1 : CKKS_MAX_LOG2_N); log2_in++) {
      layout.stride = (size_t)1 << log2_in;
      size_t steps = layout.rows / layout.stride;
      layout.diagonals = steps < layout.inputs ? steps : layout.inputs;
      layout.fused = cubic && single && layout.diagonals == 1;
      if (steps == 0 || layout.stride * layout.inputs > list->n_slots)
        break;
      *one = behind->best[0];
      one->choice.affine[i] = layout;
      double count = count_map(list, &one->choice, i, stride_out);
      for (size_t k = 0; k < behind->n && count < (double)INFINITY; k++) {
        *one = behind->best[k];
        one->choice.affine[i] = layout;
        one->rotations += count;
        keep(&to[log2_in], one, list->stages->n_stages, i);
      }
    }
  }
}

static bool any_placed(const ranking *lists) {
  for (int log2_in = 0; log2_in < CKKS_MAX_LOG2_N; log2_in++)
    if (lists[log2_in].n > 0)
      return true;
  return false;
}

/* From the last map, whose outputs have stride 1, to the first. */
static ckks_status rank(ranking *result, listing *list, int log2_n, bool gathered) {
  size_t n_stages = list->stages->n_stages;
  ranking *lists = base_alloc_array(2 * CKKS_MAX_LOG2_N, sizeof *lists);
  if (lists == NULL)
    return base_fail_memory(2 * CKKS_MAX_LOG2_N * sizeof *lists);
  ranking *from = lists, *to = lists + CKKS_MAX_LOG2_N;
  from[0].n = 1;
  from[0].best[0].choice = (compile_choice){.log2_n = log2_n,
                                            .fold = 1,
                                            .log2_radix = 1,
                                            .latency = true,
                                            .gathered = gathered,
                                            .guarded = list->guarded};
  bool placed = true;
  for (size_t i = n_stages; placed && i-- > 0;) {
    memset(to, 0, CKKS_MAX_LOG2_N * sizeof *to);
    walk_back(to, from, list, i);
    ranking *behind = from;
    from = to;
    to = behind;
    placed = any_placed(from);
    if (!placed)
      list->blocked = i;
  }
  for (int log2_in = 0; log2_in < CKKS_MAX_LOG2_N; log2_in++)
    for (size_t k = 0; k < from[log2_in].n; k++)
      keep(result, &from[log2_in].best[k], n_stages, 0);
  base_free(lists);
  return CKKS_OK;
}

ckks_status compile_layouts_list(compile_choice *choices, size_t *n, const compile_stages *stages,
                                 int log2_n, bool guarded, size_t *blocked) {
  listing list = {.n_slots = (size_t)1 << (log2_n - 1), .stages = stages, .guarded = guarded};
  ranking *result = base_alloc(sizeof *result); /* too large for a stack */
  list.used = base_alloc(list.n_slots);
  list.one = base_alloc(sizeof *list.one);
  ckks_status status = CKKS_OK;
  if (result == NULL || list.used == NULL || list.one == NULL)
    status = base_fail_memory(sizeof *result);
  if (status == CKKS_OK)
    status = rank(result, &list, log2_n, false);
  if (status == CKKS_OK && stages->gather.n > 0)
    status = rank(result, &list, log2_n, true);
  for (size_t k = 0; status == CKKS_OK && k < result->n; k++) {
    choices[k] = result->best[k].choice;
    choices[k].windows = compile_layouts_depth(stages, &choices[k]) >= COMPILE_DEEP_LEVELS;
  }
  if (status == CKKS_OK)
    *n = result->n;
  *blocked = list.blocked;
  base_free(list.used);
  base_free(list.one);
  base_free(result);
  return status;
}

int compile_layouts_map_depth(const compile_choice *choice, size_t i) {
  return choice->affine[i].fused ? 2 : 1;
}

int compile_layouts_polynomial_depth(const compile_stages *stages, const compile_choice *choice,
                                     size_t i) {
  const compile_stage *stage = &stages->stage[i];
  bool next_fused = i + 1 < stages->n_stages && choice->affine[i + 1].fused;
  if (stage->kind == COMPILE_STAGE_SQUARE)
    return 1;
  if (stage->kind == COMPILE_STAGE_SQUARES || (stage->kind == COMPILE_STAGE_CUBIC && !next_fused))
    return 2;
  return stage->kind == COMPILE_STAGE_GENERAL ? plan_polynomial_depth(compile_stage_degree(stage))
                                              : 0;
}

int compile_layouts_depth(const compile_stages *stages, const compile_choice *choice) {
  int depth = 0;
  for (size_t i = 0; i < stages->n_stages; i++)
    depth +=
        compile_layouts_map_depth(choice, i) + compile_layouts_polynomial_depth(stages, choice, i);
  return depth;
}

int compile_layouts_level(const compile_stages *stages, const compile_choice *choice, size_t from) {
  int depth = 0;
  for (size_t i = from; i < stages->n_stages; i++) {
    depth += compile_layouts_map_depth(choice, i);
    if (i > 0)
      depth += compile_layouts_polynomial_depth(stages, choice, i - 1);
    if (choice->bootstraps && choice->fresh[i])
      return choice->level_in + depth;
  }
  return depth + compile_layouts_polynomial_depth(stages, choice, stages->n_stages - 1);
}
