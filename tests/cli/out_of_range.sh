#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rows that a model does not answer for: refused, clipped or marked, by name, while the others go
# on; and each prediction has the number that its row had.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

works "train" blindsight train "$data" --label diagnosis --epochs 20 --validation rows.csv -o a.model
works "compile" blindsight compile a.model -o a
works "keygen" blindsight keygen a.client -o a
# Of six rows number 1 is far out, 3 is jointly odd but inside, 4 lacks a value, 5 is too far out to be encoded.
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "area_se") c = i }
  NR == 3 { $c = 99999 } NR == 6 { $c = "" } NR == 7 { $c = "1e300" } NR <= 7' OFS=, rows.csv >six.csv
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "area_se") c = i }
  NR == 3 || NR == 7 { $c = 50 } NR == 6 { $c = "" } NR <= 7' OFS=, rows.csv >near.csv
run blindsight evaluate a.model near.csv --label diagnosis --outputs clear.csv
encrypt() { run blindsight encrypt a.client six.csv --key a.key "$@"; }
# answers [LIST-OPTION]: what the rows of a.sample are, in CSV
answers() {
  works "infer" blindsight-infer a.server a.sample --keys a.keys -o a.result
  run blindsight decrypt a.client a.result --key a.key $1 --csv --outputs
}
# right ROWS: outputs of these rows are those in clear
right() {
  for row in $1; do
    awk -F, -v row="$row" 'FNR > 1 && $1 == row' clear.csv >wanted
    awk -F, -v row="$row" 'FNR > 1 && $1 == row' "$log.out" >found
    { echo head; cat wanted; } >wanted.csv
    { echo head; sed 's/,inside$//' found; } >found.csv
    holds "$2: row $row is right" same_predictions wanted.csv found.csv 1
  done
}
state() { # state ROW STATE WHAT
  holds "$3: row $1 is $2" grep -q "^$1,.*,$2\$" "$log.out"
}

# --- refused, in both packings: the others go on
for packing in latency throughput; do
  encrypt --packing $packing -o a.sample
  holds "$packing: done in part" [ "$rc" = 3 ]
  says "$packing: how many" "^refused *2 of 6 rows; the others keep their numbers by a.rows"
  holds "$packing: by name" grep -q 'warning: six.csv: row 1 (line 3) is refused: column "area_se" is 99999; the model answers for ' "$log.err"
  holds "$packing: each of them" grep -q 'row 5 (line 7) is refused: column "area_se" is 1e+300;' "$log.err"
  holds "$packing: no others" [ "$(wc -l <"$log.err")" = 2 ]
  holds "the list is private" [ "$(stat -c %a a.rows)" = 600 ]
  answers ""
  holds "$packing: decrypt tells it too" [ "$rc" = 3 ]
  holds "$packing: a refused row has no label" grep -q '^1,"",,,refused$' "$log.out"
  state 5 refused "$packing"
  right "0 2 3 4" "$packing"
  mv a.rows moved.rows
  works "$packing: without its list, rows are numbered as they were sent" \
    blindsight decrypt a.client a.result --key a.key --csv
  holds "$packing: four of them" [ "$(wc -l <"$log.out")" = 5 ]
  answers "--list moved.rows"
  right "0 2 3 4" "$packing, with a list"
done

# --- JSON
run blindsight encrypt a.client six.csv --key a.key -o a.sample --json --rows 0-2
holds "JSON: done in part" [ "$rc" = 3 ]
holds "JSON: what was refused" python3 - "$log.out" <<'P'
import json, sys
said = json.load(open(sys.argv[1]))
assert (said["rows"], said["sent"], said["refused"]) == (3, 2, 1), said
(row,) = said["out_of_range"]
assert (row["row"], row["line"], row["state"], row["feature"]) == (1, 3, "refused", "area_se"), row
assert row["value"] == 99999 and row["low"] < 50 < row["high"] < 99999, row
assert said["list"] == "a.rows", said
P
answers ""
run blindsight decrypt a.client a.result --key a.key --json
holds "JSON: states" python3 - "$log.out" <<'P'
import json, sys
said = json.load(open(sys.argv[1]))
assert [row.get("state") for row in said] == [None, "refused", None], said
assert said[1]["predicted"] is None and said[0]["predicted"], said
P

# --- clipped: answered, and said
encrypt --out-of-range clip -o a.sample
holds "clip: all of them go" [ "$rc" = 0 ]
holds "clip: by name" grep -q 'row 1 (line 3) is clipped: column "area_se" is 99999;' "$log.err"
answers ""
holds "clip: all have answers" [ "$rc" = 0 ]
state 1 clipped clip
state 5 clipped clip
right "0 2 3 4" clip

# --- marked: alone in a ciphertext, never in a batch
encrypt --out-of-range mark --packing latency -o a.sample
holds "mark: 1e300 fits in no ciphertext" [ "$rc" = 3 ]
holds "mark: by name" grep -q 'row 1 (line 3) is outside: column "area_se" is 99999;' "$log.err"
says "mark: five go" "5 rows, latency packing"
answers ""
holds "mark: outside, or beyond what can be answered" grep -q '^1,.*,\(outside\|beyond\)$' "$log.out"
state 5 refused mark
right "0 2 3 4" mark
encrypt --out-of-range mark --packing throughput -o a.sample
holds "mark: in a batch they are refused" [ "$rc" = 3 ]
says "mark: four go in a batch" "4 rows, throughput packing"

