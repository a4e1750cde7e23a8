#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs that `make prove` follows still compile and link with the readers that they are about: a
# function that moved, or one more that a reader calls, is seen here and not at the next proof.
#   prove.sh [all]   all: the proofs themselves, minutes, where Frama-C is (`make test-all`): a reader
#                    that does more than its proof knows of still compiles
set -u
passed=0 failed=0 options=--compile wanted="compiles and links" programs="frame pack sample result plan keys"
if [ "${1:-}" = all ]; then
  options="" wanted="0 alarms\|[0-9]* of [0-9]* goals proved" programs="reader $programs"
fi
tools/prove $options >"$TEST_TMP/prove" 2>&1
rc=$?
[ $rc != 77 ] || { cat "$TEST_TMP/prove"; exit 77; }
for name in $programs; do
  if grep -q "^$name: \($wanted\)" "$TEST_TMP/prove"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
[ $rc = 0 ] || failed=$((failed + 1))
[ "$failed" = 0 ] || cat "$TEST_TMP/prove"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
