#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ResNet-20 on CIFAR-10, encrypted, by the commands: examples/cifar/resnet20.onnx on one thread.

    bench/resnet.py BUILD RESULTS [IMAGES]

Adds seconds, bytes and memory to RESULTS (bench/harness.c writes it, `make bench-deep` calls both).
IMAGES is an idx file of n x 3 x 32 x 32 bytes, of which BENCH_DEEP_IMAGES (2) are encrypted. Without
it images are taken from the data set in ../shared/data/cifar10 where that, zstd and python3-pil are
there; else they are random, and the table says so. Takes 9 GB of memory, 2 GB under TMPDIR, and
about a minute for each image.
"""
import csv
import io
import json
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile

DATA = os.path.join("..", "shared", "data", "cifar10", "cifar10-jpeg.tar.zst")
NETWORK = os.path.join("examples", "cifar", "resnet20.onnx")
PIXELS = 3 * 32 * 32
CALIBRATION = 64


class Bench:
    """The commands, in a folder of their own, and the results."""

    def __init__(self, build, results, folder):
        self.build, self.path, self.folder = build, results, folder
        with open(results, encoding="utf-8") as file:
            self.results = json.load(file)

    def file(self, name):
        return os.path.join(self.folder, name)

    def run(self, command, *arguments):
        """What a command says as JSON, its processor seconds and its peak of memory."""
        program = [os.path.join(self.build, "blindsight"), command, *arguments]
        with open(self.file("out"), "w+", encoding="utf-8") as out:
            with subprocess.Popen(program, stdout=out) as child:
                _, status, used = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                sys.exit(f"bench/resnet.py: {' '.join(program)} failed")
            out.seek(0)
            text = out.read()
        said = json.loads(text) if "--json" in arguments else text
        return said, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss

    def figure(self, name, value, unit):
        print(f"{name:<48} {value:>12.10g} {'':>12} {'':>12}  {unit}", flush=True)
        self.results["results"].append(
            {"name": name, "median": value, "min": value, "max": value, "unit": unit})

    def write(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)
            file.write("\n")


def data_set(n):
    """The first n test images as bytes, one of each class in turn; None without the data."""
    try:
        from PIL import Image
    except ImportError:
        return None
    if not os.path.exists(DATA):
        return None
    with subprocess.Popen(["zstd", "-dcq", DATA], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as unpacked:
        found = {}
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as tar:
            for member in tar:
                parts = member.name.split("/")
                if member.isfile() and "test" in parts:
                    images = found.setdefault(parts[-2], [])
                    if len(images) < (n + 9) // 10:
                        with Image.open(io.BytesIO(tar.extractfile(member).read())) as image:
                            rows = image.convert("RGB").tobytes()
                        images.append(rows[0::3] + rows[1::3] + rows[2::3])
        unpacked.wait()
    turns = zip(*(found[name] for name in sorted(found)))
    return [image for turn in turns for image in turn][:n] if found else None


def random_images(n):
    """Smooth ones: a colour, and a slope in each direction."""
    source = random.Random(1)
    images = []
    for _ in range(n):
        pixels = bytearray()
        for _ in range(3):
            base, down, right = source.uniform(60, 200), source.uniform(-3, 3), source.uniform(-3, 3)
            pixels += bytes(max(0, min(255, int(base + down * y + right * x + source.gauss(0, 9))))
                            for y in range(32) for x in range(32))
        images.append(bytes(pixels))
    return images


def write_idx(path, images):
    with open(path, "wb") as file:
        file.write(struct.pack(">HBB4I", 0, 8, 4, len(images), 3, 32, 32) + b"".join(images))


def choose_images(bench, given, n):
    if given is not None:
        print(f"images: {given}")
        return given
    images, what = data_set(n + CALIBRATION), "CIFAR-10, test images"
    if not images:
        images, what = random_images(n + CALIBRATION), "RANDOM, there is no data set"
    print(f"images: {what}", flush=True)
    write_idx(bench.file("images"), images)
    return bench.file("images")


def outputs(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [[float(x) for x in row[-10:]] for row in list(csv.reader(file))[1:]]


def compare(bench, client, images, n):
    """Scores of ciphertexts beside those in clear: rows of the same class, the largest difference."""
    bench.run("evaluate", bench.file("model"), images, "--outputs", bench.file("clear"))
    said, _, _ = bench.run("decrypt", client, bench.file("result"), "--key", bench.file("client.key"),
                           "--csv", "--outputs")
    with open(bench.file("encrypted"), "w", encoding="utf-8") as file:
        file.write(said)
    pairs = list(zip(outputs(bench.file("encrypted")), outputs(bench.file("clear"))))[:n]
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in pairs)
    bench.figure("resnet20_images", len(pairs), "images")
    bench.figure("resnet20_same_class", same, "images")
    bench.figure("resnet20_largest_error",
                 max(abs(x - y) for a, b in pairs for x, y in zip(a, b)), "score")


def measure(bench, images, n):
    model, plan = bench.file("model"), bench.file("plan")
    _, seconds, _ = bench.run("import", NETWORK, "--calibrate", images, "-o", model)
    bench.figure("resnet20_import_cpu_s", seconds, "s")
    said, seconds, _ = bench.run("compile", model, "--packing", "latency", "--log2-n", "16",
                                 "--error", "0.3", "--weights-mb", "256", "-o", plan, "--json")
    bench.figure("resnet20_compile_cpu_s", seconds, "s")
    foretold = said["packings"]["latency"]["predicted_ms"] / 1e3
    bench.figure("resnet20_foretold_s", foretold, "s")
    _, seconds, peak = bench.run("keygen", plan + ".client", "-o", bench.file("client"), "--force")
    bench.figure("resnet20_keygen_cpu_s", seconds, "s")
    bench.figure("resnet20_keygen_peak_rss_bytes", peak, "bytes")
    bench.run("encrypt", plan + ".client", images, "--rows", f"0-{n - 1}" if n > 1 else "0",
              "--packing", "latency", "--key", bench.file("client.key"), "-o", bench.file("sample"))
    said, seconds, peak = bench.run("infer", plan + ".server", bench.file("sample"), "--keys",
                                    bench.file("client.keys"), "--weights-mb", "256", "-o",
                                    bench.file("result"), "--json")
    bench.figure("resnet20_s", said["row_ms"] / 1e3, "s")
    bench.figure("resnet20_infer_cpu_s", seconds, "s")
    bench.figure("resnet20_load_keys_s", said["load_keys_ms"] / 1e3, "s")
    bench.figure("resnet20_key_bytes", os.path.getsize(bench.file("client.keys")), "bytes")
    bench.figure("resnet20_sample_bytes", said["sample_bytes"] / n, "bytes")
    bench.figure("resnet20_result_bytes", said["result_bytes"] / n, "bytes")
    bench.figure("resnet20_peak_rss_bytes", peak, "bytes")
    compare(bench, plan + ".client", images, n)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: bench/resnet.py BUILD RESULTS [IMAGES]")
    n = int(os.environ.get("BENCH_DEEP_IMAGES", "2"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(sys.argv[1], sys.argv[2], folder)
        images = choose_images(bench, sys.argv[3] if len(sys.argv) == 4 else None, n)
        measure(bench, images, n)
        bench.write()


if __name__ == "__main__":
    main()
