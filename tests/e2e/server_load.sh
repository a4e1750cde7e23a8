#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Eight clients with keys of their own ask as fast as they are answered; meanwhile the health and
# metadata endpoints are asked, too, and models are read anew. Nothing is lost, nothing but 200 and
# 503 is answered, memory stays flat. LOAD_SECONDS=60 for the long form.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
seconds=${LOAD_SECONDS:-5}
run blindsight train "$data" --label diagnosis --epochs 5 -o m.model
mkdir models
run blindsight compile m.model -o models/m
token=$(blindsight token create --state state --requests-per-minute 100000000 \
  --predictions-per-day 100000000)
blindsight-server serve models --state state --listen 127.0.0.1:0 --queue 6 >serve.log 2>serve.err &
server=$!
trap 'kill -9 $server 2>/dev/null' EXIT
tries=0
until grep -q "serving on" serve.log || [ $tries = 100 ]; do sleep 0.05; tries=$((tries + 1)); done
port=$(sed -n 's/.*serving on .*:\([0-9]*\)$/\1/p' serve.log)
memory() { sed -n '/^VmRSS/p' "/proc/$server/status" | tr -dc 0-9; }

works "warm" "$BUILD/bench/load_server" "$port" models/m.client "$token" 8 2
before=$(memory)
"$BUILD/bench/load_server" "$port" models/m.client "$token" 8 "$seconds" >load.out 2>&1 &
load=$!
if command -v wrk >/dev/null; then
  run wrk -t1 -c8 -d2 "http://127.0.0.1:$port/v2/health/ready"
  says "wrk" "Requests/sec"
  holds "no errors" sh -c "! grep -q 'Non-2xx' '$log.out'"
  run wrk -t1 -c8 -d2 -H "Authorization: Bearer $token" "http://127.0.0.1:$port/v2/models/m"
  holds "no errors" sh -c "! grep -q 'Non-2xx' '$log.out'"
fi
kill -HUP $server
wait $load
is_load=$?
cat load.out
holds "nothing lost, nothing wrong" [ $is_load = 0 ]
after=$(memory)
echo "memory: $before kB, then $after kB"
# The second eight clients bring eight more sets of keys (about 7 MB each, expanded).
case "$BUILD" in
  *asan) ;; # the sanitizer keeps what is freed for a while
  *) holds "memory is flat" [ "$after" -lt $((before + 100000)) ] ;;
esac
holds "the models were read anew" grep -q "models read anew" serve.err
kill $server
holds "the server ends well" wait $server
trap - EXIT
works "audit" blindsight audit verify --state state
finish
