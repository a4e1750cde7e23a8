#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/haproxy.cfg, with its addresses replaced, in front of three servers: each key stays with one
# server, a server that drains or dies loses its clients to the others and no other's, and gets
# them back. The ids asked for are fixed, so that the same ones move in every run.
# shellcheck disable=SC1091,SC2034,SC2154 # not followed
. tests/cli/check.inc
command -v haproxy >/dev/null || { echo "SKIP: no haproxy"; exit 77; }
server_options="--grace 600 --max-body-mb 1"
. "$root/tests/e2e/proxy.inc"
cat tls.crt tls.key >both.pem

# --- the file as it is shipped, but for addresses; and each answer says who gave it
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
proxy=$!
# where ID: who answers for it, and the status
where() {
  ask "/v2/keys/$1" -o answer.json -w '%{http_code}' -D answer.head >code 2>>curl.err
  echo "$(tr -d '\r' <answer.head | sed -n 's/^served-by: //Ip') $(cat code)"
}
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
tls_1_1_is_refused
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
job_of a

# --- refusals that come early, through the proxy: TRIES (10) of each
tries=${TRIES:-10}
head -c 3000000 /dev/zero >large
. "$root/tests/e2e/early.inc"
all 413 /v2/models/m/infer POST large "$BLINDSIGHT_TOKEN" "too large"
all 405 /v2/models PUT large "$BLINDSIGHT_TOKEN" "a method that is not"
all 200 "/v2/keys/$(cat a.id)" PUT a.keys "$BLINDSIGHT_TOKEN" "a key that is there"

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
others_stay "$home "
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
