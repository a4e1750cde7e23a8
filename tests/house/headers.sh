#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C17 and as C++, without a warning; a status of blindsight.h
# that nobody looks at does not.
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
# Each function of blindsight.h with a status has the mark, and the mark works.
tr '\n' ' ' <include/blindsight.h | grep -oE 'BLINDSIGHT_API [^;(]*ckks_status +blindsight_[a-z0-9_]+' \
  >"$TEST_TMP/statuses"
unmarked=$(grep -v ' BLINDSIGHT_CHECK ' "$TEST_TMP/statuses")
echo '#include "blindsight.h"
void ignore(void);
void ignore(void) { blindsight_model_save("x", 0); }' >"$TEST_TMP/alone"
if [ -z "$unmarked" ] && [ "$(wc -l <"$TEST_TMP/statuses")" -gt 30 ] &&
  "${CC:-cc}" -c -o "$TEST_TMP/o" -Iinclude -x c -Wno-unused-result "$TEST_TMP/alone" &&
  ! "${CC:-cc}" -c -o "$TEST_TMP/o" -Iinclude -x c -Werror "$TEST_TMP/alone" 2>/dev/null; then
  passed=$((passed + 1))
else
  echo "a status may be ignored: $unmarked"
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
