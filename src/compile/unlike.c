/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/unlike.h"

#include <math.h>

#include "base/alloc.h"
#include "compile/simulate.h"
#include "plan/random.h"

#define HALVINGS 5
#define PRODUCTS 1e9 /* of all rows through a program */

typedef struct probing {
  const plan_interface *interface;
  const compile_stages *stages;
  plan_random random;
  size_t n_in;
  double *end, *row; /* the furthest row of this direction, and one on the way there */
  double *x, *y;     /* values of two stages */
  double output;     /* the largest, before the client's polynomial */
} probing;

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

static double largest(const double *x, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fabs(x[i]) <= most ? most : fabs(x[i]); /* NaN counts */
  return most;
}

/* The row through the stages: its outputs in p->x. */
static void forward(probing *p) {
  for (size_t i = 0; i < p->n_in; i++)
    p->x[i] = p->row[i];
  for (size_t s = 0; s < p->stages->n_stages; s++) {
    const compile_stage *stage = &p->stages->stage[s];
    for (size_t u = 0; u < stage->n_out; u++) {
      p->y[u] = stage->bias[u];
      for (size_t k = stage->map.start[u]; k < stage->map.start[u + 1]; k++)
        p->y[u] += stage->map.value[k] * p->x[stage->map.column[k]];
    }
    for (size_t u = 0; u < stage->n_out; u++)
      p->x[u] = bent(stage, u, p->y[u]);
  }
  p->output = largest(p->x, p->interface->n_outputs);
}

static double uniform(plan_random *random) {
  return 0.5 * erfc(-plan_random_normal(random) / sqrt(2.0));
}

/* Scaled values; bits of bins and categories are any, and what that draws is no row. */
static void draw_end(probing *p, size_t number) {
  const plan_interface *i = p->interface;
  const compile_stage *first = &p->stages->stage[0];
  for (size_t f = 0; f < p->n_in; f++) {
    double low = (i->low[f] - i->mean[f]) / i->deviation[f];
    double high = (i->high[f] - i->mean[f]) / i->deviation[f], part = uniform(&p->random);
    p->end[f] = low + (high - low) * (number % 3 == 0 ? part : part < 0.5 ? 0.0 : 1.0);
  }
  size_t unit = number / 3 % first->n_out, k = first->map.start[unit];
  double sign = number / 3 / first->n_out % 2 ? -1.0 : 1.0;
  for (; number % 3 == 1 && k < first->map.start[unit + 1]; k++) {
    size_t f = first->map.column[k];
    double end = sign * first->map.value[k] > 0.0 ? i->high[f] : i->low[f];
    p->end[f] = (end - i->mean[f]) / i->deviation[f];
  }
}

static void go(probing *p, double part) {
  for (size_t f = 0; f < p->n_in; f++)
    p->row[f] = part * p->end[f];
  forward(p);
}

/* As far towards the end as the answer is believed. */
static void go_far(probing *p) {
  double far = 1.0, near = 0.0;
  go(p, far);
  if (p->output <= p->interface->max_abs_output)
    return;
  for (int i = 0; i < HALVINGS; i++) {
    double middle = 0.5 * (near + far);
    go(p, middle);
    if (p->output <= p->interface->max_abs_output)
      near = middle;
    else
      far = middle;
  }
  go(p, near);
}

/* Rows as a table has them, and what they are in clear. */
static void draw_rows(double *rows, double *clear, size_t n_rows, probing *p) {
  const plan_interface *interface = p->interface;
  for (size_t i = 0; i < n_rows; i++) {
    draw_end(p, i);
    go_far(p);
    for (size_t f = 0; f < p->n_in; f++) {
      double x = interface->mean[f] + interface->deviation[f] * p->row[f];
      rows[i * p->n_in + f] = fmin(fmax(x, interface->low[f]), interface->high[f]);
    }
    for (size_t k = 0; k < interface->n_outputs; k++)
      clear[i * interface->n_outputs + k] = encoding_polynomial_value(&interface->last, p->x[k]);
  }
}

/* A program on one row: what it multiplies. */
static size_t count_rows(const plan_plan *plan, plan_packing packing) {
  const plan_program *program = &plan->program[packing];
  double products = 1.0, slots = ldexp(1.0, plan->interface.literal.log2_n - 1);
  for (int i = 0; i < program->n_ops; i++)
    products += 1.0 + program->op[i].n_terms;
  if (packing == PLAN_THROUGHPUT) /* all rows at once */
    return COMPILE_UNLIKE_ROWS;
  double rows = PRODUCTS / (products * slots);
  return rows > COMPILE_UNLIKE_ROWS ? COMPILE_UNLIKE_ROWS : rows < 3.0 ? 3 : (size_t)rows;
}

static ckks_status fill(plan_plan *plan, plan_packing packing, const double *rows,
                        const double *clear, double *outputs) {
  size_t n_rows = count_rows(plan, packing), n = plan->interface.n_outputs;
  compile_simulate_fate fates[COMPILE_UNLIKE_ROWS];
  double worst = 0.0;
  BASE_TRY(compile_simulate_rows(outputs, fates, rows, n_rows, plan, packing, 1, NULL));
  for (size_t i = 0; i < n_rows * n; i++) {
    double error = fabs(outputs[i] - clear[i]) / fmax(1.0, fabs(clear[i]));
    if (fates[i / n].mark == COMPILE_SIMULATE_NONE)
      worst = error <= worst ? worst : error;
  }
  plan->unlike_error[packing] = COMPILE_UNLIKE_TAIL * worst;
  return CKKS_OK;
}

static ckks_status fill_both(plan_plan *plan, double *memory, probing *p) {
  size_t n = plan->interface.n_outputs;
  double *rows = memory, *clear = rows + COMPILE_UNLIKE_ROWS * p->n_in;
  double *outputs = clear + COMPILE_UNLIKE_ROWS * n;
  size_t n_rows = 0; /* no more than are used: each is several runs of the network */
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    if (plan->interface.layout[packing].available &&
        count_rows(plan, (plan_packing)packing) > n_rows)
      n_rows = count_rows(plan, (plan_packing)packing);
  plan_random_init(&p->random, 1, 0);
  draw_rows(rows, clear, n_rows, p);
  for (int packing = 0; packing < PLAN_N_PACKINGS; packing++)
    if (plan->interface.layout[packing].available)
      BASE_TRY(fill(plan, (plan_packing)packing, rows, clear, outputs));
  return CKKS_OK;
}

ckks_status compile_unlike_fill(plan_plan *plan, const compile_stages *stages) {
  size_t width = compile_stages_width(stages), n_in = stages->stage[0].n_in;
  size_t n = 4 * width + COMPILE_UNLIKE_ROWS * (n_in + 2 * plan->interface.n_outputs);
  probing p = {.interface = &plan->interface, .stages = stages, .n_in = n_in};
  if (plan->interface.input.feature != NULL)
    return CKKS_OK;
  double *memory = base_alloc_array(n, sizeof *memory);
  if (memory == NULL)
    return base_fail_memory(n * sizeof *memory);
  p.end = memory;
  p.row = memory + width;
  p.x = memory + 2 * width;
  p.y = memory + 3 * width;
  ckks_status status = fill_both(plan, memory + 4 * width, &p);
  base_free(memory);
  return status;
}
