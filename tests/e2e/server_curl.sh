#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/curl.md, as it stands: every block runs, and the predictions are those in clear.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in curl openssl b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done

awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/docs/curl.md" >session
{
  echo 'set -eu'
  # shellcheck disable=SC2016 # for the session's shell
  echo 'trap "kill \$SERVER 2>/dev/null || :" EXIT'
  echo 'SERVER='
  cat session
} >session.sh
holds "there is a session" [ "$(wc -l <session)" -gt 50 ]
run env DATA="$data" sh session.sh
if [ "$rc" = 0 ]; then pass; else fail "the session (exit code $rc)"; cat serve.err; fi
says "audit" "^[0-9]* lines, whole"
says "tensor" '"model_name":"wdbc"'
run blindsight evaluate wdbc.model validation.csv --label diagnosis --outputs clear.csv
cut -d, -f 1-2 clear.csv | sed 1d >wanted
cut -d, -f 1-2 predictions.csv | sed 1d >got
holds "114 predictions, those in clear" cmp wanted got
holds "they are 114" [ "$(wc -l <got)" = 114 ]
holds "five rows both ways" sh -c 'blindsight decrypt wdbc.client five.result --key me.key >a &&
  blindsight decrypt wdbc.client tensor.result --key me.key >b && cmp a b'
holds "no key is left" [ -z "$(find state/keys state/partial -type f)" ]
# shellcheck disable=SC2016 # for the inner shell
holds "no secret in the server's program" sh -c \
  '! nm "$BUILD/blindsight-server" | grep -E " [TtDd] (secret_|client_|ckks_(secret|decrypt|encrypt$))"'
finish
