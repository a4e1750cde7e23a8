/* SPDX-License-Identifier: Apache-2.0 */
/* What ciphertexts would make of outputs, without encrypting anything. */
#ifndef COMPILE_SIMULATE_H
#define COMPILE_SIMULATE_H
#include "base/threads.h"
#include "plan/plan.h"

/** Rows of throughput packing that are run at a time, whether there are so many or not. */
#define COMPILE_SIMULATE_BATCH 256

/** What a client would say of an answer, as client/client.h has it. */
typedef enum compile_simulate_mark {
  COMPILE_SIMULATE_NONE,
  COMPILE_SIMULATE_BEYOND, /**< outputs outside the band, or something in an empty slot */
  COMPILE_SIMULATE_SPOILT  /**< of a batch whose canaries show that the modulus did not hold it */
} compile_simulate_mark;

#define COMPILE_SIMULATE_NOWHERE (-1)

/** What became of a row. */
typedef struct compile_simulate_fate {
  compile_simulate_mark mark;
  bool wrapped; /**< its result (in throughput packing that of its batch) left the modulus */
  /** The stage of the program where its values first were further beyond what calibration saw than
   * the band is beyond the outputs seen, or NOWHERE: that is where to look for the reason. */
  int stage;
} compile_simulate_fate;

/**
 * outputs[n_rows x n_outputs] of raw rows (row-major): the program of this packing in clear, with
 * noise added to the inputs, to the result of each operation and to the outputs, normal, of the
 * deviations that compile/noise.h gives. Weights are rounded once, for all rows, as a server rounds
 * them. The threads (NULL = none) share the rows; the same seed gives the same outputs, however
 * many there are. A result that the modulus does not hold is what would be decrypted: other
 * numbers, in throughput packing of all rows of the batch. fates[n_rows] (NULL = not asked) tell
 * which. CKKS_ERROR_MEMORY; what ckks_params_build returns.
 */
ckks_status compile_simulate_rows(double *outputs, compile_simulate_fate *fates, const double *rows,
                                  size_t n_rows, const plan_plan *plan, plan_packing packing,
                                  uint64_t seed, base_threads *threads);
#endif
