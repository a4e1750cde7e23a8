#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Built and installed from two folders, the same sources are the same bytes, debug information
# included. Two whole builds: `make test-all` runs it.
set -u
root=$(pwd)
jobs=$(nproc 2>/dev/null || echo 2)
# Tracked or not, what git does not ignore; without git, all but the builds.
sources() {
  if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -co --exclude-standard | while IFS= read -r file; do
      [ ! -e "$file" ] || printf '%s\n' "$file"
    done
  else
    find . -path ./build -prune -o -type f -print
  fi
}
for folder in one another/folder/that/is/deeper; do
  mkdir -p "$TEST_TMP/$folder/source"
  (cd "$root" && sources | tar -c -T - | tar -x -C "$TEST_TMP/$folder/source") || exit 1
  if ! { cmake -S "$TEST_TMP/$folder/source" -B "$TEST_TMP/$folder/build" \
    -DCMAKE_BUILD_TYPE=Release -DBLINDSIGHT_TESTS=OFF -DCMAKE_C_COMPILER="${CC:-cc}" &&
    cmake --build "$TEST_TMP/$folder/build" -j "$jobs" &&
    DESTDIR="$TEST_TMP/$folder/installed" cmake --install "$TEST_TMP/$folder/build" \
      --prefix /usr; } >"$TEST_TMP/log" 2>&1; then
    tail -n 20 "$TEST_TMP/log"
    exit 1
  fi
done
one=$TEST_TMP/one/installed another=$TEST_TMP/another/folder/that/is/deeper/installed
n=$(find "$one" -type f | wc -l)
if [ "$n" -gt 20 ] && diff -r "$one" "$another"; then
  echo "$n files"
  echo "1 passed, 0 failed"
else
  grep -rlF "$TEST_TMP" "$one"
  echo "0 passed, 1 failed"
  exit 1
fi
