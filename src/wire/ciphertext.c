/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphertext messages: two or three parts of packed limbs, or one and a seed. */
#include "wire/wire.h"

#include <math.h>
#include <string.h>

/** u8 parts, u8 level, u8 seeded, u8 zero, f64 scale */
#define HEADER_BYTES 12

/** Parts that are written as limbs: a seed stands for c1. */
static int stored_parts(const ckks_ciphertext *ciphertext) {
  return ciphertext->seeded ? 1 : ciphertext->n_parts;
}

static size_t body_bytes(int n_parts, int level, bool seeded, const ckks_params *params) {
  size_t limbs = wire_limbs_bytes(ckks_params_limbs(params, level), params);
  return seeded ? RAND_SEED_BYTES + limbs : (size_t)n_parts * limbs;
}

size_t wire_ciphertext_bytes(const ckks_ciphertext *ciphertext, const ckks_params *params) {
  return HEADER_BYTES +
         body_bytes(ciphertext->n_parts, ciphertext->level, ciphertext->seeded, params);
}

/**
 * The evaluator divides scales by one another, so what a stranger declares
 * must be far from overflow. The lower end leaves room for re-declared scales.
 */
static ckks_status check_scale(double scale, int level, const ckks_params *params) {
  double limit = params->log2_q[level] + WIRE_SCALE_SLACK_BITS;
  /* Ordered so that NaN fails; zero and negative numbers fail the first test. */
  if (!(scale >= ldexp(1.0, -WIRE_SCALE_SLACK_BITS)) || !(log2(scale) <= limit))
    return base_fail(CKKS_ERROR_FORMAT,
                     "ciphertext: scale %g is not between 2^-%d and 2^%.1f, the limit at level %d",
                     scale, WIRE_SCALE_SLACK_BITS, limit, level);
  return CKKS_OK;
}

void wire_ciphertext_put(base_buffer *buffer, const ckks_ciphertext *ciphertext,
                         const ckks_params *params) {
  BASE_ASSERT(ciphertext->n_parts == 2 || (ciphertext->n_parts == 3 && !ciphertext->seeded));
  base_buffer_u8(buffer, (uint8_t)ciphertext->n_parts);
  base_buffer_u8(buffer, (uint8_t)ciphertext->level);
  base_buffer_u8(buffer, ciphertext->seeded ? 1 : 0);
  base_buffer_u8(buffer, 0);
  base_buffer_f64(buffer, ciphertext->scale);
  if (ciphertext->seeded)
    base_buffer_append(buffer, ciphertext->seed, RAND_SEED_BYTES);
  for (int part = 0; part < stored_parts(ciphertext); part++)
    wire_limbs_put(buffer, &ciphertext->part[part], ckks_params_limbs(params, ciphertext->level),
                   params);
}

/** Reads the fixed fields and refuses what cannot be, before any memory is taken. */
static ckks_status read_header(ckks_ciphertext *header, base_reader *reader,
                               const ckks_params *params) {
  unsigned n_parts = base_reader_u8(reader), level = base_reader_u8(reader);
  unsigned seeded = base_reader_u8(reader), zero = base_reader_u8(reader);
  double scale = base_reader_f64(reader);
  int max_level = ckks_params_max_level(params);
  if (reader->failed)
    return base_fail(CKKS_ERROR_FORMAT, "ciphertext: header is cut short");
  if (n_parts < 2 || n_parts > 3)
    return base_fail(CKKS_ERROR_FORMAT, "ciphertext: %u parts, only 2 or 3 can be", n_parts);
  if (level > (unsigned)max_level)
    return base_fail(CKKS_ERROR_FORMAT, "ciphertext: level %u is above the top level %d", level,
                     max_level);
  if (seeded > 1 || (seeded == 1 && n_parts != 2))
    return base_fail(CKKS_ERROR_FORMAT, "ciphertext: seed flag %u with %u parts", seeded, n_parts);
  if (zero != 0)
    return base_fail(CKKS_ERROR_FORMAT, "ciphertext: reserved byte is %u, not 0", zero);
  BASE_TRY(check_scale(scale, (int)level, params));
  if (base_reader_left(reader) < body_bytes((int)n_parts, (int)level, seeded == 1, params))
    return base_fail(CKKS_ERROR_FORMAT,
                     "ciphertext: %zu bytes left where level %u and %u parts need %zu",
                     base_reader_left(reader), level, n_parts,
                     body_bytes((int)n_parts, (int)level, seeded == 1, params));
  header->n_parts = (int)n_parts;
  header->level = (int)level;
  header->seeded = seeded == 1;
  header->scale = scale;
  return CKKS_OK;
}

