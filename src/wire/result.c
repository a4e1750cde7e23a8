/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted results: a head (wire/head.h) whose marks are whether rows are repeated, as in samples,
 * and zeros, then each: period numbers of c0, then all of c1; the period is the layout's (LATENCY),
 * or that of the batch. With g = N/(2 period), number 0 is coefficient 0, and number k is
 * coefficient k g minus coefficient N - k g: what real values say, and nothing of imaginary parts.
 * Coefficient form, modulo q_0, each packed in the layout's output_bits: rounded when those are
 * fewer than q_0 has. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "ring/pack.h"
#include "wire/sample.h"

/* Ciphertexts that n_rows rows take coming out. */
static size_t count(const plan_interface *interface, plan_packing packing, size_t n_rows) {
  size_t slots = plan_pack_rows(interface, packing);
  if (!interface->layout[packing].available || n_rows == 0)
    return 0;
  return packing == PLAN_LATENCY ? n_rows : (n_rows + slots - 1) / slots * interface->n_outputs;
}

size_t wire_result_period(const plan_interface *interface, plan_packing packing, size_t n_rows,
                          size_t unit) {
  if (packing == PLAN_LATENCY)
    return interface->layout[packing].period;
  return plan_pack_period(interface, plan_pack_batch(interface, n_rows, unit));
}

/* period numbers of c0, all of c1. */
static size_t ciphertext_bytes(const plan_interface *interface, plan_packing packing,
                               size_t period) {
  int bits = interface->layout[packing].output_bits;
  return ring_pack_bytes(period, bits) + ring_pack_bytes(interface->params->ring.n, bits);
}

/* Ciphertexts of one unit. */
static size_t per_unit(const plan_interface *interface, plan_packing packing) {
  return packing == PLAN_LATENCY ? 1 : interface->n_outputs;
}

static size_t all_bytes(const plan_interface *interface, plan_packing packing, size_t n_rows) {
  size_t bytes = 0, n = count(interface, packing, n_rows);
  for (size_t i = 0; i < n; i++) {
    size_t unit = i / per_unit(interface, packing);
    bytes +=
        ciphertext_bytes(interface, packing, wire_result_period(interface, packing, n_rows, unit));
  }
  return bytes;
}

ckks_status wire_result_begin(base_buffer *buffer, const wire_sample *sample,
                              const plan_interface *interface) {
  const ckks_params *params = interface->params;
  plan_packing packing = sample->packing;
  size_t n = count(interface, packing, sample->n_rows);
  base_buffer_init(buffer, BASE_FRAME_OVERHEAD_BYTES + WIRE_HEAD_BYTES +
                               all_bytes(interface, packing, sample->n_rows));
  base_frame_begin(buffer, BASE_FRAME_RESULT, params->hash, interface->id);
  wire_head head = {.packing = packing,
                    .mark = {packing == PLAN_THROUGHPUT, 0, 0},
                    .n_rows = sample->n_rows,
                    .n_ciphertexts = n};
  memcpy(head.owner, sample->owner, CKKS_OWNER_BYTES);
  wire_head_put(buffer, &head);
  return base_buffer_status(buffer);
}

/*
 * A residue x modulo q_0 in fewer bits: round(x 2^bits / q_0). The 2^bits values are a modulus
 * of their own to the packing, and x comes back to within q_0 / 2^(bits+1).
 */
static ring_modulus wire_modulus(int bits) {
  uint64_t p = (uint64_t)1 << bits;
  return (ring_modulus){.p = p,
                        .bits = bits,
                        .f = (double)p,
                        .inverse = 1.0 / (double)p,
                        .ratio_hi = (uint64_t)1 << (64 - bits)}; /* 2^128 / p is 2^(128 - bits) */
}

static bool is_rounded(int bits, const ckks_params *params) {
  return bits < params->ring.modulus[0].bits;
}

/* words[i] := round(words[i] * factor), in [-limit, limit): the upper end of a range is its lower.
 */
static void convert_words(ring_word *words, size_t n, double factor, double limit) {
  for (size_t i = 0; i < n; i++) {
    double x = rint(words[i].f * factor);
    words[i].f = x >= limit ? x - 2 * limit : x;
  }
}

static ckks_status put_words(base_buffer *buffer, ring_word *words, size_t n, int bits,
                             const ckks_params *params) {
  const ring_modulus *modulus = &params->ring.modulus[0];
  ring_modulus shorter = wire_modulus(bits);
  uint8_t *out = base_buffer_extend(buffer, ring_pack_bytes(n, bits));
  if (!out)
    return base_buffer_status(buffer);
  if (is_rounded(bits, params)) {
    convert_words(words, n, shorter.f * modulus->inverse, shorter.f / 2);
    modulus = &shorter;
  }
  ring_pack_write(out, words, n, modulus, params->ring.kernel);
  return CKKS_OK;
}

/*
 * Coefficients to the numbers that travel, in place. sigma_(-1) conjugates slots and takes X^k to
 * -X^(N-k): the differences are twice the coefficients of the real part, which are mirrored.
 */
static void keep_real(ring_word *words, size_t period, const ring_ring *ring) {
  const ring_modulus *modulus = &ring->modulus[0];
  size_t gap = ring->n / (2 * period);
  for (size_t k = 1; k < period; k++) {
    double x = words[k * gap].f - words[ring->n - k * gap].f;
    words[k].f = x - rint(x * modulus->inverse) * modulus->f;
  }
}

