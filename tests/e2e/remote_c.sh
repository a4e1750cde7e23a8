#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/remote_prediction.c, a client in a dozen lines of C, against a real service over TLS:
# the labels of all validation rows are those in clear, in both packings.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
. "$root/tests/e2e/service.inc"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
example=$BUILD/examples/remote_prediction

works "train" blindsight train "$data" --label diagnosis --epochs 60 -o wdbc.model \
  --validation validation.csv
works "clear" blindsight evaluate wdbc.model validation.csv --outputs clear.csv
works "compile" blindsight compile wdbc.model -o wdbc
works "token" blindsight-server token create --scope infer,metrics --state "$state" --name program
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve wdbc.server
sed 1d clear.csv | cut -d , -f 1,2 >wanted
works "the example, first run" "$example" "$url" validation.csv tls.crt
holds "labels as in clear" cmp wanted "$log.out"
holds "a private key" [ "$(stat -c %a remote.key)" = 600 ]
head -n 11 validation.csv >ten.csv
received=$(figure blindsight_received_bytes_total)
works "the example, second run" "$example" "$url" ten.csv tls.crt
head -n 10 wanted >wanted_ten
holds "ten labels, row by row" cmp wanted_ten "$log.out"
holds "the keys went once" \
  [ $(($(figure blindsight_received_bytes_total) - received)) -lt "$(stat -c %s remote.keys)" ]
run env BLINDSIGHT_TOKEN=none "$example" "$url" ten.csv tls.crt
holds "a wrong token" [ "$rc" = 1 -a ! -s "$log.out" ]
holds "is told" grep -q "^io: .*(HTTP 401)" "$log.err"
run "$example" "$url" ten.csv
holds "a server that nobody vouches for" [ "$rc" = 1 -a ! -s "$log.out" ]
stop TERM
holds "the server ends in order" [ $server_rc = 0 ]
finish
