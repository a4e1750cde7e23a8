/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Convolutions behind other layers. All images of a network lie on one frame of pixels, a power
 * of two of them for each channel: unit (c, y, x) of an image that is smaller than the frame by
 * a factor of `step` stands on the pixel that its window begins at, (step y, step x), and other
 * pixels stay empty (Lee et al., eprint 2021/1688, with one channel in a block) or, in deep
 * networks, hold other channels (as there). A
 * convolution then has a diagonal for each pixel of its window and each distance between
 * channels. What remains of poolings inside a map is taken out of it again: the map is divided
 * by 1 + z^step + ..., z a shift by one place, and the client of the quotient sums by rotations.
 *
 * Wrong guesses cost time, never the result: any order of the units is a right one.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "compile/lower.h"

typedef struct frame {
  size_t rows, columns, pixels; /* the last a power of two, of one channel */
} frame;

typedef struct grid {
  size_t image[3];
  size_t step[2];  /* of the frame's rows and columns */
  size_t share[2]; /* rows and columns of channels that stand in one pixel's gaps */
} grid;

/* Of networks so deep keys and weights are what matters, and both go by places: channels then share
 * gaps. In shallow ones that would only make more diagonals. */
#define DEEP_STAGES 10

/* The map of stage i as latency packing has it. */
static network_sparse *map_of(compile_stages *stages, size_t i) {
  return i == 0 && stages->gather.n > 0 ? &stages->gather.map : &stages->stage[i].map;
}

static bool is_image(const size_t image[3]) {
  return image[0] * image[1] * image[2] > 0 && image[1] * image[2] > 1;
}

static frame frame_of(const size_t image[3]) {
  return (frame){image[1], image[2], compile_padded(image[1] * image[2])};
}

/* ---------------------------------------------------------------- diagonals */

/* Different (place - row) modulo the smaller side. */
static ckks_status count_diagonals(size_t *n, const network_sparse *map, const uint32_t *row_to,
                                   size_t n_rows) {
  size_t rows = compile_padded(n_rows), columns = compile_padded(map->n_columns);
  size_t modulus = rows < columns ? rows : columns;
  bool *used = base_alloc_array(modulus, sizeof *used);
  if (used == NULL)
    return base_fail_memory(modulus);
  *n = 0;
  for (size_t row = 0; row < map->n_rows; row++)
    for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
      size_t to = row_to ? row_to[row] : row, d = (map->column[k] + modulus - to % modulus);
      *n += !used[d % modulus];
      used[d % modulus] = true;
    }
  base_free(used);
  return CKKS_OK;
}

/* ------------------------------------------------------------------- places */

/* First and last row (axis 0) or column (1) of the frame that a row of the map reads. */
static void span_of(long span[2], const network_sparse *map, size_t row, int axis, const frame *f) {
  span[0] = (long)f->pixels;
  span[1] = -1;
  for (size_t k = map->start[row]; k < map->start[row + 1]; k++) {
    size_t pixel = map->column[k] % f->pixels;
    long at = (long)(axis == 0 ? pixel / f->columns : pixel % f->columns);
    span[0] = at < span[0] ? at : span[0];
    span[1] = at > span[1] ? at : span[1];
  }
}

/* How far windows move from one unit in the middle to the next; at the edges they are cut off. */
static size_t find_step(const network_sparse *map, const size_t image[3], int axis,
                        const frame *f) {
  size_t y = image[1] / 2, x = image[2] / 2, before = axis == 0 ? image[2] : 1;
  long one[2], two[2];
  if (image[1 + axis] < 2)
    return 1;
  span_of(two, map, y * image[2] + x, axis, f);
  span_of(one, map, y * image[2] + x - before, axis, f);
  long step = two[0] - one[0] > two[1] - one[1] ? two[0] - one[0] : two[1] - one[1];
  return step > 0 ? (size_t)step : 0;
}

/* Channels share the pixels between those of one of them, where the frame has all of these. */
static void share_gaps(grid *g, const frame *f, bool deep) {
  for (int axis = 0; axis < 2; axis++) {
    size_t side = axis == 0 ? f->rows : f->columns;
    bool whole = g->step[axis] > 0 && g->step[axis] * g->image[1 + axis] <= side;
    g->share[axis] = deep && whole ? g->step[axis] : 1;
  }
}

/* Blocks of the frame's pixels that the channels take. */
static size_t blocks_of(const grid *g) {
  size_t together = g->share[0] * g->share[1];
  return (g->image[0] + together - 1) / together;
}

static bool fits(const grid *g, const frame *f) {
  return g->step[0] > 0 && g->step[1] > 0 && g->step[0] * (g->image[1] - 1) < f->rows &&
         g->step[1] * (g->image[2] - 1) < f->columns &&
         compile_padded(blocks_of(g)) * f->pixels <= PLAN_MAX_PLACES;
}

