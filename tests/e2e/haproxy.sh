#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/haproxy.cfg, with its addresses replaced, in front of three servers: each key stays with one
# server, a server that drains or dies loses its clients to the others and no other's, and gets
# them back. The ids asked for are fixed, so that the same ones move in every run.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in haproxy curl openssl python3 sqlite3 b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
pids=""
trap 'for pid in $pids; do kill -9 "$pid" 2>/dev/null; done' EXIT

# --- a model, a token that all servers know, a certificate
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.crt 2>"$log.err" ||
  fail "a certificate"
cat tls.crt tls.key >both.pem
works "train" blindsight train "$data" --label diagnosis --epochs 20 -o m.model \
  --validation validation.csv
works "clear" blindsight evaluate m.model validation.csv --label diagnosis --outputs clear.csv
head -n 6 clear.csv >five_clear.csv
mkdir models
works "compile" blindsight compile m.model -o models/m
works "token" blindsight-server token create --state state.one --requests-per-minute 100000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
# start NAME PORT: sets port. The ports stay theirs while they are dead: none that the kernel gives
# away.
start() {
  rm -f "serve.$1"
  blindsight-server serve models --state "state.$1" --listen "127.0.0.1:$2" --plain \
    --connections-each 1024 --grace 600 >"serve.$1" 2>"serve.$1.err" </dev/null &
  echo $! >"pid.$1"
  pids="$pids $!"
  holds "server $1 starts" served "serve.$1" $!
}
start one "$(free_port)"
one=$port
start two "$(free_port)"
two=$port
start three "$(free_port)"
three=$port
# Tokens for the others: as docs/operations.md has it.
for name in two three; do
  run sqlite3 state.$name/blindsight.db "ATTACH 'state.one/blindsight.db' AS one;
    INSERT OR REPLACE INTO tokens SELECT * FROM one.tokens"
  holds "server $name learns of the token" [ "$rc" = 0 ]
done

# --- the file as it is shipped, but for addresses; and each answer says who gave it
free=$(free_port)
sed -e "s|bind :443|bind 127.0.0.1:$free|" -e "s|/etc/haproxy/blindsight.pem|$work/both.pem|" \
  -e "s|10.0.0.11:8080|127.0.0.1:$one|" -e "s|10.0.0.12:8080|127.0.0.1:$two|" \
  -e "s|10.0.0.13:8080|127.0.0.1:$three|" "$root/dist/haproxy.cfg" >haproxy.cfg
holds "all addresses are replaced" sh -c '! grep -E "10\.0\.0|:443( |$)|/etc/" haproxy.cfg |
  grep -qv "^ *#"'
echo '  http-response set-header Served-By %s' >>haproxy.cfg
run haproxy -c -f haproxy.cfg
holds "the configuration is content" [ "$rc" = 0 ]
holds "no warnings" sh -c "! grep -qi warning '$log.out' '$log.err'"
haproxy -db -f haproxy.cfg >haproxy.log 2>&1 </dev/null &
pids="$pids $!"
url=https://127.0.0.1:$free
ask() { # ask PATH CURL-OPTIONS...
  path=$1
  shift
  curl -sS --cacert tls.crt --noproxy '*' -H "Authorization: Bearer $BLINDSIGHT_TOKEN" "$@" \
    "$url$path"
}
# where ID: who answers for it, and the status
where() {
  ask "/v2/keys/$1" -o answer.json -w '%{http_code}' -D answer.head >code 2>>curl.err
  echo "$(tr -d '\r' <answer.head | sed -n 's/^served-by: //Ip') $(cat code)"
}
# map FILE: of each of sixty ids, who answers
seq 60 | while read -r n; do echo "$n" | b2sum -l 256 | cut -d ' ' -f 1; done >ids
map() { while read -r id; do echo "$id $(where "$id")"; done <ids >"$1"; }
# until_answer NAME PATTERN: waits until what comes for an id of server NAME is like that
until_answer() {
  probe=$(awk -v name="$1" '$2 == name { print $1; exit }' first)
  is_like() { where "$probe" | grep -q "$1"; }
  holds "an id of $1: $2" eventually is_like "$2"
}
ready() { [ "$(ask /v2/health/ready -o answer.json -w '%{http_code}' 2>>curl.err)" = 200 ]; }
holds "it is ready" eventually ready

# --- TLS in front
holds "plain HTTP is not answered" sh -c "! curl -sSf 'http://127.0.0.1:$free/v2/health/ready'"
holds "TLS 1.1 is refused" sh -c "! curl -sS --cacert tls.crt --tlsv1.0 --tls-max 1.1 \
  --ciphers DEFAULT@SECLEVEL=0 '$url/v2/health/ready'"
holds "TLS 1.2 is not" ask /v2/health/ready --tls-max 1.2

