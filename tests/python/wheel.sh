#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make wheel`: the wheel keeps to the rules of manylinux, is the same bytes twice, and serves in a
# fresh environment that knows nothing of this build. NumPy is the system's: nothing is fetched.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
for tool in patchelf readelf strip; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
python=/usr/bin/python3
$python -c 'import numpy, venv, ensurepip' 2>/dev/null || { echo "SKIP: no python3-venv, no numpy"; exit 77; }
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY PYTHONPATH BLINDSIGHT_LIBRARY \
  BLINDSIGHT_SERVER

# With the page, as the target makes it, where this machine can compile it.
page="" rc=0
"$root/tools/build_wasm" "$root/build/web" >"$log.out" 2>&1 || rc=$?
case $rc in
  0) "$root/tools/pack_web" "$root/build/web" package page && page=page ;;
  77) skip "the page: $(head -n 1 "$log.out")" ;;
  *) fail "the page is built" ;;
esac
# shellcheck disable=SC2086 # one word or none
run "$root/tools/make_wheel" "$BUILD" wheels $page
holds "a wheel is made" [ "$rc" = 0 ]
wheel=$(ls "$work"/wheels/*.whl)
works "it keeps to the rules" "$root/tools/check_wheel" "$wheel"
says "which are said" '^blindsight-.*: [0-9]* files for glibc 2\.[0-9]*, [0-9.]* MB$'
cat "$log.out"

# What breaks them is found.
other=wheels/$(basename "$wheel" | sed 's/manylinux_2_[0-9]*/manylinux_2_17/')
cp "$wheel" "$other"
run "$root/tools/check_wheel" "$other"
holds "an older glibc is not promised" [ "$rc" = 1 ]
says "and it says why" 'needs GLIBC_2\.[0-9]*, the tag says 2\.17'
rm "$other"
mkdir -p broken
cp "$wheel" broken/
$python - "broken/$(basename "$wheel")" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old:
    entries = [(i, old.read(i)) for i in old.infolist() if "/libsodium-" not in i.filename]
with zipfile.ZipFile(sys.argv[1], "w") as new:
    for info, data in entries:
        new.writestr(info, data + (b"\n" if info.filename.endswith("/errors.py") else b""))
END
run "$root/tools/check_wheel" "broken/$(basename "$wheel")"
holds "a library that is left out" [ "$rc" = 1 ]
says "is named" 'needs libsodium-.*, which is neither in the wheel nor on the list'
says "and a file that was changed" 'errors.py is not what RECORD says'

$python -m venv --system-site-packages fresh >"$log.out" 2>&1
holds "a fresh environment" [ -x fresh/bin/pip ]
run fresh/bin/pip install --no-index --no-deps --disable-pip-version-check "$wheel"
holds "it installs" [ "$rc" = 0 ]
cp "$data" patients.csv
cat >first.py <<'END'
import sys
import blindsight as bs

model = bs.train("patients.csv", "diagnosis", epochs=60)
rows = model.training.validation.values[:3]
server = model.compile(packing="latency")
with bs.serve(server) as service:
    remote = bs.Remote(service.url, token=service.token("me"), key="me.key")
    print(remote.predict(rows).labels == model.predict(rows).labels)
with open("/proc/self/maps") as maps:
    files = {line.split()[-1] for line in maps if ".so" in line}
names = ("blindsight", "ckks", "sodium", "curl", "gnutls", "jansson", "png16")
for name in names:
    places = [file for file in files if f"lib{name}" in file]
    print(name, bool(places) and all(file.startswith(sys.prefix) for file in places))
END
run fresh/bin/python -W error first.py
holds "it runs" [ "$rc" = 0 ]
says "as in clear" '^True$'
for name in blindsight ckks sodium curl gnutls jansson png16; do
  says "$name is its own" "^$name True$"
done
if [ -n "$page" ]; then
  cat >page.py <<'END'
import urllib.request
import blindsight as bs

model = bs.train("patients.csv", "diagnosis", epochs=20)
with bs.serve(model.compile(packing="latency"), web=True) as service:
    for name in ("", "page.js", "blindsight.wasm"):
        with urllib.request.urlopen(f"{service.url}/{name}") as answer:
            body = answer.read()
            print(name or "/", answer.headers["Content-Type"], body[:4] == b"\0asm",
                  b"<title>Blindsight" in body)
END
  run fresh/bin/python -W error page.py
  holds "it serves its page" [ "$rc" = 0 ]
  says "at the root" '^/ text/html.* False True$'
  says "with its module" '^blindsight.wasm application/wasm True False$'
  run fresh/bin/blindsight-server --web-hashes "$(fresh/bin/python -c 'import blindsight as b, os
print(os.path.join(os.path.dirname(b.__file__), "share", "blindsight", "web"))')"
  cp "$log.out" theirs
  run blindsight-server --web-hashes page
  holds "whose files are those of the build" cmp -s theirs "$log.out"
fi
for program in blindsight blindsight-server blindsight-infer; do
  run fresh/bin/$program --version
  holds "$program is there" [ "$rc" = 0 ]
  says "and says what it is" "^$program 0\."
done
finish
