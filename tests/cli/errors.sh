#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every file that is the wrong one, cut short or damaged has its own message, which names it;
# nothing is written.
# shellcheck disable=SC1091,SC2154,SC2317 # not followed; functions are called by others
. tests/cli/check.inc

blindsight train "$data" --label diagnosis --epochs 3 --validation rows.csv -o a.model >/dev/null
blindsight train "$data" --label diagnosis --epochs 3 --hidden none -o b.model >/dev/null
# The same parameters as a's, another plan.
blindsight export a.model | sed 's/"name": "a"/"name": "c"/' >c.json
blindsight import c.json -o c.model >/dev/null
for m in a b c; do
  blindsight compile $m.model --error 1e-3 --headroom 8 -o $m >/dev/null
done
for m in a b c; do
  blindsight keygen $m.client -o $m >/dev/null
  blindsight encrypt $m.client --key $m.key rows.csv --rows 0-2 -o $m.sample >/dev/null
  blindsight-infer $m.server --keys $m.keys $m.sample -o $m.result >/dev/null
done
blindsight compile a.model --error 1e-3 --packing latency -o narrow >/dev/null
blindsight keygen narrow.client -o narrow >/dev/null
holds "the ground is laid" [ -s a.result -a -s b.result -a -s narrow.keys ]

infer() { # infer SERVER KEYS SAMPLE
  blindsight-infer "$1" --keys "$2" "$3" -o out
}
encrypt() { # encrypt CLIENT KEY DATA [OPTION...]
  client=$1 key=$2 table=$3
  shift 3
  blindsight encrypt "$client" --key "$key" "$table" -o out "$@"
}
decrypt() { # decrypt CLIENT KEY RESULT
  blindsight decrypt "$1" --key "$2" "$3"
}

# --- files of another kind
wrong() { # wrong FILE IS NEEDED COMMAND...
  file=$1 is=$2 needed=$3
  shift 3
  refused "$file as a $needed file" 1 \
    "$file: this is an* $is file where an* $needed file is needed" "$@"
}
wrong a.client client server infer a.client a.keys a.sample
wrong a.server server client encrypt a.server a.key rows.csv
wrong a.model model server infer a.model a.keys a.sample
wrong a.key "secret key" "evaluation key" infer a.server a.key a.sample
wrong a.keys "evaluation key" "secret key" encrypt a.client a.keys rows.csv
wrong a.result result sample infer a.server a.keys a.result
wrong a.sample sample result decrypt a.client a.key a.sample
wrong a.server server model blindsight compile a.server -o out
wrong a.client client model blindsight export a.client -o out
wrong a.model model client blindsight keygen a.model -o out
for command in "export rows.csv -o out" "compile rows.csv -o out" "keygen rows.csv -o out" \
  "inspect rows.csv" "encrypt rows.csv --key a.key rows.csv -o out" \
  "encrypt a.client --key rows.csv rows.csv -o out" "decrypt a.client --key a.key rows.csv" \
  "infer rows.csv --keys a.keys a.sample -o out" "infer a.server --keys rows.csv a.sample -o out" \
  "infer a.server --keys a.keys rows.csv -o out"; do
  refused "$command" 1 "rows.csv: not one of our files" blindsight $command
done

# --- files that are not there, empty, cut short, damaged
damage() { # damage FILE COPY: one bit in the middle
  middle=$(($(wc -c <"$1") / 2))
  byte=$(od -An -tu1 -j "$middle" -N 1 "$1" | tr -d ' ')
  cp -p "$1" "$2"
  printf %b "\\0$(printf %o $((byte ^ 16)))" |
    dd of="$2" bs=1 seek="$middle" conv=notrunc 2>/dev/null
}
for kind in model server client key keys sample result; do
  (umask 077 && : >empty.$kind && head -c 100 a.$kind >short.$kind &&
    head -c $(($(wc -c <a.$kind) - 1)) a.$kind >cut.$kind)
  damage a.$kind flipped.$kind
done
each() { # each KIND COMMAND... with FILE in the place of the file
  kind=$1
  shift
  for state in absent empty short cut flipped; do
    case $state in
      absent) message="cannot open: No such file" ;;
      empty) message="empty" ;;
      short) message="too short" ;;
      cut) message="truncated" ;;
      flipped) message="damaged" ;;
    esac
    refused "$state $kind" 1 "^*$state.$kind: $message" \
      $(printf '%s\n' "$@" | sed "s/^FILE$/$state.$kind/")
  done
}
each model blindsight compile FILE -o out
each model blindsight export FILE -o out
each model blindsight evaluate FILE rows.csv --outputs out
each client blindsight keygen FILE -o out
each client blindsight encrypt FILE --key a.key rows.csv -o out
each key blindsight encrypt a.client --key FILE rows.csv -o out
each key blindsight decrypt a.client --key FILE a.result
each server blindsight-infer FILE --keys a.keys a.sample -o out
each keys blindsight-infer a.server --keys FILE a.sample -o out
each sample blindsight-infer a.server --keys a.keys FILE -o out
each result blindsight decrypt a.client --key a.key FILE
each result blindsight inspect FILE
cat a.sample a.sample >twice.sample
refused "two samples in one" 1 "twice.sample: .* trailing bytes" infer a.server a.keys twice.sample

