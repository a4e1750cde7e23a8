#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A pipeline in ONNX, numbers imputed and scaled, texts encoded, trees behind them, from the file to
# predictions on ciphertexts: those of ONNX Runtime (tests/trees/data/onnx_rows.mjs).
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

data=$root/tests/trees/data/pipeline_mixed
(echo age,income,city,grade; sed 's/;.*//; s/=//g; s/nan//g' "$data.rows") >table.csv

works "import" blindsight import "$data.onnx" --edges exact -o m.model
says "what was read" 'trees         ONNX: 12 trees'
run blindsight import "$data.onnx" --calibrate table.csv -o q.model
says "whose rows hold texts" 'binning changes the prediction of 0'
run blindsight evaluate m.model table.csv --outputs clear.csv
holds "texts that no encoder knows are said" grep -q \
  'column "city": [0-9]* texts that the model has no category for' "$log.err"
# Runtimes add in floats; the label is that of the larger number.
sed 's/.*;//' "$data.rows" | awk -F, 'BEGIN { print "row,predicted,no,yes" }
  { print NR - 1 "," ($2 > $1 ? "yes" : "no") "," $0 }' >runtime.csv
holds "as the runtime, on rows beside all thresholds" same_within 2e-5 runtime.csv clear.csv \
  "$(grep -c . "$data.rows")"
works "compile" blindsight compile m.model --error 1e-4 -o m --json
works "keygen" blindsight keygen m.client -o m
for packing in latency throughput; do
  run blindsight encrypt m.client table.csv --key m.key --rows 0-9 \
    --packing $packing -o sample
  holds "encrypt, $packing" [ "$rc" = 0 ]
  works "infer, $packing" blindsight-infer m.server sample --keys m.keys -o result
  works "decrypt, $packing" blindsight decrypt m.client result --key m.key --csv --outputs
  cp "$log.out" got.csv
  head -n 11 clear.csv >wanted.csv
  holds "as in clear, $packing" same_within 1e-4 wanted.csv got.csv 10
done
finish
