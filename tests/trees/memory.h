/* SPDX-License-Identifier: Apache-2.0 */
/* Files of trees read with memory that ends at each allocation. */
#ifndef TESTS_TREES_MEMORY_H
#define TESTS_TREES_MEMORY_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "trees/read.h"

/* The allocation that fails moves on by one and a part of itself: SIZE_MAX tries each. */
static void check_memory(const uint8_t *bytes, size_t n, size_t part) {
  for (size_t k = 1;; k += 1 + k / part) {
    trees_ensemble e;
    base_alloc_fail_at(k);
    ckks_status status = trees_read(&e, (const char *)bytes, n, "m");
    base_alloc_fail_at(0);
    if (status == CKKS_OK) {
      trees_ensemble_clear(&e);
      assert_true(k > 20);
      return;
    }
    assert_int_equal(status, CKKS_ERROR_MEMORY);
    assert_null(e.tree);
  }
}
#endif
