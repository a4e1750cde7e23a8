#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A label that is a quantity: recognised and said, learnt by trees, a line and a network, and
# predicted under encryption; metrics are those of numbers.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

for model in linear trees network; do
  works "train, $model" blindsight train "$data" --label area_worst --drop diagnosis \
    --model $model --trees 20 --depth 3 -o m.model --validation rest.csv
  says "what it is, $model" "^task  *regression: area_worst holds 544 different numbers"
  says "metrics, $model" "^RMSE  *[0-9]"
  says "R2, $model" "^R2  *0\.[6-9]"
  works "evaluate, $model" blindsight evaluate m.model rest.csv --label area_worst --outputs clear.csv
  says "the same metrics, $model" "^MAE  *[0-9]"
  works "compile, $model" blindsight compile m.model -o m --json
  works "keygen, $model" blindsight keygen m.client -o m --force
  works "simulate, $model" blindsight simulate m.model rest.csv --label area_worst
  says "what noise does, $model" "^RMSE .* in clear, .* simulated"
  works "encrypt, $model" blindsight encrypt m.client rest.csv --key m.key --rows 0-2 \
    --packing latency -o sample
  works "infer, $model" blindsight-infer m.server sample --keys m.keys -o result
  works "decrypt, $model" blindsight decrypt m.client result --key m.key --csv --outputs
  # Numbers of a thousand, in units of about that: 1e-5 of them.
  worst=$(paste -d, "$log.out" clear.csv | awk -F, 'NR > 1 && NR <= 4 {
      d = $(NF / 2) - $NF
      if (d < 0) d = -d
      if (d > worst) worst = d
      seen++
    }
    END { print (seen == 3 && worst < 0.02) ? "near" : "rows " seen ", off by " worst }')
  holds "numbers are those in clear, $model: $worst" [ "$worst" = near ]
done

works "JSON" blindsight train "$data" --label area_worst --drop diagnosis --model linear --json -o m.model
says "the task" '"task": "regression"'
says "and RMSE" '"rmse": 96.7'
works "numbers taken for names" blindsight train "$data" --label area_worst --drop diagnosis \
  --task classes --epochs 1 -o m.model
says "as asked" "^data  *569 rows, 29 features, 544 classes"
refused "names taken for numbers" 1 'where the label is to be a number' \
  blindsight train "$data" --label diagnosis --task regression -o none.model
works "classes by trees" blindsight train "$data" --label diagnosis --model trees --trees 30 -o m.model
says "features that matter" "^weight  *[a-z_]*_worst [0-9]* %"
says "what clients are told" "^told  *[0-9]* bits a row: edges in use, among other bins"
finish
