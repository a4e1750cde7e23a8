#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The binaries of a Release build carry their defences: read-only tables of addresses, position
# independence, no executable stack, marks for shadow stacks, canaries and checked copies; all of
# their own code is marked for indirect branches as well.
set -u
passed=0 failed=0
holds() { # holds WHAT COMMAND...
  what=$1
  shift
  if "$@" >"$TEST_TMP/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$what"
    head -n 5 "$TEST_TMP/log"
  fi
}
shows() { # shows PATTERN COMMAND...
  pattern=$1
  shift
  "$@" 2>/dev/null | grep -qE -e "$pattern"
}
lacks() {
  ! shows "$@"
}
grep -q '^BLINDSIGHT_HARDENING:BOOL=ON' "$BUILD/CMakeCache.txt" || { echo "SKIP: not hardened"; exit 77; }

for binary in blindsight blindsight-infer blindsight-server libckks.so libblindsight.so; do
  file=$BUILD/$binary
  holds "$binary: relro" shows 'GNU_RELRO' readelf -lW "$file"
  holds "$binary: bound before main" shows 'FLAGS.*BIND_NOW|FLAGS_1.*NOW' readelf -dW "$file"
  holds "$binary: position independent" shows '^ *Type: *DYN' readelf -h "$file"
  holds "$binary: a stack that is data" shows 'GNU_STACK.* RW ' readelf -lW "$file"
  holds "$binary: no page both written and run" lacks 'LOAD.* RWE ' readelf -lW "$file"
  holds "$binary: no text relocations" lacks 'TEXTREL' readelf -dW "$file"
  holds "$binary: canaries" shows ' __stack_chk_fail' nm -D "$file"
  holds "$binary: checked copies" shows ' __(memcpy|snprintf|vsnprintf)_chk' nm -D "$file"
  case "$(uname -m)" in
    x86_64) holds "$binary: shadow stack" shows 'x86 feature:.*SHSTK' readelf -nW "$file" ;;
  esac
done
holds "programs say so" shows 'FLAGS_1.*PIE' readelf -dW "$BUILD/blindsight"
if [ "$(uname -m)" = x86_64 ]; then
  # An object without the mark takes it from all that is linked with it.
  for archive in libckks libblindsight libservice_static libcli_static; do
    objects=$(ar t "$BUILD/$archive.a" | wc -l)
    marked=$(readelf -nW "$BUILD/$archive.a" 2>/dev/null | grep -c 'x86 feature: IBT, SHSTK')
    holds "$archive: $marked of $objects objects are marked" [ "$objects" = "$marked" ]
  done
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
