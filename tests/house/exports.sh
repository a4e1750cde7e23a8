#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the libraries show of themselves. Shared: what their headers declare, under the version of
# the SONAME, and what libckks lends libblindsight, under the whole version; the second holds
# nothing of the first. Archives: no global name without the library's own in front of it, none but
# the public ones visible. The program that evaluates holds nothing of the room `secret`.
set -u
passed=0 failed=0
: >"$TEST_TMP/nothing"

# same WHAT WANTED FOUND
same() {
  if difference=$(diff "$2" "$3"); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$1: wanted but not there (<), there but not wanted (>):"
    echo "$difference" | grep '^[<>]'
  fi
}
version=$(sed -n 's/^#define CKKS_VERSION_[A-Z]* \([0-9]*\)$/\1/p' include/ckks.h | paste -sd .)
minor=${version%.*}
case "$minor" in 0.*) abi=$minor ;; *) abi=${minor%.*} ;; esac

# exported LIBRARY: "name version"; an unversioned name has none.
exported() {
  nm -D -P --defined-only "$BUILD/lib$1.so" | cut -d ' ' -f 1,2 |
    awk '$2 != "A" { sub(/@@?/, " ", $1); print $1 }' | sort
}
exported ckks | grep '^ckks_private_' >"$TEST_TMP/lent"
nm -D -P -u "$BUILD/libblindsight.so" | cut -d ' ' -f 1 | sed 's/@/ /' |
  grep '^ckks_private_' | sort >"$TEST_TMP/borrowed"
same "what libckks.so lends is what libblindsight.so needs" "$TEST_TMP/borrowed" "$TEST_TMP/lent"
cut -d ' ' -f 2 "$TEST_TMP/lent" | sort -u >"$TEST_TMP/found"
echo "CKKS_PRIVATE_$version" >"$TEST_TMP/wanted"
same "the version of what is lent" "$TEST_TMP/wanted" "$TEST_TMP/found"

for name in ckks blindsight; do
  node=$(echo $name | tr '[:lower:]' '[:upper:]')_$abi
  tools/public_symbols include/$name.h | sed "s/\$/ $node/" >"$TEST_TMP/wanted"
  exported $name | grep -v '^ckks_private_' >"$TEST_TMP/found"
  same "lib$name.so exports" "$TEST_TMP/wanted" "$TEST_TMP/found"
  echo "lib$name.so.$abi" >"$TEST_TMP/wanted"
  readelf -d "$BUILD/lib$name.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' >"$TEST_TMP/found"
  same "SONAME" "$TEST_TMP/wanted" "$TEST_TMP/found"

  tools/public_symbols include/$name.h >"$TEST_TMP/public"
  # name visibility
  readelf -sW "$BUILD/lib$name.a" |
    awk '$5 ~ /GLOBAL|WEAK|UNIQUE/ && $7 != "UND" && NF == 8 { print $8, $6 }' | sort -u \
    >"$TEST_TMP/archive"
  awk '{ print $1 }' "$TEST_TMP/archive" | grep -v "^${name}_" >"$TEST_TMP/found"
  same "lib$name.a: names of others" "$TEST_TMP/nothing" "$TEST_TMP/found"
  awk '$2 == "DEFAULT" { print $1 }' "$TEST_TMP/archive" >"$TEST_TMP/found"
  same "lib$name.a: visible names" "$TEST_TMP/public" "$TEST_TMP/found"
done

needed() { # needed LIBRARY BUT
  readelf -d "$BUILD/lib$1.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p' |
    grep -vE "^($2|libm|libc|libpthread|ld-linux.*)\$"
}
needed ckks libsodium >"$TEST_TMP/found"
same "libraries that libckks.so needs" "$TEST_TMP/nothing" "$TEST_TMP/found"
needed blindsight 'libjansson|libcurl.*|libpng.*|libsodium' >"$TEST_TMP/found"
echo libckks >"$TEST_TMP/wanted"
same "libraries that libblindsight.so needs" "$TEST_TMP/wanted" "$TEST_TMP/found"

nm -P "$BUILD/blindsight-infer" |
  grep -E '^(secret_|ckks_secret_key_|ckks_decrypt)' >"$TEST_TMP/found"
same "blindsight-infer" "$TEST_TMP/nothing" "$TEST_TMP/found"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
