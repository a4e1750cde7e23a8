/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/placing.h"

#include "compile/scatter.h"

ckks_status compile_placing_build(compile_stages *placed, const compile_stages *stages,
                                  const network_model *model, bool windows) {
  ckks_status status = compile_stages_copy(placed, stages);
  /* Which windows there are is told to clients. Of images they know; of trees they must not. */
  if (status == CKKS_OK && windows && model->input.feature == NULL)
    status = compile_gather_stages(placed);
  if (status == CKKS_OK)
    status = compile_place_stages(placed, model);
  if (status == CKKS_OK && windows)
    status = compile_scatter_stages(placed);
  if (status != CKKS_OK)
    compile_stages_clear(placed);
  return status;
}
