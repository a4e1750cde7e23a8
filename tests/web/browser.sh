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
# What judges policies, types and the interface; each is used where it came.
(cd tools && timeout 180 npm install --silent --no-audit --no-fund csp_evaluator@1.1.8 \
  typescript@5.6.3 @redocly/cli@1.25.11) >"$log.out" 2>&1 || :
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
# Categories and a quantity; the same rows as people write them elsewhere.
awk 'BEGIN {
  srand(7)
  split("red green blue", name, " ")
  print "size,colour,likes,price"
  for (i = 0; i < 600; i++) {
    c = name[1 + int(3 * rand())]
    x = 4 * rand() - 2
    print x "," c "," ((c == "red") != (x > 0) ? "yes" : "no") "," 3 * x + (c == "red") + 0.1 * rand()
  }
}' >colours.csv
run blindsight train colours.csv --label likes --drop price --model trees --trees 10 -o colours.model
holds "trees with categories" [ "$rc" = 0 ]
run blindsight train colours.csv --label price --drop likes --model linear -o price.model
holds "a quantity" [ "$rc" = 0 ]
for model in colours price; do
  works "compile $model" blindsight compile $model.model --packing latency -o models/$model
done
head -n 9 colours.csv | cut -d , -f 1-2 >plain.csv
{
  printf '\357\273\277no;colour;size\r\n'
  sed 1d plain.csv | awk -F , '{ sub(/\./, ",", $1); printf "%d;%s;%s\r\n", NR, $2, $1 }'
  printf '9;mauve;0,5\r\n10;red;NA\r\n11;;1e-1\r\n\r\n'
} >nasty.csv
head -c 70000000 /dev/zero >huge.csv
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
works "token" blindsight-server token create --state "$state" --name page
cp "$log.out" "$log.token"
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
token=$(cat "$log.token")
for task in colours:plain:native colours:nasty:nasty_native price:plain:price_native; do
  model=${task%%:*} to=${task##*:} rows=${task#*:}
  run blindsight predict --server "$url" --token "$token" --model "$model" --key "$model.key" --csv \
    --outputs "${rows%:*}.csv"
  holds "$task by the native client" [ "$rc" = "$([ "$to" = nasty_native ] && echo 3 || echo 0)" ]
  cp "$log.out" "$to.csv"
done
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
SHOTS=${SHOTS:-$TEST_TMP}
cp "$root"/tests/web/chromium.mjs "$root/tests/web/browser.mjs" "$root/tests/web/strangers.mjs" tools
mv ./*native.csv plain.csv nasty.csv huge.csv validation.csv clear.csv tools
cd tools || exit 1
for part in browser strangers; do
  run env HOME="$TEST_TMP" CHROMIUM="$CHROMIUM" URL_="$url" TOKEN="$token" IMAGES="$images" \
    XRAYS="$XRAYS" SHOTS="$SHOTS" SERVER="$server_pid" node $part.mjs
  [ -z "${TIMES:-}" ] || cat "$log.out"
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log.out")
  counts=${counts:-0}
  passed=$((passed + ${counts%% *}))
  [ "$rc" = 0 ] || fail "the page: $part (exit code $rc)"
done
# The key that the page saved is one that the commands take.
if [ -f page.key ]; then
  chmod 600 page.key
  run blindsight predict --server "$url" --token "$token" --model wdbc --key page.key \
    validation.csv --rows 0-2 --csv
  holds "the saved key" [ "$rc" = 0 ]
fi
finish
