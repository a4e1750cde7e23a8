/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/foretell.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "compile/bend.h"
#include "compile/error.h"
#include "compile/simulate.h"
#include "plan/random.h"

#define ROWS COMPILE_FORETELL_ROWS
#define HALVINGS 5
#define PRODUCTS 2e8 /* of all rows through a program */
#define LEAST_ROWS 3
#define MISSING 0.1 /* part of the values of a feature that knows of missing ones */

typedef struct telling {
  plan_plan *plan;
  const plan_interface *interface;
  const compile_stages *stages;
  const network_model *model;
  plan_random random;
  bool like;          /* the rows that are drawn now */
  double *low, *high; /* of features, as a table has them */
  double *end, *row;  /* the furthest row of this direction, and one on the way there */
  double *input;
  double *value[NETWORK_MAX_LAYERS]; /* results of each stage */
  double beyond; /* the furthest that a value is, as a part of where it may be */
  double *rows, *clear, *noisy;
} telling;

static double bent(const compile_stage *stage, size_t unit, double v) {
  size_t a = compile_stage_activation(stage, unit);
  double square = v * v + stage->linear[a];
  switch (stage->kind) {
  case COMPILE_STAGE_LAST:
    return v;
  case COMPILE_STAGE_CUBIC:
    return square * v;
  case COMPILE_STAGE_SQUARES:
    return square * square;
  case COMPILE_STAGE_SQUARE:
    return v * v;
  case COMPILE_STAGE_GENERAL:
    break;
  }
  return encoding_polynomial_value(&stage->polynomial[a], v);
}

static double product(const network_sparse *map, size_t unit, const double *x) {
  double sum = 0.0;
  for (size_t k = map->start[unit]; k < map->start[unit + 1]; k++)
    sum += map->value[k] * x[map->column[k]];
  return sum;
}

/* NaN counts. */
static double larger(double most, double x) {
  return x <= most ? most : x;
}

static void run_stage(telling *t, size_t s) {
  const compile_stage *stage = &t->stages->stage[s];
  const double *x = s == 0 ? t->input : t->value[s - 1];
  bool last = s + 1 == t->stages->n_stages;
  for (size_t u = 0; u < stage->n_out; u++) {
    double v = stage->bias[u] + product(&stage->map, u, x);
    for (int k = 0; k < stage->n_skips; k++)
      v += product(&stage->skip[k].map, u, t->value[stage->skip[k].from]);
    double range = last ? stage->max_abs : stage->range[compile_stage_activation(stage, u)];
    if (t->like && range > 0.0)
      t->beyond = larger(t->beyond, fabs(v) / range);
    t->value[s][u] = bent(stage, u, v);
  }
}

/* The row through the stages. */
static void forward(telling *t) {
  size_t last = t->stages->n_stages - 1;
  plan_pack_scale(t->input, t->row, t->interface);
  t->beyond = 0.0;
  for (size_t s = 0; s <= last; s++)
    run_stage(t, s);
  for (size_t k = 0; k < t->interface->n_outputs && !t->like; k++)
    t->beyond = larger(t->beyond, fabs(t->value[last][k]) / t->interface->max_abs_output);
}

static double uniform(plan_random *random) {
  return 0.5 * erfc(-plan_random_normal(random) / sqrt(2.0));
}

static size_t below(plan_random *random, size_t n) {
  size_t i = (size_t)(uniform(random) * (double)n);
  return i < n ? i : n - 1;
}

static bool is_scaled(const telling *t, size_t f) {
  return t->interface->input.feature == NULL ||
         t->interface->input.feature[f].kind == ENCODING_SCALE;
}

/* Any bin, any category, or missing. */
static double draw_bits(telling *t, const encoding_feature *feature) {
  if (feature->n_values == 0 || (feature->missing && uniform(&t->random) < MISSING))
    return (double)NAN;
  size_t n = feature->n_values + (feature->kind == ENCODING_BINS), i = below(&t->random, n);
  if (feature->kind == ENCODING_CATEGORIES)
    return (double)i;
  return i < feature->n_values ? feature->edge[i] : feature->edge[i - 1] + 1.0;
}

static void draw_end(telling *t, size_t number) {
  const plan_interface *i = t->interface;
  const compile_stage *first = &t->stages->stage[0];
  for (size_t f = 0; f < i->n_features; f++) {
    double part = uniform(&t->random);
    if (!is_scaled(t, f))
      t->end[f] = draw_bits(t, &i->input.feature[f]);
    else
      t->end[f] = t->low[f] + (t->high[f] - t->low[f]) * (number % 3 == 0 ? part
                                                          : part < 0.5    ? 0.0
                                                                          : 1.0);
  }
  size_t unit = number / 3 % first->n_out, k = first->map.start[unit];
  double sign = number / 3 / first->n_out % 2 ? -1.0 : 1.0;
  bool largest = number % 3 == 1 && i->input.feature == NULL;
  for (; largest && k < first->map.start[unit + 1]; k++) {
    size_t f = first->map.column[k];
    t->end[f] = sign * first->map.value[k] > 0.0 ? t->high[f] : t->low[f];
  }
}