# --- what is refused as a whole
head -n 3 six.csv | sed 2d >far.csv
rm -f a.sample a.rows
run blindsight encrypt a.client far.csv --key a.key -o a.sample
holds "none to send" [ "$rc" = 1 -a ! -e a.sample -a ! -e a.rows ]
holds "none to send, by name" grep -q "far.csv: the model answers for none of the 1 rows" "$log.err"
run blindsight encrypt a.client six.csv --key a.key -o -
holds "rows do not lose their numbers" [ "$rc" = 1 -a ! -s "$log.out" ]
holds "they need a list" grep -q "does not answer for 2 of 6 rows: --list FILE" "$log.err"
cp six.csv mine.rows
refused "a list in place of a table" 1 "mine.rows: is no list of rows" \
  blindsight encrypt a.client mine.rows --key a.key -o mine.sample
refused "a list in place of the sample" 1 "another file of the same command" \
  blindsight encrypt a.client six.csv --key a.key -o six --list six
run blindsight encrypt a.client six.csv --key a.key -o - --list six.rows
holds "with a list they go" [ "$rc" = 3 -a -s "$log.out" -a -s six.rows ]
refused "a policy that is none" 2 "--out-of-range ignore: must be one of refuse|clip|mark" \
  blindsight encrypt a.client six.csv --key a.key -o b.sample --out-of-range ignore
refused "JSON beside a sample" 2 "--json and --output - exclude each other" \
  blindsight encrypt a.client near.csv --key a.key -o - --json

# --- lists of others
encrypt -o a.sample
answers ""
cp a.rows good.rows
decrypt() { blindsight decrypt a.client a.result --key a.key --list "$1"; }
head -n 4 good.rows >short.rows
refused "the list of other rows" 1 "short.rows: 2 rows were sent, and 4 have been answered" decrypt short.rows
sed 's/^3,inside/3,well/' good.rows >bad.rows
refused "a state that is none" 1 "bad.rows: line 5: must begin with \"3,\" and a state" decrypt bad.rows
refused "no list" 1 "near.csv: no list of rows" decrypt near.csv
head -c 60 good.rows >cut.rows
refused "a list that was cut" 1 "cut.rows: " decrypt cut.rows

# --- simulate says the same without a ciphertext: what is refused, and what has no answer
run blindsight simulate a.model six.csv --label diagnosis
holds "simulate: done" [ "$rc" = 0 ]
says "simulate: refused" "^refused *2 of 6 rows, which stay here"
holds "simulate: by name" grep -q 'row 1 (line 3) is refused: column "area_se" is 99999;' "$log.err"
run blindsight simulate a.model six.csv --out-of-range clip --json
holds "simulate: clipped" [ "$(grep -c '"state": "clipped"' "$log.out")" = 2 ]
# A deep network whose values leave the modulus on rows where all features are large at once.
works "train" blindsight train "$data" --label diagnosis --hidden 16,12,8 --epochs 20 -o d.model
works "compile" blindsight compile d.model -o d
works "keygen" blindsight keygen d.client -o d
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "diagnosis") skip = i }
  NR > 1 && NR <= 6 { for (i = 1; i <= NF; i++) if (i != skip) $i = (NR - 2) * $i } NR <= 12' OFS=, \
  rows.csv >large.csv
for packing in latency throughput; do
  run blindsight encrypt d.client large.csv --key d.key --packing $packing --out-of-range clip -o d.sample
  holds "$packing: large values go, or are clipped" [ "$rc" = 0 ]
  works "$packing: infer" blindsight-infer d.server d.sample --keys d.keys -o d.result
  run blindsight decrypt d.client d.result --key d.key --json
  cp "$log.out" found.json
  run blindsight simulate d.model large.csv --packing $packing --out-of-range clip --json
  holds "$packing: simulate agrees with ciphertexts" python3 - found.json "$log.out" <<'P'
import json, sys
found, said = (json.load(open(path)) for path in sys.argv[1:])
none = {row["row"]: row["state"] for row in found if row.get("state") in ("beyond", "spoilt")}
simulated = {row["row"]: row["state"] for row in said["no_answer"]}
assert none and none == simulated, (none, simulated)
assert [row["stage"] for row in said["no_answer"] if row["stage"] is not None], said
P
done
for packing in latency throughput; do
  run blindsight simulate d.model large.csv --packing $packing --json
  cp "$log.out" said.json
  run blindsight evaluate d.model large.csv --packing $packing --json
  holds "$packing: evaluate says it beside the clear outputs" python3 - said.json "$log.out" <<'P'
import json, sys
said, clear = (json.load(open(path)) for path in sys.argv[1:])
wanted = {row["row"]: row["state"] for row in said["no_answer"] + said["out_of_range"]}
found = {row["row"]: row["state"] for row in clear["predictions"] if "state" in row}
assert found == wanted and "refused" in wanted.values(), (wanted, found)
assert all(None not in row["outputs"] for row in clear["predictions"]), clear
P
done
run blindsight simulate d.model large.csv --packing throughput --out-of-range clip
says "a batch is spoilt as a whole" "^no answer *11 rows, and said to have none; 11 of them are of a spoilt batch"
says "by which row, and where" "^too large *row 4, from stage [1-4] of 4 on"
finish