ckks_status wire_result_append(base_buffer *buffer, const ckks_ciphertext *ciphertext,
                               plan_packing packing, size_t period,
                               const plan_interface *interface) {
  const ckks_params *params = interface->params;
  const ring_ring *ring = &params->ring;
  int bits = interface->layout[packing].output_bits;
  BASE_ASSERT(ciphertext->level == 0 && ciphertext->n_parts == 2 && ring->kind == RING_F64);
  ring_word *scratch = base_alloc_array(ring->n, sizeof *scratch);
  if (!scratch)
    return base_fail_memory(ring->n * sizeof *scratch);
  ring->kernel->ntt_inverse(scratch, ring_poly_limb(&ciphertext->part[0], 0), ring->ntt[0]);
  keep_real(scratch, period, ring);
  ckks_status status = put_words(buffer, scratch, period, bits, params);
  ring->kernel->ntt_inverse(scratch, ring_poly_limb(&ciphertext->part[1], 0), ring->ntt[0]);
  if (status == CKKS_OK)
    status = put_words(buffer, scratch, ring->n, bits, params);
  base_free(scratch);
  return status;
}

ckks_status wire_result_end(uint8_t **out, size_t *n_bytes, base_buffer *buffer) {
  return wire_frame_finish(out, n_bytes, buffer);
}

static ckks_status get_words(ring_word *words, base_reader *reader, size_t n, int bits,
                             const ckks_params *params) {
  const ring_modulus *modulus = &params->ring.modulus[0];
  const uint8_t *in = base_reader_view(reader, ring_pack_bytes(n, bits));
  ring_modulus shorter = wire_modulus(bits);
  if (!in)
    return base_fail(CKKS_ERROR_FORMAT, "cut short");
  if (!is_rounded(bits, params))
    return ring_pack_read(words, in, n, modulus, params->ring.kernel);
  BASE_TRY(ring_pack_read(words, in, n, &shorter, params->ring.kernel));
  convert_words(words, n, modulus->f * shorter.inverse, modulus->f / 2);
  return CKKS_OK;
}

static ckks_status get_sparse(wire_sparse *sparse, base_reader *reader, int bits,
                              const ckks_params *params) {
  size_t n = sparse->period;
  sparse->c0 = base_alloc_array(n, sizeof *sparse->c0);
  sparse->c1 = base_alloc_array(params->ring.n, sizeof *sparse->c1);
  if (!sparse->c0 || !sparse->c1)
    return base_fail_memory(params->ring.n * sizeof *sparse->c1);
  BASE_TRY(get_words(sparse->c0, reader, n, bits, params));
  return get_words(sparse->c1, reader, params->ring.n, bits, params);
}

static ckks_status read_header(wire_result *result, base_reader *reader, const char *name,
                               const plan_interface *interface) {
  wire_head head;
  bool is_head = wire_head_read(&head, reader);
  unsigned repeats = head.mark[0], zero = head.mark[1] | head.mark[2];
  if (!is_head || zero != 0)
    return base_fail(CKKS_ERROR_FORMAT, "%s: the result's header is not one", name);
  plan_packing packing = (plan_packing)head.packing;
  size_t n_rows = head.n_rows, n = head.n_ciphertexts;
  if (repeats != (packing == PLAN_THROUGHPUT))
    return base_fail(CKKS_ERROR_FORMAT, "%s: a batch from an older version's server", name);
  size_t expected = count(interface, packing, n_rows);
  if (n_rows > WIRE_MAX_ROWS || expected == 0 || n != expected)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu ciphertexts for %zu rows", name, n, n_rows);
  size_t needed = all_bytes(interface, packing, n_rows);
  if (base_reader_left(reader) != needed)
    return base_fail(CKKS_ERROR_FORMAT, "%s: %zu bytes of ciphertexts where %zu are needed", name,
                     base_reader_left(reader), needed);
  *result = (wire_result){.packing = packing, .n_rows = n_rows, .n_ciphertexts = n};
  memcpy(result->owner, head.owner, CKKS_OWNER_BYTES);
  result->sparse = base_alloc_array(n, sizeof *result->sparse);
  return result->sparse ? CKKS_OK : base_fail_memory(n * sizeof *result->sparse);
}

ckks_status wire_result_read(wire_result *result, const uint8_t *bytes, size_t n_bytes,
                             const char *name, const plan_interface *interface) {
  base_reader reader;
  memset(result, 0, sizeof *result);
  BASE_TRY(wire_plan_frame_read(&reader, bytes, n_bytes, BASE_FRAME_RESULT, name, interface));
  ckks_status status = read_header(result, &reader, name, interface);
  for (size_t i = 0; status == CKKS_OK && i < result->n_ciphertexts; i++) {
    size_t unit = i / per_unit(interface, result->packing);
    result->sparse[i].period = wire_result_period(interface, result->packing, result->n_rows, unit);
    status = get_sparse(&result->sparse[i], &reader, interface->layout[result->packing].output_bits,
                        interface->params);
    if (status == CKKS_ERROR_FORMAT)
      status = base_fail_in(status, "%s: ciphertext %zu", name, i);
  }
  if (status != CKKS_OK)
    wire_result_clear(result);
  return status;
}

void wire_result_clear(wire_result *result) {
  for (size_t i = 0; result->sparse && i < result->n_ciphertexts; i++) {
    base_free(result->sparse[i].c0);
    base_free(result->sparse[i].c1);
  }
  base_free(result->sparse);
  memset(result, 0, sizeof *result);
}
