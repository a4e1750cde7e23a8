#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may read what is written, what is never overwritten, what an interruption leaves behind,
# and that the program of the server knows no secret keys.
# shellcheck disable=SC1091,SC2154,SC2012 # not followed; ls shows modes of known names
. tests/cli/check.inc

blindsight train "$data" --label diagnosis --epochs 3 --validation rows.csv -o a.model >/dev/null
blindsight compile a.model --error 1e-3 -o a >/dev/null
works "keygen" blindsight keygen a.client -o alice
mode() { ls -l "$1" | cut -c 1-10; }
for file in a.model a.server alice.key; do
  holds "$file is its owner's alone" [ "$(mode $file)" = -rw------- ]
done
for file in a.client alice.keys; do
  holds "$file may be given away" [ "$(mode $file)" = -rw-r--r-- ]
done

# --- secret keys
refused "a key that exists" 1 "alice.key: exists; --force" blindsight keygen a.client -o alice
refused "a result over a key" 1 "alice.key: is a secret key, which is not overwritten" \
  blindsight export a.model -o alice.key
refused "a sample over a key" 1 "alice.key: is a secret key" \
  blindsight encrypt a.client --key alice.key rows.csv --rows 0 -o alice.key
cp -p alice.key before.key
works "--force" blindsight keygen a.client -o alice --force
holds "another key" sh -c '! cmp -s alice.key before.key'
holds "still its owner's alone" [ "$(mode alice.key)" = -rw------- ]
# --- two at once with one name: one makes the keys, which belong together; the other says why not
for _ in 1 2 3 4; do
  blindsight keygen a.client -o twin >twin1.out 2>twin1.err </dev/null &
  twin=$!
  run blindsight keygen a.client -o twin
  first=0
  wait $twin || first=$?
  holds "one of two at once" [ "$first$rc" = 01 -o "$first$rc" = 10 ]
  holds "the other is told" [ "$(cat twin1.err "$log.err" | grep -c 'twin.key: exists; --force')" = 1 ]
  works "its sample" blindsight encrypt a.client --key twin.key rows.csv --rows 0 -o twin.sample
  works "its evaluation keys" blindsight infer a.server twin.sample --keys twin.keys -o twin.result
  rm twin.key twin.keys
done

cp alice.key shown.key
chmod 644 shown.key
refused "a key that others can read" 1 "shown.key: group or others can read" \
  blindsight encrypt a.client --key shown.key rows.csv --rows 0 -o out
run blindsight inspect shown.key
holds "inspect warns of it" grep -q "warning: shown.key: group or others" "$log.err"

# inspect tells public facts: none of the bytes of the key, in hex, in any run of 8.
works "inspect a key" blindsight inspect alice.key
says "its parameters" "^security *128 bits"
payload=$(tail -c +300 alice.key | head -c 1000 | od -An -v -tx1 | tr -d ' \n')
for at in 1 101 501 901; do
  piece=$(printf %s "$payload" | cut -c $at-$((at + 15)))
  holds "no byte of the key" sh -c "! grep -q $piece '$log.out'"
done
for kind in model server client keys; do
  file=a.$kind
  [ $kind != keys ] || file=alice.keys
  works "inspect $file" blindsight inspect $file
  works "inspect $file --json" blindsight inspect $file --json
  says "its kind" '"kind": "'
done
# No weight in what is for everybody.
weight=$(blindsight export a.model | grep -A 1 '"weight"' | tail -n 1 | tr -d ' []' | cut -d, -f 1)
run blindsight inspect a.server --json
holds "no weight in inspect" sh -c "! grep -q -e '$weight' '$log.out'"

# --- interruption: whole files or none, no temporary ones
interrupt() { # interrupt SIGNAL SECONDS COMMAND...
  sent=$1 seconds=$2
  shift 2
  run timeout --foreground --preserve-status -s "$sent" "$seconds" env --default-signal="$sent" "$@"
}
left() { find . -name '*.tmp' -o -name "$1*" | wc -l; }
if env --default-signal=INT true 2>/dev/null; then
  for signal in INT:130 TERM:143 HUP:129; do
    interrupt ${signal%:*} 0.5 blindsight train "$data" --label diagnosis --epochs 1000000 \
      -o stopped.model --validation stopped.csv
    holds "$signal ends training" [ "$rc" = "${signal#*:}" ]
    holds "$signal leaves nothing" [ "$(left stopped)" = 0 ]
  done
  # Compiling is over soon: wherever the signal falls, there are two whole files or none.
  for after in 0.01 0.02 0.04 0.06 0.1; do
    interrupt INT $after blindsight compile a.model --error 1e-6 -o stopped
    n=$(left stopped)
    holds "compile stopped after $after s leaves $n files" [ "$n" = 0 -o "$n" = 2 ]
    [ "$n" = 0 ] || works "they are whole" blindsight inspect stopped.server
    rm -f stopped.*
  done
else
  echo "SKIP interruption: env cannot reset signals"
fi

# --- pipes: keys are a pair of files, and signals are held while they are written
pipes=$TEST_TMP/pipes
mkdir "$pipes"
mkfifo "$pipes/a.keys" "$pipes/b.key" "$pipes/c.server"
refused "keygen into a pipe" 1 "a.keys: is no file" timeout 20 blindsight keygen a.client \
  -o "$pipes/a"
refused "a secret into a pipe" 1 "b.key: is no file" timeout 20 blindsight keygen a.client \
  -o "$pipes/b" --force
refused "compile into a pipe" 1 "c.server: is no file" timeout 20 blindsight compile a.model \
  -o "$pipes/c"

# --- the server's program
nm -P "$BUILD/blindsight-infer" >"$log.names"
holds "nm shows names" grep -q '^exec_engine_build ' "$log.names"
holds "no secret key in blindsight-infer" \
  sh -c "! grep -E '^(secret_|client_|ckks_secret_key_|ckks_encrypt |ckks_decrypt)' '$log.names'"
nm -P "$BUILD/blindsight" >"$log.names"
holds "but in blindsight" grep -q '^secret_' "$log.names"
finish
