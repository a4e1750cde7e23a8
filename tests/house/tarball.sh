#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make dist`: the same bytes twice, and from the unpacked tarball; a bill of materials that is SPDX and
# true of each file; nothing of this machine. That it builds, tests/house/deb.sh shows.
# shellcheck disable=SC1091 # not followed
. tests/house/check.inc
command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
if [ ! -e .git ] && [ ! -e sbom.spdx.json ]; then
  echo "SKIP: neither a git checkout nor a release"
  exit 77
fi
# A checkout that another user owns is not looked into by git.
git rev-parse HEAD >/dev/null 2>&1 || [ -e sbom.spdx.json ] || { echo "SKIP: no git"; exit 77; }
check "a tarball" tools/make_dist "$TEST_TMP/first"
check "another" env TZ=Asia/Tokyo LC_ALL=C.UTF-8 tools/make_dist "$TEST_TMP/second"
name=$(basename "$TEST_TMP"/first/*.tar.gz)
check "the same bytes" cmp "$TEST_TMP/first/$name" "$TEST_TMP/second/$name"
tar -xzf "$TEST_TMP/first/$name" -C "$TEST_TMP"
release=$TEST_TMP/${name%.tar.gz}
check "unpacked, it makes" "$release/tools/make_dist" "$TEST_TMP/third"
check "the same bytes again" cmp "$TEST_TMP/first/$name" "$TEST_TMP/third/$name"
check "its bill of materials" cmp "$release/sbom.spdx.json" "$TEST_TMP/first/${name%.tar.gz}.spdx.json"
cat >"$TEST_TMP/bill.py" <<'END'
import hashlib, json, pathlib, re, sys
root = pathlib.Path(sys.argv[1])
bill = json.loads((root / "sbom.spdx.json").read_text())
assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0"
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["creationInfo"]["created"])
files = {entry["fileName"][2:]: entry for entry in bill["files"]}
there = {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "__pycache__" not in str(p)}
assert there == set(files) | {"sbom.spdx.json"}, there ^ set(files)
for path, entry in files.items():
    sums = {c["algorithm"]: c["checksumValue"] for c in entry["checksums"]}
    assert sums["SHA256"] == hashlib.sha256((root / path).read_bytes()).hexdigest(), path
ids = [entry["SPDXID"] for entry in bill["files"] + bill["packages"]] + ["SPDXRef-DOCUMENT"]
assert len(ids) == len(set(ids)), "an identifier twice"
assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids)
for relation in bill["relationships"]:
    assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= set(ids)
needed = {p["name"] for p in bill["packages"]}
assert {"libsodium-dev", "libjansson-dev", "gcc", "cmake"} <= needed, needed
print(len(files), "files,", len(needed) - 1, "packages")
END
check "the bill is true" python3 "$TEST_TMP/bill.py" "$release"
check "it can be configured" cmake -S "$release" -B "$TEST_TMP/build" -DBLINDSIGHT_TESTS=OFF
echo x >>"$release/README.md"
"$release/tools/make_dist" "$TEST_TMP/fourth" >"$TEST_TMP/log"
check "other sources are other bytes" sh -c "! cmp -s '$TEST_TMP/first/$name' '$TEST_TMP/fourth/$name'"
finish
