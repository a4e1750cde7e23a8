/* SPDX-License-Identifier: Apache-2.0 */
/* Rows side by side: which dimension they are, and whether each stands alone. */
#ifndef ONNX_BATCH_H
#define ONNX_BATCH_H
#include "onnx/fold.h"

/**
 * Sets fold->input and output to those of one row of zeros, all values between them computed. A
 * first dimension that is open is the batch; so is one that is fixed to more than 1 and comes out
 * as the first of the output, where the network can be computed for one row as well: else refused.
 * Refused is also a network in which rows change each other's outputs.
 */
ckks_status onnx_batch_set(onnx_fold *fold);
#endif
