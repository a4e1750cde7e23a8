/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's unit costs: measured on this machine, kept in a file between runs. */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H
#include "compile/compile.h"
#include "plan/plan.h"

/** Times the table of kernels in use, inside real operations, one thread: about a second. */
ckks_status cli_units_measure(compile_units *units);
/**
 * Path of this user's cache, $XDG_CACHE_HOME/blindsight/units.json or ~/.cache/blindsight/...
 * (base_free); NULL when the environment names no such place. CKKS_ERROR_MEMORY.
 */
ckks_status cli_units_cache_path(char **path);
/**
 * Units of this CPU and table of kernels from a file. CKKS_ERROR_IO when it cannot be read,
 * CKKS_ERROR_FORMAT, naming file and field, when it is not such a file, CKKS_ERROR_MISMATCH
 * when it was measured on another machine.
 */
ckks_status cli_units_read(compile_units *units, const char *path);
/** Replaces the file atomically. */
ckks_status cli_units_write(const char *path, const compile_units *units);

/** The fields of compile_units by name, for files and reports. */
typedef struct cli_unit {
  const char *name, *meaning;
  size_t offset;
} cli_unit;
#define CLI_N_UNITS 8
extern const cli_unit cli_units[CLI_N_UNITS];
double *cli_units_field(compile_units *units, const cli_unit *unit);
#endif
