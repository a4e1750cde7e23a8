/* SPDX-License-Identifier: Apache-2.0 */
/* From a model to a server. Nothing here can name a secret key. */
#include "blindsight/units.h"
#include "compile/compile.h"

static ckks_status compile(plan_plan *plan, const network_model *model,
                           const blindsight_compile_options *options) {
  compile_options inner;
  compile_options_default(&inner);
  if (options->security != CKKS_SECURITY_128 && options->security != CKKS_SECURITY_192 &&
      options->security != CKKS_SECURITY_256)
    return base_fail(CKKS_ERROR_SECURITY, "security = %d: must be 128, 192 or 256",
                     (int)options->security);
  if ((unsigned)options->minimise > BLINDSIGHT_MINIMISE_KEYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "minimise = %d: there is no such aim",
                     (int)options->minimise);
  if ((unsigned)options->bootstrap > BLINDSIGHT_BOOTSTRAP_ALWAYS)
    return base_fail(CKKS_ERROR_ARGUMENT, "bootstrap = %d: must be auto, never or always",
                     (int)options->bootstrap);
  inner.error = options->error;
  inner.security = options->security;
  inner.log2_n = options->log2_n;
  inner.latency = options->latency;
  inner.throughput = options->throughput;
  inner.last_on_server = options->last_on_server;
  inner.headroom = options->headroom;
  inner.minimise = options->minimise;
  inner.weights_bytes = options->weights_bytes;
  inner.bootstrap = (compile_bootstrap)options->bootstrap;
  inner.progress = options->progress;
  inner.progress_context = options->progress_context;
  if (options->units != NULL)
    inner.units = *blindsight_units_values(options->units);
  return compile_model(plan, model, &inner);
}

ckks_status blindsight_server_compile(blindsight_server **out, const blindsight_model *model,
                                      const blindsight_compile_options *options) {
  blindsight_compile_options o;
  blindsight_compile_options_default(&o, sizeof o);
  BASE_TRY(blindsight_server_build(out));
  ckks_status status = blindsight_objects_require(model, "model");
  if (status == CKKS_OK)
    status = blindsight_options_take(&o, sizeof o, options);
  if (status == CKKS_OK)
    status = compile(&(*out)->plan, &model->model, &o);
  return blindsight_server_finish(out, status);
}
