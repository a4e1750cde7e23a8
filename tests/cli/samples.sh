#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# More rows than one sample is to hold: several samples, each with the list of its rows, whose
# predictions have the numbers of the whole table.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

works "train" blindsight train "$data" --label diagnosis --model linear -o m.model
works "compile" blindsight compile m.model -o m
works "keygen" blindsight keygen m.client -o m
awk -F, 'NR == 252 { $4 = 900 } { for (i = 1; i < NF; i++) printf "%s,", $i; print $NF }' \
  "$data" >rows.csv
run blindsight encrypt m.client rows.csv --key m.key -o all.sample --packing throughput
holds "one sample of all rows but one" [ "$rc" = 3 ]
run blindsight encrypt m.client rows.csv --key m.key -o part.sample --part 200 --packing throughput
holds "three of them" [ "$rc" = 3 ]
says "named by number" '^part.2.sample  *199 rows, throughput packing'
says "and what was left out" '^refused  *1 of 200 rows; the others keep their numbers by part.2.rows'
holds "warned of by its number in the file" grep -q 'row 250 (line 252) is refused' "$log.err"
holds "once" [ "$(grep -c 'row 250' "$log.err")" = 1 ]
holds "no other files" [ "$(echo part.*) " = \
  'part.1.rows part.1.sample part.2.rows part.2.sample part.3.rows part.3.sample ' ]
works "infer all" blindsight-infer m.server all.sample --keys m.keys -o all.result
run blindsight decrypt m.client all.result --key m.key --csv
cp "$log.out" all.csv
head -n 1 all.csv >parts.csv
for part in 1 2 3; do
  works "infer $part" blindsight-infer m.server part.$part.sample --keys m.keys -o part.$part.result
  run blindsight decrypt m.client part.$part.result --key m.key --csv
  sed 1d "$log.out" | awk -F, -v OFS=, -v state="$(head -n 1 "$log.out" | grep -c state)" \
    '{ print $0 (state ? "" : ",inside") }' >>parts.csv
done
holds "rows, predictions and states are those of one sample" cmp all.csv parts.csv

works "as JSON" blindsight encrypt m.client "$data" --key m.key -o json --part 300 --json
says "first rows" '"first": 300'
holds "whose names have a number" [ -s json.1 ]
refused "where they cannot go" 1 "--output must be a file" \
  blindsight encrypt m.client "$data" --key m.key -o - --part 200
refused "one list of several samples" 1 "and --list has no place" \
  blindsight encrypt m.client "$data" --key m.key -o p --list l --part 200
awk -F, 'NR > 201 && NR < 402 { $4 = 900 } { for (i = 1; i < NF; i++) printf "%s,", $i; print $NF }' \
  "$data" >hole.csv
run blindsight encrypt m.client hole.csv --key m.key -o hole.sample --part 200
holds "a sample of no rows is refused" grep -q 'none of the 200 rows of hole.2.sample' "$log.err"
holds "before any is written" [ ! -e hole.1.sample ]
printf 'row,state,feature,value,low,high\n18446744073709551615,inside,,,,\n18446744073709551616,inside,,,,\n' >far.rows
refused "a list of no numbers" 1 "far.rows: line 2" \
  blindsight decrypt m.client part.1.result --key m.key --list far.rows
finish
