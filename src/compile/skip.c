/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residual connections. A model carries a value past a polynomial in a unit of its own whose
 * polynomial is x (or a line). Such a unit c = C x + b is linear in the stage before, so what the
 * next map B makes of it is B C x + B b: the next stage may take it from there. The unit is not
 * computed then, and all units that are left can have one polynomial.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"
#include "compile/stage.h"

#define DROPPED UINT32_MAX

bool compile_skip_source(const compile_stages *stages, size_t i) {
  for (size_t later = i + 2; later < stages->n_stages; later++)
    for (int k = 0; k < stages->stage[later].n_skips; k++)
      if (stages->stage[later].skip[k].from == i)
        return true;
  return false;
}

bool compile_skip_any(const compile_stages *stages) {
  bool any = false;
  for (size_t i = 0; i < stages->n_stages; i++)
    any = any || stages->stage[i].n_skips > 0;
  return any;
}

/* Units of a stage: where they go among those that stay, or among those that are taken out. */
typedef struct division {
  size_t n_kept, n_carried;
  uint32_t *kept_to, *carried_to; /* by unit; DROPPED: not there */
  uint32_t *kept, *carried;       /* units */
} division;

static bool is_line(const compile_stage *stage, size_t unit) {
  const encoding_polynomial *p = &stage->polynomial[compile_stage_activation(stage, unit)];
  return p->degree == 1 && !p->chebyshev;
}

static ckks_status divide(division *d, const compile_stage *stage) {
  size_t n = stage->n_out;
  *d = (division){.kept_to = base_alloc_array(n, sizeof(uint32_t)),
                  .carried_to = base_alloc_array(n, sizeof(uint32_t)),
                  .kept = base_alloc_array(n, sizeof(uint32_t)),
                  .carried = base_alloc_array(n, sizeof(uint32_t))};
  if (!d->kept_to || !d->carried_to || !d->kept || !d->carried)
    return base_fail_memory(n * sizeof(uint32_t));
  for (size_t unit = 0; unit < n; unit++) {
    bool line = is_line(stage, unit);
    d->kept_to[unit] = line ? DROPPED : (uint32_t)d->n_kept;
    d->carried_to[unit] = line ? (uint32_t)d->n_carried : DROPPED;
    if (line)
      d->carried[d->n_carried++] = (uint32_t)unit;
    else
      d->kept[d->n_kept++] = (uint32_t)unit;
  }
  return CKKS_OK;
}

static void division_clear(division *d) {
  base_free(d->kept_to);
  base_free(d->carried_to);
  base_free(d->kept);
  base_free(d->carried);
}

/* Rows `row` (NULL: all) of a matrix, columns at their new places (NULL: as they were). */
static ckks_status choose(network_sparse *out, const network_sparse *in, const uint32_t *row,
                          size_t n_rows, const uint32_t *column_to, size_t n_columns) {
  size_t at = 0;
  BASE_TRY(network_sparse_init(out, n_rows, n_columns, in->start[in->n_rows]));
  for (size_t r = 0; r < n_rows; r++) {
    size_t from = row ? row[r] : r;
    for (size_t k = in->start[from]; k < in->start[from + 1]; k++) {
      uint32_t column = column_to ? column_to[in->column[k]] : in->column[k];
      if (column == DROPPED)
        continue;
      out->column[at] = column;
      out->value[at++] = in->value[k];
    }
    out->start[r + 1] = at;
  }
  return CKKS_OK;
}

/* The same in place. */
static ckks_status reduce(network_sparse *map, const uint32_t *row, size_t n_rows,
                          const uint32_t *column_to, size_t n_columns) {
  network_sparse chosen;
  BASE_TRY(choose(&chosen, map, row, n_rows, column_to, n_columns));
  network_sparse_clear(map);
  *map = chosen;
  return CKKS_OK;
}

/* sum := sum + term. */
static ckks_status add_to(network_sparse *sum, const network_sparse *term) {
  network_sparse total;
  double *dense = base_alloc_array(2 * sum->n_columns, sizeof *dense);
  if (dense == NULL)
    return base_fail_memory(2 * sum->n_columns * sizeof *dense);
  ckks_status status = network_sparse_init(&total, sum->n_rows, sum->n_columns,
                                           sum->start[sum->n_rows] + term->start[term->n_rows]);
  for (size_t row = 0; row < sum->n_rows && status == CKKS_OK; row++) {
    network_sparse_row(dense, sum, row);
    network_sparse_row(dense + sum->n_columns, term, row);
    for (size_t k = 0; k < sum->n_columns; k++)
      dense[k] += dense[sum->n_columns + k];
    network_sparse_append(&total, row, dense);
  }
  base_wipe(dense, 2 * sum->n_columns * sizeof *dense);
  base_free(dense);
  if (status != CKKS_OK)
    return status;
  network_sparse_clear(sum);
  *sum = total;
  return CKKS_OK;
}

