#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/nginx.conf, with its addresses replaced, in front of three servers: each key stays with one
# server, refusals arrive, and a server that dies loses its clients to the others.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || { echo "SKIP: no nginx"; exit 77; }
for tool in curl openssl python3 sqlite3 b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
pids=""
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.crt 2>"$log.err" ||
  fail "a certificate"
works "train" blindsight train "$data" --label diagnosis --epochs 20 -o m.model \
  --validation validation.csv
works "clear" blindsight evaluate m.model validation.csv --label diagnosis --outputs clear.csv
head -n 6 clear.csv >five_clear.csv
mkdir models
works "compile" blindsight compile m.model -o models/m
works "token" blindsight-server token create --state state.one --requests-per-minute 100000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
start() { # start NAME PORT: sets port
  rm -f "serve.$1"
  blindsight-server serve models --state "state.$1" --listen "127.0.0.1:$2" --plain \
    --max-body-mb 1 --connections-each 1024 >"serve.$1" 2>"serve.$1.err" </dev/null &
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
for name in two three; do
  run sqlite3 state.$name/blindsight.db "ATTACH 'state.one/blindsight.db' AS one;
    INSERT OR REPLACE INTO tokens SELECT * FROM one.tokens"
  holds "server $name learns of the token" [ "$rc" = 0 ]
done

# --- the file as it is shipped, but for addresses
free=$(free_port)
sed -e "s|listen 443|listen 127.0.0.1:$free|" -e "s|/etc/nginx/blindsight.crt|$work/tls.crt|" \
  -e "s|/etc/nginx/blindsight.key|$work/tls.key|" -e "s|10.0.0.11:8080|127.0.0.1:$one|" \
  -e "s|10.0.0.12:8080|127.0.0.1:$two|" -e "s|10.0.0.13:8080|127.0.0.1:$three|" \
  -e "s|location / {|location / { add_header Served-By \$upstream_addr always;|" \
  "$root/dist/nginx.conf" >blindsight.conf
holds "all addresses are replaced" sh -c '! grep -vE "^ *#" blindsight.conf |
  grep -qE "10\.0\.0| 443|/etc/"'
user=$([ "$(id -u)" != 0 ] || echo "user $(id -un);")
cat >nginx.conf <<EOF
$user
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.err;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  include $work/blindsight.conf;
}
EOF
run "$nginx" -t -p "$work" -e "$work/nginx.err" -c "$work/nginx.conf"
holds "the configuration is content" [ "$rc" = 0 ]
holds "no warnings" sh -c "! grep -qi '\[warn\]' '$log.out' '$log.err'"
"$nginx" -p "$work" -e "$work/nginx.err" -c "$work/nginx.conf" -g 'daemon off;' >nginx.log 2>&1 &
pids="$pids $!"
url=https://127.0.0.1:$free
ask() { # ask PATH CURL-OPTIONS...
  path=$1
  shift
  curl -sS --cacert tls.crt --noproxy '*' -H "Authorization: Bearer $BLINDSIGHT_TOKEN" "$@" \
    "$url$path"
}
code() { ask "$@" -o answer -D answer.head -w '%{http_code}'; }
ready() { [ "$(code /v2/health/ready 2>>curl.err)" = 200 ]; }
holds "it is ready" eventually ready
holds "TLS 1.1 is refused" sh -c "! curl -sS --cacert tls.crt --tlsv1.0 --tls-max 1.1 \
  --ciphers DEFAULT@SECLEVEL=0 '$url/v2/health/ready'"

# --- an id is always with the same server, and each server has its share
where() { # where ID: who answers for it
  code "/v2/keys/$1" >/dev/null
  tr -d '\r' <answer.head | sed -n 's/^served-by: //Ip'
}
seq 60 | while read -r n; do echo "$n" | b2sum -l 256 | cut -d ' ' -f 1; done >ids
map() { while read -r id; do echo "$id $(where "$id")"; done <ids >"$1"; }
map first
map again
holds "the same answers twice" cmp first again
for name in $one $two $three; do
  holds "$name has a share of the ids" [ "$(grep -c ":$name$" first)" -ge 5 ]
