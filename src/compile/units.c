/* SPDX-License-Identifier: Apache-2.0 */
/* Unit costs in a file: JSON, one machine's (docs/man/blindsight-calibrate.1). */
#include "compile/units.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/file.h"
#include "ring/kernel/kernel.h"

#define MAX_BYTES ((size_t)1 << 16)
/* No machine is a thousand times slower or faster than those known. */
#define LEAST_NS 1e-4
#define MOST_NS 1e4

const compile_unit compile_units_table[COMPILE_N_UNITS] = {
    {"ntt_butterfly_ns", "a butterfly of a transform", offsetof(compile_units, ntt_butterfly_ns)},
    {"mac_word_ns", "a word of few keys", offsetof(compile_units, mac_word_ns)},
    {"mac_far_word_ns", "a word of many keys", offsetof(compile_units, mac_far_word_ns)},
    {"convert_word_ns", "a word that changes its basis", offsetof(compile_units, convert_word_ns)},
    {"permute_word_ns", "a word that a rotation moves", offsetof(compile_units, permute_word_ns)},
    {"point_word_ns", "a word of pointwise work", offsetof(compile_units, point_word_ns)},
    {"sum_word_ns", "a word of a small batch", offsetof(compile_units, sum_word_ns)},
    {"sum_far_word_ns", "a word of a large batch", offsetof(compile_units, sum_far_word_ns)},
    {"point_far_word_ns", "a word of pointwise work at N = 2^15 and above",
     offsetof(compile_units, point_far_word_ns)},
};

double *compile_units_field(compile_units *units, const compile_unit *unit) {
  return (double *)(void *)((char *)units + unit->offset);
}

const char *compile_units_kernel(void) {
  return ring_kernel_get(RING_F64)->name;
}

/* ------------------------------------------------------------------- where */

static ckks_status join(char **path, const char *folder, const char *rest) {
  size_t n = strlen(folder) + strlen(rest) + 1;
  *path = base_alloc(n);
  if (*path == NULL)
    return base_fail_memory(n);
  snprintf(*path, n, "%s%s", folder, rest);
  return CKKS_OK;
}

ckks_status compile_units_cache_path(char **path) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  *path = NULL;
  if (cache != NULL && cache[0] == '/')
    return join(path, cache, "/blindsight/units.json");
  if (home != NULL && home[0] == '/')
    return join(path, home, "/.cache/blindsight/units.json");
  return CKKS_OK;
}

/* ----------------------------------------------------------------- reading */

static ckks_status read_field(double *out, const json_t *file, const char *name, const char *path) {
  const json_t *value = json_object_get(file, name);
  *out = json_number_value(value);
  if (!json_is_number(value) || !(*out >= LEAST_NS && *out <= MOST_NS))
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s must be a number from %g to %g", path, name,
                     LEAST_NS, MOST_NS);
  return CKKS_OK;
}

static ckks_status check_machine(const json_t *file, const char *path) {
  const char *cpu = json_string_value(json_object_get(file, "cpu"));
  const char *kernel = json_string_value(json_object_get(file, "kernel"));
  if (cpu == NULL || kernel == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %s must be a text", path,
                     cpu == NULL ? "cpu" : "kernel");
  if (strcmp(cpu, base_cpu_get()->name) != 0 || strcmp(kernel, compile_units_kernel()) != 0)
    return base_fail(CKKS_ERROR_MISMATCH, "%s: measured on %s with the %s kernels, this is %s, %s",
                     path, cpu, kernel, base_cpu_get()->name, compile_units_kernel());
  return CKKS_OK;
}

static ckks_status parse(compile_units *units, const json_t *file, const char *path) {
  BASE_TRY(check_machine(file, path));
  for (int i = 0; i < COMPILE_N_UNITS; i++)
    BASE_TRY(read_field(compile_units_field(units, &compile_units_table[i]), file,
                        compile_units_table[i].name, path));
  return CKKS_OK;
}

ckks_status compile_units_read(compile_units *units, const char *path) {
  uint8_t *bytes;
  size_t n_bytes;
  json_error_t error;
  compile_units read;
  BASE_TRY(base_file_read(&bytes, &n_bytes, path, MAX_BYTES));
  json_t *file = json_loadb((const char *)bytes, n_bytes, JSON_REJECT_DUPLICATES, &error);
  base_free(bytes);
  if (file == NULL)
    return base_fail(CKKS_ERROR_FORMAT, "%s:%d: %s", path, error.line, error.text);
  ckks_status status = parse(&read, file, path);
  json_decref(file);
  if (status == CKKS_OK)
    *units = read;
  return status;
}

/* ----------------------------------------------------------------- writing */

/* Makes the folders that lead to a file, as far as they are missing; errors show at the file. */
static ckks_status make_folders(const char *path) {
  char *folder = base_strdup(path);
  if (folder == NULL)
    return base_fail_memory(strlen(path) + 1);
  for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(folder, 0700);
    *slash = '/';
  }
  base_free(folder);
  return CKKS_OK;
}

ckks_status compile_units_write(const char *path, const compile_units *units) {
  compile_units copy = *units;
  json_t *file =
      json_pack("{s:s, s:s}", "cpu", base_cpu_get()->name, "kernel", compile_units_kernel());
  for (int i = 0; file != NULL && i < COMPILE_N_UNITS; i++)
    json_object_set_new(file, compile_units_table[i].name,
                        json_real(*compile_units_field(&copy, &compile_units_table[i])));
  char text[1024];
  size_t n = json_dumpb(file, text, sizeof text, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
  json_decref(file);
  if (n == 0 || n > sizeof text)
    return base_fail_memory(sizeof text);
  BASE_TRY(make_folders(path));
  return base_file_write(path, text, n, 0644);
}
