/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made ready to run, when that is needed. */
#ifndef BLINDSIGHT_ENGINE_H
#define BLINDSIGHT_ENGINE_H
#include "blindsight/objects.h"
#include "exec/exec.h"

/** The plan stays the caller's, and must outlive it. Nothing is encoded yet. */
ckks_status blindsight_engine_build(blindsight_engine **out, const plan_plan *plan);
/** The first call encodes the weights, in weights_bytes at most; later ones return that engine. */
ckks_status blindsight_engine_get(exec_engine **out, blindsight_engine *engine,
                                  size_t weights_bytes);
void blindsight_engine_free(blindsight_engine *engine);
#endif