# --- files of another model
refused "keys of other parameters" 1 "b.keys: made for other encryption parameters" \
  infer a.server b.keys a.sample
refused "a sample of other parameters" 1 "b.sample: made for other encryption parameters" \
  infer a.server a.keys b.sample
refused "a result of other parameters" 1 "b.result: made for other encryption parameters" \
  decrypt a.client a.key b.result
refused "a secret key of another model" 1 "b.key: the key of another model.*a.client" \
  encrypt a.client b.key rows.csv
refused "a larger secret key of another model" 1 "a.key: the key of another model.*b.client" \
  decrypt b.client a.key b.result
params() { blindsight inspect "$1" | grep "^params hash"; }
holds "c has a's parameters" [ "$(params a.client)" = "$(params c.client)" ]
refused "keys of another plan" 1 "a.keys: made for another model than 'c'" \
  infer c.server a.keys a.sample
refused "a result of another plan" 1 "a.result: made for another model than 'c'" \
  decrypt c.client a.key a.result
refused "a sample of another plan" 1 "a.sample: made for another model than 'c'" \
  infer c.server c.keys a.sample

# --- what would leave results unhidden: the golden keys have no public key behind them
g="$root/tests/golden"
refused "keys without a public key" 1 "plan.keys: there is no public key with the evaluation keys" \
  infer "$g/plan.server" "$g/plan.keys" "$g/plan.sample"

# --- tables
cut -d, -f 1-29 rows.csv >narrow.csv
sed '2s/^[^,]*/abc/' rows.csv >words.csv
sed '3s/,[^,]*$//' rows.csv >ragged.csv
head -n 1 rows.csv >header.csv
refused "a column is missing" 1 'narrow.csv: line 1: there is no column "fractal_dimension_worst"' \
  encrypt a.client a.key narrow.csv
refused "a text among numbers" 1 'words.csv: line 2, column 1 "radius_mean": "abc"' \
  encrypt a.client a.key words.csv
refused "a short line" 1 "ragged.csv: line 3: 30 columns where the header has 31" \
  encrypt a.client a.key ragged.csv
refused "no rows" 1 "header.csv: no rows" encrypt a.client a.key header.csv
refused "no label column" 1 'rows.csv: there is no column "ill"' \
  blindsight evaluate a.model rows.csv --label ill
refused "training without its label" 1 'there is no column "ill"' \
  blindsight train "$data" --label ill -o out
refused "a row that is not there" 1 "rows.csv, 0 to 113" encrypt a.client a.key rows.csv --rows 114
refused "rows backwards" 1 "rows 5-2" encrypt a.client a.key rows.csv --rows 5-2
refused "no rows at all" 1 "rows 1,:" encrypt a.client a.key rows.csv --rows 1,
refused "a packing that was not compiled" 1 "narrow.client: .*throughput packing" \
  encrypt narrow.client narrow.key rows.csv --rows 0 --packing throughput

# --- weights in JSON
echo '{"name": "x", "features": ["a"], "labels": ["n", "y"], "layers": [{"weight": [[1], [2]],
  "biases": [0, 0], "activation": "identity"}]}' >field.json
echo '{"name": ' >open.json
refused "an unknown field" 1 "field.json: layers\[0\].biases: unknown field" \
  blindsight import field.json -o out
refused "no JSON" 1 "open.json: line" blindsight import open.json -o out

# --- plans that cannot be
refused "too small a ring" 1 "a.model: .*N = 2^10 allows" blindsight compile a.model --log2-n 10 -o out
refused "too small an error" 1 "a.model: .*1e-09" blindsight compile a.model --error 1e-9 -o out

# --- outputs that cannot be written
mkdir folder
refused "no such folder" 1 "nowhere/x: cannot write" blindsight export a.model -o nowhere/x
refused "a folder" 1 "folder: cannot write: this is a folder" blindsight export a.model -o folder
refused "a full device" 1 "/dev/full: cannot write" blindsight export a.model -o /dev/full
refused "training for nothing" 1 "nowhere/x: cannot write" \
  blindsight train "$data" --label diagnosis --epochs 1000000 -o nowhere/x
run sh -c 'blindsight inspect a.client >/dev/full'
holds "standard output is full" [ "$rc" = 1 ]
# --- a result in the place of what it is made of
cp "$data" own.csv
refused "rows over the table" 1 "own.csv: would be written over another file of the same command" \
  blindsight train own.csv --label diagnosis --epochs 1 -o own.model --validation own.csv
ln own.csv other.csv
refused "by another name" 1 "other.csv: would be written over another file" \
  blindsight train own.csv --label diagnosis --epochs 1 -o other.csv
refused "outputs over the model" 1 "a.model: would be written over another file" \
  blindsight evaluate a.model own.csv --outputs a.model
refused "two new files of one name" 1 "new.model: would be written over another file" \
  blindsight train own.csv --label diagnosis --epochs 1 -o new.model --validation ./new.model
works "a label is no file" blindsight train own.csv --label diagnosis --epochs 1 -o diagnosis
works "nor is it the second time" blindsight train own.csv --label diagnosis --epochs 1 -o diagnosis

finish
