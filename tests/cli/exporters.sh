#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ONNX as exporters write it: labels, several outputs, batches, what stands behind the scores, and
# what the client makes of them after decryption.
# shellcheck disable=SC1091,SC2016,SC2154 # not followed
. tests/cli/check.inc
cases=$root/tests/cases

# --- classes keep their names, in clear and from ciphertexts
works "labels" blindsight import "$cases/labels/ints.onnx" --calibrate "$cases/labels/x.csv" \
  --label y -o ints.model
says "whose the softmax is" "(LinearClassifier) is the client's: it applies softmax exactly"
works "evaluate" blindsight evaluate ints.model "$cases/labels/x.csv" --label y --outputs clear.csv
says "all right" "^accuracy *1.000000"
holds "5, 9, 1" sh -c '[ "$(cut -d, -f1,2 clear.csv | tr "\n" " ")" = "row,predicted 0,5 1,9 2,1 " ]'
holds "that add up to one" awk -F, 'NR > 1 { s = $3 + $4 + $5; if (s < 0.999999999 || s > 1.000000001) exit 1 }' \
  clear.csv
works "compile" blindsight compile ints.model -o ints --error 1e-4
works "keygen" blindsight keygen ints.client -o ints
works "encrypt" blindsight encrypt ints.client "$cases/labels/x.csv" --key ints.key -o sample
works "infer" blindsight infer ints.server sample --keys ints.keys -o result
works "decrypt" blindsight decrypt ints.client result --key ints.key --csv --outputs
cp "$log.out" encrypted.csv
holds "the same probabilities" same_within 1e-3 clear.csv encrypted.csv 3
works "texts" blindsight import "$cases/after-softmax/skl_softmax_norm_zipmap_str.onnx" -o str.model
works "export" blindsight export str.model -o str.json
holds "classes that are texts" grep -q '"labels": \["[a-z]' str.json
works "a Cast behind a Softmax" blindsight import \
  "$cases/after-softmax/softmax_then_cast_double.onnx" -o cast.model

# --- what is no image is none, unless it is said
printf 'x0,x1,x2,x3\n10,20,30,40\n' >x.csv
for form in seq flat; do
  works "import $form" blindsight import "$cases/image-or-list/$form.onnx" -o $form.model
  says "values of a table" "^input *4 values of a table, as they are"
  works "evaluate $form" blindsight evaluate $form.model x.csv --outputs $form.csv
  holds "10 and 20" grep -q "^0,1,10,20$" $form.csv
done
works "said to be one" blindsight import "$cases/image-or-list/seq.onnx" --input image -o image.model
says "and how it is scaled" "^input *an image of .*bytes, divided by 255"
refused "a list is no image" 1 "flat.onnx: --input image, but" \
  blindsight import "$cases/image-or-list/flat.onnx" --input image -o x

# --- several outputs, a batch
two=$cases/two-outputs/two.onnx
refused "two outputs" 1 '2 outputs that say different things: "logits", "features"; .*--output-name' \
  blindsight import "$two" -o x
refused "another name" 1 'no output "logit"; there are "logits", "features"' \
  blindsight import "$two" --output-name logit -o x
works "one that is named" blindsight import "$two" --output-name logits \
  --calibrate "$cases/two-outputs/x.csv" -o two.model
works "evaluate" blindsight evaluate two.model "$cases/two-outputs/x.csv" --outputs two.csv
holds "logits 5, 1, 0" grep -q "^0,0,5,1,0$" two.csv
works "compiled on the way" blindsight compile "$two" --output-name logits \
  --calibrate "$cases/two-outputs/x.csv"
works "all of them" blindsight import "$two" --output-name all \
  --calibrate "$cases/two-outputs/x.csv" -o all.model
says "side by side" "^outputs *[0-9]* values"
works "evaluate all" blindsight evaluate all.model "$cases/two-outputs/x.csv" --outputs all.csv
holds "each by its output's name" sh -c 'head -n 1 all.csv | grep -q "logits\[0\],logits\[1\].*,features\[0\]"'
holds "logits 5, 1, 0 again" grep -q "^0,5,1,0," all.csv
works "a batch of 32" blindsight import "$cases/fixed-batch/fixed_batch32.onnx" -o batch.model
says "is no feature" "^model .*: 4 features, 1 layers, 3 outputs"
says "and is said" "^batch *it was exported for 32 rows at a time"

