/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/run.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

static ckks_status check_input(const onnx_graph *graph, const onnx_port *port) {
  onnx_text name = graph->value[port->value].name;
  if (!port->tensor)
    return base_fail(CKKS_ERROR_FORMAT, "input \"%.*s\" is no tensor", ONNX_TEXT(name));
  if (port->type != 0 && !onnx_tensor_type_known(port->type))
    return base_fail(CKKS_ERROR_FORMAT, "input \"%.*s\": numbers of type %llu are not supported",
                     ONNX_TEXT(name), (unsigned long long)port->type);
  return CKKS_OK;
}

ckks_status onnx_run_init(onnx_run *run, const onnx_graph *graph) {
  *run = (onnx_run){.graph = graph};
  for (size_t i = 0; i < graph->n_inputs; i++)
    BASE_TRY(check_input(graph, &graph->input[i]));
  run->value = base_alloc_array(graph->n_values, sizeof *run->value);
  if (run->value == NULL)
    return base_fail_memory(graph->n_values * sizeof *run->value);
  for (size_t i = 0; i < graph->n_values; i++)
    if (graph->value[i].given != NULL)
      run->value[i] = *graph->value[i].given;
  return CKKS_OK;
}

void onnx_run_forget(onnx_run *run, int value) {
  if (run->graph->value[value].given != NULL || run->value[value].value == NULL)
    return;
  run->n_alive -= run->value[value].n;
  onnx_tensor_clear(&run->value[value]);
}

void onnx_run_clear(onnx_run *run) {
  for (size_t i = 0; run->value != NULL && i < run->graph->n_values; i++)
    onnx_run_forget(run, (int)i);
  base_free(run->value);
  *run = (onnx_run){0};
}

ckks_status onnx_run_set(onnx_run *run, int value, const onnx_tensor *tensor) {
  onnx_run_forget(run, value);
  BASE_TRY(onnx_tensor_copy(&run->value[value], tensor));
  run->n_alive += tensor->n;
  return CKKS_OK;
}

/* ------------------------------------------------------------ for operators */

ckks_status onnx_run_out(onnx_call *call, int i, int rank, const size_t *dim, bool whole) {
  if (i >= call->node->n_out || call->node->out[i] < 0) {
    call->out[i] = NULL;
    return CKKS_OK;
  }
  onnx_tensor shape = {.rank = rank};
  for (int d = 0; d < rank; d++)
    shape.dim[d] = dim[d];
  if (!onnx_tensor_count(&shape) || call->run->n_alive + shape.n > ONNX_MAX_TOTAL)
    return base_fail(CKKS_ERROR_RANGE, "its result has more than %zu numbers, or all together %zu",
                     ONNX_MAX_ELEMENTS, ONNX_MAX_TOTAL);
  call->out[i] = &call->run->value[call->node->out[i]];
  onnx_run_forget(call->run, call->node->out[i]);
  BASE_TRY(onnx_tensor_init(call->out[i], rank, dim, whole));
  call->run->n_alive += call->out[i]->n;
  return CKKS_OK;
}

ckks_status onnx_run_work(onnx_run *run, size_t outer, size_t inner) {
  if (inner != 0 && outer > ONNX_MAX_PRODUCTS / inner)
    return base_fail(CKKS_ERROR_RANGE, "too much work: more than 2^36 products");
  run->n_products += (uint64_t)outer * inner;
  if (run->n_products > ONNX_MAX_PRODUCTS)
    return base_fail(CKKS_ERROR_RANGE, "too much work: more than 2^36 products");
  return CKKS_OK;
}

size_t onnx_run_nonzero(const onnx_tensor *tensor) {
  size_t n = 0;
  for (size_t i = 0; i < tensor->n; i++)
    n += tensor->value[i] != 0.0;
  return n;
}

double onnx_run_float(const onnx_call *call, const char *name, double otherwise) {
  const onnx_attribute *attribute = onnx_graph_attribute(call->node, name);
  return attribute != NULL ? attribute->f : otherwise;
}

int64_t onnx_run_int(const onnx_call *call, const char *name, int64_t otherwise) {
  const onnx_attribute *attribute = onnx_graph_attribute(call->node, name);
  return attribute != NULL ? attribute->i : otherwise;
}

ckks_status onnx_run_axis(int *out, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    return base_fail(CKKS_ERROR_FORMAT, "axis %lld of a tensor of %d dimensions", (long long)axis,
                     rank);
  *out = (int)(axis < 0 ? axis + rank : axis);
  return CKKS_OK;
}

ckks_status onnx_run_ints(int64_t out[ONNX_MAX_INPUTS], size_t *n, const onnx_call *call, int index,
                          const char *name) {
  const onnx_tensor *tensor = index >= 0 && index < call->node->n_in ? call->in[index] : NULL;
  const onnx_attribute *attribute = onnx_graph_attribute(call->node, name);
  *n = tensor != NULL ? tensor->n : attribute != NULL ? attribute->n_ints : 0;
  if (*n > ONNX_MAX_INPUTS)
    return base_fail(CKKS_ERROR_FORMAT, "%zu numbers in \"%s\"; at most %d are allowed", *n, name,
                     ONNX_MAX_INPUTS);
  for (size_t i = 0; i < *n; i++) {
    if (tensor != NULL && !(fabs(tensor->value[i]) <= 0x1p63))
      return base_fail(CKKS_ERROR_FORMAT, "\"%s\" holds %g", name, tensor->value[i]);
    /* The largest integers stand for "to the end": rounded down they still do. */
    out[i] = tensor == NULL               ? attribute->ints[i]
             : tensor->value[i] >= 0x1p63 ? INT64_MAX
                                          : (int64_t)tensor->value[i];
  }
  return CKKS_OK;
}
