/* SPDX-License-Identifier: Apache-2.0 */
/* From a network to a plan. */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H
#include "blindsight.h"
#include "network/network.h"
#include "plan/plan.h"

/** Bytes of keys, or of a batch, in memory: between them the cost of a word is interpolated. */
#define COMPILE_NEAR_BYTES (10 << 20)
#define COMPILE_FAR_BYTES (40 << 20)

/** Ring degree from which on limbs no longer stay near. */
#define COMPILE_FAR_LOG2_N 15

/** Unit costs of a machine in nanoseconds, one thread (blindsight calibrate). */
typedef struct compile_units {
  double ntt_butterfly_ns; /**< times N/2 log2 N */
  double mac_word_ns;      /**< of a key, multiplied and added, where keys are COMPILE_NEAR_BYTES */
  double mac_far_word_ns;  /**< the same where they are COMPILE_FAR_BYTES */
  double convert_word_ns;  /**< entering a change of basis */
  double permute_word_ns;  /**< moved by an automorphism */
  double point_word_ns;    /**< written by pointwise work */
  double sum_word_ns;      /**< of whole ciphertexts in throughput packing, COMPILE_NEAR_BYTES */
  double sum_far_word_ns;  /**< the same where they are COMPILE_FAR_BYTES */
  /** written by pointwise work, or moved, in rings so large that few limbs fit a core's own cache:
   * COMPILE_FAR_LOG2_N and above, in place of point_word_ns */
  double point_far_word_ns;
} compile_units;
extern const compile_units compile_options_units;

/** What a plan shall promise of its ranges (plan_contract). */
typedef enum compile_contract {
  COMPILE_CONTRACT_AUTO,      /**< certified where the modulus can hold it, else guarded */
  COMPILE_CONTRACT_CERTIFIED, /**< or nothing */
  COMPILE_CONTRACT_GUARDED,
  COMPILE_CONTRACT_ASSUMED /**< neither: for comparison only, no plan is made of it */
} compile_contract;

/** Whether plans may bootstrap. */
typedef enum compile_bootstrap {
  COMPILE_BOOTSTRAP_AUTO, /**< where there is no leveled plan, or only a dearer one */
  COMPILE_BOOTSTRAP_NEVER,
  COMPILE_BOOTSTRAP_ALWAYS
} compile_bootstrap;

typedef struct compile_options {
  double error; /**< target for predicted_error; 0 = as the model is: 1e-5, or up to 1e-3 where its
                   polynomials miss more of the functions that they stand for; up to eight times
                   that where latency packing is wanted and a guard leaves it no room otherwise */
  ckks_security security;   /**< default 128 */
  int log2_n;               /**< 0 = choose */
  bool latency, throughput; /**< which packings are wanted; default both */
  bool last_on_server;      /**< evaluate the last polynomial under encryption */
  double headroom;          /**< factor over the calibrated ranges, default 4 */
  compile_contract contract;
  double guard_bits; /**< of a guarded plan at least; 0 = what a chance of 2^-20 takes */
  blindsight_minimise minimise;
  compile_units units;
  size_t weights_bytes; /**< that a server keeps of encoded weights, for each packing */
  compile_bootstrap bootstrap;
  double coarsest; /**< error of a plan that bootstraps, where no other has the one asked for; 0 =
                        that is not to be exceeded */
  /** What is done at the moment and how much of that, 0 to 1; not zero stops it with
   * CKKS_ERROR_CANCELLED. May be NULL. `stage` lasts for the call alone. */
  int (*progress)(void *context, const char *stage, double fraction);
  void *progress_context;
} compile_options;

void compile_options_default(compile_options *options);
/**
 * Chooses layouts, moduli and N and writes the program(s). CKKS_ERROR_RANGE with
 * the reasons when no parameters reach the error, CKKS_ERROR_ARGUMENT when the
 * model is too wide, CKKS_ERROR_SECURITY when no N is secure enough.
 */
ckks_status compile_model(plan_plan *plan, const network_model *model,
                          const compile_options *options);
#endif
