/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void wipe_clears_exactly(void **state) {
  (void)state;
  unsigned char bytes[100];
  for (size_t size = 0; size <= 90; size++) {
    memset(bytes, 0x5a, sizeof bytes);
    base_wipe(bytes + 5, size);
    for (size_t i = 0; i < sizeof bytes; i++)
      assert_int_equal(bytes[i], i >= 5 && i < 5 + size ? 0 : 0x5a);
  }
  base_wipe(NULL, 0);
}

static void equal_sees_every_bit(void **state) {
  (void)state;
  unsigned char a[33], b[33];
  for (size_t i = 0; i < sizeof a; i++)
    a[i] = b[i] = (unsigned char)(i * 37);
  assert_true(base_equal(a, b, sizeof a));
  for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
    b[bit / 8] ^= (unsigned char)(1U << bit % 8);
    assert_false(base_equal(a, b, sizeof a));
    assert_true(base_equal(a, b, bit / 8));
    b[bit / 8] ^= (unsigned char)(1U << bit % 8);
  }
  assert_true(base_equal(NULL, NULL, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wipe_clears_exactly),
      cmocka_unit_test(equal_sees_every_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
