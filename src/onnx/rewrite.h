/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes in place of others that mean the same. */
#ifndef ONNX_REWRITE_H
#define ONNX_REWRITE_H
#include "onnx/graph.h"

/**
 * onnx_graph_read, and then PRelu with slopes s that differ, which no one polynomial is: s x + (1 -
 * s) max(x, 0), whose first part is affine: four nodes each. Slopes that are all the same become
 * one number.
 */
ckks_status onnx_rewrite_read(onnx_graph *graph, const uint8_t *bytes, size_t n_bytes,
                              const char *name);
#endif
