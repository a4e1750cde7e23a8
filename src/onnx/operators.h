/* SPDX-License-Identifier: Apache-2.0 */
/* The operators, by files of a kind; run_operators.c has the table. */
#ifndef ONNX_OPERATORS_H
#define ONNX_OPERATORS_H
#include "network/sparse.h"
#include "onnx/run.h"

/* elementwise.c */
ckks_status onnx_elementwise_unary(onnx_call *call);
ckks_status onnx_elementwise_binary(onnx_call *call);
ckks_status onnx_elementwise_clip(onnx_call *call);
ckks_status onnx_elementwise_cast(onnx_call *call);
ckks_status onnx_elementwise_dropout(onnx_call *call);
ckks_status onnx_elementwise_imputer(onnx_call *call);

/* linear.c */
ckks_status onnx_linear_matmul(onnx_call *call);
ckks_status onnx_linear_gemm(onnx_call *call);
ckks_status onnx_linear_batch_normalization(onnx_call *call);
ckks_status onnx_linear_classifier(onnx_call *call);
ckks_status onnx_linear_regressor(onnx_call *call);
ckks_status onnx_linear_scaler(onnx_call *call);

/* window.c */
ckks_status onnx_window_conv(onnx_call *call);
/** The map of a convolution of one sample, whose operands are there; padding is zeros. */
ckks_status onnx_window_matrix(network_sparse *out, onnx_run *run, const onnx_node *node);
ckks_status onnx_window_average_pool(onnx_call *call);
ckks_status onnx_window_global_average_pool(onnx_call *call);

/* reduce.c */
ckks_status onnx_reduce_sum(onnx_call *call);
ckks_status onnx_reduce_softmax(onnx_call *call);
ckks_status onnx_reduce_arg(onnx_call *call);
ckks_status onnx_reduce_normalizer(onnx_call *call);

/* shape.c */
ckks_status onnx_shape_constant(onnx_call *call);
ckks_status onnx_shape_constant_of_shape(onnx_call *call);
ckks_status onnx_shape_zip_map(onnx_call *call);
ckks_status onnx_shape_shape(onnx_call *call);
ckks_status onnx_shape_reshape(onnx_call *call);
ckks_status onnx_shape_flatten(onnx_call *call);
ckks_status onnx_shape_squeeze(onnx_call *call);
ckks_status onnx_shape_unsqueeze(onnx_call *call);

/* move.c */
ckks_status onnx_move_transpose(onnx_call *call);
ckks_status onnx_move_concat(onnx_call *call);
ckks_status onnx_move_pad(onnx_call *call);
ckks_status onnx_move_slice(onnx_call *call);
ckks_status onnx_move_split(onnx_call *call);
ckks_status onnx_move_gather(onnx_call *call);
ckks_status onnx_move_expand(onnx_call *call);
#endif