done

# --- real clients, a job by the key's header
predict() { # predict CLIENT
  run blindsight predict --server "$url" --cacert tls.crt --key "$1.key" validation.csv --rows 0-4 \
    --csv --outputs
  holds "client $1 gets predictions" [ "$rc" = 0 ]
  cp "$log.out" "$1.csv"
  holds "client $1's are those in clear" same_predictions five_clear.csv "$1.csv" 5
}
for client in a b c; do
  predict $client
  id=$(b2sum -l 256 $client.keys | cut -d ' ' -f 1)
  holds "one server has its keys" [ "$(find state.*/keys -type f -name "*$id*" | wc -l)" = 1 ]
  predict $client
  holds "client $client sends nothing again" sh -c "! grep -q '^sent' '$log.err'"
done
id=$(b2sum -l 256 a.keys | cut -d ' ' -f 1)
works "a sample" blindsight encrypt models/m.client validation.csv --key a.key --rows 0-4 -o s
got=$(code /v2/models/m/infer -H "Content-Type: application/octet-stream" -H "Blindsight-Key: $id" \
  -H "Prefer: respond-async" --data-binary @s)
holds "a job is taken" [ "$got" = 202 ]
job=$(tr -d '\r' <answer.head | sed -n 's/^Location: //Ip')
job_done() { ask "$job" -H "Blindsight-Key: $id" | grep -q '"state":"done"'; }
holds "the job is done" eventually job_done
ask "$job/result" -H "Blindsight-Key: $id" -o job.result
works "its result" blindsight decrypt models/m.client job.result --key a.key --csv --outputs
holds "the job's predictions are those in clear" same_predictions five_clear.csv "$log.out" 5

# --- refusals that come early, through the proxy: TRIES (30) of each
head -c 3000000 /dev/zero >large
n=0 bad=0
while [ $n -lt "${TRIES:-30}" ]; do
  [ "$(code /v2/models/m/infer --data-binary @large -H "Expect:" 2>>curl.err)" = 413 ] &&
    [ "$(code /v2/models -X PUT --data-binary @large -H "Expect:" 2>>curl.err)" = 405 ] &&
    [ "$(code "/v2/keys/$id" -T a.keys -H "Expect:" 2>>curl.err)" = 200 ] || bad=$((bad + 1))
  n=$((n + 1))
done
holds "no early refusal is lost: $bad of $n" [ $bad = 0 ]
# Nor with a client that sends all before it reads.
cat >stubborn.py <<'EOF'
import http.client, os, ssl, sys
body = open('large', 'rb').read()
for i in range(int(sys.argv[2])):
    c = http.client.HTTPSConnection(sys.argv[1], context=ssl.create_default_context(cafile='tls.crt'))
    c.request('POST', '/v2/models/m/infer', body,
              {'Authorization': 'Bearer ' + os.environ['BLINDSIGHT_TOKEN']})
    assert c.getresponse().status == 413
EOF
works "a stubborn client" python3 stubborn.py "127.0.0.1:$free" "${TRIES:-30}"

# --- chunked and compressed bodies pass
gzip -k a.keys
ask "/v2/keys/$id" -X DELETE
got=$(code "/v2/keys/$id" -X PUT -H "Transfer-Encoding: chunked" -H "Content-Encoding: gzip" \
  --data-binary @a.keys.gz)
holds "keys in chunks of gzip" [ "$got" = 201 ]

# --- a server dies: its clients find another, the others' notice nothing
home=$(where "$id")
for name in one two three; do
  eval "[ \"127.0.0.1:\$$name\" = \"$home\" ]" && kill -9 "$(cat "pid.$name")"
done
map without
holds "nobody is answered by the dead alone" sh -c "! grep -q ' $home$' without"
holds "the others' ids stay" sh -c "grep -v ' $home$' first | grep -Fxvf without | wc -l |
  grep -qx 0"
predict a
finish
