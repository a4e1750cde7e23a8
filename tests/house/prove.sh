#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs that `make prove` follows still compile and link with the readers that they are about: a
# function that moved, or one more that a reader calls, is seen here and not at the next proof.
set -u
passed=0 failed=0
tools/prove --compile >"$TEST_TMP/prove" 2>&1
for name in frame pack sample result plan keys; do
  if grep -q "^$name: compiles and links" "$TEST_TMP/prove"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
[ "$failed" = 0 ] || cat "$TEST_TMP/prove"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
