#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration tells the truth: what report.json says keeps its bounds and agrees with the
# files; report.html stands alone and escapes what comes from data; what goes wrong is said; an
# interruption ends the child that runs.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

# field NAME [FILE]: a number at the top of a report
field() { sed -n 's/^  "'"$1"'": \(.*[^,]\),*$/\1/p' "${2:-out/report.json}"; }
# bound NAME LOW HIGH: a field lies between them, ends included
bound() {
  value=$(field "$1")
  if awk -v v="$value" -v low="$2" -v high="$3" \
    'BEGIN { exit !(v ~ /^-?[0-9]/ && v + 0 >= low + 0 && v + 0 <= high + 0) }'; then
    pass
  else
    failed=$((failed + 1))
    echo "$1 is '$value', not $2 to $3"
  fi
}

works "the demonstration" blindsight demo --data "$data" --out out/
cp "$log.out" told
works "with JSON" blindsight demo --data "$data" --out json --clients 2 --json
holds "JSON and nothing else" cmp "$log.out" json/report.json

# --- what was promised
bound accuracy_clear 0.947 1
bound f1_clear 0.93 1
bound auc_clear 0.98 1
bound label_flips 0 0
bound max_error 1e-12 1e-4 # without any error nothing was encrypted
bound security_bits 128 128
bound log2_n 13 13
bound log2_qp 60 214
bound depth 1 4
bound evaluation_key_bytes 100000 8e6
bound sample_bytes 10000 250000
bound result_bytes 1000 70000
bound rows 114 114
bound clients 10 10
case $BUILD in
  *asan) ;; # its shadow memory is no measure
  *) bound infer_peak_rss_bytes 1e6 150e6 ;;
esac
for time in train_ms compile_ms keygen_ms_median encrypt_ms_median load_keys_ms_median \
  infer_ms_median decrypt_ms_median throughput_row_ms total_ms; do
  bound $time 0.0001 600000
done
holds "the same accuracy" [ "$(field accuracy_encrypted)" = "$(field accuracy_clear)" ]
holds "the same F1" [ "$(field f1_encrypted)" = "$(field f1_clear)" ]
holds "ten clients in it" [ "$(grep -c '"outputs_encrypted"' out/report.json)" = 10 ]
for file in keys:evaluation_key sample:sample result:result; do
  path=out/client01/${file%%:*}
  [ -e $path ] || path=out/client01/client.keys
  holds "size of $path" [ "$(wc -c <$path)" = "$(field ${file##*:}_bytes)" ]
done

# --- the files say the same, without the demonstration
works "clear" blindsight evaluate out/wdbc.model out/validation.csv --label diagnosis \
  --outputs clear.csv
says "the accuracy" "^accuracy *$(printf %.6f "$(field accuracy_clear)")$"
for folder in rows batch; do
  works "decrypt $folder" blindsight decrypt out/wdbc.client out/$folder/result \
    --key out/$folder/client.key --outputs --csv
  holds "predictions in $folder" same_predictions clear.csv "$log.out" 114
done
distinct=$(cksum out/client*/client.key json/client*/client.key | cut -d ' ' -f 1 | sort -u | wc -l)
holds "clients have keys of their own, new ones in each run" [ "$distinct" = 12 ]
works "its own key decrypts" blindsight decrypt out/wdbc.client out/client02/result \
  --key out/client02/client.key --outputs --csv
refused "another's does not" 1 "another secret key" blindsight decrypt out/wdbc.client \
  out/client02/result --key out/client01/client.key --outputs --csv
holds "secret keys are their owners' alone" sh -c \
  '! find out -name client.key -perm /077 | grep -q .'

# --- on the terminal
holds "within 100 columns" sh -c '! grep -qE "^.{101}" told'
holds "no control characters" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" told'
for line in "accuracy 0.9" "128 bits" "in clear  *0.9" "one batch  *0.9" "infer  *[0-9.]* ms" \
  "report.html"; do
  holds "it says '$line'" grep -q "$line" told
done
holds "ten clients on it" [ "$(grep -cE '^ +[0-9]+ +[0-9]+ +[BM] +[BM] ' told)" = 10 ]

# --- the page
page=out/report.html
for plot in "Loss on training" "ROC curve" "Confusion matrix in clear" \
  "Confusion matrix, encrypted" "How far encrypted" "Differences of rows" "Bytes of keys" \
  "Times of the steps"; do
  holds "plot: $plot" grep -q "<svg [^>]*aria-label=\"$plot" $page
