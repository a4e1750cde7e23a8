#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One network of this folder, encrypted from end to end: compiles it, makes a client's keys,
# encrypts test images, evaluates, decrypts, and holds the outputs against those in clear.
#
#   run.sh MODEL.onnx TRAIN-IMAGES TEST-IMAGES TEST-LABELS [ROWS [ERROR]]
#
# The three data files are idx files. ROWS is a list such as 0-199 (default), ERROR the largest
# error asked for (default 2e-3). BLINDSIGHT names the program, WORK a folder to work in.
set -eu

model=$1 train=$2 images=$3 labels=$4 rows=${5:-0-199} error=${6:-2e-3}
blindsight=${BLINDSIGHT:-blindsight}
here=$(dirname "$0")
work=${WORK:-$(mktemp -d)}

"$blindsight" import "$model" --calibrate "$train" -o "$work/model" >/dev/null
echo "== the network in clear, all test images"
"$blindsight" evaluate "$work/model" "$images" --label "$labels" --outputs "$work/clear.csv"
echo "== the plan"
"$blindsight" compile "$model" --calibrate "$train" --packing latency --error "$error" \
  -o "$work/plan"
echo "== the client: keys and images"
"$blindsight" keygen "$work/plan.client" -o "$work/client" --force
"$blindsight" encrypt "$work/plan.client" "$images" --rows "$rows" --packing latency \
  --key "$work/client.key" -o "$work/sample"
echo "== the server"
"$blindsight" infer "$work/plan.server" "$work/sample" --keys "$work/client.keys" -o "$work/result"
echo "== the client again"
"$blindsight" decrypt "$work/plan.client" "$work/result" --key "$work/client.key" --csv --outputs \
  >"$work/encrypted.csv"
python3 "$here/compare.py" "$work/clear.csv" "$work/encrypted.csv" "$rows" "$labels"
