#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The npm package, packed and installed elsewhere, in Node against a real server over TLS: the
# predictions of the native client, keys that both understand, and everything that goes wrong.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/web/package.inc"
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "evaluate" blindsight evaluate wdbc.model validation.csv --label diagnosis --outputs clear.csv
works "compile" blindsight compile wdbc.model -o wdbc
works "a native key" blindsight keygen wdbc.client -o native
mkdir models elsewhere
cp wdbc.server models
works "token" blindsight-server token create --state "$state" --name page
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve models
plan=$(ask /v2/models | sed -n 's/.*"plan": *"\([0-9a-f]*\)".*/\1/p')

# Without a registry: the package has no dependency, so a folder is all that npm would make.
if command -v npm >/dev/null; then
  run npm pack --silent --offline ./package
  holds "npm pack" [ -f blindsight-client-0.1.0.tgz ]
  (cd elsewhere && echo '{"type": "module"}' >package.json &&
    npm install --silent --offline --no-audit --no-fund ../blindsight-client-0.1.0.tgz) \
    >"$log.out" 2>"$log.err" || fail "npm install"
else
  skip "npm is not here: the package is copied, not installed"
  mkdir -p elsewhere/node_modules
  cp -r package elsewhere/node_modules/blindsight-client
fi
cp "$root/tests/web/client.mjs" elsewhere
cp validation.csv clear.csv wdbc.client native.key elsewhere
cd elsewhere || exit 1
run env NODE_EXTRA_CA_CERTS=../tls.crt URL_="$url" TOKEN="$BLINDSIGHT_TOKEN" PLAN="$plan" \
  node client.mjs
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log.out")
counts=${counts:-0}
passed=$((passed + ${counts%% *}))
[ "$rc" = 0 ] || fail "the package (exit code $rc)"

# The example, as docs/web.md prints it.
cp "$root/examples/web/predict.mjs" .
run env NODE_EXTRA_CA_CERTS=../tls.crt TOKEN="$BLINDSIGHT_TOKEN" node predict.mjs "$url"
holds "the example" [ "$rc" = 0 ]
says "the example's keys" "^30 features, 128 bits; new keys, [0-9]* bytes sent$"
says "the example's row" "^inside M "
says "the example's row outside" '^refused null row 1: "area_mean" is 1e+06; this model answers for -'

# The native client takes the key that Node made, and finds its evaluation keys on the server.
run blindsight predict --server "$url" --cacert ../tls.crt --key js.key ../validation.csv \
  --rows 0-4 --csv
holds "the native client takes the key" [ "$rc" = 0 ]
holds "and sends no keys" sh -c "! grep -q '^sent' '$log.err'"
sed 1d ../clear.csv | head -n 5 | cut -d, -f 1-2 >wanted
sed 1d "$log.out" | cut -d, -f 1-2 >got
holds "and predicts the same" cmp wanted got
cd .. || exit 1

# Images (X-rays, where the data are beside the sources) and categories, as the native client.
stop TERM
rm models/*
xrays=$root/../shared/data/pneumonia
if [ -f "$xrays/pneumonia-test-images-idx3-ubyte" ]; then
  network=pneumonia images=$xrays/pneumonia-test-images-idx3-ubyte
  calibrate=$xrays/pneumonia-val-images-idx3-ubyte
else
  node "$root/tests/web/strokes.mjs" strokes
  network=tutorial images=strokes calibrate=strokes
fi
run blindsight compile "$root/examples/images/$network.onnx" --calibrate "$calibrate" \
  --packing latency --error 5e-3 -o models/images
holds "a network of images ($network)" [ "$rc" = 0 ]
dd if="$images" of=elsewhere/images.raw bs=1 skip=16 count=$((200 * 784)) 2>"$log.err"
awk 'BEGIN {
  srand(7)
  split("red green blue", name, " ")
  print "colour,size,likes"
  for (i = 0; i < 600; i++) {
    c = name[1 + int(3 * rand())]
    x = 4 * rand() - 2
    print c "," x "," ((c == "red") != (x > 0) ? "yes" : "no")
  }
}' >elsewhere/colours.csv
run blindsight train elsewhere/colours.csv --label likes --model trees --trees 10 -o colours.model
holds "trees with categories" [ "$rc" = 0 ]
run blindsight compile colours.model --packing latency -o models/colours
holds "compiled" [ "$rc" = 0 ]
serve models
native() { # native MODEL DATA ROWS: predictions into $log.out
  run blindsight predict --server "$url" --cacert tls.crt --model "$1" --key "$1.key" "$2" \
    --rows "$3" --csv --outputs
  holds "$1 by the native client" [ "$rc" = 0 ]
}
native images elsewhere/images.raw 0-199
cp "$log.out" elsewhere/images.csv
native colours elsewhere/colours.csv 0-39
cp "$log.out" elsewhere/native.csv
cp "$root/tests/web/more.mjs" elsewhere
cd elsewhere || exit 1
run env NODE_EXTRA_CA_CERTS=../tls.crt URL_="$url" TOKEN="$BLINDSIGHT_TOKEN" node more.mjs
cat "$log.out"
holds "the same of both" grep -q '^2 passed, 0 failed$' "$log.out"
finish
