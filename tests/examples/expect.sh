#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# expect.sh EXPECTED PROGRAM: every line of EXPECTED, an extended regular expression, must match
# some line of what PROGRAM prints.
set -u
output=$("$2") || { echo "$2: exit code $?"; exit 1; }
printf '%s\n' "$output"
status=0
while IFS= read -r line; do
  printf '%s\n' "$output" | grep -qE -- "$line" || { echo "no line matches: $line"; status=1; }
done <"$1"
exit $status