static void fill_places(uint32_t *to, const grid *g, const frame *f) {
  size_t i = 0, together = g->share[0] * g->share[1];
  for (size_t c = 0; c < g->image[0]; c++) {
    size_t gap = c % together,
           begin = c / together * f->pixels + gap / g->share[1] * f->columns + gap % g->share[1];
    for (size_t y = 0; y < g->image[1]; y++)
      for (size_t x = 0; x < g->image[2]; x++)
        to[i++] = (uint32_t)(begin + y * g->step[0] * f->columns + x * g->step[1]);
  }
}

/* Where the units of stage i would stand: to[n_out] of n; NULL when there is no such grid. */
typedef struct places {
  uint32_t *to;
  size_t n;
} places;

static ckks_status make_places(places *p, const grid *g, const frame *f, size_t n_out) {
  *p = (places){.n = blocks_of(g) * f->pixels, .to = base_alloc_array(n_out, sizeof *p->to)};
  if (p->to == NULL)
    return base_fail_memory(n_out * sizeof *p->to);
  fill_places(p->to, g, f);
  return CKKS_OK;
}

/* Puts the units of stage i there, if that leaves fewer diagonals than rows close by. */
static ckks_status place_stage(bool *placed, compile_stages *stages, size_t i, const places *p) {
  size_t diagonals = 0;
  BASE_TRY(count_diagonals(&diagonals, map_of(stages, i), p->to, p->n));
  *placed = 2 * diagonals <= compile_padded(stages->stage[i].n_out);
  return *placed ? compile_stages_move(stages, i, p->to, p->n) : CKKS_OK;
}

/* ------------------------------------------------------------------ windows */

/* value[p] - quotient[p - step] - ...: what a window that begins at p must bring itself. */
static double rest_at(const double *quotient, double value, size_t p, const compile_window *w) {
  for (uint32_t t = 1; t < w->count && t * w->step <= p; t++)
    value -= quotient[p - t * w->step];
  return value;
}

/* dense := dense / (1 + z^step + ...) in place, if that has `count` times fewer values. */
static bool divide_row(double *dense, double *quotient, size_t n, const compile_window *w,
                       size_t pixels) {
  size_t before = 0, after = 0;
  double largest = 0.0;
  for (size_t p = 0; p < n; p++) {
    largest = fmax(largest, fabs(dense[p]));
    before += dense[p] != 0.0;
  }
  for (size_t p = 0; p < n; p++) {
    double rest = rest_at(quotient, dense[p], p, w);
    quotient[p] = fabs(rest) > 1e-12 * largest ? rest : 0.0;
    after += quotient[p] != 0.0;
    size_t last = p + (w->count - 1) * (size_t)w->step;
    if (quotient[p] != 0.0 && (last >= n || last / pixels != p / pixels))
      return false; /* beyond its channel, or without end */
  }
  return after * w->count <= before;
}

/* *divided = map / window, or nothing where that is not what the map was made with. */
static ckks_status divide_map(bool *good, network_sparse *divided, const network_sparse *map,
                              const compile_window *window, size_t pixels) {
  size_t n = map->n_columns;
  double *dense = base_alloc_array(n, sizeof *dense), *row = NULL;
  double *quotient = base_alloc_array(n, sizeof *quotient);
  ckks_status status = dense && quotient ? CKKS_OK : base_fail_memory(n * sizeof *dense);
  if (status == CKKS_OK)
    status = network_sparse_init(divided, map->n_rows, n, map->start[map->n_rows]);
  *good = status == CKKS_OK;
  for (size_t r = 0; r < map->n_rows && *good; r++) {
    network_sparse_row(dense, map, r);
    *good = divide_row(dense, quotient, n, window, pixels);
    if (*good)
      network_sparse_append(divided, r, quotient);
  }
  for (int i = 0; i < 2; i++) {
    row = i == 0 ? dense : quotient;
    if (row)
      base_wipe(row, n * sizeof *row);
    base_free(row);
  }
  if (!*good && status == CKKS_OK)
    network_sparse_clear(divided);
  return status;
}

static ckks_status try_window(compile_stages *stages, size_t i, const places *p,
                              const compile_window *window, size_t pixels) {
  compile_stage *stage = &stages->stage[i];
  network_sparse divided;
  size_t before = 0, after = 0;
  bool good = false;
  BASE_TRY(divide_map(&good, &divided, &stage->map, window, pixels));
  if (!good)
    return CKKS_OK;
  size_t n_rows = p->to ? p->n : stage->n_out;
  ckks_status status = count_diagonals(&before, &stage->map, p->to, n_rows);
  if (status == CKKS_OK)
    status = count_diagonals(&after, &divided, p->to, n_rows);
  if (status != CKKS_OK || 2 * after > before + window->count) { /* dense maps gain nothing */
    network_sparse_clear(&divided);
    return status;
  }
  network_sparse_clear(&stage->map);
  stage->map = divided;
  stage->window[stage->n_windows++] = *window;
  return CKKS_OK;
}

