/* SPDX-License-Identifier: Apache-2.0 */
#include "onnx/image.h"

#include <string.h>

/* A convolution in one dimension: what looks like rows of pixels are channels of a signal. */
static bool is_signal(const onnx_fold *fold) {
  bool found = false;
  for (size_t i = 0; i < fold->graph->n_nodes; i++) {
    const onnx_node *node = &fold->graph->node[i];
    found = found || (onnx_wire_text_is(node->op, "Conv") && node->n_in > 0 && node->in[0] >= 0 &&
                      fold->run.value[node->in[0]].rank == 3);
  }
  return found;
}

bool onnx_image_is_pixels(const onnx_fold *fold) {
  bool found = false;
  for (size_t i = 0; i < fold->graph->n_nodes; i++) {
    const onnx_node *node = &fold->graph->node[i];
    found = found || (fold->needed[i] && onnx_wire_text_is(node->op, "Conv") && node->n_in > 0 &&
                      node->in[0] >= 0 && fold->run.value[node->in[0]].rank == 4);
  }
  return found && fold->run.value[fold->input].rank == 4;
}

void onnx_image_input(size_t image[3], const onnx_fold *fold) {
  const onnx_tensor *input = &fold->run.value[fold->input];
  int first = input->rank == 4 ? 1 : 0;
  memset(image, 0, 3 * sizeof *image);
  if (input->rank < 3 || input->rank > 4 || (first == 1 && input->dim[0] != 1) ||
      (input->rank == 3 && is_signal(fold)))
    return;
  if (input->dim[first] == 1 || input->dim[first] == 3)
    memcpy(image, input->dim + first, 3 * sizeof *image);
}

void onnx_image_layer(size_t image[3], const onnx_fold *fold, int l) {
  const onnx_layer *layer = &fold->layer[l];
  size_t channels = 0, last[2] = {0, 0};
  memset(image, 0, 3 * sizeof *image);
  for (int b = 0; b < layer->n_roots; b++) {
    const onnx_tensor *root = &fold->run.value[layer->root[b]];
    size_t rows = root->rank == 4 ? root->dim[2] : 1;
    if (root->rank < 3 || root->rank > 4 || root->dim[0] != 1 ||
        (b > 0 && (rows != last[0] || root->dim[root->rank - 1] != last[1])))
      return;
    channels += root->dim[1];
    last[0] = rows;
    last[1] = root->dim[root->rank - 1];
  }
  memcpy(image, (const size_t[]){channels, last[0], last[1]}, 3 * sizeof *image);
}
