/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/import.h"

#include <string.h>

#include "base/alloc.h"

_Static_assert(BLINDSIGHT_MAX_PARTS == ONNX_COMPOSITE_MAX_PARTS &&
                   (int)BLINDSIGHT_COMPOSITE_ALWAYS == (int)ONNX_IMPORT_COMPOSITE_ALWAYS,
               "composites of blindsight.h are those of the import");

void blindsight_import_options_default(blindsight_import_options *options, size_t size) {
  onnx_import_options inner;
  onnx_import_options_default(&inner);
  const blindsight_import_options defaults = {
      .outputs = -1, .output_error = inner.output_error, .margin = inner.margin};
  blindsight_options_give(options, size, &defaults, sizeof defaults);
}

void blindsight_import_free(blindsight_import *report) {
  blindsight_import_whole *whole = (blindsight_import_whole *)report;
  if (whole == NULL)
    return;
  onnx_import_report_clear(&whole->report);
  base_free(whole->fit);
  base_free(whole->composed);
  base_free(whole);
}

ckks_status blindsight_import_view(blindsight_import_whole *whole) {
  const onnx_import_report *r = &whole->report;
  whole->fit = base_alloc_array((size_t)r->n_activations + 1, sizeof *whole->fit);
  whole->composed = base_alloc_array((size_t)r->n_activations + 1, sizeof *whole->composed);
  if (whole->fit == NULL || whole->composed == NULL)
    return base_fail_memory(((size_t)r->n_activations + 1) * sizeof *whole->fit);
  for (int i = 0; i < r->n_activations; i++) {
    const onnx_import_activation *a = &r->activation[i];
    whole->fit[i] = (blindsight_fit){.node = a->node,
                                     .degree = a->degree,
                                     .exact = a->exact,
                                     .each = a->each,
                                     .low = a->low,
                                     .high = a->high,
                                     .max_error = a->max_error,
                                     .rms_error = a->rms_error};
    whole->composed[i] =
        (blindsight_composed){.n_parts = a->n_parts, .levels = a->levels, .gap = a->gap};
    memcpy(whole->composed[i].degree, a->part_degree, sizeof a->part_degree);
  }
  whole->shown = (blindsight_import){.n_activations = (size_t)r->n_activations,
                                     .activation = whole->fit,
                                     .n_carried = r->n_carried,
                                     .n_rows = r->n_rows,
                                     .n_changed = r->n_changed,
                                     .difference = r->difference,
                                     .max_degree = r->max_degree,
                                     .better_degree = r->better_degree,
                                     .better = r->better,
                                     .left = r->left[0] != '\0' ? r->left : NULL,
                                     .labelled = r->labelled,
                                     .scaled = r->scaled,
                                     .batch = r->batch,
                                     .pixels = whole->pixels,
                                     .bytes = whole->bytes,
                                     .own_bytes = whole->own_bytes,
                                     .composed = whole->composed};
  memcpy(whole->shown.image, whole->input.image, sizeof whole->shown.image);
  return CKKS_OK;
}
