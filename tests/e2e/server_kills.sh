#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 at any moment of a job's life leaves no file that no job speaks for.
#   server_kills.sh [KILLS]   (25; `make test-all` runs 200)
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
kills=${1:-25}
works "train" blindsight train "$data" --label diagnosis --epochs 2 -o m.model
mkdir models
works "compile" blindsight compile m.model -o models/m
works "keygen" blindsight keygen models/m.client -o me
works "a sample" blindsight encrypt models/m.client "$data" --key me.key --rows 0-2 -o s
token=$(blindsight token create --state state --requests-per-minute 100000000)
key=$(b2sum -l 256 me.keys | cut -d ' ' -f 1)
server=""
trap '[ -z "$server" ] || kill -9 $server 2>/dev/null' EXIT
start() {
  rm -f serve.log
  blindsight-server serve models --state state --listen 127.0.0.1:0 --jobs 100000 >serve.log \
    2>>serve.err </dev/null &
  server=$!
  served serve.log $server
  url=$address
}
ask() { curl -s --noproxy '*' -H "Authorization: Bearer $token" "$@"; }
jobs() { # asks for jobs, and forgets those that are done, until the server is gone
  while ask -o answer.$1 -D head.$1 -H "Content-Type: application/octet-stream" \
    -H "Blindsight-Key: $key" -H "Prefer: respond-async" --data-binary @s \
    "$url/v2/models/m/infer"; do
    job=$(tr -d '\r' <head.$1 | sed -n 's/^Location: //p')
    [ -z "$job" ] || ask -o /dev/null -X DELETE "$url$job"
  done
}
start
ask -T me.keys -o /dev/null "$url/v2/keys/$key"
n=0
while [ $n -lt "$kills" ]; do
  jobs one & one=$!
  jobs two & two=$!
  # From before the first job to the middle of some: 0 to 0.1 s.
  sleep "$(awk -v n=$n 'BEGIN { srand(n); printf "%.3f", 0.1 * rand() }')"
  kill -9 $server
  wait $server 2>/dev/null
  wait $one $two
  start
  n=$((n + 1))
done
kill $server
wait $server
start # what the last shutdown left waiting is queued again
idle() { [ "$(find state/jobs -name '*.in' | wc -l)" = 0 ]; }
holds "no job waits" eventually idle
kill $server
wait $server
server=""
find state/jobs -type f | sed 's|.*/||; s|\..*||' | sort >files
python3 - >rows <<'EOF'
import sqlite3
for (i,) in sqlite3.connect('state/blindsight.db').execute('SELECT id FROM jobs WHERE state = 1'):
    print(i)
EOF
sort -o rows rows
echo "$kills kills; $(wc -l <rows) jobs are done, $(wc -l <files) files"
holds "jobs were done" [ -s rows ]
holds "each file is a job's result, and the other way" cmp rows files
works "the log is whole" blindsight audit verify --state state
finish
