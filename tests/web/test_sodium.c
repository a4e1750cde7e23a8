/* SPDX-License-Identifier: Apache-2.0 */
/* The browser's ChaCha20 and BLAKE2b against libsodium's, at every length around their blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

/* src/web/sodium.c under names of its own, beside the library that it stands for. */
#define sodium_init web_sodium_init
#define sodium_memzero web_sodium_memzero
#define sodium_memcmp web_sodium_memcmp
#define crypto_stream_chacha20_ietf_xor_ic web_chacha20
#define crypto_generichash web_blake2b
int sodium_init(void);
void sodium_memzero(void *memory, size_t n_bytes);
int sodium_memcmp(const void *a, const void *b, size_t n_bytes);
int crypto_stream_chacha20_ietf_xor_ic(unsigned char *out, const unsigned char *message,
                                       unsigned long long n_message, const unsigned char *nonce,
                                       uint32_t block, const unsigned char *key);
int crypto_generichash(unsigned char *out, size_t n_out, const unsigned char *message,
                       unsigned long long n_message, const unsigned char *key, size_t n_key);
#include "web/sodium.c"
#undef sodium_init
#undef sodium_memzero
#undef sodium_memcmp
#undef crypto_stream_chacha20_ietf_xor_ic
#undef crypto_generichash

#define MOST 700

static uint8_t message[MOST];

static int fill(void **state) {
  (void)state;
  for (size_t i = 0; i < MOST; i++)
    message[i] = (uint8_t)(i * 37 + (i >> 5) + 11);
  return web_sodium_init();
}

static void blake2b_is_libsodiums(void **state) {
  (void)state;
  for (size_t n = 0; n <= MOST; n++) {
    uint8_t ours[64] = {0}, theirs[64] = {0};
    size_t n_out = n % 2 == 0 ? 32 : 1 + n % 64;
    assert_int_equal(web_blake2b(ours, n_out, message, n, NULL, 0), 0);
    crypto_generichash(theirs, n_out < 16 ? 16 : n_out, message, n, NULL, 0);
    if (n_out >= 16) /* libsodium's shortest */
      assert_memory_equal(ours, theirs, sizeof ours);
  }
  uint8_t out[64];
  assert_int_equal(web_blake2b(out, 0, message, 1, NULL, 0), -1);
  assert_int_equal(web_blake2b(out, 65, message, 1, NULL, 0), -1);
  assert_int_equal(web_blake2b(out, 32, message, 1, message, 8), -1); /* no keys: said, not wrong */
}

static void chacha20_is_libsodiums(void **state) {
  (void)state;
  static const uint32_t blocks[] = {0, 1, 77, 0xfffffff0};
  for (size_t n = 0; n <= MOST; n++) {
    uint8_t ours[MOST] = {0}, theirs[MOST] = {0};
    const uint8_t *key = message + n % 32, *nonce = message + 100 + n % 12;
    uint32_t block = blocks[n % 4];
    assert_int_equal(web_chacha20(ours, message, n, nonce, block, key), 0);
    crypto_stream_chacha20_ietf_xor_ic(theirs, message, n, nonce, block, key);
    assert_memory_equal(ours, theirs, sizeof ours);
  }
  uint8_t same[MOST];
  memcpy(same, message, MOST);
  web_chacha20(same, same, MOST, message, 3, message);
  web_chacha20(same, same, MOST, message, 3, message);
  assert_memory_equal(same, message, MOST);
}

static void the_small_ones(void **state) {
  (void)state;
  uint8_t a[40], b[40];
  memcpy(a, message, sizeof a);
  memcpy(b, message, sizeof b);
  for (size_t i = 0; i < sizeof a; i++) {
    assert_int_equal(web_sodium_memcmp(a, b, sizeof a), 0);
    b[i] ^= 0x80;
    assert_int_equal(web_sodium_memcmp(a, b, sizeof a), sodium_memcmp(a, b, sizeof a));
    assert_int_equal(web_sodium_memcmp(a, b, i), 0);
    b[i] ^= 0x80;
  }
  web_sodium_memzero(a, 39);
  for (size_t i = 0; i < 39; i++)
    assert_int_equal(a[i], 0);
  assert_int_equal(a[39], message[39]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(blake2b_is_libsodiums),
                                     cmocka_unit_test(chacha20_is_libsodiums),
                                     cmocka_unit_test(the_small_ones)};
  return cmocka_run_group_tests(tests, fill, NULL);
}
