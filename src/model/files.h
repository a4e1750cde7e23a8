/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The three files a model lives in: the model itself (its owner's), the server file
 * (the plan, with the weights) and the client file (what anybody may know). Each is
 * one frame (docs/wire-format.md). Readers check every byte and what the parts say
 * of each other; messages start with the file's name. Model and server files are
 * written for their owner's eyes only (mode 0600).
 *
 * X_parse reads bytes in memory, called `name` in messages; X_read a file, "-" being
 * standard input. On error nothing is left in the output.
 */
#ifndef MODEL_FILES_H
#define MODEL_FILES_H
#include "base/frame.h"
#include "model/plan.h"

/** Files above these are refused before they are read. */
#define MODEL_FILES_MAX_MODEL_BYTES ((size_t)1 << 30)
#define MODEL_FILES_MAX_SERVER_BYTES ((size_t)1 << 31)
#define MODEL_FILES_MAX_CLIENT_BYTES ((size_t)4 << 20)

/** The bytes of each file, in a new buffer (base_free after base_wipe for model and server). */
ckks_status model_files_model_bytes(uint8_t **out, size_t *n_bytes, const model_model *model);
ckks_status model_files_server_bytes(uint8_t **out, size_t *n_bytes, const model_plan *plan);
ckks_status model_files_client_bytes(uint8_t **out, size_t *n_bytes,
                                     const model_interface *interface);

ckks_status model_files_model_write(const char *path, const model_model *model);
ckks_status model_files_server_write(const char *path, const model_plan *plan);
ckks_status model_files_client_write(const char *path, const model_interface *interface);

ckks_status model_files_model_parse(model_model *model, const uint8_t *bytes, size_t n_bytes,
                                    const char *name);
ckks_status model_files_model_read(model_model *model, const char *path);
/**
 * The plan's identity is computed anew and must be the one in the file; parameters
 * without security are refused (CKKS_ERROR_SECURITY).
 */
ckks_status model_files_server_parse(model_plan *plan, const uint8_t *bytes, size_t n_bytes,
                                     const char *name);
ckks_status model_files_server_read(model_plan *plan, const char *path);
/**
 * Builds the parameters as well, and thereby holds primes and security against the table: a
 * client must not encrypt under what a careless or hostile server wrote down. The size
 * announced for the keys must be that of the keys listed. *params (may be NULL) is the
 * caller's to free.
 */
ckks_status model_files_client_parse(model_interface *interface, ckks_params **params,
                                     const uint8_t *bytes, size_t n_bytes, const char *name);
ckks_status model_files_client_read(model_interface *interface, ckks_params **params,
                                    const char *path);
#endif
