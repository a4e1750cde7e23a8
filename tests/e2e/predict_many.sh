#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many rows: several requests in flight, jobs for batches, a server that is killed while jobs wait,
# run and lie finished there, a client that is interrupted.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/e2e/service.inc"

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "clear" blindsight evaluate wdbc.model validation.csv --outputs clear.csv
works "compile" blindsight compile wdbc.model -o wdbc
mkdir models
mv wdbc.server models
# Ninety copies of the 114 validation rows: three batches.
{ cat validation.csv; for _ in $(seq 89); do sed 1d validation.csv; done; } >many.csv
works "clear" blindsight evaluate wdbc.model many.csv --outputs many_clear.csv
n_many=$((90 * 114))
works "token" blindsight-server token create --scope infer,metrics --state "$state" --name clinic \
  --predictions-per-day 1000000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
predict() { blindsight predict --server "$url" --cacert tls.crt --key alice.key --csv --outputs "$@"; }
jobs_left() { find "$state/jobs" -type f | wc -l; }
# jobs_run: as the audit log has it (the service is to be stopped before)
jobs_run() { blindsight-server audit show --state "$state" | grep -c '"method":"JOB"'; }
# under_way COMMAND...: starts it, and waits until the service has answered some of its requests
under_way() {
  "$@" >"$log.under" 2>"$log.under.err" </dev/null &
  client=$!
  for _ in $(seq 600); do
    if [ "$(figure 'blindsight_requests_total{method="POST"')" -ge 3 ]; then break; fi
    kill -0 $client 2>/dev/null || break
    sleep 0.01
  done
}

serve models --workers 1
run predict validation.csv --rows 0
# --- requests in flight: as many as wanted, results in the order of the rows
for parallel in 1 2 16 64; do
  run predict validation.csv --packing latency --parallel $parallel
  holds "$parallel at a time" [ "$rc" = 0 ]
  mv "$log.out" some.csv
  holds "in order, $parallel at a time" same_predictions clear.csv some.csv 114
done
refused "none at a time" 2 "parallel" predict validation.csv --parallel 0
refused "too many at a time" 2 "parallel" predict validation.csv --parallel 65

# --- jobs: batches by themselves, rows when asked for; nothing stays on the server
run predict many.csv
holds "batches" [ "$rc" = 0 ]
mv "$log.out" some.csv
holds "as in clear, batches" same_predictions many_clear.csv some.csv $n_many
holds "no job stays" [ "$(jobs_left)" = 0 ]
run predict validation.csv --packing latency --jobs always --rows 0-19
holds "rows as jobs" [ "$rc" = 0 ]
mv "$log.out" some.csv
head -n 21 clear.csv >twenty_clear.csv
holds "as in clear, rows as jobs" same_predictions twenty_clear.csv some.csv 20
holds "no job stays of rows" [ "$(jobs_left)" = 0 ]
run predict many.csv --jobs never --rows 0-113
holds "waited for" [ "$rc" = 0 ]
stop TERM
holds "three batches and twenty rows were jobs" [ "$(jobs_run)" = 23 ]

# --- kill -9 while jobs wait, run and lie finished there; the next server on the port has them all
serve models --workers 1
under_way predict validation.csv --packing latency --jobs always --parallel 16
holds "the client is not done" kill -0 $client
stop KILL
serve models --workers 1
rc=0
wait $client || rc=$?
holds "a client outlives the server of its jobs" [ $rc = 0 ]
holds "rows of two servers" same_predictions clear.csv "$log.under" 114
# A job whose acceptance the client never heard of may stay, until its time is over.
holds "hardly a job stays" [ "$(jobs_left)" -le 32 ]
stop TERM
serve models --workers 1
under_way predict many.csv
stop KILL
serve models --workers 1
rc=0
wait $client || rc=$?
holds "a client outlives the server of its batches" [ $rc = 0 ]
holds "batches of two servers" same_predictions many_clear.csv "$log.under" $n_many
stop TERM

# --- an interruption in the middle: no result, no trace, and the next run is as any
serve models --workers 1 --queue 2
cksum alice.key alice.keys >keys.before
for signal in INT TERM; do
  [ $signal = INT ] && code=130 || code=143
  run timeout --preserve-status -s $signal 1 blindsight predict --server "$url" --cacert tls.crt \
    --key alice.key --csv many.csv --packing latency
  holds "$signal ends it" [ "$rc" = $code ]
  holds "nothing is printed" [ ! -s "$log.out" ]
done
holds "the keys are as they were" sh -c 'cksum alice.key alice.keys | cmp - keys.before'
run predict validation.csv --packing latency --parallel 8
holds "a full queue, eight at a time" [ "$rc" = 0 ]
mv "$log.out" some.csv
holds "in order in spite of it" same_predictions clear.csv some.csv 114
stop TERM
holds "the server ends in order" [ $server_rc = 0 ]
works "the log is whole" blindsight-server audit verify --state "$state"
finish
