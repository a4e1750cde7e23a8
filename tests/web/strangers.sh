#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The page, in Chromium, in the hands of whoever comes: categories, a quantity, tables in other shapes as
# the native client takes them, files that are none, a server that stalls, two tabs, a reload.
# SHOTS names a folder for pictures.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/web/chromium.inc"

mkdir models
node "$root/tests/web/strokes.mjs" strokes
run blindsight compile "$root/examples/images/tutorial.onnx" --calibrate strokes --packing latency \
  --error 5e-3 -o models/digits
holds "a network of digits" [ "$rc" = 0 ]
# shellcheck disable=SC2034 # read by chromium.inc
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
serve_page
for task in colours:plain:native colours:nasty:nasty_native price:plain:price_native; do
  model=${task%%:*} to=${task##*:} rows=${task#*:}
  run blindsight predict --server "$url" --token "$token" --model "$model" --key "$model.key" --csv \
    --outputs "${rows%:*}.csv"
  holds "$task by the native client" [ "$rc" = "$([ "$to" = nasty_native ] && echo 3 || echo 0)" ]
  cp "$log.out" "$to.csv"
done
mv ./*native.csv plain.csv nasty.csv huge.csv tools
drive strangers.mjs
finish
