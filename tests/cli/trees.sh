#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An ensemble of trees from its library's file to predictions that are those in clear, in both
# packings; which edges clients are told; what is refused.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
trees=$root/tests/trees/data/xgboost_binary.json

works "import" blindsight import "$trees" --edges exact -o exact.model
says "whose trees" "^trees *XGBoost: 6 trees, [0-9]* leaves of 3 conditions at most"
says "what clients are told" "^edges *the model's own thresholds, among others"
works "import with bins" blindsight import "$trees" --calibrate "$data" -o bins.model
says "quantiles" "^edges *quantiles, [0-9]* bins a feature"
says "nothing changes" "^calibration *569 rows; binning changes the prediction of 0,"
works "export" blindsight export bins.model -o bins.json
holds "the encoding" grep -q '"encoding"' bins.json
works "import JSON" blindsight import bins.json -o again.model
holds "the same bytes" cmp -s bins.model again.model

works "evaluate" blindsight evaluate exact.model "$data" --outputs clear.csv
works "compile" blindsight compile exact.model --error 1e-4 -o exact
says "a proof" "certified: in the input range no value can wrap"
says "what it sees" "^input range *bits, of bins and categories"
works "inspect" blindsight inspect exact.client
works "keygen" blindsight keygen exact.client -o client
for packing in latency throughput; do
  works "encrypt, $packing" blindsight encrypt exact.client "$data" --key client.key --rows 0-4 \
    --packing $packing -o sample
  works "infer, $packing" blindsight-infer exact.server sample --keys client.keys -o result
  works "decrypt, $packing" blindsight decrypt exact.client result --key client.key --csv --outputs
  # Probabilities, row by row, against those in clear.
  worst=$(paste -d, "$log.out" clear.csv | awk -F, '
    NR > 1 && NR <= 6 {
      for (i = 0; i < 2; i++) {
        d = $(NF / 2 - i) - $(NF - i)
        if (d < 0) d = -d
        if (d > worst) worst = d
      }
      seen++
    }
    END { print (seen == 5 && worst < 1e-3) ? "near" : "rows " seen ", off by " worst }')
  holds "probabilities are those in clear, $packing: $worst" [ "$worst" = near ]
done

# Nobody asked for an error: a little less of it is worth more than 800 MB for a single row.
works "train on many bins" blindsight train "$data" --label diagnosis --model trees --trees 20 -o many.model
works "compile them" blindsight compile many.model --report many.html -o many
for text in "What the outputs hang on" "Bits that clients send" '>area_worst<' '[0-9]* looked at' \
  '[0-9]* bits<' 'The first 12 of 30'; do
  holds "the page: $text" grep -q "$text" many.html
done
says "a row goes alone" '^packing *latency'
says "at an error that is said" 'than the usual 1e-05, which leaves no room for latency packing'

# scikit-learn's boosting in ONNX says what it says in our own JSON.
(echo x0,x1,x2,x3,x4,x5 && sed 's/;.*//' "$root/tests/trees/data/sklearn_boosting.rows") >rows.csv
for form in onnx_boosting.onnx sklearn_boosting.json; do
  works "import $form" blindsight import "$root/tests/trees/data/$form" --edges exact -o form.model
  says "$form's trees" "^trees *[A-Z a-z]*: 5 trees, 10 leaves of 2 conditions at most"
  works "evaluate $form" blindsight evaluate form.model rows.csv --outputs "$form.csv"
done
worst=$(paste -d, onnx_boosting.onnx.csv sklearn_boosting.json.csv | awk -F, '
  NR > 1 {
    d = $4 - $8
    if (d < 0) d = -d
    if (d > worst) worst = d
    if ($2 == $6) seen++
  }
  END { print (seen == NR - 1 && seen >= 6 && worst < 1e-7) ? "near" : seen " alike, off by " worst }')
holds "the same in ONNX: $worst" [ "$worst" = near ]
refused "trees where a network is" 1 "trees; make a model of them" \
  blindsight compile "$root/tests/trees/data/onnx_boosting.onnx" -o none

refused "bins without rows" 1 "calibration rows are needed" \
  blindsight import "$trees" -o none.model
# What libraries write by default, or people pickle, is called by its name.
printf '{L\0\0\0\0\0\0\0\7learner{' >default.ubj
printf 'CBM1\200\1' >default.cbm
printf '\200\4\225\1' >model.pkl
refused "UBJSON" 1 "default.ubj: XGBoost's UBJSON; save it as JSON" \
  blindsight import default.ubj --edges exact -o none.model
refused "CatBoost's own" 1 "default.cbm: CatBoost's binary; save it as JSON" \
  blindsight import default.cbm --edges exact -o none.model
refused "a pickle" 1 "model.pkl: a pickle of Python" \
  blindsight import model.pkl --edges exact -o none.model
sed 's/"split_type": *\[0/"split_type":[1/' "$trees" >type.json
refused "a split of another type" 1 "split_type\[0\]: not 0" \
  blindsight import type.json --edges exact -o none.model
head -c 3000 "$trees" >cut.json
refused "a file that is cut off" 1 "cut.json: line" \
  blindsight import cut.json --edges exact -o none.model
sed 's/"left_children":\[1,/"left_children":[99,/' "$trees" >child.json
refused "a child that is not there" 1 "child 99 of" \
  blindsight import child.json --edges exact -o none.model
finish
