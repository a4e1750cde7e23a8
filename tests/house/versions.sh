#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The version is written once, in ckks.h; what must repeat it says the same.
set -u
version=$(sed -n 's/^#define CKKS_VERSION_[A-Z]* //p' include/ckks.h | paste -sd .)
passed=0 failed=0
says() { # says FILE PATTERN
  if grep -q "$2" "$1"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$1: not of version $version"
  fi
}
says CITATION.cff "^version: $version\$"
says python/pyproject.toml "^version = \"$version\"\$"
says web/package.json "\"version\": \"$version\""
says docs/start.md "\"version\":\"$version\""
[ "$("$BUILD/blindsight" --version)" = "blindsight $version" ] || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
