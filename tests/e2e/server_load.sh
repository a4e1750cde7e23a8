#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Eight clients with keys of their own ask as fast as they are answered; meanwhile wrk asks the
# health and metadata endpoints, and models are read anew. Nothing is lost, nothing but 200 and
# 503 is answered, memory stays flat.
#   server_load.sh [SECONDS]
# The long form, 60 seconds, is of at least ten thousand requests and also holds throughput
# against the pure evaluation rate of the cores (docs/operations.md): 85 % of it, at the best of
# three attempts, since whatever else the machine does meanwhile slows a service more than a loop.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
seconds=${1:-5}
# A quarter of the short form is not enough for all clients' keys to be there.
requests=0 attempts=1 long=false growth=65536
[ "$seconds" -lt 60 ] || { requests=10000 attempts=3 long=true growth=8192; }
workers=$(nproc)
run blindsight train "$data" --label diagnosis --epochs 5 -o m.model
mkdir models
run blindsight compile m.model -o models/m
token=$(blindsight token create --state state --scope infer,metrics --requests-per-minute 100000000 \
  --predictions-per-day 100000000)
blindsight-server serve models --state state --listen 127.0.0.1:0 --queue 6 >serve.log 2>serve.err &
server=$!
trap 'kill -9 $server 2>/dev/null' EXIT
served serve.log $server
load() { "$BUILD/bench/load_server" --port "$port" --client models/m.client --token "$token" "$@"; }

# probe PATH: what wrk says of an endpoint that is asked as fast as it answers
probe() {
  run wrk -t1 -c8 -d2 -H "Authorization: Bearer $token" "http://127.0.0.1:$port$1"
  says "wrk" "Requests/sec"
  holds "no errors of $1" sh -c "! grep -q 'Non-2xx\|Socket errors' '$log.out'"
  sed -n "s|^Requests/sec: *|probes of $1 a second: |p" "$log.out"
}
# attempt: one load with all that goes on beside it; $share is its share of the pure rate
attempt() {
  load --seconds "$seconds" --requests $requests --pid $server --server models/m.server \
    --workers "$workers" >load.out 2>&1 &
  load=$!
  sleep 4 # it measures the pure rate first
  if command -v wrk >/dev/null; then
    probe /v2/health/ready
    probe /v2/models/m
  else
    echo "SKIP: there is no wrk"
  fi
  kill -HUP $server
  wait $load
  is_load=$?
  cat load.out
  holds "nothing lost, nothing wrong" [ $is_load = 0 ]
  holds "enough of them" [ "$(sed -n 's/^answered \([0-9]*\),.*/\1/p' load.out)" -ge $requests ]
  share=$(sed -n 's/^share of the pure evaluation rate: //p' load.out)
}
at_least() { echo "$1" | awk -v least="$2" '{ exit !($1 >= least) }'; }

works "warm" load --seconds 2
best=0
for _ in $(seq $attempts); do
  attempt
  best=$(printf '%s\n' "$best" "$share" | sort -g | tail -n 1)
  ! at_least "$best" 0.85 || break
done
grown=$(sed -n 's/^memory of .* \([-+0-9]*\) kB$/\1/p' load.out)
case "$BUILD" in
  *asan) ;; # the sanitizer keeps what is freed for a while
  *) holds "memory is flat: $grown kB" [ "${grown:-none}" -lt $growth ] ;;
esac
! $long || holds "85 % of the pure rate: $best" at_least "$best" 0.85
# Requests without a token, as fast as they come: how many they are does not matter to the disk.
figure() {
  curl -s --noproxy '*' -H "Authorization: Bearer $token" "http://127.0.0.1:$port/metrics" |
    sed -n "s/^blindsight_$1 //p"
}
if command -v wrk >/dev/null; then
  refusals=10000
  ! $long || refusals=1000000
  lines=$(figure audit_lines_total) bytes=$(figure audit_bytes) round=0
  while [ "$(figure audit_counted_total)" -lt $refusals ] && [ $round -lt 200 ]; do
    wrk -t1 -c16 -d3 "http://127.0.0.1:$port/v2/models" >refused.out
    round=$((round + 1))
  done
  counted=$(figure audit_counted_total)
  lines=$(($(figure audit_lines_total) - lines)) bytes=$(($(figure audit_bytes) - bytes))
  echo "$counted refusals in the audit log: $lines lines, $bytes bytes"
  holds "enough refusals" [ "$counted" -ge $refusals ]
  # A line for each address and minute; one or two for each look at the figures would be more.
  holds "they have few lines" [ $lines -lt $((50 + 4 * round)) ]
  holds "and few bytes" [ $bytes -lt 1000000 ]
fi
holds "the models were read anew" grep -q "models read anew" serve.err
kill $server
holds "the server ends well" wait $server
trap - EXIT
works "audit" blindsight audit verify --state state
finish
