/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error of a deep plan, by trying. A bound multiplies what each layer may do to an error at
 * worst, and after some dozens of layers says nothing; noise of the same deviations sent through
 * the program itself says what it does.
 */
#ifndef COMPILE_PROBE_H
#define COMPILE_PROBE_H
#include "compile/error.h"

typedef struct compile_probe {
  double relative; /**< of |encrypted - clear| / max(1, |clear|): several times the largest seen */
  double absolute; /**< of what leaves the server */
} compile_probe;

/**
 * Of a latency program whose scales are set, on random rows that reach half as far behind the first
 * map as calibration saw; without what weights and the result are rounded to. `gathered` as in
 * compile_choice. CKKS_ERROR_MEMORY.
 */
ckks_status compile_probe_run(compile_probe *out, const plan_plan *plan, const plan_layout *layout,
                              const compile_stages *stages, bool gathered,
                              const compile_chain *chain);
/** The same with the result's rounding, where that is less than the bound; else the bound. */
compile_error compile_probe_error(const compile_probe *probe, const compile_error *bound,
                                  const plan_layout *layout, const compile_chain *chain);
#endif