/* From the mean, or what is nearest to it inside. */
static void go(telling *t, double part) {
  for (size_t f = 0; f < t->interface->n_features; f++) {
    double from = fmin(fmax(t->interface->mean[f], t->low[f]), t->high[f]);
    bool scaled = is_scaled(t, f);
    t->row[f] = scaled ? from + part * (t->end[f] - from) : t->end[f];
    if (scaled)
      t->row[f] = fmin(fmax(t->row[f], t->low[f]), t->high[f]);
  }
  forward(t);
}

/* As far towards the end as all values are where they may be. */
static void go_far(telling *t) {
  double far = 1.0, near = 0.0;
  go(t, far);
  if (t->beyond <= 1.0)
    return;
  for (int i = 0; i < HALVINGS; i++) {
    double middle = 0.5 * (near + far);
    go(t, middle);
    if (t->beyond <= 1.0)
      near = middle;
    else
      far = middle;
  }
  go(t, near);
}

/* The plan's box, or what calibration saw of it. */
static void set_box(telling *t) {
  const plan_interface *i = t->interface;
  const network_model *model = t->model;
  for (size_t f = 0; f < i->n_features; f++) {
    t->low[f] = i->low[f];
    t->high[f] = i->high[f];
    double most = model->max_abs_input;
    if (!t->like || !(most > 0.0))
      continue;
    double low = model->low != NULL ? model->low[f] : -most;
    double high = model->low != NULL ? model->high[f] : most;
    t->low[f] = fmax(t->low[f], i->mean[f] + i->deviation[f] * low);
    t->high[f] = fmin(t->high[f], i->mean[f] + i->deviation[f] * high);
  }
}

/* --- what a program makes of them */

/* A latency program on one row, or a batch: what it multiplies. */
static size_t count_runs(const plan_plan *plan, plan_packing packing) {
  const plan_program *program = &plan->program[packing];
  double slots = packing == PLAN_LATENCY ? ldexp(1.0, plan->interface.literal.log2_n - 1)
                                         : COMPILE_SIMULATE_BATCH;
  double products = 1.0;
  for (int i = 0; i < program->n_ops; i++)
    products += 1.0 + program->op[i].n_terms;
  double runs = PRODUCTS / (products * slots);
  return runs > ROWS ? ROWS : runs < LEAST_ROWS ? LEAST_ROWS : (size_t)runs;
}

/* No more than are tried: each is several runs of the network. */
static void draw_rows(telling *t) {
  const plan_layout *layout = t->interface->layout;
  size_t n_rows = layout[PLAN_THROUGHPUT].available ? ROWS : count_runs(t->plan, PLAN_LATENCY);
  size_t n = t->interface->n_outputs, n_features = t->interface->n_features;
  plan_random_init(&t->random, 1, t->like);
  set_box(t);
  for (size_t i = 0; i < n_rows; i++) {
    draw_end(t, i);
    go_far(t);
    memcpy(t->rows + i * n_features, t->row, n_features * sizeof *t->row);
    memcpy(t->clear + i * n, t->value[t->stages->n_stages - 1], n * sizeof *t->clear);
  }
}

typedef struct shown {
  size_t n_rows;
  compile_simulate_fate fates[ROWS];
} shown;

/*
 * Before the client's polynomial. A batch that is spoilt says nothing of its rows: then they go one
 * by one, as a client sends them again.
 */
static ckks_status simulate(shown *seen, telling *t, plan_packing packing) {
  const plan_interface *i = t->interface;
  size_t runs = count_runs(t->plan, packing);
  seen->n_rows = packing == PLAN_THROUGHPUT ? ROWS : runs;
  BASE_TRY(compile_simulate_rows(t->noisy, seen->fates, t->rows, seen->n_rows, t->plan, packing, 1,
                                 NULL));
  bool spoilt = false;
  for (size_t row = 0; row < seen->n_rows; row++)
    spoilt = spoilt || seen->fates[row].mark == COMPILE_SIMULATE_SPOILT;
  if (!spoilt)
    return CKKS_OK;
  seen->n_rows = runs;
  for (size_t row = 0; row < runs; row++)
    BASE_TRY(compile_simulate_rows(t->noisy + row * i->n_outputs, &seen->fates[row],
                                   t->rows + row * i->n_features, 1, t->plan, packing, 1, NULL));
  return CKKS_OK;
}

