/* SPDX-License-Identifier: Apache-2.0 */
/* The engine of a server, made by the first who needs it, whichever thread that is. */
#include "blindsight/engine.h"

#include <pthread.h>

#include "base/alloc.h"

struct blindsight_engine {
  pthread_mutex_t lock;
  const plan_plan *plan;
  exec_engine *engine;
};

ckks_status blindsight_engine_build(blindsight_engine **out, const plan_plan *plan) {
  blindsight_engine *engine = *out = base_alloc(sizeof *engine);
  if (engine == NULL)
    return base_fail_memory(sizeof *engine);
  engine->plan = plan;
  if (pthread_mutex_init(&engine->lock, NULL) == 0)
    return CKKS_OK;
  base_free(engine);
  *out = NULL;
  return base_fail(CKKS_ERROR_MEMORY, "no mutex could be made");
}

ckks_status blindsight_engine_get(exec_engine **out, blindsight_engine *engine,
                                  size_t weights_bytes) {
  ckks_status status = CKKS_OK;
  pthread_mutex_lock(&engine->lock);
  if (engine->engine == NULL)
    status = exec_engine_build(&engine->engine, engine->plan, weights_bytes);
  *out = engine->engine;
  pthread_mutex_unlock(&engine->lock);
  return status;
}

void blindsight_engine_free(blindsight_engine *engine) {
  if (engine == NULL)
    return;
  exec_engine_free(engine->engine);
  pthread_mutex_destroy(&engine->lock);
  base_free(engine);
}
