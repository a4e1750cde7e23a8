#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Our submission to the FHE benchmarking suite, driven as its harness drives it: seven programs in
# the root of the harness, which exchange files in io/.
# shellcheck disable=SC1091,SC2154 # not followed
. tests/cli/check.inc
suite=$BUILD/bench/fhe-suite
[ -d "$suite" ] || { echo "SKIP: built without benchmarks"; exit 77; }
mkdir -p submission/build
cp "$suite"/* submission/build

# The pixels of two images as the harness writes them, and a network of one layer: the brightest of
# ten pixels on the diagonal.
python3 - "$root/examples/images" <<'PY' || exit 77
import json, os, struct, sys, zlib
def pixels(path):
    data, at, body = open(path, "rb").read(), 8, b""
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] == b"IDAT":
            body += data[at + 8:at + 8 + n]
        at += n + 12
    rows, width = zlib.decompress(body), len(zlib.decompress(body)) // 28 - 1
    return [rows[(width + 1) * y + 1 + width // 28 * x] for y in range(28) for x in range(28)]
def line(image):
    return " ".join("%.6f" % (value / 255) for value in image) + "\n"
seven = pixels(sys.argv[1] + "/seven.png")
dots = [[255 if i == 29 * (k + 3) else 0 for i in range(784)] for k in range(10)]
sets = {"single": [seven], "small": [dots[i % 10] if i % 2 else seven for i in range(15)],
        "medium": [dots[i % 10] for i in range(1000)]}
for name, images in sets.items():
    os.makedirs("datasets/" + name + "/intermediate")
    os.makedirs("io/" + name)
    open("datasets/" + name + "/intermediate/test_pixels.txt", "w").writelines(map(line, images))
open("seen-idx", "wb").write(struct.pack(">HBBIII", 0, 8, 3, 11, 28, 28) +
                            b"".join(map(bytes, [seven] + dots)))
open("expected", "w").writelines("%d\n" % (i % 10) for i in range(1000))
layer = {"weight": [[1 / 255 if i == 29 * (k + 3) else 0 for i in range(784)] for k in range(10)],
         "bias": [0] * 10, "activation": "identity", "max_abs": 1}
json.dump({"name": "dots", "features": ["p%d" % i for i in range(784)], "labels": list("0123456789"),
           "scaler": {"mean": [0] * 784, "deviation": [1] * 784}, "max_abs_input": 255,
           "layers": [layer]}, open("dots.json", "w"))
PY
works "compile for single images" blindsight compile "$root/examples/images/tutorial.onnx" \
  --calibrate seen-idx --error 1e-2 --packing latency -o submission/build/latency
blindsight import dots.json -o dots.model >"$log.out"
works "compile for batches" blindsight compile dots.model --error 1e-3 --packing throughput \
  -o submission/build/throughput

steps() { # steps SIZE: as harness/run_submission.py
  works "$1: keys" submission/build/client_key_generation "$1"
  works "$1: prepare" submission/build/server_preprocess_model
  works "$1: pixels" submission/build/client_preprocess_input "$1"
  works "$1: encrypt" submission/build/client_encode_encrypt_input "$1"
  works "$1: compute" submission/build/server_encrypted_compute "$1"
  says "$1: what took how long" "\[server\] .* images evaluated in"
  works "$1: decrypt" submission/build/client_decrypt_decode "$1"
  works "$1: predict" submission/build/client_postprocess "$1"
}
steps 0
holds "a seven" [ "$(cat io/single/encrypted_model_predictions.txt)" = 7 ]
holds "a key that is private" [ "$(stat -c %a io/single/secret_key/secret.key)" = 600 ]
steps 1
holds "fifteen predictions" [ "$(wc -l <io/small/encrypted_model_predictions.txt)" = 15 ]
holds "every other one a seven" \
  [ "$(sed -n '1~2p' io/small/encrypted_model_predictions.txt | sort | uniq -c | tr -d ' \n')" = 87 ]
steps 2
holds "a thousand right ones" cmp -s expected io/medium/encrypted_model_predictions.txt

# --- what is wrong
denied() { # denied WHAT PATTERN COMMAND...
  what=$1 pattern=$2
  shift 2
  run "$@"
  holds "$what" [ "$rc" = 1 ]
  holds "$what: said" grep -q -- "$pattern" "$log.err"
}
denied "no size" "usage: " submission/build/client_key_generation
denied "size 4" "usage: " submission/build/server_encrypted_compute 4
denied "no input" "datasets/large/.*No such file" submission/build/client_preprocess_input 3
pixels=datasets/single/intermediate/test_pixels.txt
cp $pixels kept
sed 's/^0\.0*/1.5/' kept >$pixels
denied "a pixel out of range" "image 1, pixel 1 is 1.5: must be 0 to 1" \
  submission/build/client_preprocess_input 0
cut -d ' ' -f 1-700 kept >$pixels
denied "too few pixels" "image 1 ends at pixel 700 of 784" submission/build/client_preprocess_input 0
cat kept kept >$pixels
denied "two images for one" "more than 1 images" submission/build/client_preprocess_input 0
cp io/small/server/session io/single/server/session
denied "another client's session" "another secret key" submission/build/server_encrypted_compute 0
cp io/medium/server/session io/single/server/session
denied "another model's session" "another model" submission/build/server_encrypted_compute 0
finish
