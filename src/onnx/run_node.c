/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/graph.h"
#include "onnx/run.h"

static ckks_status gather_inputs(onnx_call *call, const onnx_operator *operator) {
  const onnx_node *node = call->node;
  if (node->n_in < operator->min_in || node->n_in> operator->max_in)
    return base_fail(CKKS_ERROR_FORMAT, "%d inputs where %d to %d are allowed",
                     node->n_in, operator->min_in, operator->max_in);
  for (int i = 0; i < node->n_in; i++) {
    call->in[i] = node->in[i] >= 0 ? &call->run->value[node->in[i]] : NULL;
    if (call->in[i] != NULL && call->in[i]->value == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "input %d was never computed", i);
    if (i < operator->min_in && call->in[i] == NULL)
      return base_fail(CKKS_ERROR_FORMAT, "input %d is left out", i);
    /* Whatever an operator does, it looks at its operands. */
    if (call->in[i] != NULL)
      BASE_TRY(onnx_run_work(call->run, call->in[i]->n, 1));
  }
  return CKKS_OK;
}

ckks_status onnx_run_node(onnx_run *run, const onnx_node *node) {
  char text[160];
  onnx_call call = {.run = run, .node = node};
  const onnx_operator *operator= onnx_run_operator(node);
  ckks_status status = operator!= NULL
                           ? gather_inputs(&call, operator)
                           : base_fail(CKKS_ERROR_FORMAT, "its operator is not supported");
  if (status == CKKS_OK)
    status = operator->run(&call);
  return status == CKKS_OK ? CKKS_OK : base_fail_in(status, "%s", onnx_graph_node_name(text, node));
}