ckks_status wire_ciphertext_get(ckks_ciphertext **out, base_reader *reader,
                                const ckks_params *params) {
  ckks_ciphertext header = {.n_parts = 0}, *ciphertext = NULL;
  *out = NULL;
  BASE_TRY(read_header(&header, reader, params));
  BASE_TRY(ckks_ciphertext_build_at(&ciphertext, params, header.level, header.n_parts));
  ciphertext->n_parts = header.n_parts;
  ciphertext->level = header.level;
  ciphertext->seeded = header.seeded;
  ciphertext->scale = header.scale;
  memcpy(ciphertext->params_hash, params->hash, CKKS_HASH_BYTES);
  if (header.seeded)
    base_reader_copy(reader, ciphertext->seed, RAND_SEED_BYTES);
  int n_limbs = ckks_params_limbs(params, header.level);
  for (int part = 0; part < stored_parts(ciphertext); part++) {
    ckks_status status = wire_limbs_get(&ciphertext->part[part], n_limbs, reader, params);
    if (status != CKKS_OK) {
      ckks_ciphertext_free(ciphertext);
      return base_fail_in(status, "ciphertext: part %d", part);
    }
  }
  if (header.seeded)
    ckks_seed_expand(&ciphertext->part[1], n_limbs, ciphertext->seed, params);
  *out = ciphertext;
  return CKKS_OK;
}

ckks_status ckks_ciphertext_write(uint8_t **out, size_t *n_bytes, const ckks_ciphertext *ciphertext,
                                  const ckks_params *params) {
  base_buffer buffer;
  BASE_NOT_NULL(out);
  BASE_NOT_NULL(n_bytes);
  *out = NULL;
  *n_bytes = 0;
  BASE_NOT_NULL(ciphertext);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check(params, ciphertext->params_hash, "ciphertext"));
  /* Refused here too: nothing is written that could not be read back. */
  BASE_TRY(check_scale(ciphertext->scale, ciphertext->level, params));
  wire_frame_begin(&buffer, BASE_FRAME_CIPHERTEXT, wire_ciphertext_bytes(ciphertext, params),
                   params);
  wire_ciphertext_put(&buffer, ciphertext, params);
  return wire_frame_finish(out, n_bytes, &buffer);
}

ckks_status ckks_ciphertext_read(ckks_ciphertext **out, const uint8_t *bytes, size_t n_bytes,
                                 const ckks_params *params) {
  base_reader payload;
  ckks_ciphertext *ciphertext = NULL;
  BASE_NOT_NULL(out);
  *out = NULL;
  if (n_bytes > 0)
    BASE_NOT_NULL(bytes);
  BASE_NOT_NULL(params);
  BASE_TRY(ckks_params_check_rounding());
  BASE_TRY(wire_frame_open(&payload, NULL, bytes, n_bytes, BASE_FRAME_CIPHERTEXT, params));
  BASE_TRY(wire_ciphertext_get(&ciphertext, &payload, params));
  ckks_status status = wire_frame_close(&payload, "ciphertext");
  if (status != CKKS_OK) {
    ckks_ciphertext_free(ciphertext);
    return status;
  }
  *out = ciphertext;
  return CKKS_OK;
}