/* Of one output: the largest error, and what the usual one would be at the worst place. */
static double error_of_output(const shown *seen, const telling *t, plan_packing packing, size_t k) {
  const encoding_polynomial *last = &t->stages->last;
  double worst = 0.0, sum = 0.0, most = 0.0;
  size_t n = t->interface->n_outputs, count = 0;
  for (size_t row = 0; row < seen->n_rows; row++) {
    double clear = t->clear[row * n + k], noisy = t->noisy[row * n + k];
    double out = encoding_polynomial_value(last, clear);
    if (seen->fates[row].mark != COMPILE_SIMULATE_NONE)
      continue;
    worst =
        larger(worst, fabs(encoding_polynomial_value(last, noisy) - out) / fmax(1.0, fabs(out)));
    most = larger(most, fabs(clear));
    sum += (noisy - clear) * (noisy - clear);
    count++;
  }
  if (count == 0)
    return -1.0;
  double tail = packing == PLAN_LATENCY ? COMPILE_ERROR_MEAN_TAIL : COMPILE_ERROR_TAIL;
  double usual = tail * sqrt(sum / (double)count) * compile_bend_gain(last, most, false);
  worst *= t->like ? COMPILE_FORETELL_LIKE_TAIL : COMPILE_FORETELL_UNLIKE_TAIL;
  return larger(worst, usual);
}

static ckks_status measure(double *error, telling *t, plan_packing packing) {
  shown seen;
  double worst = -1.0;
  plan_interface *interface = &t->plan->interface;
  interface->last = encoding_polynomial_identity; /* which nothing but the outputs asks for */
  ckks_status status = simulate(&seen, t, packing);
  interface->last = t->stages->last;
  for (size_t k = 0; k < interface->n_outputs && status == CKKS_OK; k++)
    worst = larger(worst, error_of_output(&seen, t, packing, k));
  *error = worst < 0.0 ? (double)NAN : worst;
  return status;
}

/* Shares of what the bound says, of what rows show. */
static void raise_predicted(telling *t, plan_packing packing, double error) {
  plan_account *account = &t->plan->account[packing];
  double *predicted = &t->plan->interface.cost[packing].predicted_error;
  for (int i = 0; i < account->n_parts; i++)
    account->part[i].error *= error / *predicted;
  *predicted = error;
}

static ckks_status measure_packing(telling *t, plan_packing packing) {
  double error;
  BASE_TRY(measure(&error, t, packing));
  if (!t->like)
    t->plan->unlike_error[packing] = error;
  else if (error > t->plan->interface.cost[packing].predicted_error)
    raise_predicted(t, packing, error);
  return CKKS_OK;
}

static bool any_scaled(const telling *t) {
  bool any = false;
  for (size_t f = 0; f < t->interface->n_features; f++)
    any = any || is_scaled(t, f);
  return any;
}

static ckks_status tell(telling *t) {
  bool any = any_scaled(t);
  for (int like = 1; like >= 0; like--) {
    t->like = like;
    if (like || any)
      draw_rows(t);
    for (int packing = 0; packing < PLAN_N_PACKINGS; packing++) {
      if (!t->interface->layout[packing].available)
        continue;
      if (like || any)
        BASE_TRY(measure_packing(t, (plan_packing)packing));
      else
        t->plan->unlike_error[packing] = t->interface->cost[packing].predicted_error;
    }
  }
  return CKKS_OK;
}

static double *take(double **memory, size_t n) {
  double *part = *memory;
  *memory += n;
  return part;
}

ckks_status compile_foretell_run(plan_plan *plan, const compile_stages *stages,
                                 const network_model *model) {
  const plan_interface *interface = &plan->interface;
  telling t = {.plan = plan, .interface = interface, .stages = stages, .model = model};
  size_t n_features = interface->n_features, n_out = interface->n_outputs;
  size_t n = (4 + ROWS) * n_features + plan_n_inputs(interface) + 2 * ROWS * n_out;
  for (size_t s = 0; s < stages->n_stages; s++)
    n += stages->stage[s].n_out;
  double *memory = base_alloc_array(n, sizeof *memory), *next = memory;
  if (memory == NULL)
    return base_fail_memory(n * sizeof *memory);
  t.low = take(&next, n_features);
  t.high = take(&next, n_features);
  t.end = take(&next, n_features);
  t.row = take(&next, n_features);
  t.input = take(&next, plan_n_inputs(interface));
  for (size_t s = 0; s < stages->n_stages; s++)
    t.value[s] = take(&next, stages->stage[s].n_out);
  t.rows = take(&next, ROWS * n_features);
  t.clear = take(&next, ROWS * n_out);
  t.noisy = take(&next, ROWS * n_out);
  ckks_status status = tell(&t);
  base_free(memory);
  return status;
}
