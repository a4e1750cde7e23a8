#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The server is killed at the worst moments and its disk fills up: what it acknowledged stays, what
# it did not leaves nothing behind, and it says clearly what went wrong.
# shellcheck disable=SC1091,SC2154,SC2012 # not followed; ls lists known names
. tests/cli/check.inc
for tool in curl b2sum; do
  command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
server="" mounted=""
cleanup() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null
  [ -z "$mounted" ] || umount "$mounted"
}
trap cleanup EXIT

start() { # start STATE [OPTIONS]: sets $server and $url
  state=$1
  shift
  rm -f serve.log
  blindsight-server serve models --state "$state" --listen 127.0.0.1:0 "$@" >serve.log 2>>serve.err &
  server=$!
  served serve.log $server
  url=$address
}
die() { # die: no time to say good-bye
  kill -9 "$server"
  wait "$server" 2>/dev/null
  server=""
}
stop() {
  kill "$server"
  wait "$server" || fail "the server's exit code"
  server=""
}
ask() { curl -s -m 20 -H "Authorization: Bearer $token" "$@"; }
code() { ask -o answer -w '%{http_code}' "$@"; }
infer() { # infer SAMPLE CURL-OPTIONS...
  sample=$1
  shift
  code -H "Content-Type: application/octet-stream" -H "Blindsight-Key: $key" \
    --data-binary @"$sample" "$@" "$url/v2/models/m/infer"
}
is() { # is WHAT EXPECTED GOT
  if [ "$2" = "$3" ]; then pass; else fail "$1: $3 where $2 is expected"; fi
}

{
  blindsight train "$data" --label diagnosis --epochs 5 -o m.model --validation v.csv
  mkdir models
  blindsight compile m.model -o models/m
  blindsight keygen models/m.client -o me
  blindsight encrypt models/m.client v.csv --key me.key --rows 0 -o one.sample
  blindsight encrypt models/m.client v.csv --key me.key --rows 0-59 -o many.sample \
    --packing latency
  token=$(blindsight token create --state state)
} >prepare.log 2>&1
token=$(blindsight token create --state state)
key=$(b2sum -l 256 me.keys | cut -d ' ' -f 1)
size=$(wc -c <me.keys)

# During an upload: a third is there, then the power goes.
start state
ask -T me.keys --limit-rate 1M "$url/v2/keys/$key" >/dev/null 2>&1 &
upload=$!
sleep 0.5
die
wait $upload 2>/dev/null
start state
at=$(ask -I "$url/v2/keys/$key" | tr -d '\r' | sed -n 's/^Upload-Offset: //p')
holds "some of it is here, not all" [ "${at:-0}" -gt 0 -a "${at:-0}" -lt "$size" ]
is "not usable yet" 404 "$(infer one.sample)"
tail -c +$((at + 1)) me.keys >rest
is "goes on" 201 "$(code -T rest -H "Content-Range: bytes $at-$((size - 1))/$size" \
  "$url/v2/keys/$key")"
die # acknowledged a moment ago
start state
is "the key is there after all" 200 "$(infer one.sample)"
cp answer one.result

# During an inference, and with a job under way.
job=$(ask -D - -o /dev/null -H "Content-Type: application/octet-stream" -H "Blindsight-Key: $key" \
  -H "Prefer: respond-async" --data-binary @many.sample "$url/v2/models/m/infer" | tr -d '\r' |
  sed -n 's/^Location: //p')
infer many.sample >/dev/null 2>&1 &
inference=$!
sleep 0.1
die
wait $inference 2>/dev/null
start state
is "the same request, without a new upload" 200 "$(infer one.sample)"
job_done() { ask "$url$job" | grep -q '"state":"done"'; }
holds "the job is done" eventually job_done
is "the job was finished" 200 "$(code "$url$job/result")"
works "its result is one" blindsight decrypt models/m.client answer --key me.key
is "rows" 61 "$(wc -l <"$log.out")"

