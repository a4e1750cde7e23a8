/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The model file, the owner's: one frame (docs/wire-format.md). The reader checks every byte and
 * what the parts say of each other; messages start with the file's name. Written for its owner's
 * eyes only (mode 0600). On error nothing is left in the output.
 */
#ifndef NETWORK_FILES_H
#define NETWORK_FILES_H
#include "base/frame.h"
#include "network/network.h"

/** A file above this is refused before it is read. */
#define NETWORK_FILES_MAX_BYTES ((size_t)1 << 30)

/** The bytes of the file, in a new buffer (base_free after base_wipe). */
ckks_status network_files_bytes(uint8_t **out, size_t *n_bytes, const network_model *model);
ckks_status network_files_write(const char *path, const network_model *model);
/** Of bytes in memory, called `name` in messages. */
ckks_status network_files_parse(network_model *model, const uint8_t *bytes, size_t n_bytes,
                                const char *name);
/** Of a file, "-" being standard input. */
ckks_status network_files_read(network_model *model, const char *path);
#endif
