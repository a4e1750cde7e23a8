/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are used where the system keeps them, without a copy. */
#ifndef BASE_MAP_H
#define BASE_MAP_H
#include "base/status.h"

/** A file's bytes, read-only, at the start of a page. */
typedef struct base_map {
  void *bytes;
  size_t n_bytes;
} base_map;

/**
 * Maps a regular file of at most limit_bytes and brings all of it in. As it holds what is
 * secret, a file that group or others may read or write is CKKS_ERROR_IO. Who replaces it by
 * renaming (base_file_write) changes nothing here; a file that is cut short meanwhile ends the
 * program with SIGBUS. An empty file is CKKS_ERROR_FORMAT.
 */
ckks_status base_map_open(base_map *out, const char *path, size_t limit_bytes);
/** Also of a map that is zero. */
void base_map_close(base_map *map);
#endif