# --- probabilities, and reports of what was compared
report=$cases/sigmoid-report
works "softmax" blindsight import "$report/logreg_softmax.onnx" --calibrate "$report/rows.csv" \
  -o logreg.model
says "nothing was approximated" "^calibration *150 rows; nothing was approximated"
works "multi-label" blindsight import "$report/multilabel_sigmoid.onnx" \
  --calibrate "$report/rows.csv" -o labels.model
says "labels, no prediction" "^outputs *3 labels, each by itself"
says "an error that was measured" "outputs before that are off by at most 0\.[0-9]* % of their range"
works "evaluate" blindsight evaluate labels.model "$report/rows.csv" --json
holds "no predicted label" sh -c '! grep -q predicted "$1"' sh "$log.out"
refused "no label to hold them against" 1 "outputs of this model are 3 labels" \
  blindsight evaluate labels.model "$report/rows.csv" --label f0

# --- an activation's error is met, or the import fails and says what would help
refused "an error that is not met" 1 \
  'Tanh.*degree 7 is off by .*asks for 0.0001; --max-degree 15 reaches .*(1 level more)' \
  blindsight import "$report/multilabel_sigmoid.onnx" --calibrate "$report/rows.csv" \
  --activation-error 1e-4 --max-degree 7 -o x
works "one that is" blindsight import "$report/multilabel_sigmoid.onnx" \
  --calibrate "$report/rows.csv" --activation-error 1e-2 --fit minimax -o x.model
run blindsight import "$report/multilabel_sigmoid.onnx" --calibrate "$report/rows.csv" \
  --max-degree 3 -o low.model
holds "outputs that stay off are a warning" grep -q \
  "warning: outputs are off by .* where --output-error asks for 1 %" "$log.err"
holds "with what would help" grep -q "warning: --max-degree 7 would bring" "$log.err"

# --- what polynomials changed is kept, and compile does not ask for more digits than they leave
works "compile" blindsight compile labels.model --packing latency
holds "a tenth of that" sh -c 'awk "/^asked for/ { exit !(\$4 + 0 > 5e-5 && \$4 + 0 <= 1e-3) }" "$1"' \
  sh "$log.out"
works "unless it is told to" blindsight compile labels.model --packing latency --error 1e-4
says "which it says" "^asked for *error 0.0001,"
says "and what rows unlike those may be off by" "^unlike these *rows in the input range may be off"

# --- a missing value is refused where nothing says what it stands for
printf 'x0,x1,x2,x3\n10,,30,40\n' >gap.csv
refused "a gap" 1 'row 0: "x1" is missing, and the model says nothing of its mean' \
  blindsight evaluate flat.model gap.csv
printf 'x0,x1,x2,x3,y\n10,,30,40,1\n10,20,30,40,1\n,20,30,40,0\n' >gaps.csv
run blindsight evaluate flat.model gaps.csv --outputs gaps.out
holds "two of three rows" test "$rc" = 3
holds "the first of them is named" \
  grep -q 'row 0 (line 2) is refused: column "x1" is missing' "$log.err"
holds "the second of them is named, too" grep -q 'row 2 (line 4) is refused: column "x0"' "$log.err"
holds "and the third row has its answer" grep -q '^1,1,10,20,inside$' gaps.out
holds "which the others lack" sh -c '[ "$(grep -c refused gaps.out)" = 2 ]'
run blindsight evaluate flat.model gaps.csv --label y
says "in figures" "^rows *1$"
says "that say so" "^refused *2$"

# --- corners: where no one polynomial is near enough a composite is, and says what it is
works "a composite" blindsight import "$cases/composite/relu.onnx" \
  --calibrate "$cases/composite/rows.csv" --activation-error 3e-4 --fit minimax -o corner.model
says "its degrees and levels" "^ *becomes a composite of degrees 15, 15, 15 (16 levels)"
says "what is left near zero" "none nearer to 0 than 0.00"
works "its plan" blindsight compile corner.model --packing latency --error 1e-3 -o corner
refused "none, when none is wanted" 1 "asks for 0.0003" blindsight import \
  "$cases/composite/relu.onnx" --calibrate "$cases/composite/rows.csv" \
  --activation-error 3e-4 --fit minimax --composite never -o no.model
refused "always, without saying how near" 1 "activation-error" blindsight import \
  "$cases/composite/relu.onnx" --calibrate "$cases/composite/rows.csv" --composite always -o no.model
finish
