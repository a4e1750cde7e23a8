#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C17 and as C++, without a warning.
set -u
passed=0 failed=0 skipped=0
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror -fsyntax-only -Iinclude"

# compile WHAT COMPILER ARGUMENTS...
compile() {
  what=$1
  shift
  if ! command -v "$1" >/dev/null; then
    echo "SKIP $what: no $1"
    skipped=$((skipped + 1))
  elif "$@" $warnings -x "$language" "$TEST_TMP/alone"; then
    passed=$((passed + 1))
  else
    echo "$what does not compile"
    failed=$((failed + 1))
  fi
}

for header in include/*.h; do
  echo "#include \"$(basename "$header")\"" >"$TEST_TMP/alone"
  language=c
  compile "$header as C17" "${CC:-cc}" -std=c17 -Wstrict-prototypes
  language=c++
  compile "$header as C++11" "${CXX:-c++}" -std=c++11
  compile "$header as C++20" "${CXX:-c++}" -std=c++20
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
