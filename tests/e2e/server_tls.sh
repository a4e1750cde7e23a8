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
signed() { # signed NAME AUTHORITY [PURPOSE]
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.csr"
  echo "${3:+extendedKeyUsage = $3}" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 \
    -extfile "$1.ext" -out "$1.crt"
}
own() { # own NAME DAYS [OPTIONS]: a certificate of localhost that signs itself
  name=$1 days=$2
  shift 2
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "$@" \
    -keyout "$name.key" -out "$name.crt"
}
{
  own tls 2
  own next 400
  authority hospital
  authority stranger
  signed ward hospital
  signed thief stranger
  signed machine hospital serverAuth
  signed doctor hospital clientAuth
  blindsight train "$data" --label diagnosis --epochs 2 -o m.model
  blindsight compile m.model -o m
} >prepare.log 2>&1
token=$(blindsight token create --scope infer,metrics --state state)
blindsight-server serve m.server --state state --listen 127.0.0.1:0 --tls-cert tls.crt \
  --tls-key tls.key --client-ca hospital.crt >serve.log 2>serve.err &
server=$!
trap 'kill -9 $server 2>/dev/null' EXIT
served serve.log $server
url=https://localhost:$port
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
is "one for servers" 403 "$(code --cert machine.crt --key machine.key \
  -H "Authorization: Bearer $token" "$url/v2/models")"
is "one for clients" 200 "$(code --cert doctor.crt --key doctor.key \
  -H "Authorization: Bearer $token" "$url/v2/models")"
is "TLS 1.2" 200 "$(code --tls-max 1.2 "$url/v2/health/live")"
is "TLS 1.1" 000 "$(code --tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$url/v2/health/live")"
is "no TLS" 000 "$(code "http${url#https}/v2/health/live")"
# What is left of TLS 1.2 has forward secrecy and authenticates what it encrypts.
for suite in ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES256-SHA384 ECDHE-ECDSA-AES128-CCM; do
  is "$suite" 000 "$(code --tls-max 1.2 --ciphers "$suite:@SECLEVEL=0" "$url/v2/health/live")"
done
for suite in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-CHACHA20-POLY1305; do
  holds "$suite" sh -c "openssl s_client -connect '${url#https://}' -tls1_2 -cipher $suite </dev/null \
    2>/dev/null | grep -q 'Cipher is $suite'"
done
for suite in ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES256-SHA384; do
  holds "not $suite" sh -c "! openssl s_client -connect '${url#https://}' -tls1_2 \
    -cipher $suite:@SECLEVEL=0 </dev/null 2>/dev/null | grep -q 'Cipher is $suite'"
done

# --- renewed while it serves
shown() { # the serial number of the certificate that is shown
  openssl s_client -connect "${url#https://}" </dev/null 2>/dev/null | openssl x509 -noout -serial
}
said() { # said TEXT: waits until the server has said it
  holds "it says: $1" eventually grep -q "$1" serve.err
}
said "tls.crt: expires on .*, in [12] days"
first=$(shown)
cp tls.crt old.crt
cp next.crt tls.crt
kill -HUP $server
said "the certificate stays as it was: tls.key: is not the key of tls.crt"
is "a pair that is none changes nothing" "$first" "$(shown)"
cp next.key tls.key
kill -HUP $server
said "certificate read anew"
is "the renewed one is shown" "$(openssl x509 -in next.crt -noout -serial)" "$(shown)"
is "and serves" 200 "$(code --cert ward.crt --key ward.key -H "Authorization: Bearer $token" \
  "$url/v2/models")"
end=$(date -d "$(openssl x509 -in next.crt -noout -enddate | cut -d = -f 2)" +%s)
code --cert ward.crt --key ward.key -H "Authorization: Bearer $token" "$url/metrics" >status
holds "its end is a metric" grep -qx "blindsight_tls_certificate_expires_seconds $end" answer
echo "no certificate" >tls.crt
kill -HUP $server
said "the certificate stays as it was: tls.crt:"
kill $server
holds "the server ends well" wait $server
trap - EXIT

# --- one that has expired, or is for something else, is not served in silence
printf '%s\n' '[ca]' 'default_ca = d' '[d]' 'database = ca.index' 'serial = ca.serial' \
  'new_certs_dir = .' 'default_md = sha256' 'policy = p' 'x509_extensions = e' '[p]' \
  'commonName = supplied' '[e]' 'extendedKeyUsage = clientAuth' >ca.conf
: >ca.index
echo 01 >ca.serial
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout gone.key \
  -out gone.csr 2>old.log
openssl ca -batch -config ca.conf -selfsign -keyfile gone.key -in gone.csr -out gone.crt -notext \
  -startdate 20200101000000Z -enddate 20200201000000Z 2>>old.log || fail "an expired certificate"
rm serve.err
blindsight-server serve m.server --state state --listen 127.0.0.1:0 --tls-cert gone.crt \
  --tls-key gone.key >serve.log 2>serve.err &
server=$!
trap 'kill -9 $server 2>/dev/null' EXIT
said "gone.crt: EXPIRED on 2020-02-01 00:00 UTC"
said "gone.crt: its purposes do not include TLS servers"
kill $server
wait $server
trap - EXIT
finish
