#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `serve --web`: what is answered at /, under which policy, and that nothing is without it.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

works "train" blindsight train "$data" --label diagnosis --epochs 1 -o wdbc.model
works "compile" blindsight compile wdbc.model -o wdbc --packing latency
works "token" blindsight-server token create --scope admin --state "$state" --name page
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
mkdir page page/folder none
echo '<!doctype html>' >page/index.html
echo 'export {};' >page/page.js
printf '\0asm' >page/blindsight.wasm
echo secret >page/.hidden.html
echo no >page/key.pem
echo deep >page/folder/deep.html
get() { # get PATH OPTIONS...: head into $log.head, body into $log.body, status on standard output
  path=$1
  shift
  curl -sS --path-as-is --cacert tls.crt --noproxy '*' -D "$log.head" -o "$log.body" \
    -w '%{http_code}' "$@" "$url$path"
}
status() { # status WANTED PATH OPTIONS...
  wanted=$1
  shift
  got=$(get "$@")
  if [ "$got" = "$wanted" ]; then pass; else fail "$*: $got where $wanted is expected"; fi
}

serve wdbc.server
for path in / /index.html /page.js; do status 404 $path; done
stop TERM
serve wdbc.server --web page
status 200 /
holds "the page" cmp -s "$log.body" page/index.html
holds "its type" grep -qi '^content-type: text/html; charset=utf-8' "$log.head"
policy=$(sed -n 's/^[Cc]ontent-[Ss]ecurity-[Pp]olicy: //p' "$log.head" | tr -d '\r')
holds "a policy, whole" sh -c "echo \"$policy\" | grep -q \"^default-src 'none'; .*frame-ancestors 'none'\$\""
holds "nothing unsafe but compiling" sh -c \
  "! echo \"$policy\" | sed \"s/'wasm-unsafe-eval'//\" | grep -E 'unsafe|http|[*]|data:'"
for header in "x-content-type-options: nosniff" "referrer-policy: no-referrer" \
  "cross-origin-opener-policy: same-origin" "permissions-policy: camera=(self)"; do
  holds "$header" grep -qi "^$header" "$log.head"
done
holds "no cookie" sh -c "! grep -qi '^set-cookie' '$log.head'"
tag=$(sed -n 's/^[Ee][Tt]ag: //p' "$log.head" | tr -d '\r')
status 304 / -H "If-None-Match: $tag"
status 200 / -I
status 200 /page.js
holds "scripts" grep -qi '^content-type: text/javascript' "$log.head"
status 200 /blindsight.wasm
holds "WebAssembly" grep -qi '^content-type: application/wasm' "$log.head"
for path in /key.pem /.hidden.html /folder/deep.html /folder /none //page.js /../page.js \
  /%2e%2e/page.js '/index.html%00'; do
  got=$(get "$path")
  case $got in 404 | 400) pass ;; *) fail "$path: $got" ;; esac
done
status 404 / -X POST -d x
status 404 /page.js -X DELETE
status 401 /v2/models
status 200 /v2
status 200 /metrics -H "Authorization: Bearer $BLINDSIGHT_TOKEN"
holds "the page is no route for programs" sh -c "! ask /openapi.json | grep -q '\"page\"'"
stop TERM

run blindsight-server --web-hashes page
{
  for name in blindsight.wasm index.html page.js; do
    echo "sha256-$(openssl dgst -sha256 -binary "page/$name" | openssl base64) $name"
  done
} >wanted
holds "the hashes" cmp wanted "$log.out"
# Without a folder: what belongs to the program, where it was built or installed.
mkdir -p other/bin
cp "$BUILD/blindsight-server" other/bin
refused "no page belongs to it" 1 "no page belongs to this program .*make wasm" \
  other/bin/blindsight-server --web-hashes
refused "nor can it be served" 1 "no page belongs to this program" \
  other/bin/blindsight-server serve wdbc.server --state "$state" --listen 127.0.0.1:0 --web
mkdir -p other/share/blindsight
cp -r page other/share/blindsight/web
blindsight-server --web-hashes page >hashes
works "now it is there" other/bin/blindsight-server --web-hashes
holds "and the same" cmp hashes "$log.out"
refused "a folder that swallows the models" 2 "MODELS is missing" \
  other/bin/blindsight-server serve --web wdbc.server --state "$state"
refused "hashes of nothing" 1 "there is no index.html" blindsight-server --web-hashes none
refused "hashes of nowhere" 1 "nowhere: No such file" blindsight-server --web-hashes nowhere
run blindsight-server serve wdbc.server --state "$state" --listen 127.0.0.1:0 --web none
holds "a folder that is no page" [ "$rc" = 1 ]
holds "is said to be none" grep -q "there is no index.html" "$log.err"
dd if=/dev/zero of=page/big.js bs=1M count=17 2>"$log.err"
refused "too much" 1 "limit" blindsight-server --web-hashes page
finish
