#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tables as people have them: whatever separates their fields, the model is the same to the byte, and
# what was taken for what is said. Columns are dropped in one list, and what is wrong is told at once.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

mkdir as
train() { # train WHAT FILE OPTIONS...: into as/NAME, all of one name
  what=$1 file=$2
  shift 2
  works "train, $what" blindsight train "$file" --label diagnosis --epochs 2 "$@" -o as/m.model
}
train "commas" "$data"
says "what is ignored" "columns ignored: 1 (id)"
if grep -q "^table " "$log.out"; then fail "a common table needs no word"; else pass; fi
cp as/m.model wanted.model

tr , ';' <"$data" >semicolons.csv
train "semicolons" semicolons.csv
says "what separates them" "^table  *fields are separated by semicolons"
holds "the same model of semicolons" cmp as/m.model wanted.model
tr ',.' ';,' <"$data" | sed '1s/,/./g' >commas.csv
train "decimal commas" commas.csv
says "whose numbers" "decimal commas"
holds "the same model of decimal commas" cmp as/m.model wanted.model
{ printf '\357\273\277'; tr , '\t' <"$data" | sed 's/$/\r/'; } >tabs.csv
train "tabs, CRLF and a byte-order mark" tabs.csv
holds "the same model of tabs" cmp as/m.model wanted.model
sed 's/$/,/' "$data" >ends.csv
train "a comma at every end" ends.csv
says "the nameless column" "^table  *column 33 has no name and no values: ignored"
holds "the same model" cmp as/m.model wanted.model
sed '1s/radius_mean/"radius\nmean"/' "$data" >breaks.csv
train "a name over two lines" breaks.csv
works "and it is one name" blindsight inspect as/m.model

train "dropped in one list" "$data" --drop area_mean,area_se --drop area_worst
says "by name" "columns ignored: 4 (id, area_mean, area_se, area_worst)"
refused "one that is not there" 1 'no column "area_x" (to be dropped)' \
  blindsight train "$data" --label diagnosis --drop area_mean,area_x -o none.model
awk -F, 'NR == 1 { print $0 ",row,flag"; next } { print $0 "," NR ",false" }' "$data" >more.csv
train "row numbers and booleans" more.csv
says "are warned of" '"row" numbers the rows'
says "booleans" "true and false count as 1 and 0"
sed '3s/,[0-9.]*,/,red,/; 5s/[0-9.]*$/12 cm/' "$data" >bad.csv
refused "all bad columns at once" 1 'line 3, column .*red.* and in 1 more columns: "fractal' \
  blindsight train bad.csv --label diagnosis -o none.model
printf 'gr\366\337e,y\n1,a\n2,b\n' >latin.csv
refused "Latin-1" 1 'latin.csv: line 1: byte 0xf6 is no UTF-8.*iconv' \
  blindsight train latin.csv --label y -o none.model

works "compile" blindsight compile wanted.model -o m --json
works "keygen" blindsight keygen m.client -o m
run blindsight encrypt m.client commas.csv --key m.key --rows 0 -o sample
holds "encrypt takes them too" [ "$rc" = 0 ]
holds "and says so" grep -q "warning: commas.csv: fields are separated by semicolons" "$log.err"
finish
