/* SPDX-License-Identifier: Apache-2.0 */
#include "rand/rand.h"

#include "base/bytes.h"
#include "rand/chacha.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/*
 * RFC 8439, A.1, test vectors 1 and 2: key and nonce zero, blocks 0 and 1. Our
 * stream with seed 0 and domain 0 is that key stream.
 */
static void known_answer_of_the_rfc(void **state) {
  (void)state;
  static const uint8_t expected[128] = {
      0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd,
      0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77,
      0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8,
      0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69,
      0xb2, 0xee, 0x65, 0x86, 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97,
      0x7c, 0x73, 0x2d, 0x08, 0x0d, 0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6,
      0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed, 0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5,
      0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5, 0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45,
      0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f};
  const uint8_t seed[RAND_SEED_BYTES] = {0};
  uint8_t bytes[128];
  rand_stream stream;
  rand_stream_init(&stream, seed, 0);
  rand_stream_read(&stream, bytes, sizeof bytes);
  assert_memory_equal(bytes, expected, sizeof bytes);
  rand_stream_clear(&stream);
}

/* ---- ChaCha20 block function, from the text of RFC 8439, 2.3: the definition to test against */

static uint32_t rotate(uint32_t x, int by) {
  return x << by | x >> (32 - by);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
  *a += *b, *d = rotate(*d ^ *a, 16);
  *c += *d, *b = rotate(*b ^ *c, 12);
  *a += *b, *d = rotate(*d ^ *a, 8);
  *c += *d, *b = rotate(*b ^ *c, 7);
}

static uint32_t load_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static void define_block(uint8_t out[64], const uint8_t seed[32], uint64_t domain, uint32_t block) {
  uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
  for (int i = 0; i < 8; i++)
    start[4 + i] = load_u32(seed + 4 * i);
  start[12] = block;
  start[13] = (uint32_t)domain;
  start[14] = (uint32_t)(domain >> 32);
  memcpy(x, start, sizeof x);
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 4; i++)
      quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
    for (int i = 0; i < 4; i++)
      quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
  }
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 4; j++)
      out[4 * i + j] = (uint8_t)((x[i] + start[i]) >> 8 * j);
}

enum { LONG_BYTES = 20000 };

static void read_reference(uint8_t *out, const uint8_t seed[32], uint64_t domain) {
  for (uint32_t block = 0; block * 64 < LONG_BYTES; block++) {
    uint8_t bytes[64];
    define_block(bytes, seed, domain, block);
    size_t left = LONG_BYTES - block * 64;
    memcpy(out + block * 64, bytes, left < 64 ? left : 64);
  }
}

static uint8_t reference[LONG_BYTES], bytes[LONG_BYTES];

static void the_stream_is_its_definition(void **state) {
  (void)state;
  static const uint64_t domains[] = {0, 1, 0x0123456789abcdefU, UINT64_MAX};
  uint8_t seed[RAND_SEED_BYTES];
  for (size_t i = 0; i < sizeof seed; i++)
    seed[i] = (uint8_t)(i * 11 + 3);
  for (size_t d = 0; d < 4; d++) {
    read_reference(reference, seed, domains[d]);
    rand_stream stream;
    rand_stream_init(&stream, seed, domains[d]);
    rand_stream_read(&stream, bytes, LONG_BYTES);
    assert_memory_equal(bytes, reference, LONG_BYTES);
  }
}

/*
 * Each way by itself, from one of its steps to several, with the counter at its start and at its
 * end, and nothing written behind what was asked for.
 */
static void every_way_is_the_definition(void **state) {
  (void)state;
  const uint64_t domain = 0xfedcba9876543210U;
  uint8_t seed[RAND_SEED_BYTES];
  for (size_t i = 0; i < sizeof seed; i++)
    seed[i] = (uint8_t)(i * 29 + 5);
  for (int k = 0; rand_chacha_at(k) != NULL; k++) {
    const rand_chacha_way *way = rand_chacha_at(k);
    if (!rand_chacha_usable(way)) {
      print_message("SKIP %s: this CPU lacks it\n", way->name);
      continue;
    }
    for (size_t n_blocks = way->step; n_blocks <= 4 * way->step; n_blocks += way->step) {
      const uint32_t firsts[] = {0, 77, (uint32_t)-n_blocks};
      for (size_t f = 0; f < 3; f++) {
        memset(bytes, 0xaa, n_blocks * 64 + 64);
        rand_chacha_read_by(way, bytes, n_blocks, seed, domain, firsts[f]);
        for (size_t b = 0; b < n_blocks; b++) {
          define_block(reference, seed, domain, firsts[f] + (uint32_t)b);
          assert_memory_equal(bytes + 64 * b, reference, 64);
        }
        for (size_t i = 0; i < 64; i++)
          assert_int_equal(bytes[n_blocks * 64 + i], 0xaa);
      }
    }
  }
}

/* Any number of blocks: the fastest way takes whole steps, slower ones the rest. */
static void ways_share_a_read(void **state) {
  (void)state;
  const uint8_t seed[RAND_SEED_BYTES] = {3, 1, 4};
  read_reference(reference, seed, 15);
  for (size_t n_blocks = 1; n_blocks < 60; n_blocks++) {
    memset(bytes, 0xaa, n_blocks * 64 + 64);
    rand_chacha_read(bytes, n_blocks, seed, 15, 5);
    assert_memory_equal(bytes, reference + (size_t)5 * 64, n_blocks * 64);
    assert_int_equal(bytes[n_blocks * 64], 0xaa);
  }
}

