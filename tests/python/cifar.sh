#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples/cifar from its files alone: a few steps of training on a handful of images, the network as
# ONNX, a model of that, and its scores beside PyTorch's. Needs python3-torch, python3-onnx and
# python3-pil; without them it is skipped.
set -u
python=/usr/bin/python3
root=$PWD
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/examples/cifar" OMP_NUM_THREADS=1
if ! "$python" -c 'import torch, onnx, PIL' 2>/dev/null; then
  echo "SKIP cifar: python3-torch, python3-onnx or python3-pil is not here"
  echo "0 passed, 0 failed, 1 skipped"
  exit 77
fi
cd "$TEST_TMP" || exit 1
passed=0 failed=0
check() { # check WHAT COMMAND...
  what=$1
  shift
  if "$@" >log 2>&1; then
    [ ! -s log ] || cp log said
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what: $*"
    cat log
  fi
}

# Two classes of colours; images of the test once more as idx.
"$python" - <<'END' || exit 1
import os, random, struct
from PIL import Image
random.seed(3)
idx = b""
for part, n in (("train", 20), ("test", 6)):
    for name, base in (("blue", (40, 60, 200)), ("red", (200, 60, 40))):
        os.makedirs(f"data/{part}/{name}")
        for k in range(n):
            pixels = bytes(min(255, max(0, int(c + random.gauss(0, 30)))) for _ in range(1024) for c in base)
            Image.frombytes("RGB", (32, 32), pixels).save(f"data/{part}/{name}/{k}.png")
            if part == "test":
                idx += pixels[0::3] + pixels[1::3] + pixels[2::3]
with open("images.idx", "wb") as file:
    file.write(struct.pack(">HBB4I", 0, 8, 4, 12, 3, 32, 32) + idx)
END
check "training" "$python" "$root/examples/cifar/train.py" data -o net.pt --epochs 40 --steps 1 --channels 2 --rate 0.01
check "says how good it is" grep -q '^test images: [01]\.' said
check "a second time" "$python" "$root/examples/cifar/train.py" data -o net.pt --epochs 40 --steps 1 --channels 2 --rate 0.01
check "finds that all is done" sh -c 'grep -q "^test images" said && ! grep -q "^epoch" said'
check "export" "$python" "$root/examples/cifar/export.py" net.pt -o net.onnx
check "import" "$BUILD/blindsight" import net.onnx --calibrate images.idx -o net.model
check "evaluate" "$BUILD/blindsight" evaluate net.model images.idx --outputs scores.csv
check "the scores are PyTorch's" "$python" - <<'END'
import csv, torch
from network import ResNet20
from train import normalise, read_images
state = torch.load("net.pt")
network = ResNet20(state["channels"])
network.load_state_dict(state["net"])
network.eval()
with torch.no_grad():
    expected = network(normalise(read_images("data/test")[0])).tolist()
with open("scores.csv", newline="") as file:
    scores = [[float(x) for x in row[-10:]] for row in list(csv.reader(file))[1:]]
assert len(scores) == len(expected) == 12
size = max(abs(x) for row in expected for x in row)
off = max(abs(x - y) for a, b in zip(scores, expected) for x, y in zip(a, b))
print(size, off)
assert size > 0.01 and off < 1e-4 * size, (size, off)
END
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