done
holds "8 plots" [ "$(grep -c '<svg ' $page)" = 8 ]
holds "as many ends" [ "$(grep -o '</svg>' $page | wc -l)" = 8 ]
holds "nothing from elsewhere" sh -c \
  "! grep -qiE 'https?:|src=|href=|<script|<link|@import|url\\(' $page"
holds "no number that is none" sh -c "! grep -qE '[^a-z](nan|inf)[^a-z]' $page"
holds "light and dark" grep -q 'prefers-color-scheme:dark' $page
holds "for phones" grep -q 'name="viewport"' $page
holds "for paper" grep -q '@media print' $page

# --- names that mean something in HTML, and three classes
awk 'BEGIN {
  srand(7)
  print "<b>x</b>,\"y\"\"&\",z,kind"
  for (i = 0; i < 150; i++) {
    k = i % 3
    printf "%f,%f,%f,%s\n", k + rand(), 2 * (k == 1) + rand(), rand(),
      k == 0 ? "<script>alert(1)</script>" : k == 1 ? "a&b" : "\"quoted \"\"c\"\"\""
  }
}' >'odd <i>.csv'
works "odd names" blindsight demo --data 'odd <i>.csv' --label kind --out odd --clients 3
holds "no script" sh -c '! grep -q "<script" odd/report.html'
holds "no markup of others" sh -c '! grep -q "<i>" odd/report.html'
holds "but as text" grep -q '&#60;script&#62;' odd/report.html
holds "without a ROC curve" [ "$(grep -c '<svg ' odd/report.html)" = 7 ]
holds "no flips" [ "$(field label_flips odd/report.json)" = 0 ]

# --- what goes wrong
refused "no data" 1 "nothing.csv: cannot read: No such file" blindsight demo --data nothing.csv
refused "no such folder" 1 "told: cannot make this folder\|told/demo: cannot make" \
  blindsight demo --data "$data" --out told/demo
refused "a file for a folder" 1 "told.*cannot write" blindsight demo --data "$data" --out told
refused "too many clients" 2 "clients 100: must be a whole number 1 to 99" \
  blindsight demo --clients 100
refused "an operand" 2 "one argument too many" blindsight demo "$data"
refused "a long path" 2 "out: is longer than 512 bytes" \
  blindsight demo --out "$(printf %0600d 0)"
run blindsight demo --data "$data" --label diagnose --out wrong
holds "the message of a command is passed on" grep -q '^blindsight: .*"diagnose"' "$log.err"
holds "with exit code 1" [ "$rc" = 1 ]
holds "and without reports" [ ! -e wrong/report.json ]

# --- a server of ours in place of the real one
mkdir lone
cp "$BUILD/blindsight" lone/
refused "no blindsight-infer" 1 "lone/blindsight-infer: is needed" \
  lone/blindsight demo --data "$data" --out other
server() { # server LINE...: what the program does
  printf '%s\n' '#!/bin/sh' "$@" >lone/blindsight-infer
  chmod +x lone/blindsight-infer
}
server "echo \"\$@\" >>asked" "exec '$BUILD/blindsight-infer' \"\$@\""
works "one that keeps a list" lone/blindsight demo --data "$data" --out asking --clients 3
holds "a process for each" [ "$(wc -l <asked)" = 5 ]
holds "which is told of no secret key" sh -c '! grep -q "\.key\( \|$\)" asked'
server 'exit 3'
run lone/blindsight demo --data "$data" --out failing
holds "one that fails" grep -q '^blindsight: blindsight-infer ended with code 3$' "$log.err"
server 'kill -9 $$'
run lone/blindsight demo --data "$data" --out failing
holds "one that is killed" grep -q '^blindsight: blindsight-infer was ended by signal 9$' "$log.err"
server 'echo "no memory" >&2; exit 1'
run lone/blindsight demo --data "$data" --out failing
holds "its message" grep -q 'ended with code 1: no memory$' "$log.err"
server 'echo "{"'
run lone/blindsight demo --data "$data" --out failing
holds "one that prints no JSON" grep -q 'JSON: line' "$log.err"
holds "exit code" [ "$rc" = 1 ]

# --- interruption: the child ends, nothing half-written stays
server 'echo $$ >pid.new; mv pid.new pid; exec sleep 60'
lone/blindsight demo --data "$data" --out stopped >/dev/null 2>&1 &
demo=$!
holds "the server runs" eventually [ -s pid ]
kill -TERM $demo
rc=0
wait $demo || rc=$?
holds "code 143" [ "$rc" = 143 ]
gone() { ! kill -0 "$(cat pid)" 2>/dev/null; }
holds "the child is gone" eventually gone
holds "no report" [ ! -e stopped/report.json ]
holds "no temporary file" sh -c '! find stopped -name "*.tmp*" | grep -q .'

finish