/* Poolings before map i, of images whose units stand `step` apart. */
static ckks_status find_windows(compile_stages *stages, size_t i, const places *p, const grid *g,
                                const frame *f) {
  const uint32_t axis[2] = {(uint32_t)(g->step[0] * f->columns), (uint32_t)g->step[1]};
  for (int a = 0; a < 2; a++)
    for (uint32_t times = 1; times <= 2; times++)
      for (uint32_t count = 2; count <= 3; count++) {
        const compile_window window = {times * axis[a], count};
        if (stages->stage[i].n_windows < COMPILE_MAX_WINDOWS)
          BASE_TRY(try_window(stages, i, p, &window, f->pixels));
      }
  return CKKS_OK;
}

/* ------------------------------------------------------------------ the walk */

/* Features of an image of several channels, each on a frame of its own. */
static ckks_status frame_input(compile_stages *stages, const grid *g, const frame *f) {
  compile_gather *gather = &stages->gather;
  const compile_stage *stage = &stages->stage[0];
  uint32_t *to = base_alloc_array(stage->n_in, sizeof *to);
  gather->n = g->image[0] * f->pixels;
  gather->groups = 1;
  gather->feature = base_alloc_array(gather->n, sizeof *gather->feature);
  ckks_status status =
      to && gather->feature ? CKKS_OK : base_fail_memory(gather->n * sizeof *gather->feature);
  if (status == CKKS_OK) {
    for (size_t i = 0; i < gather->n; i++)
      gather->feature[i] = PLAN_NO_FEATURE;
    fill_places(to, g, f);
    for (size_t i = 0; i < stage->n_in; i++)
      gather->feature[to[i]] = (uint32_t)i;
    status = network_sparse_copy(&gather->map, &stage->map);
  }
  if (status == CKKS_OK)
    status = network_sparse_move(&gather->map, NULL, stage->n_out, to, gather->n);
  base_free(to);
  return status;
}

/* The frame, and the first stage whose units are not on it yet; false when there are no images. */
static ckks_status begin(bool *found, frame *f, grid *g, size_t *first, compile_stages *stages,
                         const network_model *model) {
  const compile_stage *stage = &stages->stage[0];
  *found = true;
  *g = (grid){.step = {1, 1}, .share = {1, 1}};
  memcpy(g->image, stage->image, sizeof g->image);
  *f = frame_of(g->image);
  *first = 1;
  if (stages->gather.n > 0 || !is_image(stage->image)) {
    /* Windows are groups already, in the order of the pixels that they make. */
    *found = is_image(stage->image) && stages->gather.groups == f->pixels &&
             stage->n_out == g->image[0] * f->pixels;
    return CKKS_OK;
  }
  if (!encoding_image_shape(g->image, model->feature, model->n_features)) {
    places p;
    memcpy(g->image, stage->image, sizeof g->image);
    *found = fits(g, f);
    if (!*found)
      return CKKS_OK;
    BASE_TRY(make_places(&p, g, f, stage->n_out));
    ckks_status status = compile_stages_move(stages, 0, p.to, p.n);
    base_free(p.to);
    return status;
  }
  *first = 0;
  *f = frame_of(g->image);
  *found = is_image(g->image) && g->image[0] * f->pixels <= PLAN_MAX_GATHER;
  return *found && g->image[0] > 1 ? frame_input(stages, g, f) : CKKS_OK;
}

/* Stage i, whose inputs lie on grid g: poolings first, then its own units, which make `next`. */
static ckks_status walk_stage(bool *placed, grid *next, compile_stages *stages, size_t i,
                              const grid *g, const frame *f) {
  const compile_stage *stage = &stages->stage[i];
  places p = {0};
  *next = (grid){.step = {0}};
  memcpy(next->image, stage->image, sizeof next->image);
  *placed = i + 1 < stages->n_stages && is_image(next->image) &&
            stage->n_out == next->image[0] * next->image[1] * next->image[2];
  for (int axis = 0; axis < 2 && *placed; axis++)
    next->step[axis] = find_step(map_of(stages, i), next->image, axis, f);
  share_gaps(next, f, stages->n_stages >= DEEP_STAGES);
  *placed = *placed && fits(next, f);
  ckks_status status = CKKS_OK;
  if (*placed)
    status = make_places(&p, next, f, stage->n_out);
  if (status == CKKS_OK && i > 0 && !compile_skip_source(stages, i - 1)) /* summed in place */
    status = find_windows(stages, i, &p, g, f);
  if (status == CKKS_OK && *placed)
    status = place_stage(placed, stages, i, &p);
  base_free(p.to);
  return status;
}

ckks_status compile_place_stages(compile_stages *stages, const network_model *model) {
  frame f;
  grid g, next;
  size_t i;
  bool good;
  if (stages->n_stages < 2)
    return CKKS_OK;
  BASE_TRY(begin(&good, &f, &g, &i, stages, model));
  for (; good && i < stages->n_stages; i++) {
    BASE_TRY(walk_stage(&good, &next, stages, i, &g, &f));
    g = next;
  }
  return CKKS_OK;
}
