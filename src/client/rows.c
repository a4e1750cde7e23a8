/* SPDX-License-Identifier: Apache-2.0 */
#include "client/rows.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/wipe.h"

/* Encoded coefficients stay below 2^62, and below half of the modulus at the input's level. */
static double most_encodable(const plan_interface *interface) {
  const plan_layout *layout = &interface->layout[PLAN_LATENCY];
  double bits = 0.0;
  for (int i = 0; i <= layout->input_level; i++)
    bits += log2((double)interface->literal.q[i]);
  return exp2(fmin(bits - 2.0, 61.0)) / layout->input_scale;
}

static bool is_encodable(const double *row, const plan_interface *interface) {
  double most = most_encodable(interface);
  for (size_t i = 0; i < interface->n_features; i++) {
    double x = isnan(row[i]) ? 0.0 : (row[i] - interface->mean[i]) / interface->deviation[i];
    if (!(fabs(x) < most))
      return false;
  }
  return true;
}

/* `row` may be clipped. */
static client_rows_state judge(double *row, plan_fault *fault, client_rows_policy policy,
                               const plan_interface *interface) {
  if (plan_box_holds(row, interface, fault))
    return CLIENT_ROWS_INSIDE;
  switch (policy) {
  case CLIENT_ROWS_REFUSE:
    break;
  case CLIENT_ROWS_CLIP:
    plan_box_clip(row, interface);
    return plan_box_holds(row, interface, NULL) ? CLIENT_ROWS_CLIPPED : CLIENT_ROWS_REFUSED;
  case CLIENT_ROWS_MARK:
    if (interface->layout[PLAN_LATENCY].available && !isnan(fault->limit) &&
        is_encodable(row, interface))
      return CLIENT_ROWS_OUTSIDE;
    break;
  }
  return CLIENT_ROWS_REFUSED;
}

static void take(size_t *list, size_t *n, double *values, const double *row, size_t number,
                 size_t n_features) {
  memcpy(values + *n * n_features, row, n_features * sizeof *row);
  list[(*n)++] = number;
}

static ckks_status init(client_rows *sorted, size_t n_rows, size_t n_features) {
  *sorted = (client_rows){.n_rows = n_rows, .n_features = n_features};
  size_t n_values = n_rows * n_features + 1;
  sorted->state = base_alloc_array(n_rows + 1, sizeof *sorted->state);
  sorted->fault = base_alloc_array(n_rows + 1, sizeof *sorted->fault);
  sorted->shared = base_alloc_array(n_rows + 1, sizeof *sorted->shared);
  sorted->alone = base_alloc_array(n_rows + 1, sizeof *sorted->alone);
  sorted->shared_value = base_alloc_array(n_values, sizeof *sorted->shared_value);
  sorted->alone_value = base_alloc_array(n_values, sizeof *sorted->alone_value);
  bool good = sorted->state && sorted->fault && sorted->shared && sorted->alone &&
              sorted->shared_value && sorted->alone_value;
  return good ? CKKS_OK : base_fail_memory(2 * n_values * sizeof *sorted->shared_value);
}

ckks_status client_rows_sort(client_rows *sorted, const double *rows, size_t n_rows,
                             client_rows_policy policy, const plan_interface *interface) {
  size_t n = interface->n_features;
  BASE_TRY(init(sorted, n_rows, n));
  double *row = base_alloc_array(n, sizeof *row);
  if (row == NULL)
    return base_fail_memory(n * sizeof *row);
  for (size_t i = 0; i < n_rows; i++) {
    memcpy(row, rows + i * n, n * sizeof *row);
    client_rows_state state = judge(row, &sorted->fault[i], policy, interface);
    sorted->state[i] = (uint8_t)state;
    if (state == CLIENT_ROWS_OUTSIDE)
      take(sorted->alone, &sorted->n_alone, sorted->alone_value, row, i, n);
    else if (state != CLIENT_ROWS_REFUSED)
      take(sorted->shared, &sorted->n_shared, sorted->shared_value, row, i, n);
  }
  base_wipe(row, n * sizeof *row);
  base_free(row);
  return CKKS_OK;
}

static void clear_values(double *values, size_t n) {
  if (values != NULL)
    base_wipe(values, n * sizeof *values);
  base_free(values);
}

void client_rows_clear(client_rows *sorted) {
  clear_values(sorted->shared_value, sorted->n_shared * sorted->n_features);
  clear_values(sorted->alone_value, sorted->n_alone * sorted->n_features);
  if (sorted->fault != NULL)
    base_wipe(sorted->fault, sorted->n_rows * sizeof *sorted->fault);
  base_free(sorted->state);
  base_free(sorted->fault);
  base_free(sorted->shared);
  base_free(sorted->alone);
  *sorted = (client_rows){0};
}

size_t client_rows_count(const client_rows *sorted, client_rows_state state) {
  size_t n = 0;
  for (size_t i = 0; i < sorted->n_rows; i++)
    n += sorted->state[i] == state;
  return n;
}
