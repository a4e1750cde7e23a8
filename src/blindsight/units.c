/* SPDX-License-Identifier: Apache-2.0 */
#include "blindsight/units.h"

#include "base/alloc.h"
#include "base/cpu.h"

/* What is shown lies in front of what it shows. */
typedef struct whole {
  blindsight_units shown;
  blindsight_unit unit[COMPILE_N_UNITS];
  compile_units values;
} whole;

const compile_units *blindsight_units_values(const blindsight_units *units) {
  return &((const whole *)(const void *)units)->values;
}

static ckks_status units_build(whole **out) {
  *out = base_alloc(sizeof **out);
  return *out != NULL ? CKKS_OK : base_fail_memory(sizeof **out);
}

static ckks_status units_finish(blindsight_units **out, whole *w, ckks_status status) {
  if (status != CKKS_OK) {
    base_free(w);
    return status;
  }
  for (int i = 0; i < COMPILE_N_UNITS; i++)
    w->unit[i] = (blindsight_unit){compile_units_table[i].name, compile_units_table[i].meaning,
                                   *compile_units_field(&w->values, &compile_units_table[i])};
  w->shown = (blindsight_units){.cpu = base_cpu_get()->name,
                                .kernel = compile_units_kernel(),
                                .n = COMPILE_N_UNITS,
                                .unit = w->unit};
  *out = &w->shown;
  return CKKS_OK;
}

ckks_status blindsight_units_measure(blindsight_units **out) {
  whole *w;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(units_build(&w));
  return units_finish(out, w, compile_units_measure(&w->values));
}

ckks_status blindsight_units_load(blindsight_units **out, const char *path) {
  whole *w;
  BASE_TRY(blindsight_objects_require(out, "out"));
  *out = NULL;
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(units_build(&w));
  return units_finish(out, w, compile_units_read(&w->values, path));
}

ckks_status blindsight_units_save(const char *path, const blindsight_units *units) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  BASE_TRY(blindsight_objects_require(units, "units"));
  return compile_units_write(path, blindsight_units_values(units));
}

void blindsight_units_free(blindsight_units *units) {
  base_free(units);
}

ckks_status blindsight_units_cache_path(char **path) {
  BASE_TRY(blindsight_objects_require(path, "path"));
  return compile_units_cache_path(path);
}
