/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators, and what to use in place of those that are not in it. */
#include "onnx/operators.h"

#define ANY ONNX_MAX_INPUTS
#define ALL 0xffffffffu

static const onnx_operator operators[] = {
    /* functions of one element each */
    {"Abs", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Celu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Clip", onnx_elementwise_clip, 1, 3, ONNX_FUNCTION, 1, true},
    {"Cos", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Elu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Erf", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Exp", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"HardSigmoid", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"HardSwish", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"LeakyRelu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Log", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Max", onnx_elementwise_binary, 1, ANY, ONNX_FUNCTION, ALL, true},
    {"Min", onnx_elementwise_binary, 1, ANY, ONNX_FUNCTION, ALL, true},
    {"PRelu", onnx_elementwise_binary, 2, 2, ONNX_FUNCTION, ALL, true},
    {"Pow", onnx_elementwise_binary, 2, 2, ONNX_FUNCTION, ALL, true},
    {"Reciprocal", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Relu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Selu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Sigmoid", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Sin", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Softplus", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Softsign", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Sqrt", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"Tanh", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    {"ThresholdedRelu", onnx_elementwise_unary, 1, 1, ONNX_FUNCTION, 1, true},
    /* affine, element by element */
    {"Add", onnx_elementwise_binary, 2, 2, ONNX_JOINT, ALL, true},
    {"Cast", onnx_elementwise_cast, 1, 1, ONNX_JOINT, 1, true},
    {"Div", onnx_elementwise_binary, 2, 2, ONNX_SINGLE, 1, true},
    {"Dropout", onnx_elementwise_dropout, 1, 3, ONNX_JOINT, 1, true},
    {"Identity", onnx_elementwise_unary, 1, 1, ONNX_JOINT, 1, true},
    {"Mean", onnx_elementwise_binary, 1, ANY, ONNX_JOINT, ALL, true},
    {"Mul", onnx_elementwise_binary, 2, 2, ONNX_SINGLE, 3, true},
    {"Neg", onnx_elementwise_unary, 1, 1, ONNX_JOINT, 1, true},
    {"Sub", onnx_elementwise_binary, 2, 2, ONNX_JOINT, ALL, true},
    {"Sum", onnx_elementwise_binary, 1, ANY, ONNX_JOINT, ALL, true},
    /* affine */
    {"AveragePool", onnx_window_average_pool, 1, 1, ONNX_JOINT, 1, false},
    {"BatchNormalization", onnx_linear_batch_normalization, 5, 5, ONNX_JOINT, 1, false},
    {"Concat", onnx_move_concat, 1, ANY, ONNX_JOINT, ALL, false},
    {"Conv", onnx_window_conv, 2, 3, ONNX_JOINT, 1, false},
    {"Expand", onnx_move_expand, 2, 2, ONNX_JOINT, 1, false},
    {"Flatten", onnx_shape_flatten, 1, 1, ONNX_JOINT, 1, false},
    {"Gather", onnx_move_gather, 2, 2, ONNX_JOINT, 1, false},
    {"Gemm", onnx_linear_gemm, 2, 3, ONNX_SINGLE, 3, false},
    {"GlobalAveragePool", onnx_window_global_average_pool, 1, 1, ONNX_JOINT, 1, false},
    {"MatMul", onnx_linear_matmul, 2, 2, ONNX_SINGLE, 3, false},
    {"Pad", onnx_move_pad, 1, 3, ONNX_JOINT, 1, false},
    {"ReduceMean", onnx_reduce_sum, 1, 2, ONNX_JOINT, 1, false},
    {"ReduceSum", onnx_reduce_sum, 1, 2, ONNX_JOINT, 1, false},
    {"Reshape", onnx_shape_reshape, 1, 2, ONNX_JOINT, 1, false},
    {"Slice", onnx_move_slice, 1, 5, ONNX_JOINT, 1, false},
    {"Split", onnx_move_split, 1, 2, ONNX_JOINT, 1, false},
    {"Squeeze", onnx_shape_squeeze, 1, 2, ONNX_JOINT, 1, false},
    {"Transpose", onnx_move_transpose, 1, 1, ONNX_JOINT, 1, false},
    {"Unsqueeze", onnx_shape_unsqueeze, 1, 2, ONNX_JOINT, 1, false},
    /* of shapes */
    {"Constant", onnx_shape_constant, 0, 0, ONNX_SHAPE, 0, false},
    {"ConstantOfShape", onnx_shape_constant_of_shape, 1, 1, ONNX_JOINT, 0, false},
    {"Shape", onnx_shape_shape, 1, 1, ONNX_SHAPE, 0, false},
    {"Size", onnx_shape_shape, 1, 1, ONNX_SHAPE, 0, false},
    /* at the end */
    {"ArgMax", onnx_reduce_arg, 1, 1, ONNX_TAIL, 1, false},
    {"ArgMin", onnx_reduce_arg, 1, 1, ONNX_CLEAR, 1, false},
    {"LogSoftmax", onnx_reduce_softmax, 1, 1, ONNX_TAIL, 1, false},
    {"Softmax", onnx_reduce_softmax, 1, 1, ONNX_TAIL, 1, false}};

/* ai.onnx.ml, scikit-learn's. ZipMap only gives scores their labels' names. */
static const onnx_operator learned[] = {
    {"Imputer", onnx_elementwise_imputer, 1, 1, ONNX_JOINT, 1, true},
    {"LinearClassifier", onnx_linear_classifier, 1, 1, ONNX_JOINT, 1, false},
    {"LinearRegressor", onnx_linear_regressor, 1, 1, ONNX_JOINT, 1, false},
    {"Normalizer", onnx_reduce_normalizer, 1, 1, ONNX_CLEAR, 1, false},
    {"Scaler", onnx_linear_scaler, 1, 1, ONNX_JOINT, 1, false},
    {"ZipMap", onnx_shape_zip_map, 1, 1, ONNX_TAIL, 1, false}};

#define TREES "trees compare; import reads those that have a file to themselves (docs/trees.md)"

static const struct {
  const char *name, *advice;
} advices[] = {
    {"MaxPool", "use AveragePool"},
    {"GlobalMaxPool", "use GlobalAveragePool"},
    {"LpPool", "use AveragePool"},
    {"ConvTranspose", "use Conv, or a Gemm of the same map"},
    {"InstanceNormalization", "use BatchNormalization, whose numbers are fixed after training"},
    {"SkipLayerNormalization", "use BatchNormalization, whose numbers are fixed after training"},
    {"GroupNormalization", "use BatchNormalization, whose numbers are fixed after training"},
    {"Attention",
     "attention multiplies what depends on the input: use convolutions or dense layers"},
    {"MultiHeadAttention",
     "attention multiplies what depends on the input: use convolutions or dense layers"},
    {"EmbedLayerNormalization", "give one column for each category (one-hot) and a dense layer"},
    {"OneHotEncoder", "encode categories before the rows are encrypted"},
    {"LabelEncoder", "encode categories before the rows are encrypted"},
    {"LayerNormalization", "use BatchNormalization, whose numbers are fixed after training"},
    {"LRN", "use BatchNormalization"},
    {"MeanVarianceNormalization", "use BatchNormalization"},
    {"Normalizer", "normalise the rows before they are encrypted"},
    {"LSTM", "unroll it, or use a convolution over time"},
    {"GRU", "unroll it, or use a convolution over time"},
    {"RNN", "unroll it, or use a convolution over time"},
    {"If", "export the model for one case"},
    {"Loop", "export the model unrolled"},
    {"Scan", "export the model unrolled"},
    {"Hardmax", "leave it out: the client takes the largest output"},
    {"TopK", "leave it out: the client sees all outputs"},
    {"Mod", "leave out what depends on it, or compute it before encryption"},
    {"Where", "use a mask that is multiplied"},
    {"Resize", "scale images before they are encrypted"},
    {"Upsample", "scale images before they are encrypted"},
    {"QLinearConv", "export the model in floating point"},
    {"QLinearMatMul", "export the model in floating point"},
    {"QuantizeLinear", "export the model in floating point"},
    {"DynamicQuantizeLinear", "export the model in floating point"},
    {"ConvInteger", "export the model in floating point"},
    {"MatMulInteger", "export the model in floating point"},
    {"TreeEnsembleClassifier", TREES},
    {"TreeEnsembleRegressor", TREES},
    {"SVMClassifier", "use LinearClassifier or a network"},
    {"SVMRegressor", "use LinearRegressor or a network"}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const onnx_operator *onnx_run_operator(const onnx_node *node) {
  bool own = node->domain.n == 0 || onnx_wire_text_is(node->domain, "ai.onnx");
  const onnx_operator *table = own ? operators : learned;
  size_t n = own ? COUNT(operators) : COUNT(learned);
  if (!own && !onnx_wire_text_is(node->domain, "ai.onnx.ml"))
    return NULL;
  for (size_t i = 0; i < n; i++)
    if (onnx_wire_text_is(node->op, table[i].name))
      return &table[i];
  return NULL;
}

ckks_status onnx_run_refuse(const onnx_node *node, const char *reason) {
  char text[160];
  const char *advice = "express it by the operators in docs/onnx.md, or leave it out";
  for (size_t i = 0; i < COUNT(advices); i++)
    if (onnx_wire_text_is(node->op, advices[i].name))
      advice = advices[i].advice;
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s; %s", onnx_graph_node_name(text, node), reason,
                   advice);
}
