/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian bytes: a bounded reader and a growable buffer with a ceiling. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H
#include "base/status.h"

/* Compilers make one instruction of each of these on little-endian machines. */
static inline uint64_t base_load_u64(const uint8_t *bytes) {
  return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
         (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 |
         (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}
static inline void base_store_u64(uint8_t *bytes, uint64_t value) {
  bytes[0] = (uint8_t)value;
  bytes[1] = (uint8_t)(value >> 8);
  bytes[2] = (uint8_t)(value >> 16);
  bytes[3] = (uint8_t)(value >> 24);
  bytes[4] = (uint8_t)(value >> 32);
  bytes[5] = (uint8_t)(value >> 40);
  bytes[6] = (uint8_t)(value >> 48);
  bytes[7] = (uint8_t)(value >> 56);
}

/** Whether the bytes are well-formed UTF-8 without NUL or control characters (C0, DEL, C1). */
bool base_is_text(const void *text, size_t n_bytes);
/** Bytes of a character at the beginning of a text (which ends with 0) that turns the direction of
 * writing, so that what is read is not what stands there: U+061C, 200E, 200F, 202A to 202E, 2066 to
 * 2069; its number in *number. 0: there is none. */
size_t base_is_turn(unsigned *number, const char *text);

/** Reading past the end gives zeros and sets `failed`; check it before trusting anything. */
typedef struct base_reader {
  const uint8_t *bytes;
  size_t n_bytes, at;
  bool failed;
} base_reader;

void base_reader_init(base_reader *reader, const uint8_t *bytes, size_t n_bytes);
size_t base_reader_left(const base_reader *reader);
uint8_t base_reader_u8(base_reader *reader);
uint16_t base_reader_u16(base_reader *reader);
uint32_t base_reader_u32(base_reader *reader);
uint64_t base_reader_u64(base_reader *reader);
double base_reader_f64(base_reader *reader);
/** Copies n bytes out (zeros when there are fewer). */
void base_reader_copy(base_reader *reader, void *out, size_t n_bytes);
/** A view of the next n bytes, NULL (and failed) when there are fewer. */
const uint8_t *base_reader_view(base_reader *reader, size_t n_bytes);
/**
 * u16 length and that many bytes of UTF-8 text without NUL or control
 * characters; a new string in *out (base_free). Lengths above max_bytes,
 * and ill-formed text, are CKKS_ERROR_FORMAT naming `field`.
 */
ckks_status base_reader_text(base_reader *reader, char **out, size_t max_bytes, const char *field);

/** `failed` is set once the ceiling or the memory is reached; writing on is harmless. */
typedef struct base_buffer {
  uint8_t *bytes;
  size_t n_bytes, capacity_bytes, ceiling_bytes;
  bool failed;
} base_buffer;

void base_buffer_init(base_buffer *buffer, size_t ceiling_bytes);
/** Of an empty one: takes the memory for n_bytes (at most the ceiling) at once. */
void base_buffer_reserve(base_buffer *buffer, size_t n_bytes);
void base_buffer_clear(base_buffer *buffer); /**< frees; the bytes are wiped first */
void base_buffer_u8(base_buffer *buffer, uint8_t value);
void base_buffer_u16(base_buffer *buffer, uint16_t value);
void base_buffer_u32(base_buffer *buffer, uint32_t value);
void base_buffer_u64(base_buffer *buffer, uint64_t value);
void base_buffer_f64(base_buffer *buffer, double value);
void base_buffer_append(base_buffer *buffer, const void *bytes, size_t n_bytes);
/** n zero bytes to be filled in by the caller; NULL when it failed. */
uint8_t *base_buffer_extend(base_buffer *buffer, size_t n_bytes);
void base_buffer_text(base_buffer *buffer, const char *text); /**< u16 length, bytes */
/** printf-style text without a length in front. */
void base_buffer_printf(base_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** A finite number in decimal, with as many digits, 15 to 17, as it takes to read it back. */
void base_buffer_decimal(base_buffer *buffer, double value);
/** CKKS_OK, or CKKS_ERROR_MEMORY naming the ceiling when anything failed. */
ckks_status base_buffer_status(const base_buffer *buffer);
#endif
