/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The container of every file and message (docs/wire-format.md):
 *   8  magic "BLINDSGT"
 *   2  format version (1; 2 of public keys and results, 3 of server and client files)
 *   2  kind
 *   4  reserved, zero
 *  32  parameter hash (zero where there is none)
 *  32  plan identity (zero where there is none)
 *   8  payload length
 *   n  payload
 *  32  BLAKE2b-256 of all bytes before it
 * All integers little-endian.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H
#include "base/bytes.h"
#include "base/digest.h"

typedef enum base_frame_kind {
  BASE_FRAME_PARAMS = 1,
  BASE_FRAME_CIPHERTEXT = 2,
  BASE_FRAME_PUBLIC_KEY = 3,
  BASE_FRAME_SECRET_KEY = 4,
  BASE_FRAME_EVALUATION_KEYS = 5,
  BASE_FRAME_MODEL = 6,
  BASE_FRAME_SERVER = 7,
  BASE_FRAME_CLIENT = 8,
  BASE_FRAME_SAMPLE = 9,
  BASE_FRAME_RESULT = 10
} base_frame_kind;

#define BASE_FRAME_HEADER_BYTES 88
#define BASE_FRAME_OVERHEAD_BYTES 120

typedef struct base_frame {
  base_frame_kind kind;
  uint8_t params_hash[32], plan_id[32];
  const uint8_t *payload; /**< into the bytes that were read */
  size_t n_payload;
} base_frame;

/** "secret key file", ...; "unknown" for others. */
const char *base_frame_kind_name(unsigned kind);
/** Starts a frame in an empty buffer; NULL hashes are zeros. Append the payload next. */
void base_frame_begin(base_buffer *buffer, base_frame_kind kind, const uint8_t *params_hash,
                      const uint8_t *plan_id);
/** Fills in the payload length and appends the digest. */
ckks_status base_frame_end(base_buffer *buffer);
/** The plan identity that a frame's first BASE_FRAME_HEADER_BYTES name, unchecked. */
void base_frame_peek_plan(uint8_t plan_id[32], const uint8_t *header);
/**
 * Checks magic, version, reserved bytes, length and digest, in that order, each with a message
 * of its own (empty; not one of our files; too short; newer version; truncated; trailing bytes;
 * damaged) and then the kind (`expected`, 0 = any): "this is a client file where a secret key
 * file is needed". All are CKKS_ERROR_FORMAT. `name` (a path, or "message") starts every text.
 */
ckks_status base_frame_read(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                            unsigned expected, const char *name);
/**
 * The same without looking at the digest, for whoever has it computed beside other work: nothing
 * of the frame may be believed before base_frame_verify.
 */
ckks_status base_frame_read_unverified(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                                       unsigned expected, const char *name);
/** CKKS_ERROR_FORMAT ("damaged") unless the digest behind the payload is that of all before it. */
ckks_status base_frame_verify(const base_frame *frame, const char *name);
/** base_frame_read, and a reader of the payload. */
ckks_status base_frame_open(base_frame *frame, base_reader *payload, const uint8_t *bytes,
                            size_t n_bytes, base_frame_kind kind, const char *name);
/** Whether the payload was read, all of it; else CKKS_ERROR_FORMAT says how much was not. */
ckks_status base_frame_check_end(const base_reader *payload);
/** base_frame_end, and the bytes for the caller (base_free); on error the buffer is cleared. */
ckks_status base_frame_finish(uint8_t **out, size_t *n_bytes, base_buffer *buffer);
/**
 * Writes a file from what base_frame_finish gave, and the status of making it, which is returned
 * with the path in front when it is not CKKS_OK. Wipes and frees the bytes.
 */
ckks_status base_frame_write_file(const char *path, ckks_status status, uint8_t *bytes,
                                  size_t n_bytes, unsigned mode);
#endif
