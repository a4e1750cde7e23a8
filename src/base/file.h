/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, read within a limit and replaced atomically. */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include "base/status.h"

/**
 * Reads a regular file of at most limit_bytes into *out (base_free), with one
 * NUL byte behind it. "-" is standard input. CKKS_ERROR_IO names the path and
 * the system's reason; a file above the limit is CKKS_ERROR_FORMAT naming both.
 */
ckks_status base_file_read(uint8_t **out, size_t *n_bytes, const char *path, size_t limit_bytes);
/** The same for secrets: a file that group or others may read or write is CKKS_ERROR_IO, and so
 * is standard input. */
ckks_status base_file_read_private(uint8_t **out, size_t *n_bytes, const char *path,
                                   size_t limit_bytes);
/**
 * Writes a temporary file beside `path` with mode `mode`, syncs it and renames
 * it over `path`: readers see the old file or the whole new one. The temporary
 * file is removed on failure and by base_file_abandon. "-" is standard output;
 * a device or a pipe is written to, not replaced. The umask applies to `mode`.
 */
ckks_status base_file_write(const char *path, const void *bytes, size_t n_bytes, unsigned mode);
/**
 * The same where there must be nothing yet: *made is false, and all stays as it is, when `path`
 * exists. Of two who come at once one makes the file; the other sees it whole.
 */
ckks_status base_file_create(bool *made, const char *path, const void *bytes, size_t n_bytes,
                             unsigned mode);
/** What messages call an input file: "-" is standard input. */
const char *base_file_name(const char *path);
/** Async-signal-safe: removes a temporary file being written, if any (for Ctrl-C). */
void base_file_abandon(void);
#endif
