#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The binaries of a Release build carry their defences: read-only tables of addresses, position
# independence, no executable stack, marks for shadow stacks, canaries and checked copies; all of
# their own code is marked for indirect branches as well.
# shellcheck disable=SC1091,SC2034 # not followed
. tests/house/check.inc
shown_lines=5
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
  check "$binary: relro" shows 'GNU_RELRO' readelf -lW "$file"
  check "$binary: bound before main" shows 'FLAGS.*BIND_NOW|FLAGS_1.*NOW' readelf -dW "$file"
  check "$binary: position independent" shows '^ *Type: *DYN' readelf -h "$file"
  check "$binary: a stack that is data" shows 'GNU_STACK.* RW ' readelf -lW "$file"
  check "$binary: no page both written and run" lacks 'LOAD.* RWE ' readelf -lW "$file"
  check "$binary: no text relocations" lacks 'TEXTREL' readelf -dW "$file"
  check "$binary: canaries" shows ' __stack_chk_fail' nm -D "$file"
  check "$binary: checked copies" shows ' __(memcpy|snprintf|vsnprintf)_chk' nm -D "$file"
  case "$(uname -m)" in
    x86_64) check "$binary: shadow stack" shows 'x86 feature:.*SHSTK' readelf -nW "$file" ;;
  esac
done
check "programs say so" shows 'FLAGS_1.*PIE' readelf -dW "$BUILD/blindsight"
if [ "$(uname -m)" = x86_64 ]; then
  # An object without the mark takes it from all that is linked with it.
  for archive in libckks libblindsight libservice_static libcli_static; do
    objects=$(ar t "$BUILD/$archive.a" | wc -l)
    marked=$(readelf -nW "$BUILD/$archive.a" 2>/dev/null | grep -c 'x86 feature: IBT, SHSTK')
    check "$archive: $marked of $objects objects are marked" [ "$objects" = "$marked" ]
  done
fi
finish
