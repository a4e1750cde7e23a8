#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page, in Debian's Chromium: tables and digits, by mouse, keyboard and file; keys that outlive a
# page; what is wrong is said; axe finds nothing; nothing comes from anywhere else. Driven by
# playwright-core, which npm brings. SHOTS names a folder for pictures.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
CHROMIUM=$(command -v chromium) || { echo "SKIP: no chromium"; exit 77; }
command -v npm >/dev/null || { echo "SKIP: no npm"; exit 77; }
. "$root/tests/web/package.inc"
"$root/tools/pack_web" "$root/build/web" package page
cp "$root"/examples/web/example.* page
mkdir tools
echo '{"type": "module"}' >tools/package.json
if ! (cd tools && timeout 120 npm install --silent --no-audit --no-fund playwright-core@1.48.2 \
  axe-core@4.10.2) >"$log.out" 2>&1; then
  echo "SKIP: npm brought no playwright-core"
  exit 77
fi
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "evaluate" blindsight evaluate wdbc.model validation.csv --label diagnosis --outputs clear.csv
mkdir models
works "compile" blindsight compile wdbc.model -o models/wdbc
node "$root/tests/web/strokes.mjs" strokes
run blindsight compile "$root/examples/images/tutorial.onnx" --calibrate strokes --packing latency \
  --error 5e-3 -o models/digits
holds "a network of digits" [ "$rc" = 0 ]
images=$root/examples/images/one.png
works "token" blindsight-server token create --state "$state" --name page
# On loopback a browser takes http:// for a safe place; certificates of one's own it does not take.
blindsight-server serve models --state "$state" --listen 127.0.0.1:0 --web page >"$log.serve" \
  2>"$log.serve.err" </dev/null &
server_pid=$!
url=""
for _ in $(seq 600); do
  url=$(sed -n 's/^blindsight: serving on //p' "$log.serve")
  [ -z "$url" ] || break
  kill -0 "$server_pid" 2>/dev/null || break
  sleep 0.1
done
SHOTS=${SHOTS:-$TEST_TMP}
cp "$root/tests/web/browser.mjs" tools
cp validation.csv clear.csv tools
cd tools || exit 1
token=$(cat "$log.out")
run env HOME="$TEST_TMP" CHROMIUM="$CHROMIUM" URL_="$url" TOKEN="$token" IMAGES="$images" \
  SHOTS="$SHOTS" node browser.mjs
[ -z "${TIMES:-}" ] || cat "$log.out"
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log.out")
counts=${counts:-0}
passed=$((passed + ${counts%% *}))
[ "$rc" = 0 ] || fail "the page (exit code $rc)"
# The key that the page saved is one that the commands take.
if [ -f page.key ]; then
  chmod 600 page.key
  run blindsight predict --server "$url" --token "$token" --model wdbc --key page.key \
    ../validation.csv --rows 0-2 --csv
  holds "the saved key" [ "$rc" = 0 ]
fi
finish
