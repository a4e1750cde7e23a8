#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Sixteen threads on one Remote, 10,000 predictions: none refused, none wrong. Minutes: `make test-all`.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
python=/usr/bin/python3
$python -c 'import numpy' 2>/dev/null || { echo "SKIP: no python3 with numpy"; exit 77; }
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export PYTHONPATH="$root/python" PYTHONDONTWRITEBYTECODE=1 EACH=625
export BLINDSIGHT_LIBRARY="$BUILD/libblindsight.so" ROOT="$root"
works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "compile" blindsight compile wdbc.model -o wdbc
# More than a token may ask by itself.
works "token" blindsight-server token create --state "$state" --name many \
  --predictions-per-day 10000000 --requests-per-minute 1000000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve wdbc.server
export URL="$url"
start=$(date +%s)
run $python -W error "$root/tests/python/test_threads.py" ThreadsTest.test_predictions
holds "10,000 predictions" [ "$rc" = 0 ]
cat "$log.err"
echo "$(($(date +%s) - start)) s"
stop TERM
holds "the service ends well" [ "$server_rc" = 0 ]
finish
