#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A network deeper than any modulus, as a user has it: compile bootstraps on the way and says so, and
# what cannot be had is refused. (To run such a plan takes gigabytes: tests/exec/test_deep.c does it
# in a small ring.)
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc

# 30 layers of 4 units that turn what they get and bend it: 63 levels.
awk 'BEGIN {
  printf "{\"name\": \"deep\", \"features\": [\"a\", \"b\", \"c\", \"d\"], \"labels\": [\"x\", \"y\"],"
  printf " \"max_abs_input\": 1, \"layers\": ["
  for (l = 0; l < 30; l++) {
    n = l == 29 ? 2 : 4
    printf "%s{\"weight\": [", l ? ", " : ""
    for (o = 0; o < n; o++) {
      printf "%s[", o ? ", " : ""
      for (i = 0; i < 4; i++)
        printf "%s%.3f", i ? ", " : "", (i == o) * 0.9 + ((l + 3 * o + 7 * i) % 5 - 2) * 0.04
      printf "]"
    }
    printf "], \"bias\": [%s], \"activation\": %s, \"max_abs\": 1}", n == 4 ? "0, 0.1, 0, -0.1" : "0, 0",
      l == 29 ? "\"identity\"" : "{\"polynomial\": [0, 1, 0, -0.1]}"
  }
  print "]}"
}' >deep.json
works "import" blindsight import deep.json -o deep.model
works "compile" blindsight compile deep.model -o deep
says "what it does" "^bootstraps    [1-9][0-9]*, of [0-9]* slots, [0-9]* levels between two"
says "its guard" "^latency       guarded: .* ms$"
says "why" "^chosen over   a plan without bootstraps, of which there is none"
says "where" "up to"
works "inspect" blindsight inspect deep.client --json
holds "inspect says how many" python3 - "$log.out" <<'END'
import json, sys

plan = json.load(open(sys.argv[1], encoding="utf-8"))["plan"]
few = plan["bootstraps"]
print(few, plan["depth"], plan["key_bytes"])
sys.exit(not (few["n"] > 1 and few["levels"] in (5, 16) and plan["depth"] > 55
              and plan["key_bytes"] > 1e8 and plan["contract"]["kind"] == "guarded"))
END
refused "never" 1 "deep.model: the model needs [56][0-9] levels; .*--bootstrap auto" blindsight compile deep.model --bootstrap never
refused "192 bits" 1 "bootstrapping has parameters for 128 bits alone" \
  blindsight compile deep.model --bootstrap always --security 192
refused "batches" 1 "bootstrapping is for latency packing" \
  blindsight compile deep.model --bootstrap always --packing throughput
# The same with connections past each second layer: taken past maps where a plan has no bootstraps,
# carried through the layers where it has.
awk 'BEGIN {
  printf "{\"name\": \"res\", \"features\": [\"a\", \"b\", \"c\", \"d\"], \"labels\": [\"x\", \"y\"],"
  printf " \"max_abs_input\": 1, \"layers\": ["
  for (l = 0; l < 22; l++) {
    skips = l % 2 == 0 && l < 21
    n_in = l % 2 ? 8 : 4; n = l == 21 ? 2 : skips ? 8 : 4
    printf "%s{\"weight\": [", l ? ", " : ""
    for (o = 0; o < n; o++) {
      printf "%s[", o ? ", " : ""
      for (i = 0; i < n_in; i++) {
        mixed = (i == o) * (n_in == 8 ? 0.1 : 0.9) + ((l + 3 * o + 7 * i) % 5 - 2) * 0.02
        skipped = (i - 4 == o) * 0.8
        weight = (o >= 4) ? (i == o - 4) : (i >= 4) ? skipped : mixed
        printf "%s%.3f", i ? ", " : "", weight
      }
      printf "]"
    }
    printf "], \"bias\": [0, 0%s]", n == 2 ? "" : n == 4 ? ", 0, 0" : ", 0, 0, 0, 0, 0, 0"
    if (skips)
      printf ", \"activation\": [{\"polynomial\": [0, 1, 0, -0.1]}, \"identity\"], \"activation_of\": [0, 0, 0, 0, 1, 1, 1, 1], \"max_abs\": [1, 1]}"
    else
      printf ", \"activation\": %s, \"max_abs\": 1}", l == 21 ? "\"identity\"" : "{\"polynomial\": [0, 1, 0, -0.1]}"
  }
  print "]}"
}' >res.json
works "import a residual one" blindsight import res.json -o res.model
refused "it is too deep" 1 "res.model: .*levels" blindsight compile res.model --packing latency --bootstrap never
works "so it bootstraps" blindsight compile res.model --packing latency -o res
says "how often" "^bootstraps    [1-9][0-9]*, of"
says "for want of another" "^chosen over   a plan without bootstraps, of which there is none"
refused "another word" 2 "bootstrap" blindsight compile deep.model --bootstrap perhaps
finish
