/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/wipe.h"

#define LENGTH_AT (BASE_FRAME_HEADER_BYTES - 8)
#define PLAN_AT (LENGTH_AT - 32)

static const uint8_t magic[8] = {'B', 'L', 'I', 'N', 'D', 'S', 'G', 'T'};

static const char *const kind_names[] = {
    [BASE_FRAME_PARAMS] = "parameter file",
    [BASE_FRAME_CIPHERTEXT] = "ciphertext file",
    [BASE_FRAME_PUBLIC_KEY] = "public key file",
    [BASE_FRAME_SECRET_KEY] = "secret key file",
    [BASE_FRAME_EVALUATION_KEYS] = "evaluation key file",
    [BASE_FRAME_MODEL] = "model file",
    [BASE_FRAME_SERVER] = "server file",
    [BASE_FRAME_CLIENT] = "client file",
    [BASE_FRAME_SAMPLE] = "sample file",
    [BASE_FRAME_RESULT] = "result file",
};
#define N_KINDS (sizeof kind_names / sizeof kind_names[0])

/* Files of a compiled model say since version 2 which rows they answer for, and have since 3 room
 * for results that hold real parts alone, as results do since version 2. Public keys are modulo the
 * special primes, too, since 2. */
static unsigned version_of(unsigned kind) {
  if (kind == BASE_FRAME_SERVER || kind == BASE_FRAME_CLIENT)
    return 3;
  return kind == BASE_FRAME_RESULT || kind == BASE_FRAME_PUBLIC_KEY ? 2 : 1;
}

static bool is_kind(unsigned kind) {
  return kind >= 1 && kind < N_KINDS;
}

const char *base_frame_kind_name(unsigned kind) {
  return is_kind(kind) ? kind_names[kind] : "unknown";
}

static const char *article(const char *noun) {
  return strchr("aeiou", noun[0]) != NULL ? "an" : "a";
}

static void append_hash(base_buffer *buffer, const uint8_t *hash) {
  static const uint8_t zeros[32];
  base_buffer_append(buffer, hash != NULL ? hash : zeros, 32);
}

void base_frame_begin(base_buffer *buffer, base_frame_kind kind, const uint8_t *params_hash,
                      const uint8_t *plan_id) {
  BASE_ASSERT(buffer->n_bytes == 0);
  base_buffer_append(buffer, magic, sizeof magic);
  base_buffer_u16(buffer, (uint16_t)version_of(kind));
  base_buffer_u16(buffer, (uint16_t)kind);
  base_buffer_u32(buffer, 0);
  append_hash(buffer, params_hash);
  append_hash(buffer, plan_id);
  base_buffer_u64(buffer, 0); /* the payload's length, known at the end */
}

ckks_status base_frame_end(base_buffer *buffer) {
  BASE_TRY(base_buffer_status(buffer));
  BASE_ASSERT(buffer->n_bytes >= BASE_FRAME_HEADER_BYTES);
  base_store_u64(buffer->bytes + LENGTH_AT, buffer->n_bytes - BASE_FRAME_HEADER_BYTES);
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, buffer->bytes, buffer->n_bytes);
  base_buffer_append(buffer, digest, sizeof digest);
  return base_buffer_status(buffer);
}

