/* SPDX-License-Identifier: Apache-2.0 */
/* What a search tells whoever waits for it, and how it is stopped. */
#ifndef COMPILE_PROGRESS_H
#define COMPILE_PROGRESS_H
#include "compile/compile.h"

/** The layouts of one ring degree under one contract: the search knows how many there are. */
typedef struct compile_progress {
  size_t layout, n_layouts; /**< that is being tried, from 0, and how many */
} compile_progress;

/**
 * Tells options->progress that `part` of `parts` of a layout have been tried. `contract` NULL: of
 * plans that bootstrap. CKKS_ERROR_CANCELLED when it says so; CKKS_OK, too, where nobody asked.
 */
ckks_status compile_progress_tried(const compile_progress *progress, int part, int parts,
                                   int log2_n, const compile_contract *contract,
                                   const compile_options *options);
/** That `stage` begins, which does not know how long it takes. */
ckks_status compile_progress_begin(const char *stage, const compile_options *options);
#endif
