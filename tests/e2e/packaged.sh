#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/blindsight.service, run for real on a Debian 12 root:
#   debootstrap --variant=minbase bookworm /srv/bookworm
#   BUILD=$PWD/build/release TEST_TMP=$(mktemp -d) DEBIAN_ROOT=/srv/bookworm sh tests/e2e/packaged.sh
# A copy of the root is booted by systemd-nspawn with the unit installed. Needs root, the network and a
# few minutes: skipped without DEBIAN_ROOT. What needs neither is checked by tests/house/dist.sh, the
# Containerfile by tests/e2e/container.sh.
# shellcheck disable=SC1091,SC2154 # not followed
[ -n "${DEBIAN_ROOT:-}" ] || { echo "SKIP: no DEBIAN_ROOT"; exit 77; }
. tests/cli/check.inc
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
system=$TEST_TMP/system
. "$root/tests/e2e/installed.inc"

# --- the unit, as docs/operations.md installs it
unit() {
  for tool in systemd-nspawn nsenter; do
    command -v $tool >/dev/null || { skip "no $tool"; return; }
  done
  cp -a "$DEBIAN_ROOT" "$system"
  cp /etc/resolv.conf "$system/etc/"
  packages=$(ldd "$BUILD/blindsight" "$BUILD/blindsight-server" | awk '$2 == "=>" { print $3 }' |
    sort -u | sed 's|^/lib/|/usr/lib/|; p; s|^/usr||' | xargs dpkg -S 2>"$log.err" | cut -d : -f 1 |
    sort -u | tr '\n' ' ')
  run chroot "$system" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c \
    "apt-get update && apt-get install -y --no-install-recommends systemd-sysv man-db $packages"
  holds "packages of the container" [ "$rc" = 0 ]
  DESTDIR=$system cmake --install "$BUILD" --prefix /usr >"$log.out"
  systemd-nspawn -q -D "$system" --register=no --keep-unit --boot --console=pipe </dev/null \
    >nspawn.log 2>&1 &
  nspawn=$!
  eventually [ -S "$system/run/systemd/private" ]
  init=$(pgrep -P $nspawn -f systemd)
  inside() { nsenter -t "$init" -m -u -i -p -n env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
  trap 'kill -9 $nspawn 2>/dev/null' EXIT
  run inside useradd --system --home-dir /var/lib/blindsight --shell /usr/sbin/nologin blindsight
  run inside install -d -g blindsight -m 0750 /etc/blindsight /etc/blindsight/models
  cp wdbc.server "$system/root"
  run inside install -g blindsight -m 0640 /root/wdbc.server /etc/blindsight/models
  run inside systemd-analyze verify blindsight.service
  holds "systemd-analyze verify" [ "$rc" = 0 ]
  run inside systemctl enable --now blindsight
  ready "the unit runs"
  run inside setpriv --reuid blindsight --regid blindsight --clear-groups \
    blindsight token create --state /var/lib/blindsight --name ward
  BLINDSIGHT_TOKEN=$(cat "$log.out")
  export BLINDSIGHT_TOKEN
  predict "unit"
  main=$(inside systemctl show -p MainPID --value blindsight)
  inside cat "/proc/$main/status" >"$log.out"
  says "no capabilities" '^CapBnd:[[:space:]]*0*$'
  says "no new privileges" '^NoNewPrivs:[[:space:]]*1$'
  says "system calls are filtered" '^Seccomp:[[:space:]]*2$'
  holds "the system is read-only to it" sh -c "! nsenter -t $init -m -p nsenter -t $main -m \
    touch /usr/x /etc/x"
  works "reload" inside systemctl reload blindsight
  inside journalctl -u blindsight >journal
  holds "models are read anew" grep -q "models read anew" journal
  inside sh -c "kill -9 $main"
  restarted() { [ "$(inside systemctl show -p NRestarts --value blindsight)" = 1 ]; }
  holds "it is restarted" eventually restarted
  ready "it is started again"
  predict "unit, after a crash"
  works "stop" inside systemctl stop blindsight
  run inside systemctl show -p Result -p ExecMainStatus blindsight
  says "it drained" '^Result=success$'
  says "and ended with 0" '^ExecMainStatus=0$'
  run inside systemctl poweroff
  wait $nspawn
}

unit
finish
