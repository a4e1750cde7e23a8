#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a change in the lowest room makes the build link again stays few: a test file is part of its
# room's program (tests/many.h), not a program. 50 today; each costs about 40 ms and its makefiles.
set -u
n=$(while read -r target; do
  [ ! -f "$target/link.txt" ] || echo
done <"$BUILD/CMakeFiles/TargetDirectories.txt" | wc -l)
if [ "$n" -gt 10 ] && [ "$n" -le 52 ]; then
  echo "1 passed, 0 failed"
else
  echo "$n programs and libraries are linked, 52 allowed"
  echo "0 passed, 1 failed"
  exit 1
fi
