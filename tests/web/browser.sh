#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page, in Debian's Chromium: tables and digits, by mouse, keyboard and file; keys that outlive a
# page; what is wrong is said; axe finds nothing; nothing comes from anywhere else. Driven by
# playwright-core, which npm brings. SHOTS names a folder for pictures.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/web/chromium.inc"
cp "$root"/examples/web/example.* page
# What judges policies, types and the interface; each is used where it came.
(cd tools && timeout 180 npm install --silent --no-audit --no-fund csp_evaluator@1.1.8 \
  typescript@5.6.3 @redocly/cli@1.25.11) >"$log.out" 2>&1 || :

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "evaluate" blindsight evaluate wdbc.model validation.csv --label diagnosis --outputs clear.csv
mkdir models
works "compile" blindsight compile wdbc.model -o models/wdbc
node "$root/tests/web/strokes.mjs" strokes
run blindsight compile "$root/examples/images/tutorial.onnx" --calibrate strokes --packing latency \
  --error 5e-3 -o models/digits
holds "a network of digits" [ "$rc" = 0 ]
# shellcheck disable=SC2034 # read by chromium.inc
images=$root/examples/images/one.png
# X-rays, where the data are beside the sources.
xrays=$root/../shared/data/pneumonia XRAYS=""
if [ -f "$xrays/pneumonia-test-images-idx3-ubyte" ]; then
  run blindsight compile "$root/examples/images/pneumonia.onnx" --packing latency --error 2e-3 \
    --calibrate "$xrays/pneumonia-val-images-idx3-ubyte" -o models/xray
  holds "a network of X-rays" [ "$rc" = 0 ]
  mkdir xrays
  XRAYS=$work/xrays
  python3 "$root/tests/web/xrays.py" "$xrays/pneumonia-test-images-idx3-ubyte" xrays 6
fi
serve_page
if [ -n "$XRAYS" ]; then
  run blindsight predict --server "$url" --token "$token" --model xray --key x.key --csv \
    xrays/all.raw
  holds "the native client" [ "$rc" = 0 ]
  sed 1d "$log.out" | awk -F , '{ print $1 ".png " $2 }' >xrays/wanted
fi
if [ -d tools/node_modules/csp_evaluator ]; then
  curl -s --noproxy '*' -D - -o page.html "$url/" |
    tr -d '\r' | sed -n 's/^[Cc]ontent-[Ss]ecurity-[Pp]olicy: //p' >policy
  cp "$root/tests/web/policy.mjs" tools
  run node tools/policy.mjs policy
  holds "csp_evaluator finds nothing" [ "$rc" = 0 ]
else
  skip "npm brought no csp_evaluator"
fi
if [ -d tools/node_modules/@redocly/cli ]; then
  curl -s --noproxy '*' "$url/openapi.json" -o openapi.json
  run env REDOCLY_TELEMETRY=off node tools/node_modules/@redocly/cli/bin/cli.js lint openapi.json
  holds "redocly finds nothing" [ "$rc" = 0 ]
else
  skip "npm brought no redocly"
fi
if [ -d tools/node_modules/typescript ]; then
  mkdir -p types/node_modules
  cp -r package types/node_modules/blindsight-client
  cp "$root/tests/web/types.ts" types
  echo '{"type": "module"}' >types/package.json
  tsc="node tools/node_modules/typescript/bin/tsc --noEmit --strict --module nodenext --target es2022 --lib es2022,dom"
  works "the types are those of the calls" $tsc types/types.ts
  sed 's/new Float64Array(30)/42/' types/types.ts >types/wrong.ts
  run $tsc types/wrong.ts
  holds "and refuse what is none" [ "$rc" != 0 ]
else
  skip "npm brought no typescript"
fi
mv validation.csv clear.csv tools
drive browser.mjs
# The key that the page saved is one that the commands take.
if [ -f tools/page.key ]; then
  chmod 600 tools/page.key
  run blindsight predict --server "$url" --token "$token" --model wdbc --key tools/page.key \
    tools/validation.csv --rows 0-2 --csv
  holds "the saved key" [ "$rc" = 0 ]
fi
finish
