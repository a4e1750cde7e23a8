/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const char *expected_hex, const void *bytes, size_t n_bytes) {
  uint8_t digest[BASE_DIGEST_BYTES];
  base_digest(digest, bytes, n_bytes);
  char hex[2 * BASE_DIGEST_BYTES + 1];
  for (size_t i = 0; i < BASE_DIGEST_BYTES; i++)
    snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  assert_string_equal(hex, expected_hex);
}

/* Computed with another implementation (Python's hashlib.blake2b, digest_size=32). */
static void known_answers(void **state) {
  (void)state;
  assert_digest("0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8", NULL, 0);
  assert_digest("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319", "abc", 3);
  uint8_t bytes[1000];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 7 + 1);
  assert_digest("1d16566788d72e44f7c8ca9aaf73edc64bb03fc69322cb735f49974d7c9ce383", bytes,
                sizeof bytes);
  assert_digest("6b89237e0a469a721c700b8bbcb51b6231c48e71ff023e0e3444ec84882ae32e", bytes, 128);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
