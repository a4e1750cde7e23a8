#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# TLS 1.2 and above, and client certificates: a token alone does not do where they are asked for.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
is() { # is WHAT EXPECTED GOT
  if [ "$2" = "$3" ]; then pass; else fail "$1: $3 where $2 is expected"; fi
}
authority() { # authority NAME: NAME.crt and NAME.key, which sign others
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.crt"
}
signed() { # signed NAME AUTHORITY
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.crt"
}
{
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout tls.key -out tls.crt
  authority hospital
  authority stranger
  signed ward hospital
  signed thief stranger
  blindsight train "$data" --label diagnosis --epochs 2 -o m.model
  blindsight compile m.model -o m
} >prepare.log 2>&1
token=$(blindsight token create --state state)
blindsight-server serve m.server --state state --listen 127.0.0.1:0 --tls-cert tls.crt \
  --tls-key tls.key --client-ca hospital.crt >serve.log 2>serve.err &
server=$!
trap 'kill -9 $server 2>/dev/null' EXIT
tries=0
until grep -q "serving on" serve.log || [ $tries = 100 ]; do sleep 0.05; tries=$((tries + 1)); done
url=https://localhost:$(sed -n 's/.*serving on .*:\([0-9]*\)$/\1/p' serve.log)
code() { curl -s -o answer -w '%{http_code}' --cacert tls.crt "$@"; }

is "health is open" 200 "$(code "$url/v2/health/ready")"
is "a token alone" 403 "$(code -H "Authorization: Bearer $token" "$url/v2/models")"
holds "it says why" grep -q '"code":"certificate"' answer
is "token and certificate" 200 "$(code --cert ward.crt --key ward.key \
  -H "Authorization: Bearer $token" "$url/v2/models")"
is "a certificate alone" 401 "$(code --cert ward.crt --key ward.key "$url/v2/models")"
case "$(code --cert thief.crt --key thief.key -H "Authorization: Bearer $token" \
  "$url/v2/models")" in
  403 | 000) pass ;;
  *) fail "another authority's certificate" ;;
esac
is "TLS 1.2" 200 "$(code --tls-max 1.2 "$url/v2/health/live")"
is "TLS 1.1" 000 "$(code --tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$url/v2/health/live")"
is "no TLS" 000 "$(code "http${url#https}/v2/health/live")"
kill $server
holds "the server ends well" wait $server
trap - EXIT
finish
