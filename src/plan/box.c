/* SPDX-License-Identifier: Apache-2.0 */
/* The box of inputs and the band of outputs that a plan answers for (docs/math.md, "Ranges"). */
#include <math.h>

#include "plan/plan.h"

/* A missing value counts as the mean, as plan_pack_scale has it. */
static double present(const double *features, const plan_interface *interface, size_t i) {
  return isnan(features[i]) ? interface->mean[i] : features[i];
}

static encoding_input_kind kind_of(const plan_interface *interface, size_t i) {
  return interface->input.feature != NULL ? interface->input.feature[i].kind : ENCODING_SCALE;
}

/* Whether the model has something to make of a value that is missing. */
static bool may_lack(const plan_interface *interface, size_t i) {
  return !interface->meaning.complete &&
         (kind_of(interface, i) != ENCODING_CATEGORIES || interface->input.feature[i].missing);
}

/* Categories are whole numbers: anything between two of them would be none of them. */
static bool holds(double x, const plan_interface *interface, size_t i) {
  return x >= interface->low[i] && x <= interface->high[i] &&
         (kind_of(interface, i) != ENCODING_CATEGORIES || x == floor(x));
}

bool plan_box_holds(const double *features, const plan_interface *interface, plan_fault *fault) {
  for (size_t i = 0; i < interface->n_features; i++) {
    double x = present(features, interface, i);
    bool missing = isnan(features[i]), lacking = missing && !may_lack(interface, i);
    bool encoded = missing && kind_of(interface, i) != ENCODING_SCALE;
    if (!lacking && (encoded || holds(x, interface, i)))
      continue;
    double limit = x < interface->low[i] ? interface->low[i] : interface->high[i];
    if (fault != NULL)
      *fault = (plan_fault){i, features[i], lacking ? (double)NAN : limit};
    return false;
  }
  return true;
}

size_t plan_box_clip(double *features, const plan_interface *interface) {
  size_t moved = 0;
  for (size_t i = 0; i < interface->n_features; i++) {
    double x = present(features, interface, i);
    double inside = fmin(fmax(x, interface->low[i]), interface->high[i]);
    if (isnan(features[i]) ? !may_lack(interface, i) || kind_of(interface, i) != ENCODING_SCALE
                           : kind_of(interface, i) == ENCODING_CATEGORIES)
      continue; /* the category nearest to none is another one */
    if (inside == x)
      continue;
    features[i] = inside;
    moved++;
  }
  return moved;
}

double plan_box_padding(const plan_interface *interface, size_t input) {
  size_t feature = input;
  if (interface->input.feature != NULL) {
    feature = encoding_input_feature(&interface->input, input);
    if (interface->input.feature[feature].kind != ENCODING_SCALE)
      return 0.0;
  }
  return (interface->padding[feature] - interface->mean[feature]) / interface->deviation[feature];
}

double plan_box_reach(const plan_interface *interface) {
  double most = interface->input.feature != NULL ? 1.0 : 0.0;
  for (size_t i = 0; i < interface->n_features; i++) {
    if (interface->input.feature != NULL && interface->input.feature[i].kind != ENCODING_SCALE)
      continue;
    double mean = interface->mean[i], deviation = interface->deviation[i];
    most = fmax(most, fabs(interface->low[i] - mean) / deviation);
    most = fmax(most, fabs(interface->high[i] - mean) / deviation);
  }
  return most;
}

/* NaN is. */
static bool is_above(double value, double limit) {
  return !(fabs(value) <= limit);
}

bool plan_box_believes(const double *values, const plan_interface *interface) {
  const plan_layout *layout = &interface->layout[PLAN_LATENCY];
  size_t n = interface->n_outputs;
  for (size_t i = 0; i < n; i++)
    if (is_above(values[i], interface->max_abs_output))
      return false;
  for (size_t i = n; i < layout->period && layout->canary > 0.0; i++)
    if (is_above(values[i] - layout->empty, layout->canary))
      return false;
  return true;
}

bool plan_box_spoilt(const double *values, size_t n_rows, size_t period,
                     const plan_interface *interface) {
  double canary = interface->layout[PLAN_THROUGHPUT].canary;
  for (size_t j = n_rows; j < period && canary > 0.0; j++)
    if (is_above(values[j], canary))
      return true;
  return false;
}

/* Largest |output| of which all that travels stays below q_0 / 2. */
static double held(const plan_interface *interface, const plan_layout *layout) {
  return 0.5 * (double)interface->literal.q[0] / (PLAN_BOX_GROWTH * layout->output_scale);
}

double plan_box_guard(const plan_interface *interface, plan_packing packing) {
  return log2(held(interface, &interface->layout[packing]) / interface->max_abs_output);
}

/*
 * What is left of a wrapped value is spread over a lattice's cell, as large as one of side 2
 * held(): outputs must fall into the band, and slots without one below the canaries' limit. A full
 * batch has no others.
 */
double plan_box_miss(const plan_interface *interface, plan_packing packing) {
  const plan_layout *layout = &interface->layout[packing];
  if (interface->contract == PLAN_CERTIFIED)
    return -(double)INFINITY;
  double canaries = (double)layout->canaries, band = plan_box_guard(interface, packing);
  double empty = log2(held(interface, layout) / layout->canary);
  if (packing == PLAN_THROUGHPUT)
    return -(canaries * empty + band);
  canaries = (double)(layout->period - interface->n_outputs);
  return -((canaries > 0.0 ? canaries * empty : 0.0) + (double)interface->n_outputs * band);
}