/* The stage takes `map` (which is the stage's from here on) of the results of stage `from`. */
static ckks_status add_skip(compile_stage *stage, size_t from, network_sparse *map) {
  for (int k = 0; k < stage->n_skips; k++)
    if (stage->skip[k].from == from) {
      ckks_status status = add_to(&stage->skip[k].map, map);
      network_sparse_clear(map);
      return status;
    }
  BASE_ASSERT(stage->n_skips < COMPILE_MAX_SKIPS);
  stage->skip[stage->n_skips++] = (compile_skip){from, *map};
  return CKKS_OK;
}

/* next += reads (lines of (map x)), map from the results of stage `from` to the carried units. */
static ckks_status pass_on(compile_stage *next, const compile_stage *stage,
                           const network_sparse *reads, const network_sparse *map,
                           const division *d, size_t from) {
  network_sparse carried, product;
  BASE_TRY(choose(&carried, map, d->carried, d->n_carried, NULL, map->n_columns));
  for (size_t row = 0; row < d->n_carried; row++) {
    size_t a = compile_stage_activation(stage, d->carried[row]);
    for (size_t k = carried.start[row]; k < carried.start[row + 1]; k++)
      carried.value[k] *= stage->polynomial[a].coefficient[1];
  }
  ckks_status status = network_sparse_product(&product, reads, &carried);
  network_sparse_clear(&carried);
  return status == CKKS_OK ? add_skip(next, from, &product) : status;
}

static void pass_bias(compile_stage *next, const compile_stage *stage, const network_sparse *reads,
                      const division *d) {
  for (size_t row = 0; row < next->n_out; row++)
    for (size_t k = reads->start[row]; k < reads->start[row + 1]; k++) {
      size_t unit = d->carried[reads->column[k]];
      const double *c = stage->polynomial[compile_stage_activation(stage, unit)].coefficient;
      next->bias[row] += reads->value[k] * (c[0] + c[1] * stage->bias[unit]);
    }
}

/* Activations that no unit has any more are no more. */
static void drop_activations(compile_stage *stage) {
  uint8_t to[NETWORK_MAX_ACTIVATIONS] = {0};
  bool used[NETWORK_MAX_ACTIVATIONS] = {false};
  size_t n = 0;
  for (size_t unit = 0; unit < stage->n_out; unit++)
    used[stage->activation_of[unit]] = true;
  for (size_t a = 0; a < stage->n_activations; a++) {
    to[a] = (uint8_t)n;
    stage->polynomial[n] = stage->polynomial[a];
    stage->range[n] = stage->range[a];
    n += used[a];
  }
  for (size_t unit = 0; unit < stage->n_out; unit++)
    stage->activation_of[unit] = to[stage->activation_of[unit]];
  stage->n_activations = n;
  if (n > 1)
    return;
  base_free(stage->activation_of);
  stage->activation_of = NULL;
}

/* The stage without its carried units. */
static ckks_status keep_others(compile_stage *stage, const division *d) {
  size_t n = d->n_kept, pixels = stage->image[1] * stage->image[2];
  BASE_TRY(reduce(&stage->map, d->kept, n, NULL, stage->n_in));
  for (int k = 0; k < stage->n_skips; k++)
    BASE_TRY(reduce(&stage->skip[k].map, d->kept, n, NULL, stage->skip[k].map.n_columns));
  for (size_t i = 0; i < n; i++) {
    stage->bias[i] = stage->bias[d->kept[i]];
    stage->activation_of[i] = stage->activation_of[d->kept[i]];
  }
  stage->n_out = n;
  if (pixels == 0 || n % pixels != 0)
    memset(stage->image, 0, sizeof stage->image);
  else
    stage->image[0] = n / pixels;
  drop_activations(stage);
  stage->max_abs = compile_stage_range(stage);
  return CKKS_OK;
}

static ckks_status take_out(compile_stages *stages, size_t i, const division *d) {
  compile_stage *stage = &stages->stage[i], *next = &stages->stage[i + 1];
  network_sparse reads;
  BASE_TRY(choose(&reads, &next->map, NULL, next->n_out, d->carried_to, d->n_carried));
  ckks_status status = pass_on(next, stage, &reads, &stage->map, d, i - 1);
  for (int k = 0; k < stage->n_skips && status == CKKS_OK; k++)
    status = pass_on(next, stage, &reads, &stage->skip[k].map, d, stage->skip[k].from);
  pass_bias(next, stage, &reads, d);
  network_sparse_clear(&reads);
  if (status == CKKS_OK)
    status = reduce(&next->map, NULL, next->n_out, d->kept_to, d->n_kept);
  next->n_in = d->n_kept;
  return status == CKKS_OK ? keep_others(stage, d) : status;
}

/* The first stage has the input before it, which no stage behind the second can take. */
ckks_status compile_skip_stages(compile_stages *stages) {
  for (size_t i = 1; i + 1 < stages->n_stages; i++) {
    division d;
    compile_stage *stage = &stages->stage[i];
    if (stage->activation_of == NULL || stage->n_skips + 1 > COMPILE_MAX_SKIPS)
      continue;
    ckks_status status = divide(&d, stage);
    if (status == CKKS_OK && d.n_carried > 0 && d.n_kept > 0)
      status = take_out(stages, i, &d);
    division_clear(&d);
    BASE_TRY(status);
  }
  return CKKS_OK;
}
