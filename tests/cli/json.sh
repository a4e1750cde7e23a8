#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --json of every command: it is JSON, its names are in snake_case, and docs/json.md has each of them
# under the command's head. The few commands without say why here.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
state=$TEST_TMP/state

# json COMMAND...: the output is JSON, and its names are those of the page
json() {
  run blindsight "$@" --json
  holds "$* --json" [ "$rc" = 0 ]
  holds "names of $1" python3 - "$1" "$root/docs/json.md" "$log.out" <<'END'
import json, re, sys

def names(value, out):
    if isinstance(value, dict):
        for name, inner in value.items():
            out.add(name)
            names(inner, out)
    elif isinstance(value, list):
        for inner in value:
            names(inner, out)
    return out

command, page, output = sys.argv[1:]
found = names(json.load(open(output, encoding="utf-8")), set())
parts = re.split(r"^## ", open(page, encoding="utf-8").read(), flags=re.M)
part = next(part for part in parts if command in part.split("\n")[0].replace(",", " ").split())
# The demo's report holds those of other commands.
known = set(re.findall(r"`([^`\s]+)`", part if command != "demo" else " ".join(parts)))
# Names of labels are a model's own.
found -= {"B", "M"}
wrong = [name for name in found if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
lacking = sorted(found - known)
print(f"{command}: not in snake_case: {wrong}; not on the page: {lacking}")
sys.exit(bool(wrong or lacking))
END
  echo "$1" >>covered
}
json train "$data" --label diagnosis --epochs 20 -o m.model --validation validation.csv
json train "$data" --label area_worst --model linear --drop diagnosis -o r.model
json train "$data" --label diagnosis --model trees --trees 3 -o t.model
works "weights" blindsight export m.model -o m.json
json import m.json -o again.model
json import "$root/examples/residual/wdbc.onnx" --calibrate "$data" --label diagnosis -o o.model
json import "$root/tests/trees/data/lightgbm_binary.txt" --edges exact -o e.model
json evaluate m.model validation.csv --label diagnosis
json evaluate m.model validation.csv --label diagnosis --packing latency
json simulate m.model validation.csv --label diagnosis
json compile m.model -o m
json keygen m.client -o me
json encrypt m.client validation.csv --key me.key --rows 0-2 -o me.sample
json infer m.server me.sample --keys me.keys -o me.result
json decrypt m.client me.result --key me.key
for file in m.model m.client m.server me.key me.keys me.sample me.result; do
  json inspect $file
done
json token create --state "$state" --name ward
token=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["token"])' "$log.out")
id=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$log.out")
json token list --state "$state"
export BLINDSIGHT_TOKEN="$token"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
blindsight-server serve m.server --state "$state" --listen 127.0.0.1:0 >"$log.serve" 2>&1 </dev/null &
server_pid=$!
trap 'kill -9 $server_pid 2>/dev/null' EXIT
holds "it serves" served "$log.serve" $server_pid
json predict validation.csv --server "$address" --key me.key --rows 0-2
kill $server_pid
wait $server_pid
json audit verify --state "$state"
json audit rotate --state "$state"
json audit rotate --state "$state"
holds "nothing to close is null" grep -q '"closed": null' "$log.out"
json token revoke --state "$state" --id "$id"
json demo --clients 1 --data "$data" --out demo
# calibrate takes seconds to say what this machine can: its form is that of the units' file.
XDG_CACHE_HOME=$work/cache json calibrate

# export prints a model, which is JSON; audit show lines of JSON; serve talks to people until it
# ends; help is text.
printf 'export\nserve\n' >>covered
blindsight help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$' | sort -u >all
sort -u covered >have
holds "every command" diff all have
finish
