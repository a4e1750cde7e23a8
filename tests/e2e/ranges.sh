#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rows of all kinds (seen, at the ends of their ranges, jointly unusual, beyond, up to 1e300,
# missing) through the real service, under each policy: an answer is right, or marked. ROWS (96) of
# them for each model, a sixth of them one by one; tools/measure_ranges asks for more and prints the table of docs/ranges.md.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
rows=${ROWS:-96}
mkdir models
# model NAME CONTRACT OPTIONS...
model() {
  name=$1 contract=$2
  shift 2
  works "$name: train" blindsight train "$data" --label diagnosis --epochs 20 "$@" -o "$name.model" \
    --validation rows.csv
  works "$name: compile" blindsight compile "$name.model" -o "models/$name"
  says "$name: its contract" "^latency *$contract"
}
model plain certified
model deep guarded --hidden 16,12,8
# Each row is one of the table's, and then something happens to it.
awk -F, -v n="$rows" '
  BEGIN { OFS = ","; srand(7) }
  NR == 1 { for (i = 1; i <= NF; i++) if ($i == "diagnosis") skip = i; print; next }
  {
    line[NR - 2] = $0
    for (i = 1; i <= NF; i++) {
      if (NR == 2 || $i + 0 < low[i]) low[i] = $i + 0
      if (NR == 2 || $i + 0 > high[i]) high[i] = $i + 0
    }
  }
  END {
    for (k = 0; k < n; k++) {
      $0 = line[int(rand() * (NR - 1))]
      kind = k % 8
      one = 1 + int(rand() * (NF - 1))
      if (one >= skip) one++
      for (i = 1; i <= NF; i++) {
        if (i == skip) continue
        wide = (high[i] - low[i]) * (rand() < 0.5 ? 1 : -1)
        if (kind == 1) $i = rand() < 0.5 ? low[i] : high[i]       # each at an end of what was seen
        if (kind == 2) $i = (low[i] + high[i]) / 2 + 0.7 * wide   # in the box, jointly unusual
        if (kind == 3) $i = high[i] + 0.7 * (high[i] - low[i])    # all of them large
        if (kind == 4 && i == one) $i = $i + 40 * wide            # one beyond
        if (kind == 5 && i == one) $i = (rand() < 0.5 ? "-" : "") "1e" int(4 + 297 * rand())
        if (kind == 6 && (i == one || rand() < 0.1)) $i = ""      # missing
      }
      print
    }
  }' rows.csv >all.csv
works "token" blindsight-server token create --scope infer --state "$state" --name ranges \
  --predictions-per-day 100000000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve models
# judge CLEAR.csv FOUND.csv MOST: what became of the rows, in one line; 1 when an unmarked one is
# wrong, or one that has no answer has a label
judge() {
  awk -F, -v rows="$3" '
    function abs(x) { return x < 0 ? -x : x }
    FNR == 1 { if (NR == FNR) n_out = NF - 2; else state = $NF == "state"; next }
    NR == FNR { clear[$1] = $0; next }
    {
      n++
      is = state ? $NF : "inside"
      became[is]++
      if (is != "inside" && is != "clipped" && is != "outside") {
        if ($2 != "\"\"" || $3 != "") { print "row " $1 " is " is " and has an answer"; bad = 1 }
        next
      }
      if (is != "inside") next
      split(clear[$1], c, ",")
      for (i = 3; i < 3 + n_out; i++) {
        error = abs($i - c[i]) / (abs(c[i]) > 1 ? abs(c[i]) : 1)
        if (!(error <= 0.01)) { print "row " $1 ": " $i " where clear says " c[i]; wrong++ }
        else if (error > worst) worst = error
      }
    }
    END {
      printf "%d | %d | %d | %d | %d | %d | %.1e\n", n, became["inside"], \
        became["clipped"] + became["outside"], became["refused"], \
        became["beyond"] + became["spoilt"], wrong, worst
      exit bad || wrong > 0 || n != rows || became["inside"] == 0 || worst < 1e-13
    }' "$1" "$2"
}
for name in plain deep; do
  run blindsight evaluate $name.model all.csv --outputs clear.csv
  holds "$name: clear" [ "$rc" = 0 ]
  for packing in throughput latency; do
    n=$rows only=""
    [ $packing = throughput ] || n=$((rows / 6)) only="--rows 0-$((rows / 6 - 1))" # they cost the most
    for policy in refuse clip mark; do
      run blindsight predict --server "$url" --cacert tls.crt --model $name --key $name.key all.csv \
        --packing $packing $only --out-of-range $policy --csv --outputs
      holds "$name, $packing, $policy: predicted (exit code $rc)" [ "$rc" = 0 -o "$rc" = 3 ]
      cp "$log.out" found.csv
      line=$(judge clear.csv found.csv "$n")
      holds "$name, $packing, $policy: no answer is wrong and unmarked: $line" [ $? = 0 ]
      echo "| $name | $packing | $policy | $(echo "$line" | tail -n 1) |"
    done
  done
done
stop TERM
finish
