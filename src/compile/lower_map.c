/* SPDX-License-Identifier: Apache-2.0 */
/* One map between vectors as diagonals: in baby and giant steps, or in windows. */
#include <math.h>

#include "base/alloc.h"
#include "compile/lower.h"

/* A key less is worth as much as so many rotations: it is made, sent and held. */
#define KEY_WORTH 1.0
/* A rotation that shares its decomposition, held against one that does not. */
#define HOISTED 0.2
/* Giants that windows hold at a time (eval/windows.c). */
#define LOT 8
/* Of fewer diagonals windows would be no fewer keys. */
#define FEW_DIAGONALS 4

/* The diagonals of a map between two ciphertexts. */
typedef struct block {
  const compile_link *link;
  size_t in, out, n_used;
  bool *used;
  size_t *offset; /* of each used diagonal: the input that it meets, from a row's own place */
  size_t *giant;  /* of each: in slots */
  int32_t *term;  /* of each: three rotations, in slots */
  int *vector;    /* of each */
} block;

static size_t max_size(size_t a, size_t b) {
  return a > b ? a : b;
}

/* ------------------------------------------------------------------- weights */

/* The row that slot j of ciphertext `out` belongs to; false for padding. */
static bool slot_row(size_t *row, const block *b, size_t j) {
  const compile_link *link = b->link;
  *row = b->out * (link->affine.rows / link->stride_out) +
         j / link->stride_out % (link->affine.rows / link->stride_out);
  return *row < link->map->n_rows;
}

