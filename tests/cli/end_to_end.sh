#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a table to predictions under encryption, with the real programs, in both packings.
# shellcheck disable=SC1091,SC2154,SC2012 # not followed; ls shows modes of known names
. tests/cli/check.inc

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
says "shape" "^data *569 rows, 30 features, 2 classes; columns ignored: 1"
says "split" "^split *455 rows for training, 114 for validation"
says "accuracy" "^accuracy *0\.[89]"
says "confusion matrix" "true M"
holds "validation rows" [ "$(wc -l <validation.csv)" = 115 ]
holds "validation header" sh -c 'head -n 1 validation.csv | grep -q "^radius_mean,.*,diagnosis$"'
holds "row 1 of the data is the first validation row" \
  sh -c 'sed -n 2p validation.csv | grep -q "^20.57,17.77,132.9,1326,.*,M$"'
works "train again" blindsight train "$data" --label diagnosis --epochs 60 -o again.model
blindsight export wdbc.model | sed 1,2d >one
blindsight export again.model | sed 1,2d >two
holds "the same seed, the same bits" cmp one two

works "evaluate" blindsight evaluate wdbc.model validation.csv --label diagnosis \
  --outputs clear.csv
says "as in training" "^accuracy *0\.[89]"
works "compile" blindsight compile wdbc.model -o wdbc
says "security" "^security *128 bits: log2(QP) = .*, at most"
says "packings" "^packing *latency *throughput"
works "keygen" blindsight keygen wdbc.client -o alice

# Rows 3 to 7 one by one: their clear outputs are lines 5 to 9.
works "encrypt rows" blindsight encrypt wdbc.client --key alice.key validation.csv --rows 3-5,6,7 \
  -o few.sample
says "latency for few rows" "5 rows, latency packing"
works "infer" blindsight-infer wdbc.server --keys alice.keys few.sample -o few.result
says "time" "^evaluation .* ms a row"
says "memory" "^peak memory .*MB"
works "decrypt" blindsight decrypt wdbc.client --key alice.key few.result --csv --outputs
mv "$log.out" few.csv
awk -F, 'NR == 1 || NR >= 5 && NR <= 9 { if (NR > 1) $1 = NR - 5; print }' OFS=, clear.csv \
  >few_clear.csv
holds "latency packing" same_predictions few_clear.csv few.csv 5

# A value that the model does not answer for is named, and not encrypted (more: out_of_range.sh).
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "area_se") c = i } NR == 3 { $c = 99999 }
  NR <= 3' OFS=, validation.csv >far.csv
run blindsight encrypt wdbc.client --key alice.key far.csv -o far.sample
holds "far values are not encrypted" [ "$rc" = 3 ]
says "the others are" "^sample *1 rows"
holds "values out of range are named" grep -q \
  'warning: far.csv: row 1 (line 3) is refused: column "area_se" is 99999; ' "$log.err"

works "encrypt all" blindsight encrypt wdbc.client --key alice.key validation.csv -o all.sample
says "throughput for many rows" "114 rows, throughput packing"
works "infer, throughput" blindsight infer wdbc.server --keys alice.keys all.sample -o all.result \
  --json
says "JSON" '"packing": "throughput"'
works "decrypt, throughput" blindsight decrypt wdbc.client --key alice.key all.result --csv --outputs
mv "$log.out" all.csv
holds "throughput packing" same_predictions clear.csv all.csv 114

works "threads" blindsight-infer wdbc.server --keys alice.keys few.sample -o few2.result --threads 2
# Results are hidden: the bytes always differ, what they say does not.
holds "no two results are alike" sh -c '! cmp -s few.result few2.result'
works "decrypt" blindsight decrypt wdbc.client --key alice.key few2.result --csv --outputs
mv "$log.out" few2.csv
run blindsight decrypt wdbc.client --key alice.key few.result --csv --outputs
cp "$log.out" few1.csv
holds "threads change nothing" same_predictions few1.csv few2.csv 5
works "decrypt to a table" blindsight decrypt wdbc.client --key alice.key few.result
says "the table" "^ *row  predicted$"
works "decrypt to JSON" blindsight decrypt wdbc.client --key alice.key few.result --json --outputs
says "the JSON" '"predicted": "[BM]"'

# Through pipes: nothing is stored but the keys.
blindsight encrypt wdbc.client --key alice.key validation.csv --rows 3-7 -o - 2>"$log.err" |
  blindsight-infer wdbc.server --keys alice.keys - -o - 2>>"$log.err" |
  blindsight decrypt wdbc.client --key alice.key - --csv --outputs >piped.csv 2>>"$log.err"
holds "pipes" same_predictions few_clear.csv piped.csv 5

# Columns are found by name, in whatever order and company.
cat >own.json <<'JSON'
{"name": "own", "features": ["age", "glucose", "bmi"], "labels": ["healthy", "ill"],
 "scaler": {"mean": [33.2, 121.6, 32.4], "deviation": [11.7, 30.5, 6.9]},
 "layers": [
   {"weight": [[0.31, 0.92, 0.44], [-0.27, -0.85, 0.12]], "bias": [0.05, -0.1],
    "activation": "sigmoid3"},
   {"weight": [[-1.3, 1.1], [1.4, -1.2]], "bias": [0.2, -0.2],
    "activation": {"polynomial": [0.5, 0.25, 0, -0.02]}}]}
JSON
cat >people.csv <<'CSV'
name,bmi,age,glucose
Ann,33.6,50,148
"Bo, jr",26.6,31,85
Cy,,32,183
CSV
works "import" blindsight import own.json -o own.model
says "not calibrated" "compile it with --calibrate"
run blindsight compile own.model
holds "a model without ranges" grep -q "warning: own.model: its ranges are not known" "$log.err"
works "compile with data" blindsight compile own.model --calibrate people.csv -o own
works "keygen for it" blindsight keygen own.client -o bob
works "encrypt for it" blindsight encrypt own.client --key bob.key people.csv -o people.sample
works "infer with it" blindsight-infer own.server --keys bob.keys people.sample -o people.result
works "decrypt from it" blindsight decrypt own.client --key bob.key people.result --csv --outputs
mv "$log.out" people_out.csv
works "evaluate it" blindsight evaluate own.model people.csv --outputs people_clear.csv
holds "own weights" same_predictions people_clear.csv people_out.csv 3
works "export" blindsight export own.model -o back.json
works "import again" blindsight import back.json -o back.model
holds "there and back" cmp own.model back.model
finish
