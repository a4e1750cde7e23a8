/* SPDX-License-Identifier: Apache-2.0 */
/* Why a node cannot be computed under encryption, called by the name that its author knows. */
#ifndef ONNX_REFUSAL_H
#define ONNX_REFUSAL_H
#include "onnx/fold.h"

/**
 * CKKS_ERROR_FORMAT where a node that is no function of one tensor multiplies, chooses or looks up
 * what depends on the input; layer normalisation, attention, embeddings are told by their shape.
 */
ckks_status onnx_refusal_check(const onnx_fold *fold, const onnx_node *node);
#endif