/* The first weight of a row whose column is not below `column`. */
static size_t first_from(const network_sparse *map, size_t row, size_t column) {
  size_t low = map->start[row], high = map->start[row + 1];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (map->column[middle] < column)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Slot j of a diagonal multiplies the input `offset` places on from its own. Stored rotated by
 * -giant. */
static void fill_slot(plan_plan *plan, const block *b, size_t j, size_t row, size_t period) {
  const compile_link *link = b->link;
  const network_sparse *map = link->map;
  size_t inputs = link->affine.inputs, begin = b->in * inputs;
  size_t here = j / link->affine.stride % inputs;
  for (size_t k = first_from(map, row, begin);
       k < map->start[row + 1] && map->column[k] < begin + inputs; k++) {
    size_t away = (map->column[k] - begin + inputs - here) % inputs;
    size_t d = away % link->affine.diagonals;
    if (b->offset[d] % inputs != away) /* the row's own slots of another part see it */
      continue;
    plan->vector[b->vector[d]].value[(j + b->giant[d]) % period] = link->share * map->value[k];
  }
}

static ckks_status emit_vectors(plan_plan *plan, const block *b, const size_t *order, size_t n) {
  const compile_affine *affine = &b->link->affine;
  size_t period = max_size(affine->stride * affine->inputs, affine->rows), row;
  double *value;
  for (size_t i = 0; i < n; i++)
    BASE_TRY(compile_emit_vector(plan, period, &b->vector[order[i]], &value));
  for (size_t j = 0; j < period; j++)
    if (slot_row(&row, b, j))
      fill_slot(plan, b, j, row, period);
  return CKKS_OK;
}

/* --------------------------------------------------------- babies and giants */

/* Different multiples of `window`, and different rests, that are not zero. */
static double count_steps(const bool *used, size_t n, size_t window) {
  size_t babies = 0, giants = 0;
  for (size_t rest = 1; rest < window; rest++) {
    bool any = false;
    for (size_t d = rest; d < n && !any; d += window)
      any = used[d];
    babies += any;
  }
  for (size_t giant = window; giant < n; giant += window) {
    bool any = false;
    for (size_t d = giant; d < giant + window && d < n && !any; d++)
      any = used[d];
    giants += any;
  }
  return 0.6 * (double)babies + (double)giants; /* babies share their decomposition */
}

/* What a giant step is a multiple of. Evenly spaced diagonals are as good as all of them. */
static size_t choose_window(const bool *used, size_t n, size_t n_used) {
  size_t unit = n / n_used, best = 1;
  bool even = n % n_used == 0;
  for (size_t d = 0; d < n && even; d++)
    even = used[d] == (d % unit == 0);
  if (even)
    return unit * compile_layouts_babies(n_used);
  for (size_t window = 2; window <= n; window *= 2)
    if (count_steps(used, n, window) < count_steps(used, n, best))
      best = window;
  return best;
}

static void place_diagonals(block *b) {
  size_t n = b->link->affine.diagonals, stride = b->link->affine.stride;
  size_t window = choose_window(b->used, n, b->n_used);
  for (size_t d = 0; d < n; d++) {
    b->offset[d] = d;
    b->giant[d] = d / window * window * stride;
    b->term[3 * d] = (int32_t)(d % window * stride);
    b->term[3 * d + 1] = 0;
    b->term[3 * d + 2] = (int32_t)b->giant[d];
  }
}

/* ------------------------------------------------------------------- windows */

/* A diagonal as a giant, 0 or more, and a row and a column, either of which may be negative. */
typedef struct window_at {
  long column, row, giant;
} window_at;

static long floor_to(long x, long step) {
  return (x >= 0 ? x : x - step + 1) / step * step;
}

static window_at window_of(size_t d, size_t n, size_t low, size_t high) {
  long e = (long)d, whole = (long)n, giant = floor_to(e + (long)high / 2, (long)high);
  long rest = e - giant, row = floor_to(rest + (long)low / 2, (long)low);
  return (window_at){rest - row, row, giant % whole};
}

/* A count of values below a few thousand, each once. */
typedef struct distinct {
  size_t n;
  long value[PLAN_MAX_KEYS];
} distinct;

static void add_distinct(distinct *set, long value) {
  for (size_t i = 0; i < set->n; i++)
    if (set->value[i] == value)
      return;
  if (set->n < PLAN_MAX_KEYS)
    set->value[set->n++] = value;
}

static long divisor(long a, long b) {
  while (b != 0) {
    long rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* What windows of low and high would take, in rotations. */
static double price_windows(const block *b, const size_t *order, size_t low, size_t high) {
  size_t n = b->link->affine.diagonals;
  distinct columns = {0}, rows = {0};
  long most_giant = 0, step = 0, step_row = 0, up = 0, down = 0;
  for (size_t i = 0; i < b->n_used; i++) {
    window_at at = window_of(order[i], n, low, high);
    add_distinct(&columns, at.column);
    add_distinct(&rows, at.row);
    most_giant = at.giant > most_giant ? at.giant : most_giant;
    step = divisor(step, at.giant);
    step_row = divisor(step_row, at.row < 0 ? -at.row : at.row);
    up = at.row > up ? at.row : up;
    down = -at.row > down ? -at.row : down;
  }
  double giants = step > 0 ? (double)(most_giant / step) : 0.0;
  double lots = (double)((long)giants / LOT + 1),
         steps = step_row > 0 ? (double)((up + down) / step_row) : 0.0;
  double once = steps + (double)rows.n * (0.5 + HOISTED * (double)columns.n);
  double keys = (double)columns.n + (double)(up > 0) + (double)(down > 0) + (double)(giants > 0.0);
  return lots * once + giants + KEY_WORTH * keys;
}

static void choose_windows(size_t *low, size_t *high, const block *b, const size_t *order) {
  size_t n = b->link->affine.diagonals;
  double best = (double)INFINITY;
  for (size_t h = 2; h <= n; h *= 2)
    for (size_t l = 1; l <= h; l *= 2) {
      double price = price_windows(b, order, l, h);
      if (price < best) {
        best = price;
        *low = l;
        *high = h;
      }
    }
}

/* `order`: the used diagonals. */
static void place_windows(block *b, const size_t *order, size_t n_slots) {
  size_t n = b->link->affine.diagonals, stride = b->link->affine.stride, low = 1, high = n;
  choose_windows(&low, &high, b, order);
  for (size_t i = 0; i < b->n_used; i++) {
    size_t d = order[i];
    window_at at = window_of(d, n, low, high);
    long sum = at.column + at.row + at.giant, inputs = (long)b->link->affine.inputs;
    const long rotation[] = {at.column, at.row, at.giant};
    b->offset[d] = (size_t)((sum + inputs) % inputs);
    b->giant[d] = (size_t)at.giant * stride;
    for (int w = 0; w < 3; w++)
      b->term[3 * d + (size_t)w] =
          (int32_t)((rotation[w] * (long)stride + (long)n_slots) % (long)n_slots);
  }
}

static void list_used(size_t *order, const block *b) {
  size_t n = 0;
  for (size_t d = 0; d < b->link->affine.diagonals; d++)
    if (b->used[d])
      order[n++] = d;
}

/* Windows by their rows, from the lowest. */
static void sort_rows(size_t *order, const block *b, size_t n_slots) {
  size_t most = n_slots / 2;
  for (size_t i = 0; i < b->n_used; i++) {
    size_t at = i, d = order[i], row = ((size_t)b->term[3 * d + 1] + most - 1) % n_slots;
    for (; at > 0 && ((size_t)b->term[3 * order[at - 1] + 1] + most - 1) % n_slots > row; at--)
      order[at] = order[at - 1];
    order[at] = d;
  }
}

/* ------------------------------------------------------------------ programs */

static ckks_status emit_block(compile_target *t, block *b, size_t *order, int in, int to) {
  plan_op *op = NULL;
  bool windows = t->windows && b->n_used > FEW_DIAGONALS;
  int first = t->plan->n_vectors, words = windows ? 3 : 2;
  list_used(order, b);
  if (windows) {
    place_windows(b, order, t->n_slots);
    sort_rows(order, b, t->n_slots);
  } else {
    place_diagonals(b);
  }
  BASE_TRY(emit_vectors(t->plan, b, order, b->n_used));
  BASE_TRY(compile_emit_op(t->program, windows ? PLAN_OP_WINDOWS : PLAN_OP_DIAGONALS, to, in, first,
                           (int)b->n_used, words, t->level, &op));
  for (size_t i = 0; i < b->n_used; i++)
    for (int w = 0; w < words; w++)
      op->term[(size_t)words * i + (size_t)w] =
          b->term[3 * order[i] + (size_t)(w + 1 == words ? 2 : w)];
  return CKKS_OK;
}

/* One ciphertext of the outputs: what each ciphertext of the inputs brings, added up. */
static ckks_status emit_output(compile_target *t, block *b, size_t *order) {
  const compile_affine *affine = &b->link->affine;
  bool begun = false;
  int out = t->out + t->between * (int)b->out, spare = t->spare + t->between * (int)b->out;
  for (b->in = 0; b->in < affine->n_in; b->in++) {
    int to = begun ? spare : out;
    plan_op *op = NULL;
    b->n_used = compile_layouts_diagonals(b->used, b->link->map, affine, b->link->stride_out, b->in,
                                          b->out);
    if (b->n_used == 0 && (begun || b->in + 1 < affine->n_in))
      continue;
    if (b->n_used == 0) /* no weights at all: zeros are computed, too */
      b->n_used = b->used[0] = true;
    BASE_TRY(emit_block(t, b, order, t->in + t->between * (int)b->in, to));
    if (begun)
      BASE_TRY(compile_emit_op(t->program, PLAN_OP_ROTATE_SUM, out, to, out, 1, 1, t->level, &op));
    begun = true;
  }
  return CKKS_OK;
}

ckks_status compile_lower_map(compile_target *t, const compile_link *link) {
  size_t n = link->affine.diagonals;
  block b = {.link = link,
             .used = base_alloc_array(n, sizeof *b.used),
             .offset = base_alloc_array(n, sizeof *b.offset),
             .giant = base_alloc_array(n, sizeof *b.giant),
             .term = base_alloc_array(3 * n, sizeof *b.term),
             .vector = base_alloc_array(n, sizeof *b.vector)};
  size_t *order = base_alloc_array(n, sizeof *order);
  ckks_status status = CKKS_OK;
  if (!b.used || !b.offset || !b.giant || !b.term || !b.vector || !order)
    status = base_fail_memory(n * sizeof *order);
  for (; b.out < link->affine.n_out && status == CKKS_OK; b.out++)
    status = emit_output(t, &b, order);
  base_free(b.used);
  base_free(b.offset);
  base_free(b.giant);
  base_free(b.term);
  base_free(b.vector);
  base_free(order);
  return status;
}

ckks_status compile_lower_main_diagonal(compile_target *t, const compile_link *link) {
  bool used = true;
  size_t zero = 0;
  int index = 0;
  block b = {.link = link,
             .used = &used,
             .offset = &zero,
             .giant = &(size_t){0},
             .vector = &index,
             .n_used = 1};
  plan_op *op = NULL;
  BASE_TRY(emit_vectors(t->plan, &b, &zero, 1));
  return compile_emit_op(t->program, PLAN_OP_MUL_VECTOR, t->out, t->in, index, 0, 0, t->level, &op);
}
