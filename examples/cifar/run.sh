#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ResNet-20 on images, encrypted from end to end: a plan, a client's keys, encrypted images, their
# evaluation and the outputs beside those in clear.
#
#   run.sh IMAGES TEST-IMAGES [ROWS]
#
# Both are idx files of n x 3 x 32 x 32 bytes: the first (a hundred will do) tells ranges, ROWS
# (default 0) of the second are encrypted. BLINDSIGHT names the program, WORK a folder to work in.
# Takes about 9 GB of memory.
set -eu

images=$1 test=$2 rows=${3:-0}
blindsight=${BLINDSIGHT:-blindsight}
here=$(dirname "$0")
work=${WORK:-$(mktemp -d)}

echo "== the plan"
"$blindsight" import "$here/resnet20.onnx" --calibrate "$images" -o "$work/model"
"$blindsight" compile "$work/model" --packing latency --log2-n 16 --error 0.3 --weights-mb 256 \
  -o "$work/plan"
echo "== the client: keys and images"
"$blindsight" keygen "$work/plan.client" -o "$work/client" --force
"$blindsight" encrypt "$work/plan.client" "$test" --rows "$rows" --packing latency \
  --key "$work/client.key" -o "$work/sample"
echo "== the server"
"$blindsight" infer "$work/plan.server" "$work/sample" --keys "$work/client.keys" \
  --weights-mb 256 -o "$work/result"
echo "== the client again"
"$blindsight" decrypt "$work/plan.client" "$work/result" --key "$work/client.key" --csv --outputs
