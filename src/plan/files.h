/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The two files of a compiled model: the server file (the plan, with the weights) and the
 * client file (what anybody may know). Each is one frame (docs/wire-format.md). Readers check every
 * byte and what the parts say of each other; messages start with the file's name. Server files are
 * written for their owner's eyes only (mode 0600).
 *
 * X_parse reads bytes in memory, called `name` in messages; X_read a file, "-" being
 * standard input. On error nothing is left in the output.
 */
#ifndef PLAN_FILES_H
#define PLAN_FILES_H
#include "base/frame.h"
#include "plan/plan.h"

/** Files above these are refused before they are read. */
#define PLAN_FILES_MAX_SERVER_BYTES ((size_t)1 << 31)
#define PLAN_FILES_MAX_CLIENT_BYTES ((size_t)4 << 20)

/** The bytes of each file, in a new buffer (base_free, after base_wipe for the server's). */
ckks_status plan_files_server_bytes(uint8_t **out, size_t *n_bytes, const plan_plan *plan);
ckks_status plan_files_client_bytes(uint8_t **out, size_t *n_bytes,
                                    const plan_interface *interface);

ckks_status plan_files_server_write(const char *path, const plan_plan *plan);
ckks_status plan_files_client_write(const char *path, const plan_interface *interface);

/**
 * The plan's identity is computed anew and must be the one in the file; parameters
 * without security are refused (CKKS_ERROR_SECURITY).
 */
ckks_status plan_files_server_parse(plan_plan *plan, const uint8_t *bytes, size_t n_bytes,
                                    const char *name);
ckks_status plan_files_server_read(plan_plan *plan, const char *path);
/**
 * Builds the parameters as well, and thereby holds primes and security against the table: a
 * client must not encrypt under what a careless or hostile server wrote down. The size
 * announced for the keys must be that of the keys listed.
 */
ckks_status plan_files_client_parse(plan_interface *interface, const uint8_t *bytes, size_t n_bytes,
                                    const char *name);
ckks_status plan_files_client_read(plan_interface *interface, const char *path);
#endif
