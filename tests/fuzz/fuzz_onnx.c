/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX files: read, checked, and folded when they are small enough to be. */
#include <stdlib.h>

#include "base/status.h"
#include "fuzz/accepted.h"
#include "onnx/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  onnx_graph graph;
  onnx_fold fold;
  if (size > 1 << 16 || onnx_graph_read(&graph, data, size, "fuzz") != CKKS_OK)
    return 0;
  if (onnx_fold_init(&fold, &graph, NULL) == CKKS_OK) {
    fuzz_accept();
    network_sparse weight = {0};
    double *bias = calloc(fold.layer[0].n_out + 1, sizeof *bias);
    if (fold.layer[0].n_in * fold.layer[0].n_out <= 1 << 14 && bias != NULL &&
        onnx_fold_matrix(&weight, bias, &fold, 0) != CKKS_OK && base_last_error()[0] == '\0')
      abort(); /* a refusal without a reason */
    network_sparse_clear(&weight);
    free(bias);
    onnx_fold_clear(&fold);
  }
  onnx_graph_clear(&graph);
  return 0;
}
