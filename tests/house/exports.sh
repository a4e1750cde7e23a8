#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shared libraries export what their headers declare, all of it and nothing else, and need
# few others. The program that evaluates holds nothing of the room `secret`.
set -u
passed=0 failed=0

# same WHAT DECLARED EXPORTED
same() {
  if difference=$(diff "$2" "$3"); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$1: declared but not exported (<), exported but not declared (>):"
    echo "$difference" | grep '^[<>]'
  fi
}

for name in ckks blindsight; do
  [ -f "include/$name.h" ] || continue
  nm -D -P --defined-only "$BUILD/lib$name.so" | cut -d ' ' -f 1 | sort >"$TEST_TMP/exported"
  # libblindsight holds the scheme as well.
  [ $name = ckks ] && headers=include/ckks.h || headers="include/ckks.h include/blindsight.h"
  tools/public_symbols $headers >"$TEST_TMP/declared"
  same "lib$name.so" "$TEST_TMP/declared" "$TEST_TMP/exported"
done

readelf -d "$BUILD/libckks.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
  grep -vE '^(libsodium|libm|libc|libpthread|ld-linux.*)$' >"$TEST_TMP/found"
: >"$TEST_TMP/nothing"
same "libraries that libckks.so needs" "$TEST_TMP/nothing" "$TEST_TMP/found"

if [ -x "$BUILD/blindsight-infer" ]; then
  nm -P "$BUILD/blindsight-infer" |
    grep -E '^(secret_|ckks_secret_key_|ckks_decrypt)' >"$TEST_TMP/found"
  same "blindsight-infer" "$TEST_TMP/nothing" "$TEST_TMP/found"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
