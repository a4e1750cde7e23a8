/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/probe.h"

#include <math.h>

#include "base/alloc.h"
#include "compile/noise.h"

#define N_ROWS 6
#define MARGIN 3.0       /* over the largest of N_ROWS errors of each output */
#define PART_OF_SEEN 0.5 /* how far rows reach behind the first map */
#define SEED 20

typedef struct probing {
  const plan_plan *plan;
  const plan_layout *layout;
  const compile_stages *stages;
  const plan_program *program;
  size_t slots;
  plan_random random;
  plan_reading_noise noise;
  plan_noise *op;
  double *row, *input, *exact, *noisy;
} probing;

/* The longest period: what the program repeats need not be run again (simulate.c). */
static size_t longest_period(const probing *p) {
  size_t period = p->layout->stride * p->layout->padded;
  for (int i = 0; i < p->program->n_ops; i++) {
    const plan_op *op = &p->program->op[i];
    bool many = op->kind == PLAN_OP_DIAGONALS || plan_is_slots(op);
    bool one = op->kind == PLAN_OP_MUL_VECTOR || op->kind == PLAN_OP_ADD_VECTOR;
    for (int t = 0; t < (many ? op->n_terms : one); t++)
      if (p->plan->vector[op->index + t].period > period)
        period = p->plan->vector[op->index + t].period;
  }
  return period > p->layout->period ? period : p->layout->period;
}

static ckks_status probing_build(probing *p, const compile_chain *chain) {
  size_t n_slots = chain->params->ring.n / 2;
  p->slots = longest_period(p);
  p->op = base_alloc_array((size_t)p->program->n_ops, sizeof *p->op);
  p->row = base_alloc_array(p->stages->plain->stage[0].n_in, sizeof *p->row);
  p->input = base_alloc_array(p->slots, sizeof *p->input);
  p->exact = base_alloc_array(p->slots, sizeof *p->exact);
  p->noisy = base_alloc_array(p->slots, sizeof *p->noisy);
  if (!p->op || !p->row || !p->input || !p->exact || !p->noisy)
    return base_fail_memory(p->slots * sizeof *p->input);
  for (int i = 0; i < p->program->n_ops; i++)
    p->op[i] = compile_noise_op(&p->program->op[i], p->plan, chain); /* `weight` is not tried */
  plan_random_init(&p->random, SEED, 0);
  p->noise = (plan_reading_noise){
      .op = p->op, .share = sqrt((double)p->slots / (double)n_slots), .random = &p->random};
  return CKKS_OK;
}

/* The largest value that the first map makes of the row, without its bias. */
static double reach_of(const probing *p) {
  const compile_stage *first = &p->stages->plain->stage[0];
  double most = 0.0;
  for (size_t o = 0; o < first->map.n_rows; o++) {
    double sum = 0.0;
    for (size_t k = first->map.start[o]; k < first->map.start[o + 1]; k++)
      sum += first->map.value[k] * p->row[first->map.column[k]];
    most = fmax(most, fabs(sum));
  }
  return most;
}

static void draw_row(probing *p) {
  const compile_stage *first = &p->stages->plain->stage[0];
  double largest = 0.0, shrink = 1.0;
  for (size_t i = 0; i < first->n_in; i++) {
    p->row[i] = plan_random_normal(&p->random);
    largest = fmax(largest, fabs(p->row[i]));
  }
  double reach = reach_of(p);
  if (reach > 0.0)
    shrink = PART_OF_SEEN * first->max_abs / reach;
  if (largest > 0.0)
    shrink = fmin(shrink, p->stages->max_abs_input / largest);
  for (size_t i = 0; i < first->n_in; i++)
    p->row[i] *= shrink;
}

/* As a client lays it out. */
static void lay_row(probing *p, bool gathered) {
  const compile_gather *gather = &p->stages->gather;
  for (size_t j = 0; j < p->slots; j++) {
    size_t place = j / p->layout->stride % p->layout->padded, i = place;
    if (gathered)
      i = place < gather->n ? gather->feature[place] : PLAN_NO_FEATURE;
    p->input[j] = i < p->stages->plain->stage[0].n_in ? p->row[i] : 0.0;
  }
}

/* Means over all slots that hold the same output, as they are decoded. */
static double output_of(const probing *p, const double *slots, size_t k) {
  double sum = 0.0;
  for (size_t j = k; j < p->slots; j += p->layout->period)
    sum += slots[j];
  return sum * (double)p->layout->period / (double)p->slots;
}

static void compare(compile_probe *worst, const probing *p) {
  const encoding_polynomial *last = &p->stages->last;
  size_t n = p->stages->stage[p->stages->n_stages - 1].n_out;
  for (size_t k = 0; k < n; k++) {
    double exact = output_of(p, p->exact, k), noisy = output_of(p, p->noisy, k);
    double clear = encoding_polynomial_value(last, exact);
    double off = fabs(encoding_polynomial_value(last, noisy) - clear);
    if (!isfinite(off)) { /* the network itself runs away */
      *worst = (compile_probe){(double)INFINITY, (double)INFINITY};
      return;
    }
    worst->absolute = fmax(worst->absolute, MARGIN * fabs(noisy - exact));
    worst->relative = fmax(worst->relative, MARGIN * off / fmax(1.0, fabs(clear)));
  }
}

static ckks_status run_row(compile_probe *worst, probing *p, double input_noise, bool gathered) {
  const double *const input[] = {p->input};
  draw_row(p);
  lay_row(p, gathered);
  BASE_TRY(plan_reading_run(&p->exact, input, p->program, p->plan->vector, p->slots, NULL));
  for (size_t j = 0; j < p->slots; j++)
    p->input[j] += p->noise.share * input_noise * plan_random_normal(&p->random);
  BASE_TRY(plan_reading_run(&p->noisy, input, p->program, p->plan->vector, p->slots, &p->noise));
  compare(worst, p);
  return CKKS_OK;
}

ckks_status compile_probe_run(compile_probe *out, const plan_plan *plan, const plan_layout *layout,
                              const compile_stages *stages, bool gathered,
                              const compile_chain *chain) {
  probing p = {
      .plan = plan, .layout = layout, .stages = stages, .program = &plan->program[PLAN_LATENCY]};
  *out = (compile_probe){0.0, 0.0};
  ckks_status status = probing_build(&p, chain);
  for (int row = 0; row < N_ROWS && status == CKKS_OK; row++)
    status = run_row(out, &p, compile_noise_input(chain), gathered);
  base_free(p.op);
  base_free(p.row);
  base_free(p.input);
  base_free(p.exact);
  base_free(p.noisy);
  return status;
}

compile_error compile_probe_error(const compile_probe *probe, const compile_error *bound,
                                  const plan_layout *layout, const compile_chain *chain) {
  compile_error error = *bound;
  double slots = (double)(chain->params->ring.n / 2);
  double rounding = COMPILE_ERROR_MEAN_TAIL * compile_noise_output(layout, chain) *
                    sqrt((double)layout->period / slots);
  double gain = probe->absolute > 0.0 ? probe->relative / probe->absolute : 1.0;
  error.absolute = fmin(error.absolute, hypot(probe->absolute, rounding));
  error.whole = fmin(error.whole, hypot(probe->relative, rounding * gain));
  return error;
}
