#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# LeNet-5 (two convolutions, two poolings, vectors of several ciphertexts, weights that do not stay
# encoded) and a residual network on images, from ONNX to predictions that are those in clear.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
images=$root/examples/images
python3 - "$images" <<'PY' || exit 77
import struct, sys, zlib
def pixels(path):
    data, at, body = open(path, "rb").read(), 8, b""
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] == b"IDAT":
            body += data[at + 8:at + 8 + n]
        at += n + 12
    rows = zlib.decompress(body)
    wide = len(rows) // 28 - 1
    return b"".join(rows[(wide + 1) * y + 1:(wide + 1) * (y + 1):wide // 28] for y in range(28))
seven, one = pixels(sys.argv[1] + "/seven.png"), pixels(sys.argv[1] + "/one.png")
upside_down = b"".join(seven[28 * y:28 * y + 28] for y in reversed(range(28)))
brighter = bytes(min(255, b + 40) for b in one)
with open("digits", "wb") as file:
    file.write(struct.pack(">HBBIII", 0, 8, 3, 4, 28, 28) + seven + one + upside_down + brighter)
PY

# --- LeNet-5: all four images in clear and encrypted, with weights kept encoded and not
works "import" blindsight import "$images/lenet.onnx" --calibrate digits -o lenet.model
says "its shape" "^model .*784 features, 5 layers, 10 outputs"
works "evaluate" blindsight evaluate lenet.model digits --outputs clear.csv
holds "a seven" grep -q "^0,7," clear.csv
holds "and a one" grep -q "^1,1," clear.csv
works "compile" blindsight compile lenet.model --packing latency --error 1e-2 -o lenet
says "a convolution's taps are its diagonals" "^  784 to 4704, degree 2 .* 25 of 1024"
says "two ciphertexts, poolings taken out" "^  4704 to 1600, degree 2 .* 400 of "
works "keygen" blindsight keygen lenet.client -o client
works "encrypt" blindsight encrypt lenet.client digits --key client.key -o sample
for weights in 1024 0; do
  works "infer" blindsight infer lenet.server sample --keys client.keys --weights-mb $weights \
    -o result.$weights
  works "decrypt" blindsight decrypt lenet.client result.$weights --key client.key --csv --outputs
  cp "$log.out" encrypted.csv
  holds "clear and encrypted, $weights MB" same_within 1e-2 clear.csv encrypted.csv 4
done

# --- the residual network, compiled on the way and from its model: the same plan
works "import" blindsight import "$images/residual.onnx" --calibrate digits -o residual.model
says "what skips activations" "^carried *1024 values"
works "compile the network" blindsight compile "$images/residual.onnx" --calibrate digits \
  --packing latency --error 1e-2 -o direct
works "compile its model" blindsight compile residual.model --packing latency --error 1e-2 \
  --headroom 4 -o residual
for side in client server; do
  holds "the same file for the $side" cmp direct.$side residual.$side
done
works "evaluate" blindsight evaluate residual.model digits --outputs clear.csv
works "keygen" blindsight keygen residual.client -o client --force
works "encrypt" blindsight encrypt residual.client digits --key client.key -o sample
works "infer" blindsight infer residual.server sample --keys client.keys -o result
works "decrypt" blindsight decrypt residual.client result --key client.key --csv --outputs
cp "$log.out" encrypted.csv
holds "clear and encrypted" same_within 1e-2 clear.csv encrypted.csv 4
finish
