#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# /openapi.json by the eyes of redocly and spectral, /metrics by those of promtool: those of them that
# there are. None comes with `tools/install_deps`; elsewhere:
#   npm install @redocly/cli @stoplight/spectral-cli   (node_modules/.bin into PATH)
#   apt-get install prometheus                          (promtool)
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
command -v redocly >/dev/null || command -v spectral >/dev/null || command -v promtool >/dev/null ||
  { echo "SKIP: no redocly, spectral or promtool"; exit 77; }
for tool in curl openssl; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
. "$root/tests/e2e/service.inc"
works "train" blindsight train "$data" --label diagnosis --epochs 2 -o m.model
works "compile" blindsight compile m.model -o m
works "token" blindsight token create --scope admin --state "$state"
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
serve m.server
ask /openapi.json -o openapi.json
ask /metrics -o metrics.txt
stop TERM
if command -v redocly >/dev/null; then
  run redocly lint openapi.json
  holds "redocly has nothing to say" [ "$rc" = 0 ]
  holds "nor a warning" sh -c "! grep -q 'Warning was generated' '$log.out' '$log.err'"
else
  skip "no redocly"
fi
if command -v spectral >/dev/null; then
  echo 'extends: ["spectral:oas"]' >.spectral.yaml
  run spectral lint --fail-severity hint openapi.json
  holds "spectral has nothing to say" [ "$rc" = 0 ]
else
  skip "no spectral"
fi
if command -v promtool >/dev/null; then
  run sh -c 'promtool check metrics <metrics.txt'
  holds "promtool has nothing to say" [ "$rc" = 0 ]
  holds "not a word" sh -c "cat '$log.out' '$log.err' | wc -c | grep -qx 0"
else
  skip "no promtool"
fi
finish