/* Magic and size; a short file of another kind is better told that than how long it should be. */
static ckks_status check_start(const uint8_t *bytes, size_t n_bytes, const char *name) {
  if (n_bytes == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: empty", name);
  size_t n_magic = n_bytes < sizeof magic ? n_bytes : sizeof magic;
  if (memcmp(bytes, magic, n_magic) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: not one of our files (it does not begin with %.8s)",
                     name, (const char *)magic);
  if (n_bytes < BASE_FRAME_OVERHEAD_BYTES)
    return base_fail(CKKS_ERROR_FORMAT, "%s: too short (%zu bytes, at least %d are needed)", name,
                     n_bytes, BASE_FRAME_OVERHEAD_BYTES);
  return CKKS_OK;
}

static ckks_status check_version(unsigned version, unsigned kind, const char *name) {
  unsigned known = version_of(kind);
  if (version == known)
    return CKKS_OK;
  if (version == 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: format version %u does not exist", name, version);
  if (version > known)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: written by a newer version (format %u, this one reads %u)", name, version,
                     known);
  const char *remedy = kind == BASE_FRAME_RESULT       ? "ask a server of this version"
                       : kind == BASE_FRAME_PUBLIC_KEY ? "make one again from the secret key"
                                                       : "compile its model again";
  return base_fail(CKKS_ERROR_FORMAT, "%s: a %s of format %u, this one reads %u: %s", name,
                   base_frame_kind_name(kind), version, known, remedy);
}

static ckks_status check_header(unsigned version, unsigned kind, uint32_t reserved, uint64_t length,
                                size_t n_bytes, const char *name) {
  BASE_TRY(check_version(version, kind, name));
  if (reserved != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: damaged (reserved bytes are not zero)", name);
  uint64_t present = n_bytes - BASE_FRAME_OVERHEAD_BYTES;
  if (length > present)
    return base_fail(CKKS_ERROR_FORMAT,
                     "%s: truncated (payload of %" PRIu64 " bytes announced, %" PRIu64 " present)",
                     name, length, present);
  if (length < present)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %" PRIu64 " trailing bytes behind the record", name,
                     present - length);
  return CKKS_OK;
}

static ckks_status check_kind(unsigned kind, unsigned expected, const char *name) {
  if (!is_kind(kind))
    return base_fail(CKKS_ERROR_FORMAT, "%s: record of unknown kind %u", name, kind);
  if (expected == 0 || kind == expected)
    return CKKS_OK;
  const char *is = base_frame_kind_name(kind), *needed = base_frame_kind_name(expected);
  return base_fail(CKKS_ERROR_FORMAT, "%s: this is %s %s where %s %s is needed", name, article(is),
                   is, article(needed), needed);
}

/* All but digest and kind, which `frame` says as it stands there. */
static ckks_status read_header(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                               const char *name) {
  *frame = (base_frame){0};
  BASE_TRY(check_start(bytes, n_bytes, name));
  base_reader reader;
  base_reader_init(&reader, bytes, n_bytes);
  (void)base_reader_view(&reader, sizeof magic);
  unsigned version = base_reader_u16(&reader);
  unsigned kind = base_reader_u16(&reader);
  uint32_t reserved = base_reader_u32(&reader);
  const uint8_t *params_hash = base_reader_view(&reader, 32);
  const uint8_t *plan_id = base_reader_view(&reader, 32);
  uint64_t length = base_reader_u64(&reader);
  BASE_TRY(check_header(version, kind, reserved, length, n_bytes, name));
  frame->kind = (base_frame_kind)kind;
  memcpy(frame->params_hash, params_hash, 32);
  memcpy(frame->plan_id, plan_id, 32);
  frame->payload = bytes + BASE_FRAME_HEADER_BYTES;
  frame->n_payload = (size_t)length;
  return CKKS_OK;
}

ckks_status base_frame_verify(const base_frame *frame, const char *name) {
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, frame->payload - BASE_FRAME_HEADER_BYTES,
              BASE_FRAME_HEADER_BYTES + frame->n_payload);
  if (memcmp(digest, frame->payload + frame->n_payload, sizeof digest) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: damaged (the digest does not match)", name);
  return CKKS_OK;
}

static ckks_status read_frame(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                              unsigned expected, bool verify, const char *name) {
  ckks_status status = read_header(frame, bytes, n_bytes, name);
  if (status == CKKS_OK && verify)
    status = base_frame_verify(frame, name);
  if (status == CKKS_OK)
    status = check_kind(frame->kind, expected, name);
  if (status != CKKS_OK)
    *frame = (base_frame){0};
  return status;
}

ckks_status base_frame_read(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                            unsigned expected, const char *name) {
  return read_frame(frame, bytes, n_bytes, expected, true, name);
}

ckks_status base_frame_read_unverified(base_frame *frame, const uint8_t *bytes, size_t n_bytes,
                                       unsigned expected, const char *name) {
  return read_frame(frame, bytes, n_bytes, expected, false, name);
}

void base_frame_peek_plan(uint8_t plan_id[32], const uint8_t *header) {
  memcpy(plan_id, header + PLAN_AT, 32);
}

ckks_status base_frame_open(base_frame *frame, base_reader *payload, const uint8_t *bytes,
                            size_t n_bytes, base_frame_kind kind, const char *name) {
  BASE_TRY(base_frame_read(frame, bytes, n_bytes, kind, name));
  base_reader_init(payload, frame->payload, frame->n_payload);
  return CKKS_OK;
}

ckks_status base_frame_check_end(const base_reader *payload) {
  if (payload->failed || base_reader_left(payload) != 0)
    return base_fail(CKKS_ERROR_FORMAT, "payload: %zu bytes of %zu are not accounted for",
                     base_reader_left(payload), payload->n_bytes);
  return CKKS_OK;
}

ckks_status base_frame_finish(uint8_t **out, size_t *n_bytes, base_buffer *buffer) {
  ckks_status status = base_frame_end(buffer);
  if (status != CKKS_OK) {
    base_buffer_clear(buffer);
    return status;
  }
  *out = buffer->bytes;
  *n_bytes = buffer->n_bytes;
  return CKKS_OK;
}

ckks_status base_frame_write_file(const char *path, ckks_status status, uint8_t *bytes,
                                  size_t n_bytes, unsigned mode) {
  if (status != CKKS_OK)
    return base_fail_in(status, "%s", path);
  status = base_file_write(path, bytes, n_bytes, mode);
  base_wipe(bytes, n_bytes);
  base_free(bytes);
  return status;
}
