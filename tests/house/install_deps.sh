#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/install_deps with a made-up package system: silent when nothing is missing, installs only
# what is missing, uses sudo only when it must, and says so when it cannot.
set -u
passed=0 failed=0
bin=$TEST_TMP/bin
mkdir "$bin"

# fake COMMAND SCRIPT
fake() {
  printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}
expect() { # expect WHAT EXIT-CODE PATTERN [OPTION]
  rc=0
  out=$(PATH="$bin" tools/install_deps ${4:-} 2>&1) || rc=$?
  if [ "$rc" = "$2" ] && printf '%s\n' "$out" | grep -q -- "$3"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '%s: exit code %s, expected %s and "%s":\n%s\n' "$1" "$rc" "$2" "$3" "$out"
  fi
}
# Packages in $present are installed; libgmp-dev was once and is removed.
packages() {
  fake dpkg-query "for p in $1; do echo \"ii  \$p\"; done; echo 'rc  libgmp-dev'; exit 1"
}
for tool in sh sed tr; do
  ln -s "$(command -v $tool)" "$bin/$tool"
done
# All that it needs, but the one that is missing.
base=$(sed -n '/^packages="/,/"$/p' tools/install_deps | tr -d '"\n' | sed 's/packages=//; s/libgmp-dev//')
fake apt-get 'echo "ran: apt-get $*"'
fake id 'echo 0'

expect "another system" 0 "no dpkg here"
packages "$base libgmp-dev"
expect "nothing missing" 0 '^$'
expect "the web's own" 0 "ran: apt-get install .*wasi-libc" --web
expect "lint's own" 0 "ran: apt-get install .*clang-tidy" --dev
packages "$base"
expect "one missing" 0 "ran: apt-get install -qy --no-install-recommends libgmp-dev$"
fake id 'echo 1000'
expect "no root, no sudo" 1 "not root and no sudo; please have these installed: libgmp-dev$"
fake sudo 'echo "as root"; exec "$@"'
expect "sudo" 0 "^as root$"
fake apt-get 'exit 100'
expect "apt-get fails" 1 "could not install: libgmp-dev$"
expect "an unknown option" 2 "usage:" --all

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
