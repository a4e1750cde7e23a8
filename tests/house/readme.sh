#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands that README.md shows work, one after the other, and what it prints of the model's
# quality is what they print.
set -u
root=$(pwd)
passed=0 failed=0
PATH=$BUILD:$PATH
cp data/wdbc.csv "$TEST_TMP"
cd "$TEST_TMP" || exit 1

sed -n 's/^\$ \(blindsight.*\)/\1/p' "$root/README.md" >commands
[ "$(wc -l <commands)" -ge 8 ] || { echo "README.md shows no commands"; failed=1; }
while IFS= read -r command; do
  if $command >output 2>errors; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$command:"
    cat errors
  fi
  grep -E '^(training loss|loss|accuracy|F1|AUC) ' output >lines
  while IFS= read -r line; do
    if grep -qxF -- "$line" "$root/README.md"; then
      passed=$((passed + 1))
    else
      failed=$((failed + 1))
      echo "$command prints what README.md does not: $line"
    fi
  done <lines
done <commands
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
