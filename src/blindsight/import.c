/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/import.h"

#include "base/alloc.h"

void blindsight_import_options_default(blindsight_import_options *options, size_t size) {
  onnx_import_options inner;
  onnx_import_options_default(&inner);
  const blindsight_import_options defaults = {.mean = inner.mean,
                                              .error = inner.error,
                                              .max_degree = inner.max_degree,
                                              .margin = inner.margin,
                                              .minimax = inner.minimax};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
}

void blindsight_import_free(blindsight_import *report) {
  base_free(report);
}

void blindsight_import_view(blindsight_import_whole *whole) {
  const onnx_import_report *r = &whole->report;
  for (int i = 0; i < r->n_activations; i++) {
    const onnx_import_activation *a = &r->activation[i];
    whole->fit[i] = (blindsight_fit){.node = a->node,
                                     .degree = a->degree,
                                     .exact = a->exact,
                                     .low = a->low,
                                     .high = a->high,
                                     .max_error = a->max_error,
                                     .rms_error = a->rms_error};
  }
  whole->shown = (blindsight_import){.n_activations = (size_t)r->n_activations,
                                     .activation = whole->fit,
                                     .n_carried = r->n_carried,
                                     .n_rows = r->n_rows,
                                     .n_changed = r->n_changed,
                                     .difference = r->difference,
                                     .dropped = r->dropped[0] != '\0' ? r->dropped : NULL};
}
