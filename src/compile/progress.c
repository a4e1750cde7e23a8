/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/progress.h"

#include <stdio.h>

static ckks_status tell(const char *stage, double fraction, const compile_options *options) {
  if (options->progress != NULL && options->progress(options->progress_context, stage, fraction))
    return base_fail(CKKS_ERROR_CANCELLED, "compiling was stopped while %s", stage);
  return CKKS_OK;
}

ckks_status compile_progress_begin(const char *stage, const compile_options *options) {
  return tell(stage, 0.0, options);
}

ckks_status compile_progress_tried(const compile_progress *progress, int part, int parts,
                                   int log2_n, const compile_contract *contract,
                                   const compile_options *options) {
  static const char *const what[] = {[COMPILE_CONTRACT_CERTIFIED] = "proved",
                                     [COMPILE_CONTRACT_GUARDED] = "guarded",
                                     [COMPILE_CONTRACT_ASSUMED] = "to compare"};
  char stage[64];
  double done = (double)progress->layout + (double)part / (double)parts;
  snprintf(stage, sizeof stage, "N = 2^%d, %s: trying layouts", log2_n,
           contract != NULL ? what[*contract] : "bootstrapped");
  return tell(stage, done / (double)progress->n_layouts, options);
}
