#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The real client and the real service, over TLS on loopback: all validation rows both ways, and
# everything that goes wrong between the two: a full queue, a server that is killed, an upload
# that breaks off, keys that are gone, tokens and keys that are not the right ones.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/e2e/service.inc"

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "evaluate" blindsight evaluate wdbc.model validation.csv --label diagnosis \
  --outputs clear.csv
cp "$log.out" clear.metrics
works "compile" blindsight compile wdbc.model -o wdbc
mkdir models
mv wdbc.server models
works "token" blindsight-server token create --scope infer,metrics --state "$state" --name clinic
token=$(cat "$log.out")
export BLINDSIGHT_TOKEN="$token"
# Nothing between this test and its server.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
predict() { blindsight predict --server "$url" --cacert tls.crt "$@"; }
# worked WHAT: the last `run` did, and standard error has reports and warnings only
worked() {
  if [ "$rc" = 0 ] && ! grep -qv '^secret \|^evaluation \|^sent \|warning: validation.csv' \
    "$log.err"; then pass; else fail "$1 (exit code $rc)"; fi
}

serve models --workers 1

# --- the first time: keys are made and sent; then all rows in both packings
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
worked "five rows"
holds "what is new is told" grep -q "^secret *alice.key: new" "$log.err"
holds "the upload is told" grep -q "^sent *[0-9.]* [MkG]*B of keys, once" "$log.err"
holds "the secret key is private" [ "$(stat -c %a alice.key)" = 600 ]
mv "$log.out" few.csv
awk -F, 'NR == 1 || NR >= 5 && NR <= 9 { if (NR > 1) $1 = NR - 5; print }' OFS=, clear.csv \
  >few_clear.csv
holds "as in clear" same_predictions few_clear.csv few.csv 5
cksum alice.key alice.keys >keys.before

# metrics_equal WHAT: what the last command says of its predictions is what evaluate says in clear
metrics_equal() {
  grep -E '^(rows|accuracy|F1|AUC|confusion) |true [BM]' clear.metrics >"$log.wanted"
  grep -E '^(rows|accuracy|F1|AUC|confusion) |true [BM]' "$log.out" >"$log.found"
  holds "$1" diff "$log.wanted" "$log.found"
  holds "$1: there are metrics" [ "$(wc -l <"$log.found")" = 7 ]
}
for packing in throughput latency; do
  run predict --key alice.key validation.csv --label diagnosis --packing $packing
  worked "all rows, $packing"
  metrics_equal "metrics are those in clear, $packing"
  holds "nothing is sent again, $packing" sh -c "! grep -q ^sent '$log.err'"
  run predict --key alice.key validation.csv --packing $packing --csv --outputs
  worked "all outputs, $packing"
  mv "$log.out" "$packing.csv"
  holds "outputs are those in clear, $packing" same_predictions clear.csv "$packing.csv" 114
done
holds "the keys stay as they are" sh -c 'cksum alice.key alice.keys | cmp - keys.before'
run predict --key alice.key validation.csv --json
worked "auto"
says "throughput for many rows" '"packing": "throughput"'
says "the model" '"model": "wdbc"'
plan=$(sed -n 's/.*"plan": "\([0-9a-f]*\)".*/\1/p' "$log.out")
id=$(sed -n 's/.*"key": "\([0-9a-f]*\)".*/\1/p' "$log.out")
works "the model and the plan by name" predict --key alice.key validation.csv --rows 0 \
  --model wdbc@1 --plan "$plan"

# --- two first runs at once, with one name for the key: one secret key, and both work with it
predict --key twin.key validation.csv --rows 3-7 --csv --outputs >twin1.csv 2>twin1.err </dev/null &
twin=$!
run predict --key twin.key validation.csv --rows 3-7 --csv --outputs
worked "one of two"
holds "as in clear, one of two" same_predictions few_clear.csv "$log.out" 5
holds "the other of two" wait $twin
holds "as in clear, the other of two" same_predictions few_clear.csv twin1.csv 5
holds "one secret key" [ "$(cat twin1.err "$log.err" | grep -c '^secret *twin.key: new')" = 1 ]

