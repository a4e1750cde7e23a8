/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's unit costs: measured on this machine, kept in a file between runs. */
#ifndef COMPILE_UNITS_H
#define COMPILE_UNITS_H
#include "compile/compile.h"

/**
 * Times the table of kernels in use, inside real operations on random keys and ciphertexts (no
 * secret is made), one thread: about a second. CKKS_ERROR_RANGE when the machine is too busy.
 */
ckks_status compile_units_measure(compile_units *units);
/**
 * Path of this user's cache, $XDG_CACHE_HOME/blindsight/units.json or ~/.cache/blindsight/...
 * (base_free); NULL when the environment names no such place. CKKS_ERROR_MEMORY.
 */
ckks_status compile_units_cache_path(char **path);
/**
 * Units of this CPU and table of kernels from a file. CKKS_ERROR_IO when it cannot be read,
 * CKKS_ERROR_FORMAT, naming file and field, when it is not such a file, CKKS_ERROR_MISMATCH
 * when it was measured on another machine.
 */
ckks_status compile_units_read(compile_units *units, const char *path);
/** Replaces the file atomically. */
ckks_status compile_units_write(const char *path, const compile_units *units);

/** Name of the table of kernels in use. */
const char *compile_units_kernel(void);

/** The fields of compile_units by name, for files and reports. */
typedef struct compile_unit {
  const char *name, *meaning;
  size_t offset;
} compile_unit;
#define COMPILE_N_UNITS 9
extern const compile_unit compile_units_table[COMPILE_N_UNITS];
double *compile_units_field(compile_units *units, const compile_unit *unit);
#endif
