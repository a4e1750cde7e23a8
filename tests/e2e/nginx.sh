#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/nginx.conf, with its addresses replaced, in front of three servers: each key stays with one
# server, refusals arrive, and a server that dies loses its clients to the others.
# shellcheck disable=SC1091,SC2034,SC2154 # not followed
. tests/cli/check.inc
nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || { echo "SKIP: no nginx"; exit 77; }
server_options="--max-body-mb 1"
. "$root/tests/e2e/proxy.inc"

# --- the file as it is shipped, but for addresses
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
proxy=$!
code() { ask "$@" -o answer -D answer.head -w '%{http_code}'; }
ready() { [ "$(code /v2/health/ready 2>>curl.err)" = 200 ]; }
holds "it is ready" eventually ready
tls_1_1_is_refused

# --- an id is always with the same server, and each server has its share
where() { # where ID: who answers for it
  code "/v2/keys/$1" >/dev/null
  tr -d '\r' <answer.head | sed -n 's/^served-by: //Ip'
}
map first
map again
holds "the same answers twice" cmp first again
for name in $one $two $three; do
  holds "$name has a share of the ids" [ "$(grep -c ":$name$" first)" -ge 5 ]
done

# --- real clients, a job by the key's header
for client in a b c; do
  predict $client
  id=$(b2sum -l 256 $client.keys | cut -d ' ' -f 1)
  holds "one server has its keys" [ "$(find state.*/keys -type f -name "*$id*" | wc -l)" = 1 ]
  predict $client
  holds "client $client sends nothing again" sh -c "! grep -q '^sent' '$log.err'"
done
job_of a

# --- refusals that come early, through the proxy: TRIES (30) of each
head -c 3000000 /dev/zero >large
tries=${TRIES:-30}
. "$root/tests/e2e/early.inc"
all 413 /v2/models/m/infer POST large "$BLINDSIGHT_TOKEN" "too large"
all 405 /v2/models PUT large "$BLINDSIGHT_TOKEN" "a method that is not"
all 200 "/v2/keys/$id" PUT a.keys "$BLINDSIGHT_TOKEN" "a key that is there"
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
works "a stubborn client" python3 stubborn.py "127.0.0.1:$free" "$tries"

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
others_stay "$home$"
predict a
finish
