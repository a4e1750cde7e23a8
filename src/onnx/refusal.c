/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/refusal.h"

#define MAX_STEPS 12

static bool varies(const onnx_fold *fold, int value) {
  return value >= 0 && fold->state[value].kind >= ONNX_AFFINE;
}

/* Whether an operator stands on the way back from a value, a few nodes at most before it. */
static bool comes_from(const onnx_fold *fold, int value, const char *op, int steps) {
  if (value < 0 || fold->graph->value[value].node < 0 || steps == 0)
    return false;
  const onnx_node *node = &fold->graph->node[fold->graph->value[value].node];
  if (onnx_wire_text_is(node->op, op))
    return true;
  for (int i = 0; i < node->n_in; i++)
    if (varies(fold, node->in[i]) && comes_from(fold, node->in[i], op, steps - 1))
      return true;
  return false;
}

static ckks_status refuse_as(const onnx_node *node, const char *what) {
  char text[160];
  return base_fail(CKKS_ERROR_FORMAT, "%s: %s", onnx_graph_node_name(text, node), what);
}

/* (x - mean) / sqrt(variance + e), as exporters take it apart. */
static bool is_layer_norm(const onnx_fold *fold, const onnx_node *node) {
  return onnx_wire_text_is(node->op, "Div") && node->n_in == 2 && varies(fold, node->in[1]) &&
         comes_from(fold, node->in[1], "Sqrt", 4) &&
         comes_from(fold, node->in[1], "ReduceMean", MAX_STEPS);
}

static ckks_status refuse_product(const onnx_fold *fold, const onnx_node *node) {
  if (is_layer_norm(fold, node))
    return refuse_as(node, "this is a LayerNorm, which divides by the deviation of each row; use "
                           "BatchNormalization, whose numbers are fixed after training");
  if (onnx_wire_text_is(node->op, "MatMul"))
    return refuse_as(node, "this is attention: it multiplies two tensors that both depend on the "
                           "input; use convolutions or dense layers over the positions");
  if (onnx_wire_text_is(node->op, "Mul") &&
      (comes_from(fold, node->in[0], "Sigmoid", 3) || comes_from(fold, node->in[1], "Sigmoid", 3)))
    return refuse_as(node, "this is a gate (of a GLU, an LSTM, squeeze and excitation): it "
                           "multiplies two values that differ in origin; use an activation of "
                           "one value");
  return onnx_run_refuse(node, "it multiplies two encrypted values that differ in origin");
}

static ckks_status refuse_operand(const onnx_node *node, int i) {
  if (onnx_wire_text_is(node->op, "Gather") && i == 1)
    return refuse_as(node, "this is an Embedding, which looks numbers up by an index; give the "
                           "network one column for each category (one-hot) and a dense layer");
  return onnx_run_refuse(node, "an operand that must be a constant depends on the input");
}

ckks_status onnx_refusal_check(const onnx_fold *fold, const onnx_node *node) {
  const onnx_operator *operator= onnx_run_operator(node);
  int varying = 0;
  for (int i = 0; i < node->n_in; i++)
    varying += varies(fold, node->in[i]);
  if (operator->kind == ONNX_FUNCTION)
    return onnx_run_refuse(node, onnx_wire_text_is(node->op, "PRelu")
                                     ? "its slopes differ; export it with opset 7 or later"
                                     : "it takes encrypted values that differ in origin");
  if (operator->kind == ONNX_TAIL && onnx_wire_text_is(node->op, "Softmax"))
    return refuse_as(node, "a Softmax inside of the network, as attention has it, is supported at "
                           "its end only; use dense layers or convolutions");
  if (operator->kind == ONNX_TAIL)
    return onnx_run_refuse(node, "it is supported at the end of a model only");
  if (operator->kind == ONNX_CLEAR)
    return onnx_run_refuse(node, "it cannot be computed under encryption");
  for (int i = 0; i < node->n_in; i++)
    if (varies(fold, node->in[i]) && !(operator->mask>>(i < 31 ? i : 31) & 1))
      return is_layer_norm(fold, node) ? refuse_product(fold, node) : refuse_operand(node, i);
  /* The third operand of Gemm is added, not multiplied. */
  bool addend = onnx_wire_text_is(node->op, "Gemm") && node->n_in > 2 && varies(fold, node->in[2]);
  if (operator->kind == ONNX_SINGLE && varying - addend> 1)
    return refuse_product(fold, node);
  return CKKS_OK;
}
