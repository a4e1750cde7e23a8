#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A logistic regression, a network and boosted trees for each of several tables, by the commands
# alone (trees of all tables with TREES=all, which takes minutes; else of one): trained,
# compiled, fifty validation rows one by one and all of them at once, encrypted. Predictions are
# those in clear, outputs differ by at most 1e-5 of max(1, |clear|), and what is measured is printed
# as a table (docs/tables.md). The table of data/ is always there; others lie in ../shared/data/tables, or in
# TABLES. Accuracy is that of the validation rows, "enc" that of their encrypted predictions.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
tables=${TABLES:-$root/../shared/data/tables}

# closest CLEAR.csv ENCRYPTED.csv ROWS: the same labels in the same order, outputs within 1e-5 of
# max(1, |clear|), and not equal, or nothing was encrypted; prints the largest such difference. One
# row in fifty may be marked instead: no label, no outputs.
closest() {
  awk -F, -v rows="$3" '
    FNR == 1 { next }
    NR == FNR { clear[FNR] = $0; next }
    {
      n++
      split(clear[FNR], c, ",")
      if ($2 == "" || $2 == "\"\"") { marked++; next } # said to be beyond what the modulus holds
      if ($2 != c[2]) { print "row " $1 ": " $2 " where clear says " c[2]; bad = 1 }
      for (i = 3; i <= NF; i++) {
        size = c[i] < 0 ? -c[i] : c[i]
        error = ($i > c[i] ? $i - c[i] : c[i] - $i) / (size > 1 ? size : 1)
        if (error > worst) worst = error
      }
    }
    END {
      printf "%.1e\n", worst
      exit bad || n != rows || 50 * marked > n + 49 || !(worst > 1e-13 && worst <= 1e-5)
    }' "$1" "$2"
}
# accuracy PREDICTIONS.csv LABEL: of predictions for validation.csv
accuracy() {
  awk -F, -v label="$2" '
    function plain(text) { gsub(/"/, "", text); return text }
    NR == 1 { for (i = 1; i <= NF; i++) if (plain($i) == label) at = i; next }
    NR == FNR { truth[FNR] = plain($at); next }
    FNR > 1 { n++; right += truth[FNR] == plain($2) }
    END { printf "%.4f\n", right / n }' validation.csv "$1"
}
# number NAME FILE.json: the first number of that name
number() { sed -n "s/^ *\"$1\": \([0-9.e+-]*\),*\$/\1/p" "$2" | head -n 1; }

# partly WHAT COMMAND...: done, or done but for rows that are said to have no answer
partly() {
  what=$1
  shift
  run "$@"
  holds "$what (exit code $rc)" [ "$rc" = 0 -o "$rc" = 3 ]
}
# packing NAME ROWS-OPTION N: encrypts, infers, decrypts; sets $ms and $error
packing() {
  partly "$table, $kind, $1: encrypt" blindsight encrypt m.client validation.csv --key m.key \
    --packing "$1" $2 -o m.sample
  works "$table, $kind, $1: infer" blindsight-infer m.server m.sample --keys m.keys -o m.result \
    --json
  cp "$log.out" infer.json
  partly "$table, $kind, $1: decrypt" blindsight decrypt m.client m.result --key m.key --csv --outputs
  sed 's/,\(state\|inside\|beyond\|spoilt\|refused\)$//' "$log.out" >got.csv
  head -n $(($3 + 1)) clear.csv >wanted.csv
  error=$(closest wanted.csv got.csv "$3")
  holds "$table, $kind, $1: as in clear ($error)" [ $? = 0 ]
  ms=$(number evaluate_ms infer.json)
}
# model KIND OPTIONS...: trains, compiles and compares; one line of the table
model() {
  kind=$1
  shift
  works "$table, $kind: train" blindsight train "$file" --label "$label" $drop "$@" --frac 0.7 \
    -o m.model --validation validation.csv
  works "$table, $kind: compile" blindsight compile m.model -o m --json
  cp "$log.out" plan.json
  works "$table, $kind: keys" blindsight keygen m.client -o m --force
  run blindsight evaluate m.model validation.csv --label "$label" --outputs clear.csv
  holds "$table, $kind: evaluate" [ "$rc" = 0 ]
  n=$(($(wc -l <clear.csv) - 1))
  holds "$table, $kind: fifty rows at least" [ "$n" -ge 50 ]
  run blindsight inspect m.client
  cp "$log.out" "$log.inspect"
  holds "$table, $kind: latency packing" grep -q "^packing .*latency" "$log.out"
  packing latency "--rows 0-49" 50
  single=$(awk -v ms="$ms" 'BEGIN { if (ms > 0) printf "%.1f", ms / 50; else printf "-" }')
  single_error=$error
  clear=$(accuracy clear.csv "$label") encrypted="-" error="-" ms=0
  if grep -q "^packing .*throughput" "$log.inspect"; then # where bits are few enough
    packing throughput "" "$n"
    encrypted=$(accuracy got.csv "$label")
    marked=$(grep -c '^[0-9]*,"",' got.csv)
    holds "$table, $kind: accuracy is that in clear, but for $marked marked rows" awk \
      -v clear="$clear" -v encrypted="$encrypted" -v marked="$marked" -v n="$n" \
      'BEGIN { d = clear - encrypted; exit !(d * d <= (marked / n + 1e-4) ^ 2) }'
  fi
  features=$(awk -F, 'NR == 1 { print NF - 1 }' validation.csv)
  classes=$(awk -F, 'NR == 1 { print NF - 2 }' clear.csv)
  printf '| %s | %s | %d | %d | %d | %s | %s | %s, %s | %s, %.0f | 2^%d, %d | %.2f MB |\n' "$table" \
    "$kind" "$n" "$features" "$classes" "$clear" "$encrypted" "$single_error" "$error" "$single" \
    "$ms" "$(number log2_n plan.json)" "$(number depth plan.json)" \
    "$(awk -v n="$(wc -c <m.keys)" 'BEGIN { print n / 1e6 }')" >>"$TEST_TMP/lines"
}
# try FILE LABEL COLUMNS-TO-DROP...
try() {
  file=$1 table=$(basename "$1" .csv) label=$2 drop=""
  shift 2
  [ -f "$file" ] || { skip "no $table.csv"; return; }
  for column; do drop="$drop --drop $column"; done
  model regression --hidden none --activation identity --rate 0.01 --epochs 100
  model network --hidden 16 --rate 0.002 --epochs 100
  case ${TREES:-}$table in wdbc | all*) model trees --model trees --edges exact ;; esac
}
try "$data" diagnosis id
try "$tables/BreastCancer.csv" Class Id
try "$tables/GlaucomaM.csv" Class
try "$tables/Ionosphere.csv" Class
try "$tables/Pima.tr.csv" type
try "$tables/Pima.te.csv" type
try "$tables/PimaIndiansDiabetes.csv" diabetes
try "$tables/Sonar.csv" Class
try "$tables/cells.csv" class case
try "$tables/spam.csv" type
try "$tables/thyroid.csv" Diagnosis
try "$tables/wpbc.csv" status

echo "| table | model | rows | features | classes | clear | enc | largest error: one by one, all | ms: a row, all | N, depth | keys |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
cat "$TEST_TMP/lines"
finish
