#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The systemd unit as systemd's own tools see it, beside the programs and pages that `make install`
# puts there; haproxy.cfg runs in tests/e2e/haproxy.sh, and unit and image in tests/e2e/packaged.sh.
set -u
command -v systemd-analyze >/dev/null || { echo "SKIP: no systemd-analyze"; exit 77; }
system=$TEST_TMP/system log=$TEST_TMP/log
passed=0 failed=0
check() { # check WHAT COMMAND...
  what=$1
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$what:"
    cat "$log"
  fi
}
DESTDIR=$system cmake --install "$BUILD" --prefix /usr >"$log" || cat "$log"
mkdir -p "$system/etc/systemd/system" "$system/bin"
# What any system has, and the unit names.
cp "$(command -v sh)" "$system/bin/sh"
for target in sysinit basic shutdown network-online multi-user; do
  printf '[Unit]\nDescription=%s\n' $target >"$system/etc/systemd/system/$target.target"
done
check "verify" systemd-analyze verify --root="$system" --man=no --recursive-errors=no \
  blindsight.service
check "it starts what was installed" grep -q '^ExecStart=/usr/bin/blindsight-server serve' \
  "$system/usr/lib/systemd/system/blindsight.service"
check "its page is installed" [ -s "$system/usr/share/man/man1/blindsight-serve.1" ]
# Exposure in tenths: what is left is the network.
check "security" systemd-analyze security --offline=true --threshold=15 --no-pager \
  dist/blindsight.service
# The options that the three files give are there.
"$BUILD/blindsight-server" serve --help >"$TEST_TMP/help" 2>&1
options=$(grep -ho -e '--\(state\|listen\|plain\|connections-each\|tls-[a-z]*\)' dist/* | sort -u)
for option in $options; do
  check "the option $option" grep -q -e "$option" "$TEST_TMP/help"
done
check "there are options" [ "$(echo $options | wc -w)" -ge 4 ]
echo "$passed passed, $failed failed"
[ $failed = 0 ]