/* Same bytes however the reads are split: all pieces of one size, then random pieces. */
static void split_reads_are_equal(void **state) {
  (void)state;
  const uint8_t seed[RAND_SEED_BYTES] = {7, 7, 7};
  read_reference(reference, seed, 42);
  uint64_t random = 5;
  for (size_t piece = 0; piece < 2100; piece = piece < 70 ? piece + 1 : piece + 61) {
    rand_stream stream;
    rand_stream_init(&stream, seed, 42);
    memset(bytes, 0, sizeof bytes);
    for (size_t at = 0; at < LONG_BYTES;) {
      /* Size 0 stands for random sizes, zero among them. */
      size_t n = piece > 0 ? piece : test_random(&random) % (test_random(&random) % 3000 + 1);
      n = n < LONG_BYTES - at ? n : LONG_BYTES - at;
      rand_stream_read(&stream, bytes + at, n);
      at += n;
    }
    assert_memory_equal(bytes, reference, LONG_BYTES);
  }
}

static void seeds_and_domains_differ(void **state) {
  (void)state;
  uint8_t seed[RAND_SEED_BYTES] = {0}, first[64], other[64];
  rand_stream stream;
  rand_stream_init(&stream, seed, 0);
  rand_stream_read(&stream, first, sizeof first);
  for (int bit = 0; bit < 64; bit++) {
    rand_stream_init(&stream, seed, (uint64_t)1 << bit);
    rand_stream_read(&stream, other, sizeof other);
    assert_memory_not_equal(first, other, 16);
    assert_memory_not_equal(first + 48, other + 48, 16);
  }
  for (int bit = 0; bit < 256; bit++) {
    seed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    rand_stream_init(&stream, seed, 0);
    rand_stream_read(&stream, other, sizeof other);
    assert_memory_not_equal(first, other, 16);
    seed[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
}

static void clearing_wipes_everything(void **state) {
  (void)state;
  const uint8_t seed[RAND_SEED_BYTES] = {1, 2, 3}, zeros[sizeof(rand_stream)] = {0};
  rand_stream stream;
  rand_stream_init(&stream, seed, 9);
  rand_stream_read(&stream, bytes, 10);
  rand_stream_clear(&stream);
  assert_memory_equal(&stream, zeros, sizeof stream);
}

/* Not a test of the operating system's quality: lengths, and that all of it is filled. */
static void entropy_fills_all_it_should(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 32, 255, 256, 257, 1000};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    uint8_t out[1002] = {0}, seen[1002] = {0};
    for (int i = 0; i < 32; i++) { /* a byte stays zero 32 times with probability 2^-256 */
      assert_int_equal(rand_entropy(out, sizes[s]), CKKS_OK);
      for (size_t at = 0; at < sizeof out; at++)
        seen[at] |= out[at];
    }
    for (size_t at = 0; at < sizeof seen; at++)
      assert_int_equal(seen[at] != 0, at < sizes[s]);
  }
  uint8_t a[32], b[32];
  assert_int_equal(rand_entropy(a, 32), CKKS_OK);
  assert_int_equal(rand_entropy(b, 32), CKKS_OK);
  assert_memory_not_equal(a, b, 32);
}

static void unrepeatable_streams_differ(void **state) {
  (void)state;
  rand_stream a, b;
  uint8_t of_a[64], of_b[64], again[64];
  assert_int_equal(rand_stream_init_entropy(&a), CKKS_OK);
  assert_int_equal(rand_stream_init_entropy(&b), CKKS_OK);
  rand_stream_read(&a, of_a, sizeof of_a);
  rand_stream_read(&b, of_b, sizeof of_b);
  assert_memory_not_equal(of_a, of_b, sizeof of_a);
  rand_stream_init(&b, a.key, 0); /* but for its seed a stream like any other */
  rand_stream_read(&b, again, sizeof again);
  assert_memory_equal(of_a, again, sizeof again);
  rand_stream_clear(&a);
  rand_stream_clear(&b);
}

static void streams_are_seeded_throughout(void **state) {
  (void)state;
  rand_stream a, b;
  static const uint8_t zeros[8];
  assert_int_equal(rand_stream_init_entropy(&a), CKKS_OK);
  assert_int_equal(rand_stream_init_entropy(&b), CKKS_OK);
  for (size_t i = 0; i < RAND_SEED_BYTES; i += 8) {
    assert_memory_not_equal(a.key + i, b.key + i, 8);
    assert_memory_not_equal(a.key + i, zeros, 8);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(streams_are_seeded_throughout),
      cmocka_unit_test(known_answer_of_the_rfc),
      cmocka_unit_test(the_stream_is_its_definition),
      cmocka_unit_test(every_way_is_the_definition),
      cmocka_unit_test(ways_share_a_read),
      cmocka_unit_test(split_reads_are_equal),
      cmocka_unit_test(seeds_and_domains_differ),
      cmocka_unit_test(clearing_wipes_everything),
      cmocka_unit_test(entropy_fills_all_it_should),
      cmocka_unit_test(unrepeatable_streams_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
