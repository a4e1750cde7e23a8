#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clients that others wrote (Node's fetch, Python's requests, curl) against early refusals: each
# sends a body that nobody wants to the end, and each must read the answer. TRIES (30) of every kind;
# `TRIES=1000` is what docs/operations.md counts. With TLS and without.
# shellcheck disable=SC1091,SC2034,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl python3; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
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

. "$root/tests/e2e/early.inc"
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
