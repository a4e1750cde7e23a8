#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Python package: encrypted vectors, the client against the programs and against a real
# service. Needs NumPy (Debian: python3-numpy).
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
python=""
for candidate in python3 /usr/bin/python3; do
  if "$candidate" -c 'import numpy' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { echo "SKIP: no python3 with numpy"; exit 77; }
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export PYTHONPATH="$root/python" PYTHONDONTWRITEBYTECODE=1
export BLINDSIGHT_LIBRARY="$BUILD/libblindsight.so" BLINDSIGHT_SERVER="$BUILD/blindsight-server"
export ROOT="$root"

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "clear" blindsight evaluate wdbc.model validation.csv --outputs clear.csv
works "compile" blindsight compile wdbc.model -o wdbc
works "token" blindsight-server token create --scope infer,metrics --state "$state" --name python
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve wdbc.server
export URL="$url"
# What the tests of one file say, added to what this one counts.
for file in test_ckks test_model test_client test_threads test_pipelines; do
  run "$python" -W error "$root/tests/python/$file.py"
  ran=$(sed -n 's/^Ran \([0-9]*\) tests* in .*/\1/p' "$log.err")
  wrong=$(sed -n 's/^FAILED (\(.*\))/\1/p' "$log.err" | tr -c '0-9\n' ' ' |
    awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n + 0 }')
  passed=$((passed + ${ran:-0} - wrong)) failed=$((failed + wrong))
  sed -n '/^Ctrl-C/p' "$log.out"
  left=$(sed -n 's/^OK (skipped=\([0-9]*\))/\1/p' "$log.err")
  passed=$((passed - ${left:-0})) skipped=$((skipped + ${left:-0}))
  [ -z "$left" ] || echo "SKIP: $left of $file, no pandas or scikit-learn"
  holds "$file ran" [ "${ran:-0}" -gt 0 ]
  [ "$rc" = 0 ] || cat "$log.err"
done
stop TERM
# A library of another version is refused before anything of it is used.
echo 'const char *ckks_version(void) { return "0.2.0"; }' >other.c
works "another library" ${CC:-cc} -shared -fPIC -o other.so other.c
BLINDSIGHT_LIBRARY=$PWD/other.so run "$python" -c 'import blindsight'
holds "is refused" [ "$rc" != 0 ]
holds "by version" grep -q '^ImportError: .*other.so is version 0.2.0, this package is for 0.1' "$log.err"
finish
