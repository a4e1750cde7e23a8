#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Features that are texts: categories of a model, which its client file names and every client takes
# as texts; rare ones together, new ones said; by a line, trees and a network, under encryption.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

# A city and a colour say more than the number does; some are missing, some are rare.
awk 'BEGIN {
  split("Rome,Paris,New York,Oslo", city, ","); split("red,green,blue", colour, ",")
  print "size,city,colour,y"
  s = 7
  for (i = 0; i < 600; i++) {
    s = (s * 16807) % 2147483647; c = s % 4 + 1
    s = (s * 16807) % 2147483647; k = s % 3 + 1
    s = (s * 16807) % 2147483647; x = s % 1000 / 100
    where = i % 97 == 0 ? "Village " i : i % 41 == 0 ? "" : city[c]
    y = x / 3 + (where == "Paris" ? 4 : 0) + (colour[k] == "red" ? 2 : 0) > 4
    print x "," where "," colour[k] "," (y ? "yes" : "no")
  }
}' >shops.csv

for model in linear trees network; do
  works "train, $model" blindsight train shops.csv --label y --model $model --trees 30 --depth 3 \
    --rate 0.1 --epochs 30 --activation square -o m.model --validation rest.csv
  says "what is a category, $model" 'column "city": 4 categories, 7 rarer ones together'
  says "and another, $model" 'column "colour": 3 categories$'
  right=$(sed -n 's/^accuracy  *//p' "$log.out")
  holds "they are learnt, $model: $right" awk -v a="$right" 'BEGIN { exit !(a > 0.85) }'
  holds "rows keep their texts, $model" grep -q '^[0-9.]*,New York,green,' rest.csv
  works "evaluate, $model" blindsight evaluate m.model rest.csv --label y --outputs clear.csv
  works "as a file, $model" blindsight export m.model -o m.json
  works "and back, $model" blindsight import m.json -o again.model
  works "evaluate again, $model" blindsight evaluate again.model rest.csv --outputs again.csv
  holds "the same outputs, $model" cmp clear.csv again.csv
  works "compile, $model" blindsight compile m.model --error 1e-4 -o m --json
  works "keygen, $model" blindsight keygen m.client -o m --force
  for packing in latency throughput; do
    works "encrypt, $model, $packing" blindsight encrypt m.client rest.csv --key m.key --rows 0-4 \
      --packing $packing -o sample
    works "infer, $model, $packing" blindsight-infer m.server sample --keys m.keys -o result
    works "decrypt, $model, $packing" blindsight decrypt m.client result --key m.key --csv --outputs
    cp "$log.out" got.csv
    head -n 6 clear.csv >wanted.csv
    holds "as in clear, $model, $packing" same_within 1e-4 wanted.csv got.csv 5
  done
done

# Trees of a table that lacks nothing have learnt nothing of rows that do.
grep -v ',,' shops.csv >whole.csv
works "train on whole rows" blindsight train whole.csv --label y --model trees --trees 9 -o w.model
works "compile it" blindsight compile w.model -o w
works "its key" blindsight keygen w.client -o w
printf 'size,city,colour\n,Rome,red\n5,Rome,red\n' >lacks.csv
run blindsight encrypt w.client lacks.csv --key w.key -o w.sample
holds "a row that lacks a value is refused" [ "$rc" = 3 ]
holds "and named" grep -q 'row 0 (line 2) is refused: column "size" is missing' "$log.err"

printf 'size,city,colour\n5,Atlantis,red\n5,Rome,\n5,,blue\n' >new.csv
run blindsight evaluate m.model new.csv --outputs new.out
holds "new ones count as the rare ones" [ "$rc" = 0 ]
holds "and are said" grep -q \
  'warning: new.csv: column "city": 1 texts that the model has no category for count as (other)' \
  "$log.err"
awk -F, 'NR == 40 { print $1 ",12," $3 "," $4; next } { print }' shops.csv >mixed.csv
refused "numbers among texts" 1 'line 40, column 2 "city": "12" among texts' \
  blindsight train mixed.csv --label y -o none.model
for form in '"1,234"' 0x1f 7% '1 200' "\$5"; do
  awk -F, -v form="$form" 'NR > 1 { $2 = form } { print $1 "," $2 "," $3 "," $4 }' shops.csv >forms.csv
  refused "$form is no category" 1 'line 2, column 2 "city": .* a number in a form that is not read' \
    blindsight train forms.csv --label y -o none.model
done
awk -F, 'NR > 1 { $2 = "shop " NR } { print $1 "," $2 "," $3 "," $4 }' shops.csv >names.csv
refused "names are no categories" 1 'column 2 "city": .* is one of more than 256 different texts' \
  blindsight train names.csv --label y -o none.model
# Codes are numbers that are names; whoever says so has categories, in every client.
awk -F, 'BEGIN { code["Rome"] = 10; code["Paris"] = 20; code["New York"] = 30; code["Oslo"] = 40 }
  NR > 1 { $2 = code[$2] == "" ? 50 : code[$2] } { print $1 "," $2 "," $3 "," $4 }' shops.csv >codes.csv
refused "an unknown column" 1 'there is no column "town" (of categories)' \
  blindsight train codes.csv --label y --categories town -o none.model
works "codes" blindsight train codes.csv --label y --model linear --categories city,colour -o m.model
says "are categories" 'column "city": 5 categories$'
works "compile codes" blindsight compile m.model -o m
works "their key" blindsight keygen m.client -o m --force
printf 'size,city,colour\n5,20,red\n5,20.0,red\n5,40,red\n' >coded.csv
works "encrypt codes" blindsight encrypt m.client coded.csv --key m.key -o sample
works "infer codes" blindsight-infer m.server sample --keys m.keys -o result
works "decrypt codes" blindsight decrypt m.client result --key m.key --csv
holds "the code decides, however it is written" [ "$(cut -d, -f2 "$log.out" | tr '\n' ' ')" = 'predicted yes yes no ' ]
works "unless they are dropped" blindsight train names.csv --label y --drop city -o m.model
finish
