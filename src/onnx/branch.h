/* SPDX-License-Identifier: Apache-2.0 */
/* An activation: what it sees of calibration data, channel by channel, and its polynomial. */
#ifndef ONNX_BRANCH_H
#define ONNX_BRANCH_H
#include "onnx/fit.h"
#include "onnx/fold.h"

typedef struct onnx_branch {
  int layer, index; /**< of the fold */
  char name[160];   /**< of the node that ends it */
  size_t width;     /**< units */
  size_t n_channels, per_channel;
  double *low, *high; /**< seen, of each channel */
  size_t n, skip;     /**< samples kept; every skip-th value is */
  uint64_t count;
  double *sample;
  uint32_t *channel; /**< of each sample */
  /** f(r x) = r f(x) for r > 0 (Relu, LeakyRelu, Abs): each channel has a range of its own. */
  bool homogeneous;
  double *radius; /**< of each channel, where it is; else NULL */
  onnx_fit_fitter *fitter;
  onnx_fit fit;
  bool constant; /**< the polynomial is: its units hand on a bias */
  bool composed; /**< a composite stands for it, not the polynomial */
} onnx_branch;

/** For values of n_rows rows. A channel is one of an image's, or else a unit. */
ckks_status onnx_branch_init(onnx_branch *branch, const onnx_fold *fold, int layer, int index,
                             size_t n_rows);
void onnx_branch_clear(onnx_branch *branch);
/** CKKS_ERROR_RANGE at what is not finite. */
ckks_status onnx_branch_see(onnx_branch *branch, const double *values);
/**
 * Range with a margin (a part of it; without data -1 to 1), samples of the function there, the
 * fitter, and whether it is a polynomial already. `last`: one range for all units, since one
 * polynomial behind decryption is for all.
 */
ckks_status onnx_branch_prepare(onnx_branch *branch, onnx_fold *fold, double margin, int max_degree,
                                bool last);
/** Centre and radius of the argument of a unit; `gain` is what its result is multiplied by. */
void onnx_branch_unit(double *centre, double *radius, double *gain, const onnx_branch *branch,
                      size_t unit);
/** Whether channels have ranges that differ. */
bool onnx_branch_differs(const onnx_branch *branch);
/** Smallest and largest argument of all units together, with margin. */
void onnx_branch_range(double *low, double *high, const onnx_branch *branch);
#endif
