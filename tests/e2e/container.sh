#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# dist/Containerfile, built and run by buildah, whose chroot isolation needs no container runtime, on a
# Debian 12 root that mmdebstrap makes, or that is there (DEBIAN_ROOT=/srv/bookworm). Needs root, the
# network, minutes, and port 8080, which is the image's own; SKIP says what is missing.
# shellcheck disable=SC1091,SC2154 # not followed
for tool in buildah mmdebstrap; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "SKIP: not root"; exit 77; }
. tests/cli/check.inc
! curl -s --noproxy '*' -o "$log.out" http://127.0.0.1:8080 || { echo "SKIP: port 8080 is taken"; exit 77; }
debian=${DEBIAN_ROOT:-$TEST_TMP/debian}
if [ ! -d "$debian" ]; then
  run mmdebstrap --variant=minbase bookworm "$debian"
  [ "$rc" = 0 ] || { echo "SKIP: no fresh root could be had"; exit 77; }
fi
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
. "$root/tests/e2e/installed.inc"

base() { buildah --storage-driver vfs --root "$TEST_TMP/images" --runroot "$TEST_TMP/run" "$@"; }
run base from --name base scratch
tar -C "$debian" -cf base.tar .
run base add base base.tar /
run base config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin base
run base commit base docker.io/library/debian:bookworm-slim
run base build --isolation chroot --pull=never -f "$root/dist/Containerfile" -t blindsight "$root"
holds "the image is built" [ "$rc" = 0 ]
run base from --pull=never --name service blindsight
mkdir models
install -g 900 -m 0640 wdbc.server models
chgrp 900 models && chmod 0750 models
command=$(base inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' service |
  tr -d '[]')
user=$(base inspect --format '{{.OCIv1.Config.User}}' service)
holds "it does not run as root" [ "$user" = blindsight ]
run base run --isolation chroot -v "$work/models:/models:ro" service -- /usr/bin/blindsight-server \
  token create --state /state --name ward
holds "a token" [ "$rc" = 0 ]
BLINDSIGHT_TOKEN=$(cat "$log.out")
export BLINDSIGHT_TOKEN
base run --isolation chroot -v "$work/models:/models:ro" service -- $command >serve.log 2>&1 \
  </dev/null &
ready "the image serves"
predict "image"
server=$(pgrep -u 900 -f "^/usr/bin/blindsight-server serve /models")
holds "as its user" [ -n "$server" ]
kill -TERM "$server"
holds "SIGTERM ends it well" wait $!
holds "it drained" grep -q draining serve.log
finish
