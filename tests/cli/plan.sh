#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What compile says of a plan stage by stage, why it refuses, and what simulate makes of it.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

blindsight train "$data" --label diagnosis --epochs 20 --validation rows.csv -o a.model >/dev/null

# --- stages: text, page, JSON
works "compile" blindsight compile a.model --report plan.html
says "a table for latency packing" "^latency  *stride, diagonals  *rotations  *switches  *levels"
says "one for throughput packing" "^throughput  *weights  *rotations"
says "the first stage" "^  30 to 16, degree 3  *32, 1 of 1 "
says "the last one, on its way to level 0" "^  16 to 2 .* 1 to 0 "
says "all weights" "^  30 to 16, degree 3  *480 of 480 "
says "what encryption adds" "^  input  *[0-9.e-]*$"
for text in "<h2>Stages, latency packing</h2>" "<h2>Stages, throughput packing</h2>" \
  "Where the time goes" "Where the error comes from" "<td>16 to 2</td>" \
  "512 weights, and at most 2 numbers in what counts as one prediction: fewer than 256 pred"; do
  holds "the page: $text" grep -q "$text" plan.html
done
holds "what hangs on which feature" grep -q "What the outputs hang on" plan.html
holds "of numbers that are no bits" sh -c '! grep -q "Bits that clients send" plan.html'
holds "which loads nothing" sh -c '! grep -qE "https?:|<script|src=|@import" plan.html'
works "JSON" blindsight compile a.model --json
cp "$log.out" plan.json
holds "that adds up" python3 - <<'PY'
import json, math
plan = json.load(open("plan.json"))
for name, packing in plan["packings"].items():
    stages = packing["stages"]
    assert [s["stage"] for s in stages] == ["input", "30 to 16, degree 3", "16 to 2", "result"]
    ms = sum(s["predicted_ms"] for s in stages)
    error = math.sqrt(sum(s["predicted_error"] ** 2 for s in stages))
    assert math.isclose(ms, packing["predicted_ms"], rel_tol=1e-9), name
    assert math.isclose(error, packing["predicted_error"], rel_tol=1e-9), name
    assert sum(s.get("key_switches", 0) for s in stages) == packing["key_switches"]
    assert ("stride" in stages[1]) == (name == "latency")
PY
blindsight compile a.model -o a >/dev/null
run blindsight inspect a.client
holds "clients do not see stages" sh -c "! grep -q 'degree 3  *32' '$log.out'"

# --- refusals
refused "a ring too small" 1 \
  "a.model: the model needs 3 levels; N = 2^12 allows [0-9]*, 2^13 [0-9]* at 128 bits of security with \
error 1e-05; try --log2-n 13, an activation of lower degree" blindsight compile a.model --log2-n 12
refused "an error too small" 1 "a.model: error 1e-09 is out of reach: .*; try --error [0-9.e-]*," \
  blindsight compile a.model --error 1e-9
error=$(sed 's/.*--error \([0-9.e-]*\),.*/\1/' "$log.err")
works "the error that it names" blindsight compile a.model --error "$error"
refused "ranges too large" 1 "a.model: .* try .*a smaller --headroom" \
  blindsight compile a.model --headroom 1e6

# --- simulate
works "simulate" blindsight simulate a.model rows.csv --label diagnosis --error 1e-3
says "packing" "^rows *114, latency packing"
says "errors" "^error *deviation [0-9.e-]*, largest [0-9.e-]* of max"
says "what the plan promises" "^plan *error below 0.00"
says "no change" "^predictions *0 of 114 change"
cp "$log.out" first
works "again" blindsight simulate a.model rows.csv --label diagnosis --error 1e-3
holds "the same seed, the same errors" cmp -s first "$log.out"
works "another seed" blindsight simulate a.model rows.csv --label diagnosis --error 1e-3 --seed 2
holds "other errors" sh -c "! cmp -s first '$log.out'"
works "throughput packing" blindsight simulate a.model rows.csv --packing throughput --json
says "which it says" '"packing": "throughput"'
says "and the deviation" '"deviation": [0-9.e-]*,'
finish
