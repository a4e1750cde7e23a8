#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/notebook/story.py, run as it stands: each of its lines of output is one of
# notebook.expected, and none is missing.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
python=/usr/bin/python3
$python -c 'import numpy' 2>/dev/null || { echo "SKIP: no python3 with numpy"; exit 77; }
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export PYTHONPATH="$root/python" PYTHONDONTWRITEBYTECODE=1
export BLINDSIGHT_LIBRARY="$BUILD/libblindsight.so" BLINDSIGHT_SERVER="$BUILD/blindsight-server"
works "it runs" $python -W error "$root/examples/notebook/story.py"
holds "as many lines" [ "$(wc -l <"$log.out")" = "$(wc -l <"$root/tests/python/notebook.expected")" ]
cp "$log.out" lines
line=0
while IFS= read -r pattern; do
  line=$((line + 1))
  sed -n "${line}p" lines >"$log.out"
  says "line $line" "$pattern"
done <"$root/tests/python/notebook.expected"
cells=$(grep -c '^# %%$' "$root/examples/notebook/story.py")
holds "cells" [ "$cells" = 8 ]
finish
