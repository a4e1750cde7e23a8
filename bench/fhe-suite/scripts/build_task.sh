#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Usage, by the harness, from its root: scripts/build_task.sh ./submission
# Builds the seven programs and compiles the model for them, into submission/build.
#   BLINDSIGHT   the sources of Blindsight
#   SUITE_MODEL  another network than examples/images/mnist.onnx
# The model's owner knows the images that it was trained on: they show how large values get.
# Where the harness has not downloaded them yet, its own module is asked to.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${BLINDSIGHT:?must name the folder with the sources of Blindsight}"
build=$1/build
model=${SUITE_MODEL:-$BLINDSIGHT/examples/images/mnist.onnx}
images=$root/harness/mnist/data/MNIST/raw/train-images-idx3-ubyte

cmake -S "$BLINDSIGHT" -B "$BLINDSIGHT/build/release" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$BLINDSIGHT/build/release" -j "$(nproc)" --target fhe_suite blindsight >/dev/null
mkdir -p "$build"
cp "$BLINDSIGHT"/build/release/bench/fhe-suite/* "$build"

[ -f "$images" ] || (cd "$root" && PYTHONPATH=harness python3 -c '
from torchvision import datasets
datasets.MNIST("harness/mnist/data", train=True, download=True)')
for packing in latency throughput; do
  [ "$build/$packing.server" -nt "$model" ] && [ "$build/$packing.server" -nt "$BLINDSIGHT/build/release/blindsight" ] ||
    "$BLINDSIGHT/build/release/blindsight" compile "$model" --calibrate "$images" --error 2e-3 \
      --packing $packing -o "$build/$packing" >"$build/$packing.txt"
done
