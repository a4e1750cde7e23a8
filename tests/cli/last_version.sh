#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What docs/versions.md promises, held against what the last version left in tests/last: each kind of
# file is read as it was, or, where its format has changed since, refused with both formats and what to
# do, never read differently; the libraries still export what programs were linked with; the service
# still has its routes. The keys there are for this test alone.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
old=$root/tests/last/0.1
cp "$old"/last.* "$old"/*.csv .
chmod 600 last.key last.model last.server
refusals=0

# reads WHAT COMMAND...: 0 when it worked; 1 when its file's format is an older one, which it says.
reads() {
  what=$1
  shift
  run "$@"
  if [ "$rc" = 0 ]; then
    pass
    return 0
  fi
  refusals=$((refusals + 1))
  holds "$what: read, or refused as older" grep -qE \
    'format(s| version)? [0-9]+.*(compile its model again|ask a server of this version|reads [0-9]+)' "$log.err"
  return 1
}
if reads "model" blindsight evaluate last.model rows.csv --label diagnosis --outputs out.csv; then
  holds "its outputs" cmp clear.csv out.csv
fi
for file in last.model last.client last.server last.key last.keys last.sample last.result; do
  reads "inspect $file" blindsight inspect $file || :
done
if reads "result" blindsight decrypt last.client last.result --key last.key --csv --outputs; then
  cp "$log.out" old.csv
  holds "what it said" cmp predicted.csv old.csv
fi
if reads "sample, server, keys" blindsight-infer last.server last.sample --keys last.keys -o new.result &&
  reads "its result" blindsight decrypt last.client new.result --key last.key --csv --outputs; then
  cp "$log.out" new.csv
  holds "what it says" same_within 1e-2 predicted.csv new.csv 2
fi
if reads "client, key" blindsight encrypt last.client rows.csv --key last.key --rows 0-1 -o new.sample &&
  reads "new sample" blindsight-infer last.server new.sample --keys last.keys -o new.result &&
  reads "new result" blindsight decrypt last.client new.result --key last.key --csv --outputs; then
  cp "$log.out" new.csv
  holds "what it says of it" same_within 1e-2 predicted.csv new.csv 2
fi
# How many formats have changed since is what the page says.
changed=$(sed -n 's/^Formats changed since 0\.1: *\([0-9]*\).*/\1/p' "$root/docs/versions.md")
[ "$refusals" = 0 ] || [ "${changed:-0}" -gt 0 ] && pass || fail "a format has changed, and docs/versions.md does not say so"

# Damage is no version.
sed 's/^BLINDSGT.\{1\}/BLINDSGT\t/' last.client >damaged.client 2>"$log.err"
refused "a format to come" 1 "newer version\|does not exist\|format" blindsight inspect damaged.client

version=$(blindsight --version | sed 's/.* \([0-9]*\.[0-9]*\)\..*/\1/')
for name in ckks blindsight; do
  if [ "$version" = 0.1 ]; then
    nm -D --defined-only "$BUILD/lib$name.so" | awk '{ print $3 }' | sort >now
    sort "$old/$name.symbols" | comm -23 - now >gone
    holds "lib$name exports what it did" [ ! -s gone ]
    cat gone
  fi
done

unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
works "a model of today" blindsight train "$data" --label diagnosis --model linear -o m.model
works "compiled" blindsight compile m.model --packing latency -o m
blindsight-server serve m.server --state "$TEST_TMP/state" --listen 127.0.0.1:0 >"$log.serve" 2>&1 </dev/null &
server_pid=$!
trap 'kill -9 $server_pid 2>/dev/null' EXIT
holds "it serves" served "$log.serve" $server_pid
curl -sS --noproxy '*' "$address/openapi.json" -o openapi.json
python3 - <<'END' | sort >now
import json
for path, methods in json.load(open("openapi.json"))["paths"].items():
    for method in methods:
        print(method.upper(), path)
END
sort "$old/routes" | comm -23 - now >gone
holds "the service has the routes that it had" [ ! -s gone ]
cat gone
finish
