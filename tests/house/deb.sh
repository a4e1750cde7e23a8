#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make deb`: packages of the last commit, built from `make dist`; lintian finds no error; in a fresh
# Debian 12 that holds nothing else they install, train, serve, predict, from the command line and
# from Python, and a purge takes all away. Needs debhelper, and for the fresh root mmdebstrap, root
# and the network: minutes. Parts say SKIP.
# shellcheck disable=SC1091,SC2154,SC2016 # not followed; what runs inside expands inside
. tests/cli/check.inc
unset LD_LIBRARY_PATH PYTHONPATH
run "$root/tools/make_deb" "$work/deb"
[ "$rc" != 77 ] || { cat "$log.err"; echo "SKIP: no debhelper"; exit 77; }
holds "packages" [ "$rc" = 0 ]
for name in libckks0.1 libblindsight0.1 libckks-dev blindsight blindsight-server python3-blindsight; do
  holds "$name" sh -c "ls '$work'/deb/${name}_*.deb"
done
if command -v lintian >/dev/null; then
  run lintian --fail-on error deb/*.deb
  holds "lintian: no error" [ "$rc" = 0 ]
else
  skip "no lintian"
fi

fresh() {
  command -v mmdebstrap >/dev/null || { skip "no mmdebstrap"; return; }
  [ "$(id -u)" = 0 ] || { skip "not root"; return; }
  system=$TEST_TMP/system
  run mmdebstrap --variant=minbase bookworm "$system"
  [ "$rc" = 0 ] || { tail -n 3 "$log.err"; skip "no fresh root could be had"; return; }
  cp deb/*.deb "$data" "$system/root/"
  cp /etc/resolv.conf "$system/etc/"
  inside() {
    chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive sh -ec "cd /root; $1"
  }
  run inside 'apt-get update && apt-get install -y --no-install-recommends ./*.deb'
  holds "they install" [ "$rc" = 0 ]
  run inside 'blindsight train wdbc.csv --label diagnosis -o wdbc.model --validation new.csv'
  holds "the commands work" [ "$rc" = 0 ]
  says "as elsewhere" '^accuracy *0.956140'
  run inside 'blindsight compile wdbc.model -o wdbc && install -g blindsight -m 0640 wdbc.server /etc/blindsight/models'
  holds "a model for the service" [ "$rc" = 0 ]
  run inside 'getent passwd blindsight && stat -c "%a %U %G" /etc/blindsight/models'
  says "the service has a user" '^blindsight:.*:/var/lib/blindsight:'
  says "who may read the models" '^750 root blindsight$'
  run inside 'grep ^ExecStart= /lib/systemd/system/blindsight.service; ls /etc/systemd/system/*.wants 2>/dev/null || :'
  says "the unit" '^ExecStart=/usr/bin/blindsight-server serve'
  holds "it is not enabled yet" sh -c "! grep -q blindsight.service '$log.out'"
  run inside 'install -d -o blindsight -g blindsight -m 0700 /var/lib/blindsight
    as="setpriv --reuid blindsight --regid blindsight --clear-groups"
    $as blindsight-server token create --state /var/lib/blindsight --name me >token
    chmod 600 token
    $as blindsight-server serve /etc/blindsight/models --state /var/lib/blindsight --listen 127.0.0.1:0 >serve.log 2>&1 &
    until grep -q "serving on" serve.log; do kill -0 $!; sleep 0.1; done
    url=$(sed -n "s/^blindsight: serving on //p" serve.log)
    blindsight predict new.csv --server $url --token-file token --key me.key --rows 0-4 --csv
    python3 -W error -c "
import sys, blindsight as bs
remote = bs.Remote(sys.argv[1], token_file=\"token\", key=\"me.key\")
print(remote.predict(remote.client.rows(\"new.csv\")[:5]).labels)
model = bs.train(\"wdbc.csv\", \"diagnosis\", epochs=5)
print(model.compile(packing=\"latency\").client.facts.depth)
" $url
    kill $!; wait $!'
  holds "it serves, and is asked from both" [ "$rc" = 0 ]
  says "by the command" '^4,B'
  says "by Python" "^\['M', 'M', 'M', 'M', 'B'\]$"
  says "which trains" '^3$'
  run inside 'man -w ckks_mul 2>/dev/null || ls /usr/share/man/man3/ckks_mul.3.gz; ls /usr/include/ckks.h'
  holds "pages and headers" [ "$rc" = 0 ]
  run inside 'apt-get purge -y blindsight blindsight-server python3-blindsight libckks-dev libblindsight0.1 libckks0.1
    ! ls /usr/bin/blindsight* /usr/lib/*/libckks* /var/lib/blindsight 2>/dev/null'
  holds "a purge leaves nothing but the models" [ "$rc" = 0 ]
  holds "which stay" [ -s "$system/etc/blindsight/models/wdbc.server" ]
}
fresh
finish