# --- an id is always with the same server, and each server has its share
map first
map again
holds "the same answers twice" cmp first again
holds "none of these keys is there" sh -c "! grep -qv ' 404$' first"
for name in one two three; do
  holds "$name has a share of the ids" [ "$(grep -c " $name " first)" -ge 10 ]
done

# --- real clients, each with keys of its own
predict() { # predict CLIENT
  run blindsight predict --server "$url" --cacert tls.crt --key "$1.key" validation.csv --rows 0-4 \
    --csv --outputs
  holds "client $1 gets predictions" [ "$rc" = 0 ]
  cp "$log.out" "$1.csv"
  holds "client $1's are those in clear" same_predictions five_clear.csv "$1.csv" 5
}
sent() { grep -c "^sent" "$log.err"; }
holders() { find state.*/keys -type f -name "*$1*" | wc -l; }
for client in a b c d; do
  predict $client
  holds "client $client sends its keys" [ "$(sent)" = 1 ]
  id=$(b2sum -l 256 $client.keys | cut -d ' ' -f 1)
  echo "$id" >$client.id
  holds "one server has them" [ "$(holders "$id")" = 1 ]
  where "$id" >$client.home
  holds "the one that answers for the key" grep -q ' 200$' $client.home
done
for client in a b c d; do
  predict $client
  holds "client $client sends nothing again" [ "$(sent)" = 0 ]
done

# --- a job, by the key's header
id=$(cat a.id)
works "a sample" blindsight encrypt models/m.client validation.csv --key a.key --rows 0-4 -o s
ask /v2/models/m/infer -H "Content-Type: application/octet-stream" -H "Blindsight-Key: $id" \
  -H "Prefer: respond-async" --data-binary @s -D answer.head -o answer.json
job=$(tr -d '\r' <answer.head | sed -n 's/^Location: //Ip')
job_done() { ask "$job" -H "Blindsight-Key: $id" | grep -q '"state":"done"'; }
holds "the job is done" eventually job_done
ask "$job/result" -H "Blindsight-Key: $id" -o job.result
works "its result" blindsight decrypt models/m.client job.result --key a.key --csv --outputs
holds "the job's predictions are those in clear" same_predictions five_clear.csv "$log.out" 5

# --- more connections than a server is given at a time wait in front of it
if command -v wrk >/dev/null; then
  run wrk -t1 -c600 -d3 --timeout 60s -H "Authorization: Bearer $BLINDSIGHT_TOKEN" "$url/v2/health/live"
  says "600 connections" "Requests/sec"
  holds "none is turned away" sh -c "! grep -Eq 'Non-2xx|Socket errors' '$log.out'"
else
  skip "no wrk"
fi

# --- a server dies: its clients find another, the others' notice nothing
home=$(cut -d ' ' -f 1 a.home)
kill -9 "$(cat "pid.$home")"
until_answer "$home" ' 404$'
map without
holds "nobody is sent to the dead" sh -c "! grep -q ' $home ' without"
holds "the others' ids stay" sh -c "grep -v ' $home ' first | grep -Fxvf without | wc -l |
  grep -qx 0"
for client in a b c d; do
  moved=0
  [ "$(cut -d ' ' -f 1 $client.home)" != "$home" ] || moved=1
  predict $client
  holds "client $client sends its keys again, or need not" [ "$(sent)" = $moved ]
done

# --- it comes back, and so do they, with nothing to send
eval "start $home \$$home"
until_answer "$home" "^$home "
map back
holds "all is as it was" cmp first back
predict a
holds "the keys are still there" [ "$(sent)" = 0 ]

# --- a server drains: it answers what it has begun, and gets nothing new
home=$(awk 'NR == 1 { print $2 }' first)
mkfifo slow
ask "/v2/keys/$(head -n 1 ids)" -T - -H "Content-Range: bytes 0-59999/$(wc -c <a.keys)" \
  -H "Transfer-Encoding:" -H "Content-Length: 60000" -o slow.json -w '%{http_code}' <slow \
  >slow.code 2>slow.err &
slow=$!
exec 3>slow
head -c 30000 a.keys >&3
begun() { [ -n "$(find "state.$home/partial" -type f)" ]; }
holds "an upload has begun" eventually begun
kill -TERM "$(cat "pid.$home")"
until_answer "$home" ' 404$'
holds "elsewhere while it still runs" kill -0 "$(cat "pid.$home")"
grep " $home " first | cut -d ' ' -f 1 | while read -r id; do where "$id"; done >drained
holds "nobody is sent there" sh -c "! grep -q '^$home ' drained"
head -c 60000 a.keys | tail -c 30000 >&3
exec 3>&-
wait $slow
holds "what it had begun is answered" [ "$(cat slow.code)" = 202 ]
wait "$(cat "pid.$home")"
holds "the server ends well" [ $? = 0 ]
finish