# During DELETE, at several moments: the key is either there and works, or gone without a trace.
for delay in 0 0.001 0.002 0.003 0.005 0.01; do
  ask -o /dev/null -X DELETE "$url/v2/keys/$key" &
  request=$!
  sleep $delay
  die
  wait $request 2>/dev/null
  start state
  case "$(code "$url/v2/keys/$key")" in
    200) is "after $delay s it works" 200 "$(infer one.sample)" ;;
    404)
      holds "after $delay s nothing is left" [ -z "$(find state/keys state/partial -name "*$key*")" ]
      is "and it can come again" 201 "$(code -T me.keys "$url/v2/keys/$key")"
      ;;
    *) fail "after $delay s" ;;
  esac
done

# What was answered is in the log, however soon after it the server dies.
logged() { # logged WHAT ROUTE: the last line of the log
  holds "$1 in the log" sh -c "blindsight audit show --state state | tail -n 1 | grep -q '$2'"
}
for round in 1 2 3; do
  got=$(infer one.sample)
  die
  is "a prediction" 200 "$got"
  logged "the prediction, $round" '"route":"/v2/models/{model}/infer".*"status":200'
  start state
  got=$(code -X DELETE "$url/v2/keys/$key")
  die
  is "a DELETE" 204 "$got"
  logged "the DELETE, $round" '"method":"DELETE","route":"/v2/keys/{key}".*"status":204'
  start state
  got=$(code -T me.keys "$url/v2/keys/$key")
  die
  is "an upload" 201 "$got"
  logged "the upload, $round" '"method":"PUT","route":"/v2/keys/{key}".*"status":201'
  start state
done
stop
works "audit" blindsight audit verify --state state

# A full disk.
mkdir small
if mount -t tmpfs -o size=8m none small 2>/dev/null; then
  mounted=$work/small
  token=$(blindsight token create --state small/state)
  start small/state
  head -c 6500000 /dev/zero >small/filler
  is "full" 507 "$(code -T me.keys "$url/v2/keys/$key")"
  holds "it says so" grep -q '"code":"disk_full"' answer
  holds "no half-written file" [ -z "$(find small/state/keys small/state/partial -name "*$key*")" ]
  is "others are served" 200 "$(code "$url/v2/models")"
  rm small/filler
  is "room again" 201 "$(code -T me.keys "$url/v2/keys/$key")"
  is "and it works" 200 "$(infer one.sample)"
  head -c 8000000 /dev/zero >small/filler 2>/dev/null
  is "no room for a job's sample" 507 "$(infer one.sample -H "Prefer: respond-async")"
  is "no room for a key" 507 "$(code -T me.keys "$url/v2/keys/$(printf %064d 1)")"
  is "DELETE works on a full disk" 204 "$(code -X DELETE "$url/v2/keys/$key")"
  n=0
  while [ $n -lt 300 ] && [ "$(code "$url/v2/models")" = 200 ]; do n=$((n + 1)); done
  is "looking goes on on a full disk" 300 $n
  is "refusing, too" 401 "$(curl -sS --noproxy '*' -o answer -w '%{http_code}' "$url/v2/models")"
  rm small/filler
  is "uploads as well, when there is room" 201 "$(code -T me.keys "$url/v2/keys/$key")"
  is "the next one" 200 "$(infer one.sample)"
  ask -o /dev/null -X DELETE "$url/v2/keys/$key"
  mv small/state/partial small/state/away
  is "a folder that cannot be written" 500 "$(code -T me.keys "$url/v2/keys/$key")"
  holds "its own fault, and said so" grep -q '"code":"io"' answer
  is "reading goes on" 200 "$(code "$url/v2/models")"
  mv small/state/away small/state/partial
  is "writable again" 201 "$(code -T me.keys "$url/v2/keys/$key")"
  stop
  works "its log" blindsight audit verify --state small/state
  holds "the DELETEs are in it" sh -c "[ \"\$(blindsight audit show --state small/state |
    grep -c '\"method\":\"DELETE\",\"route\":\"/v2/keys/{key}\".*\"status\":204')\" = 2 ]"
else
  echo "SKIP: no tmpfs can be mounted here: full disks are not tried"
fi
finish
