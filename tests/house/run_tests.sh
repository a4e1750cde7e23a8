#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/run_tests adds up right, shows what failed and says so in its exit code.
set -u
passed=0 failed=0 options=""
build=$TEST_TMP/build
mkdir -p "$build"

# list NAME KIND SCRIPT: one more test of the made-up build folder.
list() {
  printf '#!/bin/sh\n%s\n' "$3" >"$TEST_TMP/$1.sh"
  chmod +x "$TEST_TMP/$1.sh"
  printf '%s\t%s\t%s\n' "$1" "$2" "$TEST_TMP/$1.sh" >>"$build/tests.list"
}
expect() { # expect WHAT EXIT-CODE LAST-LINE PATTERN
  rc=0
  out=$(tools/run_tests -j 2 $options "$build" 2>&1) || rc=$?
  if [ "$rc" = "$2" ] && [ "$(printf '%s\n' "$out" | tail -n 1)" = "$3" ] &&
    printf '%s\n' "$out" | grep -q -- "$4"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s: exit code %s, expected %s and "%s":\n%s\n' "$1" "$rc" "$2" "$3" "$out"
  fi
}

: >"$build/tests.list"
expect "nothing to run" 1 "no tests" "no tests"
list silent program 'exit 0'
list units program 'echo "[  PASSED  ] 4 test(s)."
  echo "[  SKIPPED ] 1 test(s), listed below:"'
list sums shell 'echo "10 passed, 0 failed, 2 skipped"'
list missing program 'exit 77'
list kernels program 'echo "SKIP avx: not on this CPU"; echo "1000 passed, 0 failed"'
list marked ctgrind 'exit 1'
list busy load 'echo "7 passed, 0 failed"'
expect "all is well" 0 "16 passed, 0 failed, 5 skipped" "units  *4 passed, 0 failed, 1 skipped"
options=--load
expect "a load, when it is wanted" 0 "23 passed, 0 failed, 5 skipped" "busy  *7 passed"
options=""
list crash program 'echo before the end; kill -SEGV $$'
expect "a crash" 1 "16 passed, 1 failed, 5 skipped" "before the end"
list half program 'echo "[  PASSED  ] 2 test(s)."
  echo "[  FAILED  ] 3 test(s), listed below:"
  exit 3'
expect "failing units" 1 "18 passed, 4 failed, 5 skipped" "half  *2 passed, 3 failed"
expect "the names of what failed" 1 "18 passed, 4 failed, 5 skipped" "^failed: crash half$"
list liar shell 'echo "5 passed, 0 failed"; exit 1'
expect "a good sum, a bad exit code" 1 "23 passed, 5 failed, 5 skipped" "liar  *5 passed, 1 failed"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