# --- rows that the model does not answer for: refused, clipped or alone; the others go on
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "area_se") c = i } NR == 6 { $c = 99999 }
  NR == 1 || NR >= 5 && NR <= 9' OFS=, validation.csv >far.csv
for packing in latency throughput; do
  for what in refuse:refused:3 clip:clipped:0 mark:outside:0; do
    policy=${what%%:*} state_of=${what#*:} code=${what##*:}
    state_of=${state_of%:*}
    run predict --key alice.key far.csv --packing $packing --out-of-range $policy --csv --outputs
    cp "$log.out" far.out
    grep -q '^1,.*,beyond$' far.out && state_of=beyond code=3 # nothing is promised of it
    holds "$packing, $policy: exit code" [ "$rc" = $code ]
    holds "$packing, $policy: row 1" grep -q "^1,.*,$state_of\$" far.out
    holds "$packing, $policy: by name" grep -q \
      "warning: far.csv: row 1 (line 3) is .*: column \"area_se\" is 99999; the model answers for" "$log.err"
    sed '/^1,/d; s/,inside$//; s/,state$//' far.out >near.csv
    sed '/^1,/d' few_clear.csv >near_clear.csv
    holds "$packing, $policy: the others" same_predictions near_clear.csv near.csv 4
  done
done
run predict --key alice.key far.csv --json --label diagnosis
holds "JSON: some have no answer" [ "$rc" = 3 ]
says "JSON: which" '"state": "refused"'
says "JSON: the feature" '"feature": "area_se"'
says "JSON: the value" '"value": 99999'
run predict --key alice.key far.csv --label diagnosis
says "metrics are of those that have an answer" "^rows *4 of 5, which have an answer"

# --- what does not fit
refused "a wrong token" 1 "(HTTP 401)" predict --key alice.key validation.csv \
  --token "bst_0123456789abcdef_$(printf %064d 0)"
refused "no token" 1 "a token is needed.*(HTTP 401)" env -u BLINDSIGHT_TOKEN blindsight predict \
  --server "$url" --cacert tls.crt --key alice.key validation.csv
refused "a token that is none" 1 "holds a character" predict --key alice.key validation.csv \
  --token 'a b'
refused "a server that nobody vouches for" 1 "certificate verification failed" \
  blindsight predict --server "$url" --key alice.key validation.csv
refused "a port where nobody is" 1 "no server answers there: is the port right" blindsight predict \
  --server http://127.0.0.1:9 --patience 0 --key alice.key validation.csv
run blindsight predict --server http://127.0.0.1:9 --patience 5 --key alice.key validation.csv
holds "says why it waits, before it gives up" grep -q \
  "waiting for the server: no server answers there.*given up in [0-9]* s" "$log.err"
refused "a name that nobody has" 1 "no machine has this name" blindsight predict \
  --server https://nowhere.invalid --patience 0 --key alice.key validation.csv
python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c = s.accept()[0]
c.recv(99)
c.sendall(b"HTTP/1.1 400 no\r\n\r\n")' >plain.port &
until [ -s plain.port ]; do sleep 0.05; done
refused "no TLS there" 1 "no TLS is spoken there" blindsight predict --cacert tls.crt \
  --server "https://127.0.0.1:$(cat plain.port)" --patience 0 --key alice.key validation.csv
refused "no authorities" 1 "cacert is no PEM file" blindsight predict --server "$url" \
  --cacert nowhere.pem --patience 0 --key alice.key validation.csv
refused "no such model" 1 "there is no model nix here (HTTP 404)" predict --key alice.key \
  validation.csv --model nix
refused "no such version" 1 "(HTTP 404)" predict --key alice.key validation.csv --model wdbc@9
refused "a name that is a path" 1 "must be the name of a model" predict --key alice.key \
  validation.csv --model ../keys
refused "another plan" 1 "not the one asked for" predict --key alice.key validation.csv \
  --plan 0123456789abcdef0123
refused "no plan at all" 1 "16 to 64 hex digits" predict --key alice.key validation.csv --plan xyz
refused "no such column" 1 "there is no column \"truth\"" predict --key alice.key validation.csv \
  --label truth
refused "plain HTTP elsewhere" 1 "use https" blindsight predict --server http://192.0.2.1 \
  --key alice.key validation.csv
refused "no URL" 1 "must begin with http" blindsight predict --server localhost:1 --key alice.key \
  validation.csv
refused "evaluation keys for a secret key" 1 "where a secret key file is needed" \
  predict --key alice.keys validation.csv
# shellcheck disable=SC2016 # for the inner shell
works "a private file for the token" sh -c 'printf "%s\n" "$BLINDSIGHT_TOKEN" >token; chmod 600 token'
works "a token from a file" env -u BLINDSIGHT_TOKEN blindsight predict --server "$url" \
  --cacert tls.crt --token-file token --key alice.key validation.csv --rows 0
chmod 644 token
refused "a token that others can read" 1 "make it 600" predict --token-file token --key alice.key \
  validation.csv

# A key of another model: other parameters are seen before anything is sent, and another plan's
# evaluation keys are refused by the service.
cat >own.json <<'JSON'
{"name": "own", "features": ["radius_mean", "area_se"], "labels": ["B", "M"],
 "scaler": {"mean": [14.1, 40.3], "deviation": [3.5, 45.5]}, "max_abs_input": 20,
 "layers": [{"weight": [[0.3, 0.9], [-0.2, -0.8]], "bias": [0.05, -0.1],
             "activation": "identity", "max_abs": 40}]}
JSON
works "another model" blindsight import own.json -o own.model
works "compiled" blindsight compile own.model -o own
works "keys for it" blindsight keygen own.client -o bob
refused "a key of another model" 1 "the key of another model" predict --key bob.key validation.csv
bob=$(b2sum -l 256 bob.keys | cut -d ' ' -f 1)
holds "its evaluation keys are refused" [ "$(ask "/v2/keys/$bob" -T bob.keys -o refusal.json \
  -w '%{http_code}')" = 422 ]

# --- keys that are gone there: sent again, in the middle of it all if need be
holds "the key is there" [ "$(ask "/v2/keys/$id" -o key.json -w '%{http_code}')" = 200 ]
holds "the key goes" [ "$(ask "/v2/keys/$id" -X DELETE -o gone.json -w '%{http_code}')" = 204 ]
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
worked "after the key was deleted"
holds "sent again" grep -q "^sent" "$log.err"
holds "as in clear again" same_predictions few_clear.csv "$log.out" 5

# --- an upload that breaks off goes on where it stopped
whole=$(stat -c %s alice.keys) part=1000000
ask "/v2/keys/$id" -X DELETE >"$log.held"
head -c "$part" alice.keys >first_part
holds "a part is taken" [ "$(ask "/v2/keys/$id" -T first_part -o part.json -w '%{http_code}' \
  -H "Content-Range: bytes 0-$((part - 1))/$whole")" = 202 ]
before=$(figure blindsight_received_bytes_total)
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
worked "after a part was sent"
after=$(figure blindsight_received_bytes_total)
holds "the rest is sent, not all" [ $((after - before)) -lt "$whole" ]
holds "the rest is sent, all of it" [ $((after - before)) -ge $((whole - part)) ]
holds "as in clear after that" same_predictions few_clear.csv "$log.out" 5
# A part that is not what it should be: refused when it is whole, then sent from the beginning.
ask "/v2/keys/$id" -X DELETE >"$log.held"
tr '\0' x <first_part >damaged
ask "/v2/keys/$id" -T damaged -H "Content-Range: bytes 0-$((part - 1))/$whole" >"$log.held"
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
worked "after a damaged part was sent"
holds "as in clear in spite of it" same_predictions few_clear.csv "$log.out" 5
# A connection that ends in the middle of it.
ask "/v2/keys/$id" -X DELETE >"$log.held"
ask "/v2/keys/$id" -T alice.keys --limit-rate 1m -m 1 >"$log.held" 2>&1
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
worked "after a broken connection"
holds "as in clear, broken or not" same_predictions few_clear.csv "$log.out" 5

# --- kill -9 in the middle of 114 requests; the next server on the port answers the rest
done_before=$(figure blindsight_predictions_total)
predict --key alice.key validation.csv --packing latency --csv --outputs >killed.csv \
  2>"$log.killed" </dev/null &
client=$!
for _ in $(seq 600); do
  [ "$(figure blindsight_predictions_total)" -lt $((done_before + 5)) ] || break
  sleep 0.02
done
stop KILL
holds "the client waits for a server" kill -0 $client
# The next one lets a single request wait.
serve models --workers 1 --queue 1
rc=0
wait $client || rc=$?
holds "a client outlives its server" [ $rc = 0 ]
holds "rows from two servers" same_predictions clear.csv killed.csv 114
holds "the second one had some of them" [ "$(figure blindsight_predictions_total)" -gt 0 ]
holds "not all of them" [ "$(figure blindsight_predictions_total)" -lt 114 ]

# --- a full queue: three at a time where two have room, none lost
clients=""
for n in 1 2 3; do
  predict --key alice.key validation.csv --rows 0-39 --packing latency --csv --outputs \
    >busy$n.csv 2>busy$n.err </dev/null &
  clients="$clients $!"
done
lost=0
for client in $clients; do
  wait "$client" || lost=1
done
holds "three at a time" [ $lost = 0 ]
holds "some were told to come back" [ "$(figure blindsight_refused_total)" -gt 0 ]
head -n 41 clear.csv >many_clear.csv
for n in 1 2 3; do
  holds "client $n of three" same_predictions many_clear.csv busy$n.csv 40
done

# --- a server that ends gives no false hope
stop TERM
holds "the server ends in order" [ $server_rc = 0 ]
refused "no server, no patience" 1 "$url: " predict --key alice.key validation.csv --patience 0
refused "no server, some patience" 1 "given up after [0-9]* attempts" predict --key alice.key \
  validation.csv --patience 1

# --- a new plan of the same parameters: new evaluation keys, the same secret key
cp alice.keys old.keys
works "the model again" blindsight compile wdbc.model -o again --headroom 4.01
mv again.server models/wdbc@2.server
serve models
run predict --key alice.key validation.csv --rows 3-7 --csv --outputs
if grep -q "the key of another model" "$log.err"; then
  pass # the planner took other parameters
else
  worked "a new version"
  holds "keys are made anew" grep -q "^evaluation *alice.keys, .*: new" "$log.err"
  holds "as in clear with the new version" same_predictions few_clear.csv "$log.out" 5
fi
cp old.keys alice.keys
works "the old version is still there" predict --key alice.key validation.csv --rows 3-7 \
  --model wdbc@1 --csv --outputs
# --- a server that asks clients for certificates, too
stop TERM
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout own.key.pem \
  -out own.crt -days 2 -subj /CN=clinic 2>"$log.err" || fail "a certificate of our own"
serve models --client-ca own.crt --max-key-mb 2
holds "what nobody could ask is said at start" grep -q \
  "warning: .*@1: nobody can ask it: a client's keys take 3 MB, above --max-key-mb 2" "$log.serve.err"
refused "no certificate" 1 "a client certificate" predict --key alice.key validation.csv
works "our own certificate" predict --key alice.key validation.csv --rows 0 --model wdbc@1 \
  --cert own.crt --cert-key own.key.pem
works "a revoked token" blindsight-server token revoke --state "$state" \
  --id "$(echo "$token" | cut -d _ -f 2)"
refused "no more" 1 "(HTTP 401)" predict --key alice.key validation.csv --model wdbc@1 \
  --cert own.crt --cert-key own.key.pem
stop TERM
holds "the last server ends in order" [ $server_rc = 0 ]
works "the log is whole" blindsight-server audit verify --state "$state"
finish
