/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters as bytes, and back with every field bounded. */
#include "ckks/params_bytes.h"
#include <string.h>

/* q_bits and p_bits are not written: they are the sizes of the primes. */
void ckks_params_bytes_write(base_buffer *buffer, const ckks_params_literal *literal) {
  base_buffer_u8(buffer, (uint8_t)literal->log2_n);
  base_buffer_u8(buffer, (uint8_t)literal->n_q);
  base_buffer_u8(buffer, (uint8_t)literal->n_p);
  base_buffer_u8(buffer, 0);
  base_buffer_u32(buffer, (uint32_t)literal->security);
  base_buffer_f64(buffer, literal->log2_scale);
  for (int i = 0; i < literal->n_q; i++)
    base_buffer_u64(buffer, literal->q[i]);
  for (int i = 0; i < literal->n_p; i++)
    base_buffer_u64(buffer, literal->p[i]);
}

static ckks_status check_range(const char *field, unsigned value, unsigned low, unsigned high) {
  if (value < low || value > high)
    return base_fail(CKKS_ERROR_FORMAT, "parameters: %s = %u, must be %u to %u", field, value, low,
                     high);
  return CKKS_OK;
}

/*
 * Sizes only: whether they are primes of the right kind, and secure, is for
 * ckks_params_build, which whoever reads parameters calls next.
 */
static ckks_status read_primes(uint64_t *primes, int *bits, int n, const char *field,
                               base_reader *reader) {
  for (int i = 0; i < n; i++) {
    primes[i] = base_reader_u64(reader);
    if (reader->failed)
      return base_fail(CKKS_ERROR_FORMAT, "parameters: truncated in %s[%d]", field, i);
    if (primes[i] < 1ULL << 17 || primes[i] >= 1ULL << 60)
      return base_fail(CKKS_ERROR_FORMAT, "parameters: %s[%d] = %llu, must have 18 to 60 bits",
                       field, i, (unsigned long long)primes[i]);
    for (bits[i] = 0; primes[i] >> bits[i] != 0;)
      bits[i]++;
  }
  return CKKS_OK;
}

/* The sixteen bytes before the primes; the counts are bounded before anything is read by them. */
static ckks_status read_fields(ckks_params_literal *literal, base_reader *reader) {
  unsigned log2_n = base_reader_u8(reader), n_q = base_reader_u8(reader);
  unsigned n_p = base_reader_u8(reader), reserved = base_reader_u8(reader);
  uint32_t security = base_reader_u32(reader);
  double log2_scale = base_reader_f64(reader);
  if (reader->failed)
    return base_fail(CKKS_ERROR_FORMAT, "parameters: truncated before the primes");
  BASE_TRY(check_range("log2_n", log2_n, CKKS_MIN_LOG2_N, CKKS_MAX_LOG2_N));
  BASE_TRY(check_range("n_q", n_q, 1, CKKS_MAX_Q));
  BASE_TRY(check_range("n_p", n_p, 0, CKKS_MAX_P));
  BASE_TRY(check_range("reserved byte", reserved, 0, 0));
  if (security != 0 && security != 128 && security != 192 && security != 256)
    return base_fail(CKKS_ERROR_FORMAT, "parameters: security = %u, must be 0, 128, 192 or 256",
                     (unsigned)security);
  if (log2_scale != 0 && !(log2_scale >= 10 && log2_scale <= 58)) /* NaN too */
    return base_fail(CKKS_ERROR_FORMAT, "parameters: log2_scale = %g, must be 10 to 58, or 0",
                     log2_scale);
  literal->log2_n = (int)log2_n;
  literal->n_q = (int)n_q;
  literal->n_p = (int)n_p;
  literal->security = (ckks_security)security;
  literal->log2_scale = log2_scale;
  return CKKS_OK;
}

/* Into a literal of our own first, so that the caller's is untouched on failure. */
ckks_status ckks_params_bytes_read(ckks_params_literal *literal, base_reader *reader) {
  ckks_params_literal read;
  memset(&read, 0, sizeof read);
  BASE_TRY(read_fields(&read, reader));
  BASE_TRY(read_primes(read.q, read.q_bits, read.n_q, "q", reader));
  BASE_TRY(read_primes(read.p, read.p_bits, read.n_p, "p", reader));
  *literal = read;
  return CKKS_OK;
}
