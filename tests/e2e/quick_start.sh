#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The ten commands of docs/operations.md, as they stand but for names of machines.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl python3; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
free=$(free_port)
awk '/^```sh$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' \
  "$root/docs/operations.md" >block
holds "they are ten" [ "$(grep -c '^[a-z(]' block)" = 10 ]
# A person reads "serving on" before going on.
{
  echo 'set -eu'
  sed -e 's/models.example.org/localhost/g' -e "s/8443/$free/g" \
    -e 's/^curl/until grep -qs "serving on" serve.log; do sleep 0.1; done\n&/' \
    -e 's/--tls-key tls.key &/--tls-key tls.key >serve.log 2>\&1 \&/' block
  echo 'wait $!'
} >session.sh
cp "$data" wdbc.csv
run timeout 120 sh session.sh
holds "the session" [ "$rc" = 0 ]
says "predictions" '^ *1  *[BM] '
says "a prediction in the log" '"route":"/v2/models/{model}/.*infer".*"status":20[02]'
says "the log" '^[0-9]* lines, whole'
finish
