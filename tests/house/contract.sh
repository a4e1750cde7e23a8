#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The contracts of the headers. ckks.h: tests/ckks/calls.h makes every call that returns a status and
# knows each of its pointers; no status may be ignored; examples/tour.c shows everything there is.
# blindsight.h: tests/blindsight/test_contract.c makes every call.
set -u
passed=0 failed=0
header=include/ckks.h
work=$TEST_TMP

# holds WHAT COMMAND...: the command succeeds
holds() {
  what=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$what:"
    cat "$work/log"
  fi
}

# Name, and how many of its arguments are pointers.
tr '\n' ' ' <"$header" | sed 's/CKKS_API/\
&/g' | sed -n 's/^CKKS_API CKKS_CHECKED ckks_status \(ckks_[a-z_]*\)(\([^)]*\)).*/\1,\2/p' |
  awk -F, '{ n = 0; for (i = 2; i <= NF; i++) n += $i ~ /\*/; print $1, n }' | sort >"$work/declared"
# Those that may be NULL: the bias of a linear map, the keys of an evaluator.
awk '$1 == "ckks_linear_map_build" || $1 == "ckks_evaluator_build" { $2-- } { print }' \
  "$work/declared" >"$work/expected"
tr '\n' ' ' <tests/ckks/calls.h | sed 's/ X(/\
X(/g' | sed -n 's/^X(\(ckks_[a-z_]*\),[\\ ]*\([0-9]*\),.*/\1 \2/p' | sort >"$work/called"
holds "the header has calls" test "$(wc -l <"$work/declared")" -ge 60
holds "calls.h makes every call and knows its pointers" diff "$work/expected" "$work/called"

tools/public_symbols include/blindsight.h >"$work/symbols"
grep -o 'blindsight_[a-z0-9_]*(' tests/blindsight/test_contract.c | tr -d '(' | sort -u >"$work/asked"
comm -23 "$work/symbols" "$work/asked" >"$work/unasked"
holds "test_contract.c makes every call of blindsight.h" diff /dev/null "$work/unasked"

# --- statuses
holds "every status is to be looked at" \
  test "$(grep -c 'CKKS_API.* ckks_status ckks_' "$header")" = \
  "$(grep -c '^CKKS_API CKKS_CHECKED ckks_status ckks_' "$header")"
cat >"$work/careless.c" <<'END'
#include <ckks.h>
int main(void) {
  ckks_params *params;
  ckks_params_build_depth(&params, 1, 30);
  return 0;
}
END
sed 's/  ckks_params_build_depth(.*);/  if (ckks_params_build_depth(\&params, 1, 30)) return 1;/' \
  "$work/careless.c" >"$work/careful.c"
compiles() {
  "${CC:-cc}" -Iinclude -Werror=unused-result -c "$work/$1.c" -o "$work/$1.o"
}
careless_is_refused() {
  ! compiles careless && compiles careless 2>&1 | grep -q 'unused.result'
}
holds "a status that is looked at compiles" compiles careful
holds "one that is ignored does not" careless_is_refused

# --- the tour
tools/public_symbols "$header" >"$work/symbols"
grep -o 'ckks_[a-z0-9_]*(' examples/tour.c | tr -d '(' | sort -u >"$work/shown"
comm -23 "$work/symbols" "$work/shown" >"$work/unseen"
holds "tour.c shows every call of ckks.h" diff /dev/null "$work/unseen"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
