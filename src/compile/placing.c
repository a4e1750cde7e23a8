/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/placing.h"

ckks_status compile_placing_build(compile_stages *placed, const compile_stages *stages,
                                  const network_model *model, bool windows) {
  ckks_status status = compile_stages_copy(placed, stages);
  if (status == CKKS_OK && windows)
    status = compile_gather_stages(placed);
  if (status == CKKS_OK)
    status = compile_place_stages(placed, model);
  if (status != CKKS_OK)
    compile_stages_clear(placed);
  return status;
}
