/* SPDX-License-Identifier: Apache-2.0 */
/* Rows at the edges of what a plan answers for, through ciphertexts, against the network in clear.
 */
#ifndef TESTS_EXEC_RANGES_H
#define TESTS_EXEC_RANGES_H
#include "client/rows.h"
#include "exec/world.h"

/** An answer further off than that, of max(1, |clear|), is wrong. */
#define RANGES_TOLERANCE 0.05

typedef enum ranges_kind {
  RANGES_SEEN,    /* like the rows of calibration */
  RANGES_INSIDE,  /* anywhere in the box */
  RANGES_CORNER,  /* each value at one end of its range or the other */
  RANGES_JOINT,   /* where the first unit of the network is largest: every value at its worst end */
  RANGES_BEYOND,  /* one value a little outside */
  RANGES_HUGE,    /* one value far outside, in steps up to 1e300 */
  RANGES_NOTHING, /* infinities, and NaN, which is the mean */
  RANGES_N_KINDS
} ranges_kind;

/** What became of rows. */
typedef struct ranges_count {
  size_t rows, right, marked, refused;
  size_t wrong;   /* and unmarked: there must be none */
  double largest; /* error of a right answer, of max(1, |clear|) */
} ranges_count;

static inline double ranges_at(const plan_interface *interface, size_t i, double part) {
  return interface->low[i] + part * (interface->high[i] - interface->low[i]);
}

static inline void ranges_draw(double *row, ranges_kind kind, const world *w, uint64_t *state) {
  const plan_interface *interface = &w->plan.interface;
  const network_sparse *map = &w->model.layer[0].weight;
  size_t n = interface->n_features, one = test_random(state) % n;
  size_t unit = test_random(state) % map->n_rows;
  double sign = test_random(state) % 2 ? 1.0 : -1.0;
  for (size_t i = 0; i < n; i++) {
    double part = 0.5 + 0.5 * test_uniform(state);
    row[i] = interface->mean[i] + 2.0 * test_uniform(state) * interface->deviation[i];
    if (kind == RANGES_INSIDE)
      row[i] = ranges_at(interface, i, part);
    if (kind == RANGES_CORNER || kind == RANGES_JOINT)
      row[i] = part < 0.5 ? interface->low[i] : interface->high[i];
  }
  for (size_t k = map->start[unit]; kind == RANGES_JOINT && k < map->start[unit + 1]; k++) {
    size_t i = map->column[k];
    row[i] = sign * map->value[k] > 0.0 ? interface->high[i] : interface->low[i];
  }
  double width = interface->high[one] - interface->low[one];
  if (kind == RANGES_BEYOND)
    row[one] =
        sign > 0.0 ? interface->high[one] + 1e-3 * width : interface->low[one] - 1e-3 * width;
  if (kind == RANGES_HUGE)
    row[one] = sign * pow(10.0, (double)test_between(state, 4, 300));
  if (kind == RANGES_NOTHING)
    row[one] = (double[]){(double)INFINITY, -(double)INFINITY, (double)NAN}[test_random(state) % 3];
}

/* Rows that may go together, or of which each goes alone. */
static inline void ranges_send(double *outputs, uint8_t *marks, const double *rows, size_t n_rows,
                               plan_packing packing, bool outside, const world *w) {
  const plan_interface *interface = &w->plan.interface;
  uint8_t *sample = NULL, *result = NULL, *mark = NULL;
  double *values = NULL;
  size_t n_sample = 0, n_result = 0, n = 0, n_outside = 0;
  if (n_rows == 0)
    return;
  assert_ok(client_encrypt(&sample, &n_sample, rows, n_rows, packing, outside ? &n_outside : NULL,
                           w->secret, interface));
  assert_ok(exec_infer(&result, &n_result, sample, n_sample, "sample", w->session));
  assert_ok(
      client_decrypt_marked(&values, &mark, &n, result, n_result, "result", w->secret, interface));
  assert_int_equal(n, n_rows);
  memcpy(outputs, values, n * interface->n_outputs * sizeof *values);
  memcpy(marks, mark, n);
  base_free(values);
  base_free(mark);
  base_free(sample);
  base_free(result);
}

static inline double ranges_error(const double *outputs, const double *clear, size_t n) {
  double worst = 0.0;
  for (size_t k = 0; k < n; k++) {
    double error = fabs(outputs[k] - clear[k]) / fmax(1.0, fabs(clear[k]));
    worst = error <= worst ? worst : error; /* NaN counts */
  }
  return worst;
}

/** Counts the rows' answers; marks that come from outside the box are the caller's to give. */
static inline void ranges_judge(ranges_count *count, const double *outputs, const uint8_t *marks,
                                const double *rows, size_t n_rows, bool marked, const world *w) {
  double clear[16];
  size_t n = w->plan.interface.n_outputs;
  for (size_t i = 0; i < n_rows; i++) {
    assert_ok(network_forward_rows(clear, rows + i * w->model.n_features, 1, &w->model));
    double error = ranges_error(outputs + i * n, clear, n);
    bool is_marked = marked || marks[i] != CLIENT_MARK_NONE;
    count->rows++;
    count->marked += is_marked;
    if (is_marked)
      continue;
    bool right = error <= RANGES_TOLERANCE;
    count->right += right;
    count->wrong += !right;
    if (!right)
      print_message("wrong by %.3g of max(1, |clear|): %g where clear says %g\n", error,
                    outputs[i * n], clear[0]);
    count->largest = right ? fmax(count->largest, error) : count->largest;
  }
}

/** All of it for rows of one kind: sorted under a policy, sent, judged. */
static inline void ranges_run(ranges_count *count, const double *rows, size_t n_rows,
                              client_rows_policy policy, plan_packing packing, const world *w) {
  const plan_interface *interface = &w->plan.interface;
  size_t n_out = interface->n_outputs;
  client_rows sorted;
  double *outputs = base_alloc_array(n_rows + 1, n_out * sizeof *outputs);
  uint8_t *marks = base_alloc(n_rows + 1);
  assert_ok(client_rows_sort(&sorted, rows, n_rows, policy, interface));
  ranges_send(outputs, marks, sorted.shared_value, sorted.n_shared, packing, false, w);
  ranges_judge(count, outputs, marks, sorted.shared_value, sorted.n_shared, false, w);
  ranges_send(outputs, marks, sorted.alone_value, sorted.n_alone, PLAN_LATENCY, true, w);
  ranges_judge(count, outputs, marks, sorted.alone_value, sorted.n_alone, true, w);
  count->refused += client_rows_count(&sorted, CLIENT_ROWS_REFUSED);
  count->rows += client_rows_count(&sorted, CLIENT_ROWS_REFUSED);
  client_rows_clear(&sorted);
  base_free(outputs);
  base_free(marks);
}
#endif
