#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/trees/README.md, as it stands: every block runs, predictions are those in clear.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' \
  "$root/examples/trees/README.md" >session
{
  echo 'set -eu'
  # shellcheck disable=SC2016 # for the session's shell
  echo 'trap "kill \$SERVER 2>/dev/null || :" EXIT'
  echo 'SERVER='
  echo 'mkdir -p models'
  cat session
  # shellcheck disable=SC2016 # likewise
  echo 'kill $SERVER'
  # shellcheck disable=SC2016 # for the session's shell
  echo 'wait $SERVER || :'
} >session.sh
holds "there is a session" [ "$(wc -l <session)" -gt 8 ]
run env DATA="$data" sh session.sh
if [ "$rc" = 0 ]; then pass; else fail "the session (exit code $rc)"; cat serve.err; fi
says "what the page shows" "^accuracy  *0.900000"
awk '/^    row  predicted/ { inside = 1 } /^```$/ { inside = 0 } inside' \
  "$root/examples/trees/README.md" | grep -v "^loss" >shown
sed -n '/^    row  predicted/,$s/ *$//p' "$log.out" | grep -v "^loss" >printed # noise moves the loss
holds "all of it" cmp shown printed
sed -n 's/^ *[0-9][0-9]*  *\([BM]\) .*/\1/p' "$log.out" >got
blindsight evaluate forest.model patients.csv --label diagnosis --outputs clear.csv >/dev/null
sed -n '2,11p' clear.csv | cut -d, -f2 >wanted
holds "ten predictions, those in clear" cmp wanted got
finish
