#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clients that others wrote (Node's fetch, Python's requests, curl) against early refusals: each
# sends a body that nobody wants to the end, and each must read the answer. TRIES (30) of every kind;
# `TRIES=1000` is what docs/operations.md counts. With TLS and without.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl python3 node; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
python3 -c 'import requests' 2>/dev/null || { echo "SKIP: no python3-requests"; exit 77; }
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
tries=${TRIES:-30}
. "$root/tests/e2e/service.inc"
works "train" blindsight train "$data" --label diagnosis --epochs 2 -o m.model
mkdir models
works "compile" blindsight compile m.model -o models/m
works "keygen" blindsight keygen models/m.client -o me
works "token" blindsight token create --state "$state" --requests-per-minute 100000000
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
key=$(b2sum -l 256 me.keys | cut -d ' ' -f 1)
head -c 3000000 /dev/zero >large # above the limit of a sample below

# Each line of a client: how many of each status, 0 standing for a connection that broke.
cat >ask.py <<'EOF'
import collections, os, sys, requests
url, token, path, method, name, tries, sent = sys.argv[1:8]
body = open(name, 'rb').read()
seen = collections.Counter()
s = requests.Session()
s.trust_env = False
for i in range(int(tries)):
    try:
        r = s.request(method, url + path, data=body, verify='tls.crt',
                      headers={'Authorization': 'Bearer ' + token} if token != '-' else {})
        seen[r.status_code if len(r.content) == int(r.headers['Content-Length']) else -1] += 1
    except requests.RequestException as e:
        seen[0] += 1
        print(e, file=sys.stderr)
print(*['%s:%d' % kv for kv in sorted(seen.items())])
EOF
cat >ask.mjs <<'EOF'
import { readFileSync } from 'node:fs';
const [url, token, path, method, name, tries] = process.argv.slice(2);
const body = readFileSync(name), seen = {};
for (let i = 0; i < +tries; i++) {
  let status = 0;
  try {
    const r = await fetch(url + path, { method, body,
      headers: token === '-' ? {} : { Authorization: 'Bearer ' + token } });
    await r.text();
    status = r.status;
  } catch (e) { console.error(e.cause ?? e); }
  seen[status] = (seen[status] ?? 0) + 1;
}
console.log(Object.entries(seen).map(([k, n]) => `${k}:${n}`).join(' '));
EOF
by_curl() { # URL TOKEN PATH METHOD FILE TRIES
  n=0
  while [ $n -lt "$6" ]; do
    curl -sS --cacert tls.crt --noproxy '*' -o answer -w '%{http_code}\n' -X "$4" --data-binary "@$5" \
      -H "Expect:" -H "Authorization: Bearer $2" "$1$3" || echo broken
    n=$((n + 1))
  done | sort | uniq -c | awk '{ printf "%s:%d", $2, $1 }'
}
# all STATUS PATH METHOD FILE TOKEN WHAT
all() {
  for client in python3 node curl; do
    case $client in
      python3) got=$(python3 ask.py "$url" "$5" "$2" "$3" "$4" "$tries" 0 2>>client.err) ;;
      node) got=$(NODE_EXTRA_CA_CERTS=tls.crt node ask.mjs "$url" "$5" "$2" "$3" "$4" "$tries" \
        2>>client.err) ;;
      curl) got=$(by_curl "$url" "$5" "$2" "$3" "$4" "$tries" 2>>client.err) ;;
    esac
    if [ "$got" = "$1:$tries" ]; then pass; else
      tail -n 3 client.err
      fail "$6, $client, $url: $got where $1:$tries is expected"
    fi
  done
}
early() {
  all 413 /v2/models/m/infer POST large "$BLINDSIGHT_TOKEN" "too large"
  all 401 /v2/models/m/infer POST large - "no token"
  all 405 /v2/models PUT large "$BLINDSIGHT_TOKEN" "a method that is not"
  all 200 "/v2/keys/$key" PUT me.keys "$BLINDSIGHT_TOKEN" "a key that is there"
}
serve models --max-body-mb 1
is_201=$(ask "/v2/keys/$key" -T me.keys -o answer -w '%{http_code}')
holds "the key is taken" [ "$is_201" = 201 ]
early
stop TERM
holds "the server ends well" [ "$server_rc" = 0 ]
blindsight-server serve models --state "$state" --listen 127.0.0.1:0 --max-body-mb 1 >plain.log \
  2>plain.err </dev/null &
# shellcheck disable=SC2034 # read by service.inc
server_pid=$!
served plain.log $server_pid
url=$address
early
stop TERM
finish
