/* SPDX-License-Identifier: Apache-2.0 */
/* The clear reading of a program, on any number of slots, exact or with the noise of ciphertexts.
 */
#ifndef MODEL_CLEAR_H
#define MODEL_CLEAR_H
#include "model/noise.h"
#include "model/random.h"

/** The noise of a run; that of weights is in the vectors already. */
typedef struct model_clear_noise {
  const model_noise *op; /**< of each operation */
  double share;          /**< of independent noise, what is left in the mean over replicas */
  model_random *random;
} model_clear_noise;

/**
 * input[i] and output[i] are vectors of `slots` slots, a power of two; `vector` stands for the
 * plan's vectors. noise NULL: none.
 */
ckks_status model_clear_run_slots(double *const *output, const double *const *input,
                                  const model_program *program, const model_vector *vector,
                                  size_t slots, const model_clear_noise *noise);
#endif
