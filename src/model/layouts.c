/* SPDX-License-Identifier: Apache-2.0 */
/* Which way the affine maps can lie in the slots. */
#include <stdlib.h>
#include <string.h>

#include "model/search.h"

typedef struct listing {
  model_choice *choices;
  double *rotations; /* a count to sort by */
  size_t n, capacity, n_slots;
  const model_stages *stages;
} listing;

size_t model_lower_babies(size_t diagonals) {
  size_t babies = 1;
  while (babies * babies < 2 * diagonals && babies < diagonals)
    babies *= 2;
  return babies;
}

size_t model_lower_inputs(const model_stages *stages, const model_choice *choice, size_t i) {
  return model_padded(i == 0 && choice->gathered ? stages->gather.n : stages->stage[i].n_in);
}

double model_lower_weight(const model_stages *stages, const model_choice *choice, size_t i,
                          size_t row, size_t place) {
  const model_stage *stage = &stages->stage[i];
  if (i == 0 && choice->gathered) {
    size_t groups = stages->gather.groups;
    if (place >= stages->gather.n || place % groups != row % groups ||
        stages->gather.feature[place] == MODEL_NO_FEATURE)
      return 0.0;
    place = stages->gather.feature[place];
  }
  return place < stage->n_in ? stage->weight[row * stage->n_in + place] : 0.0;
}

/* Places that may have a weight: without a gather all features, with one those of the row's group.
 */
size_t model_lower_used(bool *used, const model_stages *stages, const model_choice *choice,
                        size_t i, size_t stride_out) {
  const model_affine_layout *affine = &choice->affine[i];
  bool gathered = i == 0 && choice->gathered, last = i + 1 == stages->n_stages;
  size_t n = affine->diagonals, n_used = 0, step = gathered ? stages->gather.groups : 1;
  size_t places = gathered ? stages->gather.n : stages->stage[i].n_in;
  bool aligned = affine->stride == stride_out && !last; /* the last one pads with copies */
  memset(used, !aligned, n * sizeof *used);
  for (size_t row = 0; aligned && row < stages->stage[i].n_out; row++)
    for (size_t place = row % step; place < places; place += step)
      if (model_lower_weight(stages, choice, i, row, place) != 0.0)
        used[(place + n - row % n) % n] = true;
  for (size_t d = 0; d < n; d++)
    n_used += used[d];
  used[0] = used[0] || n_used == 0;
  return n_used > 0 ? n_used : 1;
}

/* Rotations by a balanced baby-step giant-step walk over the diagonals, plus the doublings. */
static double count_rotations(const model_affine_layout *affine, size_t padded, size_t n_used) {
  double count = 0;
  size_t babies = model_lower_babies(n_used);
  count += 0.6 * (double)(babies - 1) + (double)((n_used + babies - 1) / babies - 1);
  for (size_t step = affine->rows; step < affine->stride * padded; step *= 2)
    count += 0.6;
  return count + (affine->fused ? 0.0 : 1.5); /* a level more makes all before it dearer */
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
  bool used[MODEL_MAX_WIDTH];
  size_t padded = model_lower_inputs(list->stages, choice, i),
         rows = model_padded(stage->n_out) * stride_out;
  if (rows > list->n_slots)
    return;
  for (size_t diagonals = 1; diagonals <= padded && diagonals <= rows; diagonals *= 2) {
    model_affine_layout *affine = &choice->affine[i];
    *affine = (model_affine_layout){.stride = rows / diagonals,
                                    .rows = rows,
                                    .diagonals = diagonals,
                                    .fused = i > 0 && diagonals == 1 &&
                                             list->stages->stage[i - 1].kind == MODEL_STAGE_CUBIC};
    if (affine->stride * padded > list->n_slots || diagonals > MODEL_MAX_WIDTH)
      continue;
    size_t n_used = model_lower_used(used, list->stages, choice, i, stride_out);
    double sum = rotations + count_rotations(affine, padded, n_used);
    if (i > 0)
      walk(list, choice, i - 1, affine->stride, sum);
    else
      keep(list, choice, sum);
  }
}

size_t model_search_layouts(model_choice *choices, size_t capacity, const model_stages *stages,
                            int log2_n) {
  double rotations[16];
  listing list = {.choices = choices,
                  .rotations = rotations,
                  .capacity = capacity < 16 ? capacity : 16,
                  .n_slots = (size_t)1 << (log2_n - 1),
                  .stages = stages};
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
