#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Networks in ONNX and images as PNG, idx and raw bytes, from import to prediction.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
net=$root/examples/images/tutorial.onnx seven=$root/examples/images/seven.png
one=$root/examples/images/one.png

# --- import: activations that are polynomials need no data
works "import" blindsight import "$net" -o digits.model
says "its shape" "^model .*784 features, 3 layers, 10 outputs"
says "what became of the activations" "is a polynomial of degree 2"
works "evaluate a PNG" blindsight evaluate digits.model "$seven"
says "that it is a seven" "^ *0 *7"
works "evaluate a colour PNG as grey" blindsight evaluate digits.model "$one"
says "that it is a one" "^ *0 *1"

# Three forms of the same bytes. The PNG decides: its outputs are those of the others.
works "outputs of the PNG" blindsight evaluate digits.model "$seven" --outputs png.csv
blindsight export digits.model -o digits.json
python3 - "$seven" <<'PY' || exit 77
import struct, sys, zlib
data, at, body = open(sys.argv[1], "rb").read(), 8, b""
while at < len(data):
    n = struct.unpack(">I", data[at:at + 4])[0]
    if data[at + 4:at + 8] == b"IDAT":
        body += data[at + 8:at + 8 + n]
    at += n + 12
rows = zlib.decompress(body)
pixels = b"".join(rows[29 * y + 1:29 * y + 29] for y in range(28))
open("seven.raw", "wb").write(pixels)
open("seven-idx", "wb").write(struct.pack(">HBBIII", 0, 8, 3, 1, 28, 28) + pixels)
open("three-idx", "wb").write(struct.pack(">HBBIII", 0, 8, 3, 3, 28, 28) + 3 * pixels)
open("three-labels", "wb").write(struct.pack(">HBBI", 0, 8, 1, 3) + bytes([7, 7, 3]))
open("seven.csv", "w").write(",".join(f"y{y}x{x}" for y in range(28) for x in range(28)) + "\n" +
                             ",".join(str(b) for b in pixels) + "\n")
PY
for form in seven.raw seven-idx seven.csv; do
  works "outputs of $form" blindsight evaluate digits.model $form --outputs other.csv
  holds "$form gives the same" cmp -s png.csv other.csv
done
works "labels beside images" blindsight evaluate digits.model three-idx --label three-labels
says "two of three" "^accuracy *0.666667"

works "import with data" blindsight import "$net" --calibrate three-idx -o seen.model
says "rows that were seen" "^calibration *3 rows; nothing was approximated"
works "simulate" blindsight simulate seen.model three-idx --label three-labels --error 1e-3
says "no prediction changes" "^predictions *0 of 3 change"
says "the same accuracy twice" "^accuracy *0.666667 in clear, 0.666667 simulated"
refused "labels of another file" 1 "no idx file\|not an idx file" \
  blindsight simulate seen.model three-idx --label seven.csv

# --- compile from ONNX, encrypt, decrypt
works "compile" blindsight compile "$net" --calibrate three-idx --error 1e-2 --packing latency \
  --report plan.html -o digits
holds "a page" grep -q "<h1>The plan of model</h1>" plan.html
holds "with the convolution" grep -q "matrix of 4 diagonals: 3 baby and 0 giant steps" plan.html
holds "that is whole" grep -q "^</html>$" plan.html
holds "and loads nothing" sh -c '! grep -qE "https?:|<script|src=|@import" plan.html'
works "keygen" blindsight keygen digits.client -o client
works "encrypt two images" blindsight encrypt digits.client "$seven" --image "$one" \
  --key client.key -o sample
says "two rows" "^sample *2 rows, latency packing"
works "infer" blindsight infer digits.server sample --keys client.keys -o result
works "decrypt" blindsight decrypt digits.client result --key client.key --csv
says "a seven" "^0,7$"
says "and a one" "^1,1$"
works "infer, and keep what was made ready" blindsight infer digits.server sample \
  --keys client.keys --save-session digits.session -o kept
works "infer from it" blindsight infer digits.server sample --session digits.session -o again
for result in kept again; do
  works "decrypt it" blindsight decrypt digits.client $result --key client.key --csv
  says "the same seven" "^0,7$"
  says "the same one" "^1,1$"
done
refused "keys and a session" 2 "one of --keys and --session is needed" blindsight infer \
  digits.server sample --keys client.keys --session digits.session -o x
refused "neither" 2 "one of --keys and --session is needed" \
  blindsight infer digits.server sample -o x
refused "weights that a session has" 2 "a session holds its weights" blindsight infer \
  digits.server sample --session digits.session --weights-mb 5 -o x
refused "a session where the result goes" 1 "another file of the same command" blindsight infer \
  digits.server sample --keys client.keys --save-session x -o x
refused "keys for a session" 1 "client.keys: .*readable\|client.keys: .*can read" \
  blindsight infer digits.server sample --session client.keys -o x
cp digits.session bent.session
printf '\377' | dd of=bent.session bs=1 seek=1000000 conv=notrunc 2>/dev/null
refused "a damaged session" 1 "bent.session: damaged" \
  blindsight infer digits.server sample --session bent.session -o x

# --- what is wrong
head -c 2000 "$net" >cut.onnx
refused "a cut network" 1 "cut.onnx: .*damaged" blindsight import cut.onnx -o x
refused "a network is no model yet" 1 "import .*tutorial.onnx -o NAME.model" \
  blindsight simulate "$net" "$seven"
printf '\010\007' >empty.onnx
refused "no network" 1 "empty.onnx: not an ONNX model, or damaged" blindsight import empty.onnx -o x
head -c 100 "$seven" >cut.png
refused "a cut image" 1 "cut.png: " blindsight evaluate digits.model cut.png
refused "labels of too few" 1 "three-labels: 3 labels of 1 bytes for 1 images" \
  blindsight evaluate digits.model seven-idx --label three-labels
head -c 500 seven.raw >short.raw
refused "raw bytes of no image" 1 "short.raw: 500 bytes, no multiple of the 784" \
  blindsight evaluate digits.model short.raw
refused "images after a table" 1 "seven.csv: further images follow PNG files only" \
  blindsight encrypt digits.client seven.csv --image "$one" --key client.key -o x
blindsight train "$data" --label diagnosis --epochs 1 -o table.model >/dev/null
refused "an image for a table" 1 "an image, but the model takes a table" \
  blindsight evaluate table.model "$seven"
refused "calibration of another width" 1 "columns where the network takes 784" \
  blindsight compile "$net" --calibrate "$data" --label diagnosis
finish
