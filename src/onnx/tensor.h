/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONNX_TENSOR_H
#define ONNX_TENSOR_H
#include "onnx/graph.h"

/** Reads a TensorProto; *name (may be NULL) is set when it has one. */
ckks_status onnx_tensor_read(onnx_tensor *tensor, onnx_text *name, base_reader message);
/** Zeros of a shape. */
ckks_status onnx_tensor_init(onnx_tensor *tensor, int rank, const size_t *dim, bool whole);
ckks_status onnx_tensor_copy(onnx_tensor *out, const onnx_tensor *in);
/** Whether numbers of this TensorProto.DataType can be read. */
bool onnx_tensor_type_known(uint64_t type);
void onnx_tensor_clear(onnx_tensor *tensor);
#endif
