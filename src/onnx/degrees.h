/* SPDX-License-Identifier: Apache-2.0 */
/* Which degree each activation's polynomial gets. */
#ifndef ONNX_DEGREES_H
#define ONNX_DEGREES_H
#include "onnx/branch.h"
#include "onnx/import.h"

/** How far the outputs of a model with these polynomials are off, of their range. */
typedef struct onnx_degrees_judge {
  ckks_status (*measure)(double *difference, void *context);
  void *context; /**< measure looks at the polynomials of the branches as they are then */
} onnx_degrees_judge;

/** Highest degree where n hidden layers share about 20 levels, which N = 2^15 has; at least 3. */
int onnx_degrees_allowed(int n_layers);
/**
 * Each that is not composed to options->error, by least squares or minimax: CKKS_ERROR_RANGE names
 * one that stays above it, with what higher degrees would reach and cost. Where none does and
 * options->composite allows it, the branch is composed from now on.
 */
ckks_status onnx_degrees_each(onnx_branch *const *branch, size_t n, int max_degree,
                              const onnx_import_options *options);
/**
 * The lowest degrees, one weighted error for all, with which outputs keep options->output_error;
 * the best there are when none do, and then which degree would come nearer. *difference is of
 * those.
 */
ckks_status onnx_degrees_all(double *difference, int *better_degree, double *better,
                             onnx_branch *const *branch, size_t n, int max_degree,
                             const onnx_import_options *options, const onnx_degrees_judge *judge);
#endif
