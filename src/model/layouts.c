/* SPDX-License-Identifier: Apache-2.0 */
/* Which way the affine maps can lie in the slots. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/search.h"

typedef struct listing {
  model_choice *choices;
  double *rotations; /* a count to sort by */
  size_t n, capacity, n_slots;
  const model_stages *stages;
  bool *used; /* scratch: a place for each diagonal */
} listing;

size_t model_lower_babies(size_t diagonals) {
  size_t babies = 1;
  while (babies * babies < 2 * diagonals && babies < diagonals)
    babies *= 2;
  return babies;
}

const model_sparse *model_lower_map(const model_stages *stages, const model_choice *choice,
                                    size_t i) {
  return i == 0 && choice->gathered ? &stages->gather.map : &stages->stage[i].map;
}

size_t model_lower_inputs(const model_stages *stages, const model_choice *choice, size_t i) {
  return model_padded(model_lower_map(stages, choice, i)->n_columns);
}

size_t model_lower_used(bool *used, const model_stages *stages, const model_choice *choice,
                        size_t i, size_t stride_out, size_t in, size_t out) {
  const model_affine_layout *affine = &choice->affine[i];
  const model_sparse *map = model_lower_map(stages, choice, i);
  size_t n = affine->diagonals, n_used = 0, outputs = affine->rows / stride_out;
  /* the last one pads with copies */
  bool aligned = affine->stride == stride_out && i + 1 != stages->n_stages;
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
  size_t babies = model_lower_babies(n_used);
  return 0.6 * (double)(babies - 1) + (double)((n_used + babies - 1) / babies - 1);
}

/* Of all pairs of ciphertexts; what no pair uses is no reason against a layout. */
static double count_map(bool *used, const listing *list, const model_choice *choice, size_t i,
                        size_t stride_out) {
  const model_affine_layout *affine = &choice->affine[i];
  double count = affine->fused ? 0.0 : 1.5; /* a level more makes all before it dearer */
  for (size_t out = 0; out < affine->n_out; out++)
    for (size_t in = 0; in < affine->n_in; in++) {
      size_t n_used = model_lower_used(used, list->stages, choice, i, stride_out, in, out);
      if (n_used > MODEL_MAX_TERMS)
        return (double)INFINITY;
      if (n_used > 0)
        count += count_rotations(n_used);
    }
  for (size_t step = affine->rows; step < affine->stride * affine->inputs; step *= 2)
    count += 0.6 * (double)affine->n_out;
  return count;
}

/* Keeps the list sorted and within its capacity. */
static void keep(listing *list, const model_choice *choice, double rotations) {
  size_t at = list->n;
  if (list->n == list->capacity) {
    if (rotations >= list->rotations[list->n - 1])
      return;
    at = list->n - 1;
  } else {
    list->n++;
  }
  for (; at > 0 && list->rotations[at - 1] > rotations; at--) {
    list->choices[at] = list->choices[at - 1];
    list->rotations[at] = list->rotations[at - 1];
  }
  list->choices[at] = *choice;
  list->rotations[at] = rotations;
}

/* Fixes map i given the stride that its outputs must have, then the maps before it. */
static void walk(listing *list, model_choice *choice, size_t i, size_t stride_out,
                 double rotations) {
  const model_stage *stage = &list->stages->stage[i];
  size_t all_inputs = model_lower_inputs(list->stages, choice, i);
  size_t all_outputs = model_padded(stage->n_out);
  size_t inputs = all_inputs < list->n_slots ? all_inputs : list->n_slots;
  size_t outputs = all_outputs < list->n_slots ? all_outputs : list->n_slots;
  size_t rows = outputs * stride_out;
  model_affine_layout layout = {
      .inputs = inputs, .rows = rows, .n_in = all_inputs / inputs, .n_out = all_outputs / outputs};
  if (rows > list->n_slots || (i == 0 && layout.n_in > 1))
    return;
  bool cubic = i > 0 && list->stages->stage[i - 1].kind == MODEL_STAGE_CUBIC && layout.n_in == 1 &&
               layout.n_out == 1 && stage->n_windows == 0;
  for (size_t stride = rows; stride >= 1; stride /= 2) {
    layout.stride = stride;
    layout.diagonals = rows / stride < inputs ? rows / stride : inputs;
    layout.fused = cubic && layout.diagonals == 1;
    if (stride * inputs > list->n_slots || layout.diagonals > MODEL_MAX_WIDTH)
      continue;
    choice->affine[i] = layout;
    double sum = rotations + count_map(list->used, list, choice, i, stride_out);
    if (i > 0 && sum < (double)INFINITY)
      walk(list, choice, i - 1, stride, sum);
    else if (i == 0 && sum < (double)INFINITY)
      keep(list, choice, sum);
  }
}

size_t model_search_layouts(model_choice *choices, size_t capacity, const model_stages *stages,
                            int log2_n) {
  double rotations[16];
  bool used[(size_t)1 << (CKKS_MAX_LOG2_N - 1)];
  listing list = {.choices = choices,
                  .rotations = rotations,
                  .capacity = capacity < 16 ? capacity : 16,
                  .n_slots = (size_t)1 << (log2_n - 1),
                  .stages = stages,
                  .used = used};
  model_choice choice = {.log2_n = log2_n, .fold = 1, .log2_radix = 1, .latency = true};
  walk(&list, &choice, stages->n_stages - 1, 1, 0.0);
  choice.gathered = stages->gather.n > 0;
  if (choice.gathered)
    walk(&list, &choice, stages->n_stages - 1, 1, 0.0);
  return list.n;
}

int model_depth(const model_stages *stages, const model_choice *choice) {
  int depth = 0;
  for (size_t i = 0; i < stages->n_stages; i++) {
    const model_stage *stage = &stages->stage[i];
    bool next_fused = i + 1 < stages->n_stages && choice->affine[i + 1].fused;
    depth += choice->affine[i].fused ? 2 : 1;
    if (stage->kind == MODEL_STAGE_SQUARE)
      depth += 1;
    else if (stage->kind == MODEL_STAGE_CUBIC && !next_fused)
      depth += 2;
    else if (stage->kind == MODEL_STAGE_GENERAL)
      depth += model_polynomial_depth(model_stage_degree(stage));
  }
  return depth;
}
